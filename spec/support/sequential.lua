--- What tasks wait for among themselves, in plain Lua: channels and select, locks, conditions, semaphores,
--- limiters and barriers; spec/support/sequential_told.lua has values and broadcasts. Written from
--- docs/model.md and docs/reference alone, for specs that hold cohort against it; the objects have cohort's
--- methods.
---
--- There is one line of tasks that are ready, and one task runs at a time. Who waits is in queues, as an
--- entry: { waiter, and what the queue needs }. A waiter may be in several; what wakes it takes it out of
--- all. Who is woken has what it waited for.
local sequential = {}

local ready, current  -- tasks in the order of their turns, and the one whose turn it is

local function raise(name) error({ name = name }, 0) end

local function switch()
  table.insert(ready, current)
  coroutine.yield()
end

-- A delivery of Cancelled is a turn of its own.
local function test()
  if not current.cancelled then return end
  switch()
  raise "Cancelled"
end

local function new_waiter() return { task = current } end

local function wake(waiter, result)
  waiter.done, waiter.result, waiter.task.waiter = true, result or {}, nil
  table.insert(ready, waiter.task)
end

-- `cancel` does what a cancellation does instead of waking.
local function wait(waiter, cancel)
  current.waiter, current.cancel_wait = waiter, cancel
  coroutine.yield()
  if waiter.result.raise then raise(waiter.result.raise) end
  return waiter.result
end

local function wait_in(queue)
  local waiter = new_waiter()
  table.insert(queue, { waiter = waiter })
  return wait(waiter)
end

-- The first of a queue that still waits, out of the queue.
local function take(queue)
  while queue[1] do
    local entry = table.remove(queue, 1)
    if not entry.waiter.done then return entry end
  end
end

-- Wakes all of a queue, or those of one end of a channel.
local function wake_all(queue, result, which)
  for _, entry in ipairs { table.unpack(queue) } do
    local is_meant = not entry.waiter.done and (which == nil or entry.which == which)
    if is_meant then wake(entry.waiter, { raise = result and result.raise, index = entry.index }) end
  end
end

local function class(methods)
  methods.__index = methods
  return methods
end

--- For what else is made of these.
sequential.parts = {
  raise = raise, test = test, wake = wake, wake_all = wake_all, wait_in = wait_in, take = take, class = class,
}

-- {{ Tasks

local Task = class {}

function Task:cancel()
  if self.ended then return end
  self.cancelled = true
  local waiter = self.waiter
  if not waiter or waiter.leaving then return end
  if self.cancel_wait then
    waiter.leaving = true
    self.cancel_wait()
  else
    wake(waiter, { raise = "Cancelled" })
  end
end

function Task:wait()
  test()
  if not self.ended then wait_in(self.waiters) end
end

function Task:try() return self.ended end

function Task:wait_with(entry) table.insert(self.waiters, entry) end

function sequential.checkpoint()
  switch()
  if current.cancelled then raise "Cancelled" end
end

-- }}

