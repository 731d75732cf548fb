--- What tasks of nursery.lua wait for among themselves, as a good Lua programmer would write it for one
--- program: semaphores, of which a lock is one, events, channels, and a choice of two channels. First in,
--- first out, and what is given back is handed to who waits longest.
---
--- What it leaves out beside cohort: closing, owners, misuse. A waiter is a table with its `task`, nil once
--- it waits no more, and for a channel its `item`; those that wait no more are dropped when they come to an
--- end of their queue.
local nursery = require "nursery"

local block, current, unblock = nursery.block, nursery.current, nursery.unblock

local talk = {}

local function queue() return { first = 1, last = 0 } end

local function push(q, waiter)
  local last = q.last
  while last >= q.first and not q[last].task do
    q[last] = nil
    last = last - 1
  end
  q[last + 1], q.last = waiter, last + 1
end

--- Wakes who waits longest and returns that waiter; nil when nobody waits.
local function wake_first(q)
  while q.first <= q.last do
    local waiter = q[q.first]
    q[q.first] = nil
    q.first = q.first + 1
    local task = waiter.task
    if task then
      waiter.task = nil
      unblock(task)
      return waiter
    end
  end
end

local function leave(task) task.waiter.task = nil end

--- Waits in one queue, or in two.
local function wait_in(q, waiter, other)
  local task = current()
  waiter.task, task.waiter = task, waiter
  push(q, waiter)
  if other then push(other, waiter) end
  block(leave)
end

local Semaphore = {}
Semaphore.__index = Semaphore

function talk.semaphore(permits) return setmetatable({ permits = permits, waiters = queue() }, Semaphore) end

function Semaphore:acquire()
  if self.permits == 0 then return wait_in(self.waiters, {}) end
  self.permits = self.permits - 1
end

function Semaphore:release()
  if not wake_first(self.waiters) then self.permits = self.permits + 1 end
end

local Event = {}
Event.__index = Event

function talk.event() return setmetatable({ done = false, waiters = queue() }, Event) end

function Event:wait()
  if not self.done then wait_in(self.waiters, {}) end
end

function Event:set()
  self.done = true
  while wake_first(self.waiters) do end
end

local Channel = {}
Channel.__index = Channel

function talk.channel(capacity)
  return setmetatable({
    capacity = capacity, first = 1, last = 0, senders = queue(), receivers = queue(),
  }, Channel)
end

local function put(channel, item)
  channel.last = channel.last + 1
  channel[channel.last] = item
end

function Channel:send(item)
  local receiver = wake_first(self.receivers)
  if receiver then
    receiver.item = item
  elseif self.last - self.first + 1 < self.capacity then
    put(self, item)
  else
    wait_in(self.senders, { item = item })
  end
end

--- An item, if there is one; nil otherwise.
function Channel:poll()
  local item = self[self.first]
  if item == nil then
    local sender = wake_first(self.senders)
    return sender and sender.item
  end
  self[self.first] = nil
  self.first = self.first + 1
  local sender = wake_first(self.senders)
  if sender then put(self, sender.item) end
  return item
end

function Channel:receive()
  local item = self:poll()
  if item ~= nil then return item end
  local waiter = {}
  wait_in(self.receivers, waiter)
  return waiter.item
end

--- The first item of two channels.
function talk.select(a, b)
  local item = a:poll()
  if item == nil then item = b:poll() end
  if item ~= nil then return item end
  local waiter = {}
  wait_in(a.receivers, waiter, b.receivers)
  return waiter.item
end

return talk
