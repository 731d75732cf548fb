--- Groups: who lives in them, what failed, who waits for a place, and how they end (rules 1.1 to 1.20).
---
--- `live` counts all tasks of a group, `ordinary` those that keep the daemons going: spawned ones and
--- pending starts. A group with a limit has `taken` places and a queue of those who want one: tasks that
--- have not begun, and spawners from outside.
local errors = require "engines.model.reference.errors"
local remove = require "engines.model.reference.remove"
local scope = require "engines.model.reference.scope"
local tasks = require "engines.model.reference.task"

local Cancelled = scope.Cancelled

local group = {}
group.__index = group

--- Is nobody left but daemons? A spawner who waits for a place, or has it and did not go on yet, is somebody.
local function has_daemons_only(g)
  return g.body_ended and g.ordinary + g.spawners == 0
end

local function is_empty(g)
  return g.live + g.spawners == 0
end

--- When only daemons are left they are cancelled (1.13, 1.20); when nobody is, the host goes on.
local function settle(g)
  if has_daemons_only(g) then
    for _, task in ipairs(g.daemons) do scope.cancel(task.outermost, "shutdown") end
  end
  if is_empty(g) and g.is_joining then g.machine:wake(g.host) end
end

---------------------------------------------------------------------------
-- Places

local function is_full(g)
  return g.taken >= g.limit
end

--- A cancelled group has no limit: everything in it starts at once.
local function has_room(g)
  return not is_full(g) or scope.canceller(g.scope) ~= nil
end

--- Is the running task one of the group, or below one (1.18)?
local function is_inside(g)
  local task = g.machine.current
  while task do
    if task.group == g then return true end
    task = task.group and task.group.host
  end
  return false
end

--- Hands free places to who came first.
local function hand_out(g)
  while g.queue[1] and not is_full(g) do
    local entry = table.remove(g.queue, 1)
    g.taken = g.taken + 1
    if entry.is_new then entry.task.has_place = true end
    g.machine:wake(entry.task)
  end
end

--- Waits for a place as a spawner from outside.
local function wait_for_place(g)
  scope.test(g.machine)
  local entry = { task = g.machine.current }
  table.insert(g.queue, entry)
  g.spawners = g.spawners + 1
  local is_granted = g.machine:park(function() remove(g.queue, entry) end)
  g.spawners = g.spawners - 1
  if is_granted then return end
  settle(g)
  error(Cancelled, 0)
end

--- Takes a place, for which a spawner from outside may have to wait; inside nobody does.
local function take_place(g)
  if has_room(g) or is_inside(g) then
    g.taken = g.taken + 1
  else
    wait_for_place(g)
  end
end

--- A new task that starts when there is a place, at once when it is cancelled.
local function wait_to_begin(g, task)
  local entry = { task = task, is_new = true }
  table.insert(g.queue, entry)
  task.parked = { undo = function() remove(g.queue, entry) end }
end

---------------------------------------------------------------------------
-- The life of a task

local function check_open(g)
  if g.finished then error("the group has ended", 0) end
end

local function record_failure(g, err)
  table.insert(g.errors, err)
  if g.on_error == "cancel" then scope.cancel(g.around, "failure") end
end

local function leave(g, task)
  g.live = g.live - 1
  if task.is_daemon then remove(g.daemons, task) else g.ordinary = g.ordinary - 1 end
  if task.has_place then g.taken = g.taken - 1 end
  hand_out(g)
  settle(g)
end

--- A task of the group has ended. One whose start is pending tells its starter, else it concerns the group.
local function task_ended(g, task, ...)
  local canceller = scope.source(task.scope)
  task:set_outcome(canceller, ...)
  task.is_cut = task.ending == "cancelled" and canceller ~= task.outermost
  scope.close(task.outermost)
  for _, lock in ipairs({ table.unpack(task.locks) }) do lock:lose_owner() end
  for _, waiter in ipairs(task.waiters) do g.machine:wake(waiter) end
  if task.starter then
    g.pending = g.pending - 1
    g.machine:wake(task.starter)
  elseif task.ending == "failed" then
    record_failure(g, task.failure)
  elseif task.is_cut then
    g.is_cut = true
  end
  leave(g, task)
end

local function new_task(g, parent, f)
  local task
  task = tasks.new(g.machine, parent, f, function(...) task_ended(g, task, ...) end)
  task.group = g
  g.was_used = true
  g.live = g.live + 1
  return task
end

---------------------------------------------------------------------------
-- What is called on a group

