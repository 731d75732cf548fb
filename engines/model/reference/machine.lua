--- The abstract machine: tasks as coroutines, one queue of those that are ready, waits, and time that jumps.
---
--- A task is in one place: it runs (`current`), stands in `ready`, waits (`task.parked`), or has ended. Who
--- is ready runs first in, first out (1.7). When nobody is, the clock jumps to the earliest timer, and all
--- that is due then happens in the order in which it was set. The numbers in comments are rules of
--- docs/model.md.
local machine = {}
machine.__index = machine

function machine.new()
  return setmetatable({ now = 0, ready = {}, timers = {}, serial = 0, current = nil }, machine)
end

---------------------------------------------------------------------------
-- Waiting

function machine:make_ready(task)
  table.insert(self.ready, task)
end

--- The running task lets all go first who are ready.
function machine:switch()
  self:make_ready(self.current)
  coroutine.yield()
end

--- The running task waits. Returns true and what it was woken with, or false when a cancellation ended the
--- wait. `undo` takes the wait back; a wait without one cannot be abandoned (2.9).
function machine:park(undo)
  local task = self.current
  task.parked = { undo = undo }
  coroutine.yield()
  return table.unpack(task.woken, 1, task.woken.n)
end

local function end_wait(self, task, ...)
  task.parked = nil
  task.woken = table.pack(...)
  self:make_ready(task)
end

function machine:wake(task, ...)
  if task.parked then end_wait(self, task, true, ...) end
end

--- Ends a wait that can be abandoned. One that has its result already is no wait any more: completion wins
--- (2.3).
function machine:abort(task)
  if task.parked and task.parked.undo then
    task.parked.undo()
    end_wait(self, task, false)
  end
end

---------------------------------------------------------------------------
-- Time

--- Has `fire()` called at `time`, which does not come when it is infinite.
function machine:set_timer(time, fire)
  if time == math.huge then return nil end
  self.serial = self.serial + 1
  local timer = { time = time, serial = self.serial, fire = fire }
  self.timers[timer] = true
  return timer
end

function machine:drop_timer(timer)
  if timer then self.timers[timer] = nil end
end

local function earlier(a, b)
  if not b or a.time ~= b.time then return not b or a.time < b.time end
  return a.serial < b.serial
end

local function first_timer(self)
  local first
  for timer in pairs(self.timers) do
    if earlier(timer, first) then first = timer end
  end
  return first
end

--- Moves the clock to the earliest timer and fires all that are due. False when there is none.
function machine:jump()
  local timer = first_timer(self)
  if not timer then return false end
  self.now = timer.time
  while timer and timer.time <= self.now do
    self.timers[timer] = nil
    timer.fire()
    timer = first_timer(self)
  end
  return true
end

---------------------------------------------------------------------------
-- Running

--- Lets the first who is ready run until it waits. False when nobody is.
function machine:step()
  local task = table.remove(self.ready, 1)
  if not task then return false end
  self.current = task
  assert(coroutine.resume(task.thread))
  self.current = nil
  return true
end

return machine
