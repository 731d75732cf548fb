--- What tasks wait for among themselves: events, locks, channels (rules 4.1, 4.2, 4.4).
---
--- Each has queues of waiters, first in first out, and hands over what it has: whoever is woken has got it.
local errors = require "engines.model.reference.errors"
local remove = require "engines.model.reference.remove"
local scope = require "engines.model.reference.scope"

local sync = {}

--- The running task waits in a queue; a cancellation takes it out again. Returns what it was woken with.
local function wait_in(m, queue, item)
  local waiter = { task = m.current, item = item }
  table.insert(queue, waiter)
  return scope.wait(m, function() remove(queue, waiter) end)
end

local function wake_all(m, queue, ...)
  while queue[1] do m:wake(table.remove(queue, 1).task, ...) end
end

---------------------------------------------------------------------------

local event = {}
event.__index = event

function sync.new_event(m)
  return setmetatable({ machine = m, happened = false, waiters = {} }, event)
end

function event:set()
  self.happened = true
  wake_all(self.machine, self.waiters)
end

function event:is_set() return self.happened end

function event:wait()
  scope.test(self.machine)
  if not self.happened then wait_in(self.machine, self.waiters) end
end

---------------------------------------------------------------------------

local lock = {}
lock.__index = lock

function sync.new_lock(m)
  return setmetatable({ machine = m, owner = nil, broken = false, waiters = {} }, lock)
end

local function own(self, task)
  self.owner = task
  table.insert(task.locks, self)
end

local function disown(self)
  remove(self.owner.locks, self)
  self.owner = nil
end

local function check_owner(self)
  if self.owner == self.machine.current then error("the task has the lock already", 0) end
end

--- Takes the lock if that needs no waiting.
function lock:try_acquire()
  check_owner(self)
  if self.broken then error(errors.new("Broken"), 0) end
  if self.owner then return false end
  own(self, self.machine.current)
  return true
end

function lock:acquire()
  check_owner(self)
  scope.test(self.machine)
  if self:try_acquire() then return end
  if wait_in(self.machine, self.waiters) == "broken" then error(errors.new("Broken"), 0) end
end

function lock:release()
  if self.broken then return end
  if self.owner ~= self.machine.current then error("only the owner may release a lock", 0) end
  disown(self)
  local waiter = table.remove(self.waiters, 1)
  if waiter then
    own(self, waiter.task)
    self.machine:wake(waiter.task)
  end
end

function lock:with(f, ...)
  self:acquire()
  local result = table.pack(pcall(f, ...))
  local ok, err = pcall(self.release, self)
  if not (result[1] and ok) then error(result[1] and err or result[2], 0) end
  return table.unpack(result, 2, result.n)
end

--- Its owner has ended: it is broken for good.
function lock:lose_owner()
  disown(self)
  self.broken = true
  wake_all(self.machine, self.waiters, "broken")
end

---------------------------------------------------------------------------

local channel = {}
channel.__index = channel

--- A channel with one end of each side: `c:send(v)` and `c:receive()` stand for the calls of the two ends.
function sync.new_channel(m, capacity)
  return setmetatable({ machine = m, capacity = capacity, items = {}, senders = {}, receivers = {},
    sender_closed = false, receiver_closed = false }, channel)
end

local function check_sender(self)
  if self.sender_closed then error(errors.new("Closed"), 0) end
  if self.receiver_closed then error(errors.new("Broken"), 0) end
end

--- Sends if that needs no waiting.
local function try_send(self, item)
  check_sender(self)
  local receiver = table.remove(self.receivers, 1)
  if receiver then
    self.machine:wake(receiver.task, "item", item)
  elseif #self.items < self.capacity then
    table.insert(self.items, item)
  else
    return false
  end
  return true
end

function channel:offer(item) return try_send(self, item) end

function channel:send(item)
  scope.test(self.machine)
  if try_send(self, item) then return end
  local outcome = wait_in(self.machine, self.senders, item)
  if outcome ~= "sent" then error(errors.new(outcome), 0) end
end

--- Receives if that needs no waiting: true and the item, nil at the end. The first sender who waits fills the
--- place of what was taken, or hands its item over when nothing lies in the channel.
local function try_receive(self)
  if self.receiver_closed then error(errors.new("Closed"), 0) end
  local item = table.remove(self.items, 1)
  local sender = table.remove(self.senders, 1)
  if sender then
    if item then table.insert(self.items, sender.item) else item = sender.item end
    self.machine:wake(sender.task, "sent")
  end
  if item == nil and not self.sender_closed then return false end
  return true, item
end

function channel:poll() return try_receive(self) end

function channel:receive()
  scope.test(self.machine)
  local ok, item = try_receive(self)
  if ok then return item end
  local outcome
  outcome, item = wait_in(self.machine, self.receivers)
  if outcome ~= "item" then error(errors.new(outcome), 0) end
  return item
end

--- Who waits to send by the end that is closed gets Closed; receivers, who have taken all there was, get nil.
function channel:close_sender()
  if self.sender_closed then return end
  self.sender_closed = true
  wake_all(self.machine, self.senders, "Closed")
  wake_all(self.machine, self.receivers, "item", nil)
end

function channel:close_receiver()
  if self.receiver_closed then return end
  self.receiver_closed = true
  self.items = {}
  wake_all(self.machine, self.receivers, "Closed")
  wake_all(self.machine, self.senders, "Broken")
end

return sync
