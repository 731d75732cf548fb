--- Task groups on luv by hand, as a good Lua programmer would write them for one program: a ready queue,
--- groups that wait for their tasks, the first failure cancels the rest, sleep and time limits on timers
--- that are used again.
---
--- What it leaves out beside cohort: scopes and shields, tracebacks, names, groups of errors, handles
--- with results. A task is a table with its coroutine `co`, its `group`, `cancelled` (raise at the next
--- wait) and `abort` (takes back what would wake it). It stands in the ready queue at most once, and only
--- while nothing else can wake it.
local uv = require "luv"

local nursery = {}

local RESUMES_PER_POLL = 61

local Cancelled = setmetatable({}, { __name = "Cancelled" })
local Timeout = setmetatable({}, { __name = "Timeout" })
nursery.Timeout = Timeout

local ready, first, last = {}, 1, 0
local current

local function wake(task)
  last = last + 1
  ready[last] = task
end

--- Waits until something wakes the task; raises when it is cancelled. `abort` may be nil: nothing to take
--- back.
local function block(abort)
  local task = current
  if not task.cancelled then
    task.blocked, task.abort = true, abort
    coroutine.yield()
  end
  if task.cancelled then
    task.cancelled = false
    error(Cancelled, 0)
  end
end

nursery.block = block

--- The task that runs.
function nursery.current() return current end

local function cancel(task)
  if task.cancelled then return end
  task.cancelled = true
  if not task.blocked then return end
  task.blocked = false
  if task.abort then task.abort(task) end
  wake(task)
end

local function unblock(task)
  if not task.blocked then return end
  task.blocked = false
  wake(task)
end

nursery.unblock = unblock

local spare = {}  -- timers at rest

--- A timer that calls f after `seconds`, at the earliest. The loop's clock is read first: libuv counts
--- from it.
local function start_timer(seconds, f)
  local timer = table.remove(spare) or uv.new_timer()
  uv.update_time()
  timer:start(math.ceil(seconds * 1000), 0, f)
  return timer
end

local function stop_timer(timer)
  timer:stop()
  spare[#spare + 1] = timer
end

local Group = {}
Group.__index = Group

local function finish(task, err)
  local group = task.group
  group.tasks[task] = nil
  group.live = group.live - 1
  if err and err ~= Cancelled and not group.failure then
    group.failure = err
    group:cancel()
    cancel(group.owner)
  end
  if group.live == 0 and group.joining then unblock(group.owner) end
end

local function step(task)
  current = task
  local ok, err = coroutine.resume(task.co, table.unpack(task, 1, task.n))
  task.n = 0
  if coroutine.status(task.co) == "dead" then finish(task, not ok and err or nil) end
end

function Group:spawn(f, ...)
  local task = { co = coroutine.create(f), group = self, n = select("#", ...), ... }
  self.tasks[task] = true
  self.live = self.live + 1
  if self.closing then task.cancelled = true end
  wake(task)
  return task
end

function Group:cancel()
  self.closing = true
  for task in pairs(self.tasks) do cancel(task) end
end

--- Calls body(g), waits for every task of the group, raises the first failure.
function nursery.group(body)
  local owner = current
  local group = setmetatable({ owner = owner, tasks = {}, live = 0 }, Group)
  local ok, err = pcall(body, group)
  if not ok then group:cancel() end
  group.joining = true
  while group.live > 0 do
    local undisturbed, why = pcall(block)
    if not undisturbed then
      ok, err = false, why
      group:cancel()
    end
  end
  owner.cancelled = owner.cancelled and not group.failure
  if group.failure then error(group.failure, 0) end
  if not ok then error(err, 0) end
end

function nursery.checkpoint()
  local task = current
  wake(task)
  coroutine.yield()
  if task.cancelled then
    task.cancelled = false
    error(Cancelled, 0)
  end
end

nursery.sleep_forever = function() block() end

function nursery.sleep(seconds)
  local task = current
  local timer = start_timer(seconds, function() unblock(task) end)
  block(function() stop_timer(timer) end)
  stop_timer(timer)
end

function nursery.fail_after(seconds, f, ...)
  local task, late = current, false
  local timer = start_timer(seconds, function()
    late = true
    cancel(task)
  end)
  local ok, err = pcall(f, ...)
  stop_timer(timer)
  if late then error(Timeout, 0) end
  if not ok then error(err, 0) end
end

--- Runs main() as the first task until every task has ended; raises what it raised.
--- Calls begin(done) and waits until done(...) is called; returns what that was given.
function nursery.await(begin)
  local task, result = current, nil
  begin(function(...)
    result = table.pack(...)
    unblock(task)
  end)
  repeat block() until result
  return table.unpack(result, 1, result.n)
end

function nursery.run(main)
  local root = setmetatable({ tasks = {}, live = 0, owner = { cancelled = true } }, Group)
  root:spawn(main)
  while root.live > 0 do
    local resumes = 0
    while first <= last and resumes < RESUMES_PER_POLL do
      local task = ready[first]
      ready[first] = nil
      first, resumes = first + 1, resumes + 1
      step(task)
    end
    if root.live > 0 then uv.run(first <= last and "nowait" or "once") end
  end
  if root.failure then error(root.failure, 0) end
end

return nursery
