--- Tasks as programs see them: how they ended, and waiting for that.
local errors = require "engines.model.reference.errors"
local remove = require "engines.model.reference.remove"
local scope = require "engines.model.reference.scope"

local task = {}
task.__index = task

--- A task of the machine, in a scope of its own, that calls `f()` and then `ended(ok, ...)` with what pcall
--- gave. It does not stand in the queue of the ready yet.
function task.new(m, parent, f, ended)
  local self = setmetatable({ machine = m, waiters = {}, locks = {} }, task)
  self.thread = coroutine.create(function() ended(pcall(f)) end)
  self.outermost = scope.open(m, self, parent, {})
  return self
end

--- Takes down how it ended. `canceller` is the scope that cancelled it, if one did. A Cancelled that no
--- scope stands for is an error like others (2.13).
function task:set_outcome(canceller, ok, ...)
  self.results = table.pack(...)
  if ok then
    self.ending = "done"
  elseif (...) == scope.Cancelled and canceller then
    self.ending, self.kind = "cancelled", canceller.reason.kind
  else
    self.ending, self.failure = "failed", (...) == scope.Cancelled and errors.new("stray") or (...)
  end
end

function task:status()
  if self.ending then return self.ending end
  return self == self.machine.current and "running" or self.parked and "waiting" or "ready"
end

function task:cancel()
  scope.cancel(self.outermost)
end

function task:wait()
  local m = self.machine
  if self == m.current then error("a task cannot wait for itself", 0) end
  scope.test(m)
  if self.ending then return self end
  local waiter = m.current
  table.insert(self.waiters, waiter)
  scope.wait(m, function() remove(self.waiters, waiter) end)
  return self
end

function task:result()
  if not self.ending then error("the task has not ended yet", 0) end
  if self.ending == "cancelled" then error(errors.new("Aborted", self.kind), 0) end
  if self.ending == "failed" then error(self.failure, 0) end
  return table.unpack(self.results, 1, self.results.n)
end

function task:join()
  return self:wait():result()
end

return task
