--- Broadcasts: every subscriber sees every item that is sent after it subscribed.
---
--- Each subscription has a channel without a limit to itself; the bound is kept here. An item goes to all
--- subscribers in one step, when all have room for it, so a send that is cancelled has reached nobody. What a
--- subscriber has room for is its credit: the capacity, one more for each step it has begun, and one less for
--- each item that it was sent. With capacity 0 a send thus waits until all of them wait for the next item.
local core = require "cohort.core"

local broadcast = {}

local policies = { wait = true, drop_oldest = true, drop_newest = true }

--- @class cohort.BroadcastSlot   private: what a broadcast and one of its subscriptions share
--- @field shared {waiting: boolean?, moved: cohort.Sender}  of the broadcast: does a sender wait; wakes it
--- @field receive cohort.Receiver  the other end is the broadcast's alone: so it ends when that is collected
--- @field credit number
--- @field closed boolean?

local function check_self(self, class, noun, what)
  if getmetatable(self) == class then return end
  error(("%s expects a %s first, got %s: write %s:%s(...) with a colon")
    :format(what, noun, type(self), noun, what), 3)
end

local function check_task(what)
  if core.current_task() then return end
  error(("%s: no task runs here: call this inside cohort.run(function() ... end)"):format(what), 3)
end

local function raise_closed(what, noun)
  error(core.Closed { message = ("%s: the %s is closed"):format(what, noun), operation = what }, 0)
end

---------------------------------------------------------------------------
-- Subscriptions: iterators

local Subscription = { __name = "cohort.Subscription" }
Subscription.__index = Subscription

-- A step has begun, an item was taken, or nobody asks for room any more.
local function wake_sender(slot)
  if slot.shared.waiting then slot.shared.moved:offer(true) end
end

local function finish(self)
  local slot = self.slot
  if slot.closed then return end
  slot.closed = true
  slot.receive:close()
  if self.tie then self.tie:release() end
  wake_sender(slot)
end

-- What a step or a poll brought; nil is the end of the broadcast, which is remembered.
local function hand_on(self, item)
  if item ~= nil then return item end
  self.ended = true
  finish(self)
end

local function stepped(self, ok, item)
  if ok then return hand_on(self, item) end
  self.slot.credit = self.slot.credit - 1
  if self.slot.closed and not core.is_cancelled(item) then raise_closed("next", "subscription") end
  core.raise(item)
end

function Subscription:__call()
  check_self(self, Subscription, "subscription", "next")
  if self.ended then return nil end
  if self.slot.closed then raise_closed("next", "subscription") end
  self.slot.credit = self.slot.credit + 1
  wake_sender(self.slot)
  return stepped(self, pcall(self.slot.receive))
end

--- Takes the next item without waiting: `true, item`, or false when there is none now, or `true, nil` when
--- the broadcast is closed and all was seen. Raises `Closed`.
--- @return boolean
--- @return any item
function Subscription:poll()
  check_self(self, Subscription, "subscription", "poll")
  if self.ended then return true, nil end
  if self.slot.closed then raise_closed("poll", "subscription") end
  local is, item = self.slot.receive:poll()
  if not is then return false end
  self.slot.credit = self.slot.credit + 1
  wake_sender(self.slot)
  hand_on(self, item)
  return true, item
end

--- Ends the subscription: the broadcast forgets it, with what it has not seen. Never waits; again, it does
--- nothing. A task that waits for its next item gets `Closed`.
function Subscription:close()
  check_self(self, Subscription, "subscription", "close")
  finish(self)
end

Subscription.__close = Subscription.close

function Subscription:__len()
  return #self.slot.receive
end