-- {{ Channels

local Sender, Receiver = class {}, class {}

function sequential.channel(capacity, options)
  local channel = { capacity = capacity, overflow = options and options.overflow, items = {},
    senders = 1, receivers = 1, sending = {}, receiving = {} }
  return setmetatable({ channel = channel }, Sender), setmetatable({ channel = channel }, Receiver)
end

-- Did it happen, and was it sent?
function Sender:try(item)
  local c = self.channel
  if self.closed then raise "Closed" end
  if c.receivers == 0 then raise "Broken" end
  local receiver = take(c.receiving)
  if receiver then
    wake(receiver.waiter, { item = item, index = receiver.index })
    return true, true
  end
  if #c.items == c.capacity and c.overflow == "drop_newest" then return true, false end
  if #c.items == c.capacity and not c.overflow then return false end
  if #c.items == c.capacity then table.remove(c.items, 1) end
  table.insert(c.items, item)
  return true, true
end

function Sender:wait_with(entry, item)
  entry.which, entry.item = self, item
  table.insert(self.channel.sending, entry)
end

function Sender:__call(item)
  test()
  if self:try(item) then return end
  local waiter = new_waiter()
  self:wait_with({ waiter = waiter }, item)
  wait(waiter)
end

function Sender:offer(item)
  local happened, sent = self:try(item)
  return happened and sent
end

function Sender:clone()
  self.channel.senders = self.channel.senders + 1
  return setmetatable({ channel = self.channel }, Sender)
end

function Sender:close()
  local c = self.channel
  if self.closed then return end
  self.closed = true
  c.senders = c.senders - 1
  wake_all(c.sending, { raise = "Closed" }, self)
  if c.senders == 0 then wake_all(c.receiving) end
end

function Receiver:try()
  local c = self.channel
  if self.closed then raise "Closed" end
  local item = table.remove(c.items, 1)
  local sender = take(c.sending)
  if sender then
    wake(sender.waiter, { index = sender.index })
    if item == nil then return true, sender.item end
    table.insert(c.items, sender.item)
  end
  return item ~= nil or c.senders == 0, item
end

function Receiver:wait_with(entry)
  entry.which = self
  table.insert(self.channel.receiving, entry)
end

function Receiver:__call()
  test()
  local happened, item = self:try()
  if happened then return item end
  local waiter = new_waiter()
  self:wait_with { waiter = waiter }
  return wait(waiter).item
end

function Receiver:poll()
  local happened, item = self:try()
  if happened then return true, item end
  return false
end

function Receiver:clone()
  self.channel.receivers = self.channel.receivers + 1
  return setmetatable({ channel = self.channel }, Receiver)
end

function Receiver:close()
  local c = self.channel
  if self.closed then return end
  self.closed = true
  c.receivers = c.receivers - 1
  wake_all(c.receiving, { raise = "Closed" }, self)
  if c.receivers > 0 then return end
  c.items = {}
  wake_all(c.sending, { raise = "Broken" })
end

-- }}

-- {{ Events and select

local Event = class {}

function sequential.event() return setmetatable({ waiters = {} }, Event) end

function Event:set()
  if not self.happened then wake_all(self.waiters) end
  self.happened = true
end

function Event:wait()
  test()
  if not self.happened then wait_in(self.waiters) end
end

function Event:try() return self.happened end

function Event:wait_with(entry) table.insert(self.waiters, entry) end

function sequential.select(cases)
  test()
  for i, case in ipairs(cases) do
    local object = case[1]
    local happened, item = object:try(case[2])
    if happened then return i, getmetatable(object) == Receiver and item or nil end
  end
  if cases.otherwise then return cases.otherwise() end
  local waiter = new_waiter()
  for i, case in ipairs(cases) do case[1]:wait_with({ waiter = waiter, index = i }, case[2]) end
  local result = wait(waiter)
  return result.index, result.item
end

-- }}

-- {{ Locks and conditions

local Lock, Condition = class {}, class {}

function sequential.lock() return setmetatable({ waiters = {} }, Lock) end

local function own(lock, task)
  lock.owner = task
  task.locks[lock] = true
end

local function pass_on(lock)
  lock.owner = nil
  local entry = take(lock.waiters)
  if not entry then return end
  own(lock, entry.waiter.task)
  wake(entry.waiter, { raise = entry.raise })
end

function Lock:acquire()
  test()
  if self.broken then raise "Broken" end
  if self.owner then wait_in(self.waiters) else own(self, current) end
end

function Lock:try_acquire()
  if self.broken then raise "Broken" end
  if self.owner then return false end
  own(self, current)
  return true
end

function Lock:release()
  if self.broken then return end
  current.locks[self] = nil
  pass_on(self)
end

local function break_lock(lock)
  lock.broken = true
  wake_all(lock.waiters, { raise = "Broken" })
end

function sequential.condition()
  return setmetatable({ lock = sequential.lock(), waiters = {} }, Condition)
end

for _, name in ipairs { "acquire", "release" } do
  Condition[name] = function(self) return self.lock[name](self.lock) end
end

function Condition:notify(n)
  for _ = 1, n do
    local entry = take(self.waiters)
    if not entry then return end
    entry.notified = true
    table.insert(self.lock.waiters, entry)
  end
end

-- One that is cancelled gets the lock in its turn; a notification that it had goes to the next.
local function leave(condition, entry)
  local lock = condition.lock
  entry.raise = "Cancelled"
  if entry.notified then return condition:notify(1) end
  for i, other in ipairs(condition.waiters) do
    if other == entry then table.remove(condition.waiters, i) end
  end
  if lock.owner then return table.insert(lock.waiters, entry) end
  own(lock, entry.waiter.task)
  wake(entry.waiter, { raise = "Cancelled" })
end

function Condition:wait()
  test()
  local entry = { waiter = new_waiter() }
  table.insert(self.waiters, entry)
  self.lock:release()
  wait(entry.waiter, function() leave(self, entry) end)
end

-- }}

