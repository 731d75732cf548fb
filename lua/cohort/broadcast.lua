--- Broadcasts: every subscriber sees every item that is sent after it subscribed.
---
--- Each subscription has its own channel without a limit; the bound is kept here. An item goes to all
--- subscribers in one step, when all have room for it, so a send that is cancelled has reached nobody. The
--- room that a subscriber has is its credit: the capacity, plus one for each step it has begun, minus one for
--- each item it was sent. So with capacity 0 a send waits until all of them wait for the next item.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local option = require "cohort.option"

local state_of = object.state_of
local refuse_assignment, refuse_unknown = object.refuse_assignment, object.refuse_unknown
local check_task, test = object.check_task, object.test

local broadcast = {}

local policies = { wait = true, drop_oldest = true, drop_newest = true }

--- @class cohort.SubscriptionState   private
--- @field shared cohort.BroadcastShared  the broadcast's
--- @field receive cohort.Receiver  only the broadcast has the other end: its collection ends this
--- @field credit number
--- @field closed boolean?
--- @field ended boolean?           it has given nil, and always will
--- @field ties table<cohort.Task, userdata>  from tasks that subscribed, or took a step, to their ends
--- @field where string             "file:line" of the subscription

--- @class cohort.BroadcastShared   private
--- @field waiting boolean          is a sender waiting for room?
--- @field moved cohort.Sender      wakes that sender
--- @field gone integer             number of closed ones in the list

--- @class cohort.BroadcastState   private
--- @field capacity number
--- @field overflow string
--- @field list {state: cohort.SubscriptionState, send: cohort.Sender}[]  oldest first
--- @field shared cohort.BroadcastShared
--- @field moved cohort.Receiver    a subscriber may have room now
--- @field queue {count: integer}   senders that have come and not gone yet
--- @field turn table               what a sender holds during its turn
--- @field closed boolean?

local function raise_closed(what, noun)
  error(core.Closed { message = ("%s: the %s is closed"):format(what, noun), operation = what }, 0)
end

---------------------------------------------------------------------------
-- Subscriptions: iterators

local Subscription = { __name = "cohort.Subscription", __newindex = refuse_assignment "subscription" }
Subscription.__index = refuse_unknown(Subscription, "subscription")

-- A step has begun, an item was taken, or a subscriber no longer needs room.
local function wake_sender(s)
  if s.shared.waiting then s.shared.moved:offer(true) end
end

local function finish(s)
  if s.closed then return end
  s.closed = true
  s.shared.gone = s.shared.gone + 1
  s.receive:close()
  for _, tie in pairs(s.ties) do tie:release() end
  s.ties = {}
  wake_sender(s)
end

-- All tasks that used it have ended, so nobody would take what it is sent.
local function abandon(s)
  finish(s)
  if core.cancelled() then return end
  local at = s.where ~= "" and " made at " .. s.where or ""
  warn(("cohort: the subscription%s was left open: write 'local sub <close> = b:subscribe()'"):format(at))
end

-- Ties the subscription to the running task too.
local function belong(s)
  local task = core.current_task()
  if s.ties[task] then return end
  s.ties[task] = core.tie(function()
    s.ties[task] = nil
    if next(s.ties) == nil and not s.closed then abandon(s) end
  end)
end

-- Returns what a step or a poll got; nil is the end of the broadcast, which is remembered.
local function hand_on(s, item)
  if item == nil then
    s.ended = true
    finish(s)
  end
  return item
end

local function stepped(s, ok, item)
  if ok then return hand_on(s, item) end
  s.credit = s.credit - 1
  if s.closed and not core.is_cancelled(item) then raise_closed("next", "subscription") end
  core.raise(item)
end

-- A loop calls it with nil and its last item, `map` with an item and an index.
function Subscription:__call(limit, more)
  local s = state_of(self, Subscription, "subscription", "next")
  if type(limit) == "number" and more == nil then object.refuse_limit("subscription", limit) end
  check_task "next"
  test()
  if s.ended then return nil end
  if s.closed then raise_closed("next", "subscription") end
  belong(s)
  s.credit = s.credit + 1
  wake_sender(s)
  return stepped(s, pcall(s.receive))
