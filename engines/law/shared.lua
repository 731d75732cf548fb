--- What the tasks of a random program share, and the account of it: locks and their kin, channels, a
--- broadcast. The methods are those of the ledger (engines/law/ledger.lua).
local cohort = require "cohort"

local shared = {}

local PERMITS, CHANNELS = 1, 3

--- A `<close>` variable that calls f(err).
function shared.closing(f)
  return setmetatable({}, { __close = function(_, err) return f(err) end })
end

local closing = shared.closing

--- Makes it all, in the ledger `p`.
function shared.make(p)
  p.sender, p.receiver, p.is_closed, p.items, p.event = {}, {}, {}, {}, {}
  for i = 1, CHANNELS do
    p.sender[i], p.receiver[i] = cohort.channel(i - 1)
    p.event[i] = cohort.event()
  end
  p.lock, p.holders = { cohort.lock(), cohort.lock() }, {}
  p.semaphore, p.limiter = cohort.semaphore(PERMITS), cohort.limiter(PERMITS)
  p.condition, p.barrier = cohort.condition(), cohort.barrier(2)
  p.value, p.broadcast = cohort.value(0), cohort.broadcast(1)
end

-- {{ Locks and their kin

--- May the running task acquire it? Not what it has already.
function shared:may_have(object)
  local holders = self.holders[object]
  return object == self.semaphore or not holders or not holders[cohort.current_task()]
end

--- A `<close>` variable for the time that the running task is inside.
function shared:inside(object)
  local holders, task = self.holders[object] or { n = 0 }, cohort.current_task()
  local most = (object == self.semaphore or object == self.limiter) and PERMITS or 1
  self.holders[object] = holders
  holders.n, holders[task] = holders.n + 1, true
  self:check(holders.n <= most, "%d are inside of %s", holders.n, object)
  return closing(function() holders.n, holders[task] = holders.n - 1, nil end)
end

-- }}

-- {{ Channels, select, a broadcast

-- An item is "open" while it is being sent; then "sent", or "refused".
function shared:new_item()
  table.insert(self.items, { state = "open" })
  return #self.items
end

function shared:mark(id, state)
  local item = self.items[id]
  item.state = state
  self:check(state == "sent" or not item.has_come, "item %d came, and was not sent", id)
end

function shared:take(c, id)
  self:note("channel %d gives %s", c, id)
  if id == nil then return end
  local item = self.items[id]
  self:check(item.state ~= "refused" and not item.has_come, "item %d came, which was %s, %s", id, item.state,
    item.has_come and "twice" or "once")
  item.has_come = true
end

function shared:send(c)
  local id = self:new_item()
  self.items[id].channel = c
  local ok, err = pcall(self.sender[c], id)
  self:mark(id, ok and "sent" or "refused")
  self:again(ok, err)
end

function shared:offer(c)
  local id = self:new_item()
  self.items[id].channel = c
  local ok, was_sent = pcall(self.sender[c].offer, self.sender[c], id)
  self:mark(id, ok and was_sent and "sent" or "refused")
  self:again(ok, was_sent)
end

function shared:receive(c) self:take(c, self.receiver[c]()) end

function shared:receive_some(c)
  for item in self.receiver[c] do
    self:take(c, item)
    if item % 2 == 0 then break end
  end
end

function shared:poll(c)
  local got, item = self.receiver[c]:poll()
  if got then self:take(c, item) end
end

function shared:close_receiver(c)
  self.is_closed[c] = true
  self.receiver[c]:close()
end

-- By kind: a case for select of the object with a number, and what is being sent, if anything is.
local case_of = {}

function case_of.event(p, c) return { p.event[c] } end

function case_of.receive(p, c)
  return { p.receiver[c], function(item) p:take(c, item) end }
end

function case_of.send(p, c)
  local id = p:new_item()
  p.items[id].channel = c
  return { p.sender[c], id, function() p:mark(id, "sent") end }, id
end

--- Selects among cases of two or three kinds; without a number at the end it does not wait.
function shared:select(...)
  local cases, ids = {}, {}
  for i, what in ipairs { ... } do
    if type(what) == "table" then
      local case, id = case_of[what[1]](self, what[2])
      cases[i] = case
      table.insert(ids, id)
    else
      cases.timeout = what
    end
  end
  cases.otherwise = function() self:note "otherwise" end
  local _ <close> = closing(function()
    for _, id in ipairs(ids) do
      if self.items[id].state == "open" then self:mark(id, "refused") end
    end
  end)
  cohort.select(cases)
end

--- A broadcast: what was sent comes once to each.
function shared:publish()
  local id = self:new_item()
  local ok, err = pcall(self.broadcast.send, self.broadcast, id)
  self:mark(id, ok and "sent" or "refused")
  self:again(ok, err)
end

function shared:next_of(subscription)
  local id = subscription()
  self:note("got %d", id)
  self.items[id].has_come = true
  self:check(self.items[id].state ~= "refused", "item %d came, and was not sent", id)
end

-- }}

-- {{ The end of a program

-- What is in a channel that nobody closed has been sent, and nothing else is missing.
local function audit_channels(self)
  for c = 1, CHANNELS do
    while not self.is_closed[c] and #self.receiver[c] > 0 do self:poll(c) end
  end
  for id, item in ipairs(self.items) do
    local is_missing = item.state == "sent" and item.channel and not self.is_closed[item.channel]
      and not item.has_come
    self:check(item.state ~= "open" and not is_missing, "item %d was %s, and did not come", id, item.state)
  end
end

--- Is everything back?
function shared:audit_shared()
  audit_channels(self)
  self:check(self.semaphore.available == PERMITS and self.limiter.available == PERMITS, "permits are missing")
  cohort.run({ signals = false }, function()
    for i, lock in ipairs { self.lock[1], self.lock[2], self.condition } do
      self:check(lock:try_acquire(), "lock %d is not free", i)
      lock:release()
    end
  end)
end

-- }}

return shared