function Subscription:__tostring()
  local state = self.slot.closed and "closed" or ("%d items"):format(#self.slot.receive)
  return ("subscription %p (%s)"):format(self, state)
end

-- Where the subscriber's code is: two levels above the function that calls this.
local function caller()
  local info = debug.getinfo(3, "Sl")
  return ("%s:%d"):format(info.short_src, info.currentline)
end

-- The task that subscribed ends: nobody would ever take what this one is sent.
local function tie(self, where)
  self.tie = core.tie(function()
    local slot = self.slot
    if slot.closed then return end
    self.tie = nil
    finish(self)
    if core.cancelled() then return end
    warn(("cohort: the subscription made at %s was left open: write 'local sub <close> = b:subscribe()'")
      :format(where))
  end)
end

---------------------------------------------------------------------------
-- Broadcasts

local Broadcast = { __name = "cohort.Broadcast" }
Broadcast.__index = Broadcast

-- What a sender holds while it is its turn.
local Turn = {}

function Turn:__close()
  self.shared.waiting = false
  self.lock:release()
end

-- Forgets the subscriptions that were closed.
local function prune(self)
  local kept = 0
  for i = 1, #self.list do
    local entry = self.list[i]
    if not entry.slot.closed then
      kept = kept + 1
      self.list[kept] = entry
    end
  end
  for i = kept + 1, #self.list do self.list[i] = nil end
end

local function has_room(self)
  if self.overflow ~= "wait" then return true end
  for i = 1, #self.list do
    local slot = self.list[i].slot
    if slot.credit <= 0 and not slot.closed then return false end
  end
  return true
end

-- Makes room for a subscriber that has none, if the broadcast is one that drops what is old.
local function drop_oldest(self, entry)
  if self.overflow ~= "drop_oldest" then return false end
  entry.slot.credit = entry.slot.credit + 1
  entry.slot.receive:poll()
  return true
end

-- Gives the item to all; says whether all took it.
local function deliver(self, item)
  local all = true
  prune(self)
  for i = 1, #self.list do
    local entry = self.list[i]
    if entry.slot.credit > 0 or drop_oldest(self, entry) then
      entry.slot.credit = entry.slot.credit - 1
      entry.send:offer(item)
    else
      all = false
    end
  end
  return all
end

local function check_item(self, what, count, item)
  check_self(self, Broadcast, "broadcast", what)
  if count ~= 1 then
    local got = count == 0 and "none" or count
    error(("%s expects one value, got %s: write b:%s(v)"):format(what, got, what), 3)
  elseif item == nil then
    error(("%s expects a value that is not nil, which stands for the end: take false, or a table around it")
      :format(what), 3)
  end
end

--- Sends an item to all who have subscribed. Returns when all have room for it.
--- @async
--- @param ... any  one value, which is not nil
function Broadcast:send(...)
  local item = ...
  check_item(self, "send", select("#", ...), item)
  check_task "send"
  self.turn.lock:acquire()
  local _ <close> = self.turn
  while not self.closed and not has_room(self) do
    self.shared.waiting = true
    self.moved()
  end
  if self.closed then raise_closed("send", "broadcast") end
  deliver(self, item)
end

--- Sends an item without waiting. False: somebody has no room for it, or a sender waits already; then
--- nobody got it, unless the broadcast drops what is new: then all others got it.
--- @param ... any  one value, which is not nil
--- @return boolean
function Broadcast:offer(...)
  local item = ...
  check_item(self, "offer", select("#", ...), item)
  if self.closed then raise_closed("offer", "broadcast") end
  if self.shared.waiting or not has_room(self) then return false end
  return deliver(self, item)
end

--- Subscribes to all that is sent from now on.
--- @return cohort.Subscription
function Broadcast:subscribe()
  check_self(self, Broadcast, "broadcast", "subscribe")
  check_task "subscribe"
  if self.closed then raise_closed("subscribe", "broadcast") end
  prune(self)
  local send, receive = core.channel(math.huge)
  local slot = { shared = self.shared, receive = receive, credit = self.capacity }
  local sub = setmetatable({ slot = slot }, Subscription)
  tie(sub, caller())
  self.list[#self.list + 1] = { slot = slot, send = send }
  return sub
end

--- Ends the broadcast: subscribers see what they were sent, then nil. Never waits; again, it does nothing.
function Broadcast:close()
  check_self(self, Broadcast, "broadcast", "close")
  if self.closed then return end
  self.closed = true
  for i = 1, #self.list do self.list[i].send:close() end
  self.list = {}
  if self.shared.waiting then self.shared.moved:offer(true) end
end

Broadcast.__close = Broadcast.close

function Broadcast:__len()
  prune(self)
  return #self.list
end

function Broadcast:__tostring()
  local state = self.closed and "closed" or ("%d subscribers%s"):format(#self,
    self.shared.waiting and ", a sender waiting" or "")
  return ("broadcast %p (%s)"):format(self, state)
end

local function is_count(value)
  return value == math.huge or math.tointeger(value) ~= nil and type(value) == "number" and value >= 0
end

local function check_options(options, capacity)
  if type(options) ~= "table" or core.is_callable(options) then
    error(("broadcast expects a table of options, got %s"):format(type(options)), 3)
  end
  for key in next, options do
    if type(key) ~= "string" then
      error(("broadcast expects options by name, got a key that is a %s"):format(type(key)), 3)
    elseif key ~= "overflow" then
      error(("broadcast has no option '%s': did you mean 'overflow'?"):format(key), 3)
    end
  end
  local overflow = rawget(options, "overflow")
  if overflow == nil then return "wait" end
  if not policies[overflow] then
    local got = type(overflow) == "string" and ("%q"):format(overflow) or type(overflow)
    error(("option 'overflow' expects \"wait\", \"drop_oldest\" or \"drop_newest\", got %s"):format(got), 3)
  elseif overflow ~= "wait" and capacity == 0 then
    error(("option 'overflow' of %q needs a capacity of 1 or more: without one there is nothing to drop")
      :format(overflow), 3)
  end
  return overflow
end

--- Makes a broadcast. Each subscriber may be `capacity` items behind; what happens to one that is slower says
--- the option `overflow`: the sender waits for it, or it misses items.
--- @param capacity? number  default 0
--- @param options? {overflow: string?}
--- @return cohort.Broadcast
function broadcast.broadcast(capacity, options)
  capacity = capacity == nil and 0 or capacity
  if not is_count(capacity) then
    error(("broadcast expects a whole number of 0 or more, or math.huge, got %s")
      :format(type(capacity) == "number" and capacity or type(capacity)), 2)
  end
  local overflow = options == nil and "wait" or check_options(options, capacity)
  local send, receive = core.channel(1, { overflow = "drop_newest" })
  local shared, lock = { waiting = false, moved = send }, core.lock()
  return setmetatable({
    capacity = capacity, overflow = overflow, list = {}, shared = shared, moved = receive,
    turn = setmetatable({ shared = shared, lock = lock }, Turn),
  }, Broadcast)
end

return broadcast