-- {{ Semaphores, limiters, barriers

local Semaphore, Limiter, Barrier = class {}, class {}, class {}

function sequential.semaphore(n) return setmetatable({ available = n, waiters = {} }, Semaphore) end

function Semaphore:acquire()
  test()
  if not self:try_acquire() then wait_in(self.waiters) end
end

function Semaphore:try_acquire()
  if self.available == 0 then return false end
  self.available = self.available - 1
  return true
end

function Semaphore:release()
  local entry = take(self.waiters)
  if entry then wake(entry.waiter) else self.available = self.available + 1 end
end

function sequential.limiter(n)
  return setmetatable({ total = n, used = 0, waiters = {} }, Limiter)
end

local function enter(limiter, task)
  limiter.used = limiter.used + 1
  task.places[limiter] = true
end

function Limiter:acquire()
  test()
  if not self:try_acquire() then wait_in(self.waiters) end
end

function Limiter:try_acquire()
  if self.used >= self.total then return false end
  enter(self, current)
  return true
end

function Limiter:set_total(n)
  self.total = n
  while self.used < self.total do
    local entry = take(self.waiters)
    if not entry then return end
    enter(self, entry.waiter.task)
    wake(entry.waiter)
  end
end

local function leave_place(limiter, task)
  task.places[limiter] = nil
  limiter.used = limiter.used - 1
  limiter:set_total(limiter.total)
end

function Limiter:release() leave_place(self, current) end

function sequential.barrier(n) return setmetatable({ n = n, waiters = {} }, Barrier) end

function Barrier:wait()
  test()
  local here = {}
  for _, entry in ipairs(self.waiters) do
    if not entry.waiter.done then table.insert(here, entry) end
  end
  self.waiters = here
  if #here + 1 < self.n then return wait_in(here).item end
  self.waiters = {}
  for i, entry in ipairs(here) do wake(entry.waiter, { item = i }) end
  return self.n
end

-- }}

-- {{ Running

local function finish(task)
  task.ended = true
  for limiter in pairs(task.places) do leave_place(limiter, task) end
  for lock in pairs(task.locks) do break_lock(lock) end
  wake_all(task.waiters)
end

local function run_ready()
  while ready[1] do
    current = table.remove(ready, 1)
    assert(coroutine.resume(current.coroutine))
    if coroutine.status(current.coroutine) == "dead" then finish(current) end
  end
end

--- The name of what was raised.
function sequential.name_of(err) return type(err) == "table" and err.name or tostring(err) end

--- Runs a task for each body that `make(tasks)` returns, in order, and calls `idle(tasks)` whenever no task
--- is ready and some have not ended.
function sequential.run(count, make, idle)
  local tasks = {}
  for i = 1, count do tasks[i] = setmetatable({ waiters = {}, places = {}, locks = {} }, Task) end
  ready = table.move(tasks, 1, count, 1, {})
  for i, body in ipairs(make(tasks)) do tasks[i].coroutine = coroutine.create(body) end
  run_ready()
  while true do
    local all_ended = true
    for _, task in ipairs(tasks) do all_ended = all_ended and task.ended end
    if all_ended then return end
    idle(tasks)
    run_ready()
  end
end

-- }}

return sequential