end

--- Takes the next item without waiting: returns `true, item`, or false when there is none now, or `true, nil`
--- when the broadcast is closed and every item was seen. Raises `Closed`.
--- @return boolean
--- @return any item
function Subscription:poll()
  local s = state_of(self, Subscription, "subscription", "poll")
  if s.ended then return true, nil end
  if s.closed then raise_closed("poll", "subscription") end
  local is, item = s.receive:poll()
  if not is then return false end
  s.credit = s.credit + 1
  wake_sender(s)
  return true, hand_on(s, item)
end

--- Ends the subscription: the broadcast forgets it, with the items it has not seen. Never waits; calling it
--- again does nothing. A task that waits for its next item gets `Closed`.
function Subscription:close()
  finish(state_of(self, Subscription, "subscription", "close"))
end

Subscription.__close = Subscription.close

function Subscription:__len()
  return #self[1].receive
end

function Subscription:__tostring()
  local text = self[1].closed and "closed" or ("%d items"):format(#self)
  return ("subscription %p (%s)"):format(self, text)
end

---------------------------------------------------------------------------
-- Broadcasts

local Broadcast = { __name = "cohort.Broadcast", __newindex = refuse_assignment "broadcast" }
Broadcast.__index = refuse_unknown(Broadcast, "broadcast")

local Queue, Turn = {}, {}

function Queue:__close() self.count = self.count - 1 end

function Turn:__close()
  self.shared.waiting = false
  self.lock:release()
end

-- Removes closed subscriptions from the list, if there are more of them than `spare`.
local function prune(b, spare)
  if b.shared.gone <= spare then return end
  b.shared.gone = 0
  local list = b.list
  local count, kept = #list, 0
  for i = 1, count do
    local entry = list[i]
    list[i] = nil
    if not entry.state.closed then
      kept = kept + 1
      list[kept] = entry
    end
  end
end

local function has_room(b)
  if b.overflow ~= "wait" then return true end
  for _, entry in ipairs(b.list) do
    if entry.state.credit <= 0 and not entry.state.closed then return false end
  end
  return true
end

-- Makes room for a subscriber that has none, if the broadcast drops the oldest.
local function drop_oldest(b, s)
  if b.overflow ~= "drop_oldest" then return false end
  s.credit = s.credit + 1
  s.receive:poll()
  return true
end

-- Sends the item to all; returns whether all took it. A subscriber that cannot be given it, because memory is
-- out, is not charged for it.
local function deliver(b, item)
  local all = true
  prune(b, 0)
  for _, entry in ipairs(b.list) do
    local s = entry.state
    if s.credit > 0 or drop_oldest(b, s) then
      entry.send:offer(item)
      s.credit = s.credit - 1
    else
      all = false
    end
  end
  return all
end

local function check_item(what, count, item)
  if count ~= 1 then
    local got = count == 0 and "none" or count
    misuse("%s expects one value, got %s: write b:%s(v)", what, got, what)
  elseif item == nil then
    misuse("%s expects a value that is not nil, which stands for the end: take false, or a table around it",
      what)
  end
end

--- Sends an item to all subscribers. Returns when all have room for it.
--- @async
--- @param ... any  one value, which is not nil
function Broadcast:send(...)
  local b = state_of(self, Broadcast, "broadcast", "send")
  local item = ...
  check_item("send", select("#", ...), item)
  check_task "send"
  test()
  local queue <close> = b.queue
  queue.count = queue.count + 1
  b.turn.lock:acquire()
  local _ <close> = b.turn
  while not b.closed and not has_room(b) do
    b.shared.waiting = true
    b.moved()
  end
  if b.closed then raise_closed("send", "broadcast") end
  deliver(b, item)
end

--- Sends an item without waiting. False: somebody has no room for it, or a sender came before; then nobody
--- got it, except that when the broadcast drops the newest, all others got it.
--- @param ... any  one value, which is not nil
--- @return boolean
function Broadcast:offer(...)
  local b = state_of(self, Broadcast, "broadcast", "offer")
  local item = ...
  check_item("offer", select("#", ...), item)
  if b.closed then raise_closed("offer", "broadcast") end
  if b.overflow == "wait" and b.queue.count > 0 or not has_room(b) then return false end
  return deliver(b, item)
end

--- Subscribes to everything that is sent from now on.
--- @return cohort.Subscription
function Broadcast:subscribe(...)
  local b = state_of(self, Broadcast, "broadcast", "subscribe")
  if core.is_callable((...)) then
    misuse "subscribe takes no function: write for item in broadcast:subscribe() do"
  end
  check_task "subscribe"
  if b.closed then raise_closed("subscribe", "broadcast") end
  prune(b, #b.list // 2)                -- not for each closed one, so that subscribing does not get slower
  local send, receive = core.channel(math.huge)
  local s = { shared = b.shared, receive = receive, credit = b.capacity, where = core.where(), ties = {} }
  belong(s)
  b.list[#b.list + 1] = { state = s, send = send }
  return setmetatable({ s }, Subscription)
end

--- Ends the broadcast: subscribers see what they were sent, then nil. Never waits; calling it again does
--- nothing.
function Broadcast:close()
  local b = state_of(self, Broadcast, "broadcast", "close")
  if b.closed then return end
  b.closed = true
  for _, entry in ipairs(b.list) do entry.send:close() end
  b.list = {}
  if b.shared.waiting then b.shared.moved:offer(true) end
end

Broadcast.__close = Broadcast.close

function Broadcast:__len()
  local b = self[1]
  prune(b, 0)
  return #b.list
end

function Broadcast:__tostring()
  local b = self[1]
  local text = b.closed and "closed" or ("%d subscribers%s"):format(#self,
    b.shared.waiting and ", a sender waiting" or "")
  return ("broadcast %p (%s)"):format(self, text)
end

local function is_count(value)
  return value == math.huge or math.tointeger(value) ~= nil and type(value) == "number" and value >= 0
end

local known = option.known {
  overflow = function(value)
    local expected, got = option.expects.text(value)
    if expected then return expected, got end
    if policies[value] then return nil end
    return '"wait", "drop_oldest" or "drop_newest"', ("%q"):format(value)
  end,
}

-- Reads what happens to a subscriber that falls behind by more than the capacity.
local function read_overflow(options, capacity)
  local overflow = option.read("broadcast", options, known).overflow or "wait"
  if overflow ~= "wait" and capacity == 0 then
    misuse("option 'overflow' of %q needs a capacity of 1 or more: without one there is nothing to drop",
      overflow)
  end
  return overflow
end

--- Makes a broadcast. Each subscriber may be `capacity` items behind; the option `overflow` says what happens
--- to one that is slower: the sender waits for it, or it misses items.
--- @param capacity? number  default 0
--- @param options? {overflow: string?}
--- @return cohort.Broadcast
function broadcast.broadcast(capacity, options)
  capacity = capacity == nil and 0 or capacity
  if not is_count(capacity) then
    if type(capacity) == "table" then
      misuse("broadcast expects a whole number of 0 or more before its options, got table: "
        .. "write broadcast(capacity, {overflow = ...})")
    end
    misuse("broadcast expects a whole number of 0 or more, or math.huge, got %s",
      type(capacity) == "number" and capacity or type(capacity))
  end
  local overflow = read_overflow(options, capacity)
  local send, receive = core.channel(1, { overflow = "drop_newest" })
  local shared, lock = { waiting = false, moved = send, gone = 0 }, core.lock()
  return setmetatable({ {
    capacity = capacity, overflow = overflow, list = {}, shared = shared, moved = receive,
    queue = setmetatable({ count = 0 }, Queue), turn = setmetatable({ shared = shared, lock = lock }, Turn),
  } }, Broadcast)
end

return broadcast
