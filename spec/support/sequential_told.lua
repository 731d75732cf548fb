--- Values and broadcasts in plain Lua, made of the channels and locks of spec/support/sequential.lua.
local sequential = require "spec.support.sequential"

local told = {}

local parts = sequential.parts
local raise, test, wake, wake_all = parts.raise, parts.test, parts.wake, parts.wake_all
local wait_in, take, class = parts.wait_in, parts.take, parts.class

local Value, Changes, Broadcast, Subscription = class {}, class {}, class {}, class {}

function told.value(v) return setmetatable({ v = v, version = 0, waiters = {} }, Value) end

function Value:get() return self.v end

function Value:set(v)
  if v == self.v then return end
  self.v, self.version = v, self.version + 1
  wake_all(self.waiters)
  self.waiters = {}
end

function Value:wait_for(predicate)
  test()
  while not predicate(self.v) do
    wait_in(self.waiters)
    if not predicate(self.v) then test() end
  end
  return self.v
end

function Value:changes() return setmetatable({ value = self }, Changes) end

function Changes:__call()
  test()
  if self.seen == self.value.version then wait_in(self.value.waiters) end
  self.seen = self.value.version
  return self.value.v
end

function told.broadcast(capacity, options)
  return setmetatable({ capacity = capacity, overflow = options and options.overflow, subscriptions = {},
    turn = sequential.lock(), moved = {} }, Broadcast)
end

-- A subscription has room for `credit` items.
local function has_room(b)
  if b.overflow then return true end
  for _, s in ipairs(b.subscriptions) do
    if s.credit <= 0 then return false end
  end
  return true
end

local function deliver(b, item)
  local all = true
  for _, s in ipairs(b.subscriptions) do
    local send, receive = s.send, s.receive
    if s.credit <= 0 and b.overflow == "drop_oldest" then
      receive:poll()
      s.credit = s.credit + 1
    end
    if s.credit > 0 then
      send:offer(item)
      s.credit = s.credit - 1
    else
      all = false
    end
  end
  return all
end

-- The sender whose turn it is looks again, now or when it comes to wait.
local function look_again(b)
  if not b.is_waiting then return end
  local entry = take(b.moved)
  if entry then wake(entry.waiter) else b.has_moved = true end
end

local function send_in_turn(b, item)
  while not b.closed and not has_room(b) do
    b.is_waiting = true
    test()
    if b.has_moved then b.has_moved = false else wait_in(b.moved) end
  end
  if b.closed then raise "Closed" end
  deliver(b, item)
end

function Broadcast:send(item)
  self.turn:acquire()
  local ok, err = pcall(send_in_turn, self, item)
  self.is_waiting = false
  self.turn:release()
  if not ok then error(err, 0) end
end

function Broadcast:offer(item)
  if self.closed then raise "Closed" end
  if self.turn.owner or not has_room(self) then return false end
  return deliver(self, item)
end

function Broadcast:close()
  if self.closed then return end
  self.closed = true
  for _, s in ipairs(self.subscriptions) do s.send:close() end
  look_again(self)
end

function Broadcast:subscribe()
  if self.closed then raise "Closed" end
  local send, receive = sequential.channel(math.huge)
  local s = setmetatable({ broadcast = self, credit = self.capacity, send = send, receive = receive },
    Subscription)
  table.insert(self.subscriptions, s)
  return s
end

function Subscription:close()
  if self.closed then return end
  self.closed = true
  for i, s in ipairs(self.broadcast.subscriptions) do
    if s == self then table.remove(self.broadcast.subscriptions, i) end
  end
  self.receive:close()
  look_again(self.broadcast)
end

local function hand_on(s, item)
  if item == nil then
    s.ended = true
    s:close()
  end
  return item
end

function Subscription:__call()
  test()
  if self.ended then return nil end
  if self.closed then raise "Closed" end
  self.credit = self.credit + 1
  look_again(self.broadcast)
  local ok, item = pcall(self.receive)
  if ok then return hand_on(self, item) end
  self.credit = self.credit - 1
  error(item, 0)
end

function Subscription:poll()
  if self.ended then return true, nil end
  if self.closed then raise "Closed" end
  local is, item = self.receive:poll()
  if not is then return false end
  self.credit = self.credit + 1
  look_again(self.broadcast)
  return true, hand_on(self, item)
end

return told