function group:spawn(f)
  check_open(self)
  local is_queued = not has_room(self) and is_inside(self)
  if not is_queued then take_place(self) end
  local task = new_task(self, self.scope, f)
  self.ordinary = self.ordinary + 1
  task.has_place = not is_queued
  if is_queued then wait_to_begin(self, task) else self.machine:make_ready(task) end
  return task
end

function group:spawn_daemon(f)
  check_open(self)
  local task = new_task(self, self.scope, f)
  task.is_daemon = true
  table.insert(self.daemons, task)
  self.machine:make_ready(task)
  settle(self)
  return task
end

--- What a child calls when it is ready: from now on it is the group's. In a cancelled caller it stays the
--- caller's.
local function started(g, task)
  task.has_called = true
  if not task.starter or scope.canceller(task.outermost.parent) then return end
  local starter = task.starter
  task.starter = nil
  g.pending = g.pending - 1
  g.machine:wake(starter)
  scope.move(task.outermost, g.scope)
end

--- What start comes to when its task ended without having become the group's.
local function end_start(g, task)
  if task.ending == "failed" then task:result() end
  if task.ending == "done" and task.has_called then return task end
  if task.is_cut or scope.canceller(g.machine.current.scope) then error(Cancelled, 0) end
  task:result()
  error("the task returned without having called started", 0)
end

function group:start(f)
  check_open(self)
  scope.test(self.machine)
  take_place(self)
  local m, caller = self.machine, self.machine.current
  local task
  task = new_task(self, caller.scope, function()
    return f(function() started(self, task) end)
  end)
  task.has_place, task.starter = true, caller
  self.ordinary, self.pending = self.ordinary + 1, self.pending + 1
  m:make_ready(task)
  m:park()
  if not task.starter then return task end
  return end_start(self, task)
end

function group:defer(f, ...)
  check_open(self)
  table.insert(self.deferred, table.pack(f, ...))
end

function group:cancel()
  scope.cancel(self.scope)
end

---------------------------------------------------------------------------
-- Its block

--- Waits for all tasks; the first time in a group that had one, it lets others go first in any case (1.11).
local function wait_for_tasks(g)
  settle(g)
  if g.was_used and not g.has_joined then
    g.has_joined = true
    if is_empty(g) then g.machine:switch() end
  end
  while not is_empty(g) do
    g.is_joining = true
    g.machine:park()
    g.is_joining = false
  end
end

--- Runs what was deferred, last in first out, each in a shield; waits for what it spawned (1.14, 1.20).
local function run_deferred(g)
  while #g.deferred > 0 do
    local f = table.remove(g.deferred)
    local task = g.machine.current
    local s = scope.open(g.machine, task, task.scope, { shield = true })
    local ok, err = pcall(table.unpack(f, 1, f.n))
    scope.close(s)
    if not ok then table.insert(g.errors, err) end
    wait_for_tasks(g)
  end
end

--- The end of the block: waits for all, then says how the group ended.
local function finish(g, ok, ...)
  if not ok and (...) ~= Cancelled then
    table.insert(g.errors, (...))
    scope.cancel(g.around, "failure")
  end
  g.body_ended = true
  wait_for_tasks(g)
  run_deferred(g)
  g.finished = true
  local canceller = scope.canceller(g.scope)
  scope.close(g.scope)
  if g.is_block then scope.close(g.around) end
  if #g.errors > 0 then error(errors.group(g.errors), 0) end
  local is_mine = canceller == g.scope
  if not ok and is_mine then return end
  if not ok or g.is_cut and not is_mine then error(Cancelled, 0) end
  return ...
end

--- Calls body(g) with a new group in the running task, and ends as the group does. In the block form the
--- body has a scope of its own around the group's, which a failure cancels and `g:cancel()` does not (1.17).
function group.run(m, options, body, is_block)
  local task = m.current
  local g = setmetatable({
    machine = m, host = task, limit = options.limit or math.huge, on_error = options.on_error or "cancel",
    live = 0, ordinary = 0, spawners = 0, pending = 0, taken = 0,
    daemons = {}, queue = {}, errors = {}, deferred = {},
  }, group)
  g.is_block = is_block
  local block = is_block and scope.open(m, task, task.scope, {})
  g.scope = scope.open(m, task, task.scope, {})
  g.around = block or g.scope
  task.scope = g.around
  return finish(g, pcall(body, g))
end

function group:__len() return self.live - self.pending end

return group
