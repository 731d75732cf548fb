-- No item is lost, none is there twice, whatever is cancelled or closed, and when. Two ways to find out:
-- cutting a fixed program at every possible point, and random acts next to a model of a channel.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"
local testing = require "cohort.testing"

local capacities = { 0, 1, 2, 3, 8, math.huge }

---------------------------------------------------------------------------
-- Cutting: three senders, two receivers, and one act in one pass

-- What became of an item: "sent" when its send returned, "not" when it raised.
local function run_sender(record, send, name, count)
  local s <close> = send
  for i = 1, count do
    local item = name .. i
    record.fate[item] = "not"
    local ok, err = pcall(s, item)
    if not ok then
      if cohort.is(err, cohort.Closed) or cohort.is(err, cohort.Broken) then return end
      error(err, 0)
    end
    record.fate[item] = "sent"
  end
end

-- Takes down an item for whoever received it: of one sender's items each receiver sees later ones later.
local function take_down(record, who, item)
  record.got[#record.got + 1] = item
  local sender, number = item:match "(%a)(%d+)"
  local key = who .. sender
  assert((record.latest[key] or 0) < tonumber(number), "not in order: " .. item)
  record.latest[key] = tonumber(number)
end

local function run_receiver(record, receive, name)
  local r <close> = receive
  while true do
    local ok, item = pcall(r)
    if not ok then
      if cohort.is(item, cohort.Closed) then return end
      error(item, 0)
    end
    if item == nil then return end
    take_down(record, name, item)
  end
end

local function take_rest(record, receive)
  for _ = 1, 100 do
    local ok, item = receive:poll()
    if not ok or item == nil then return end
    take_down(record, "the end", item)
  end
end

-- Every item that was sent was received or is left, once; none that was not.
local function check(record)
  local seen = {}
  for _, item in ipairs(record.got) do
    assert(not seen[item], "received twice: " .. item)
    assert(record.fate[item] == "sent", "received, though its send raised: " .. item)
    seen[item] = true
  end
  for item, fate in pairs(record.fate) do assert(seen[item] or fate == "not", "lost: " .. item) end
end

-- Runs the program; `act(x)` happens in the pass with this number, before or after the tasks of that pass.
-- True when the program had ended before.
local function run_cut(capacity, pass, first, act, seed)
  return cohort.run({ clock = testing.clock { autojump = true }, signals = false, seed = seed }, function()
    local send, receive = cohort.channel(capacity)
    local watch = receive:clone()  -- so that nothing is dropped, and what is left can be counted
    local record = { fate = {}, got = {}, latest = {} }
    local x = { send = { send, send:clone(), send:clone() }, receive = { receive, receive:clone() },
      record = record, watch = watch, tasks = {} }
    local passes = 0
    cohort.group(function(g)
      local function cut()
        while passes < pass do
          if #g <= 2 then return end  -- this one and the daemon
          passes = passes + 1
          cohort.checkpoint()
        end
        act(x)
      end
      if first then g:spawn(cut) end
      for i = 1, 3 do x.tasks[i] = g:spawn(run_sender, record, x.send[i], ("abc"):sub(i, i), 4) end
      for i = 1, 2 do x.tasks[3 + i] = g:spawn(run_receiver, record, x.receive[i], i) end
      if not first then g:spawn(cut) end
      g:spawn_daemon(function()  -- when all others wait, what is left is taken and the rest is ended
        local _ <close> = watch
        local _ <close> = setmetatable({}, { __close = function() take_rest(record, watch) end })
        cohort.sleep(1)
      end)
    end)
    check(record)
    return passes < pass
  end)
end

-- The act in every pass there is, in every capacity, before and after the others.
local function cut_everywhere(act)
  local cuts = 0
  for _, capacity in ipairs(capacities) do
    for _, first in ipairs { true, false } do
      local pass = 0
      while not run_cut(capacity, pass, first, act) do
        pass = pass + 1
        cuts = cuts + 1
        assert(pass < 200)
      end
    end
  end
  return cuts
end

describe("no item is lost or doubled", function()
  local who = { "one sender", "another sender", "the last sender", "a receiver", "another receiver" }
  for i, name in ipairs(who) do
    it("when " .. name .. " is cancelled, in whatever pass", function()
      assert.is_true(cut_everywhere(function(x) x.tasks[i]:cancel() end) > 50)
    end)
  end

  it("when all of them are, in whatever pass and order", function()
    for _, order in ipairs { { 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1 }, { 4, 1, 5, 2, 3 } } do
      assert.is_true(cut_everywhere(function(x)
        for _, i in ipairs(order) do x.tasks[i]:cancel() end
      end) > 50)
    end
  end)

  it("when an end is closed under the task that uses it, in whatever pass", function()
    for i = 1, 3 do
      assert.is_true(cut_everywhere(function(x) x.send[i]:close() end) > 50)
    end
    for i = 1, 2 do
      assert.is_true(cut_everywhere(function(x) x.receive[i]:close() end) > 50)
    end
  end)

  it("when one is cancelled in the pass in which another polls or offers", function()
    for i = 1, 5 do
      assert.is_true(cut_everywhere(function(x)
        local ok, item = x.watch:poll()
        x.tasks[i]:cancel()
        if ok and item then take_down(x.record, "act", item) end
        local is_open, offered = pcall(x.send[1].offer, x.send[1], "z1")
        if is_open and offered then x.record.fate.z1 = "sent" end
      end) > 50)
    end
  end)

  it("under any schedule", function()
    for seed = 1, 150 do
      local capacity = capacities[seed % #capacities + 1]
      run_cut(capacity, seed % 23, seed % 2 == 0, function(x) x.tasks[seed % 5 + 1]:cancel() end, seed)
    end
    assert.is_true(true)
  end)
end)

---------------------------------------------------------------------------
-- The model: a list of items, two queues, and rules

local Model = {}
Model.__index = Model

local function new_model(capacity, overflow)
  return setmetatable({ capacity = capacity, overflow = overflow, items = {}, senders = {}, receivers = {},
    open = { send = {}, receive = {} }, outcome = {} }, Model)
end

function Model:is_open(side) return next(self.open[side]) ~= nil end

-- What a send by `handle` comes to: "sent", "dropped", "broken", "closed", or nil when it must wait.
function Model:send(handle, item)
  if not self.open.send[handle] then return "closed" end
  if #self.receivers > 0 then
    self.outcome[table.remove(self.receivers, 1).id] = "got " .. item
    return "sent"
  end
  if not self:is_open "receive" then return "broken" end
  if #self.items < self.capacity then
    table.insert(self.items, item)
    return "sent"
  end
  if self.overflow == "drop_newest" then return "dropped" end
  if self.overflow == "wait" then return nil end
  table.remove(self.items, 1)
  table.insert(self.items, item)
  return "sent"
end

function Model:receive(handle)
  if not self.open.receive[handle] then return "closed" end
  local item = table.remove(self.items, 1)
  local sender = self.senders[1]
  if sender and (item or self.capacity == 0) then
    table.remove(self.senders, 1)
    self.outcome[sender.id] = "sent"
    if item then table.insert(self.items, sender.item) else item = sender.item end
  end
  if item then return "got " .. item end
  if not self:is_open "send" then return "ended" end
end

function Model:wait(side, waiter)
  table.insert(side == "send" and self.senders or self.receivers, waiter)
end

function Model:remove(where, outcome)
  for _, queue in ipairs { self.senders, self.receivers } do
    for i = #queue, 1, -1 do
      if where(queue[i]) then self.outcome[table.remove(queue, i).id] = outcome end
    end
  end
end

function Model:close(side, handle)
  if not self.open[side][handle] then return end
  self.open[side][handle] = nil
  self:remove(function(waiter) return waiter.handle == handle end, "closed")
  if self:is_open(side) then return end
  if side == "receive" then self.items = {} end
  self:remove(function() return true end, side == "send" and "ended" or "broken")
end

---------------------------------------------------------------------------
-- Random acts on both

local function outcome_of(side, ok, value)
  if ok and side == "send" then return "sent" end
  if ok then return value == nil and "ended" or "got " .. value end
  if cohort.is(value, cohort.Closed) then return "closed" end
  if cohort.is(value, cohort.Broken) then return "broken" end
  if cohort.is(value, cohort.Cancelled) then return "cancelled" end
  return tostring(value)
end

-- One of a list by the generator of the run.
local function pick(x, list) return list[x.random(#list)] end

local acts = {}

-- A task that sends or receives, and may have to wait.
local function start(x, side)
  local handle = pick(x, x.handles[side])
  local id = #x.waiters + 1
  local waiter = { id = id, handle = handle, item = side == "send" and id or nil }
  waiter.task = x.group:spawn(function()
    local ok, value = pcall(handle, waiter.item)
    x.outcome[id] = outcome_of(side, ok, value)
    if x.outcome[id] == "cancelled" then error(value, 0) end
  end)
  x.waiters[id] = waiter
  cohort.checkpoint()
  local outcome = x.model[side](x.model, handle, waiter.item)
  if outcome == "dropped" then outcome = "sent" end
  if outcome then x.model.outcome[id] = outcome else x.model:wait(side, waiter) end
end

function acts.send(x) start(x, "send") end
function acts.receive(x) start(x, "receive") end

function acts.offer(x)
  local handle = pick(x, x.handles.send)
  local item = -x.step
  local expected = x.model:send(handle, item)
  local ok, value = pcall(handle.offer, handle, item)
  local got = not ok and outcome_of("send", ok, value) or value and "sent" or "no"
  if expected == nil or expected == "dropped" then expected = "no" end
  assert(expected == got, ("offer: expected %s, got %s"):format(expected, got))
end

function acts.poll(x)
  local handle = pick(x, x.handles.receive)
  local expected = x.model:receive(handle)
  local ok, is, value = pcall(handle.poll, handle)
  local got = not ok and outcome_of("receive", ok, is) or is and outcome_of("receive", ok, value) or "no"
  assert((expected or "no") == got, ("poll: expected %s, got %s"):format(expected, got))
end

function acts.cancel(x)
  if #x.waiters == 0 then return end
  local waiter = pick(x, x.waiters)
  waiter.task:cancel()
  x.model:remove(function(other) return other == waiter end, "cancelled")
end

function acts.clone(x)
  local side = pick(x, { "send", "receive" })
  local handle = pick(x, x.handles[side])
  local ok, other = pcall(handle.clone, handle)
  assert(ok == (x.model.open[side][handle] ~= nil))
  if not ok then return end
  table.insert(x.handles[side], other)
  x.model.open[side][other] = true
end

function acts.close(x)
  if x.random(4) > 1 then return end
  local side = pick(x, { "send", "receive" })
  local handle = pick(x, x.handles[side])
  handle:close()
  x.model:close(side, handle)
end

local act_names = { "send", "send", "send", "receive", "receive", "receive", "offer", "poll", "cancel",
  "clone", "close" }

local function compare(x)
  assert(#x.handles.receive[1] == #x.model.items,
    ("%d items, expected %d"):format(#x.handles.receive[1], #x.model.items))
  for id in ipairs(x.waiters) do
    local expected, got = x.model.outcome[id], x.outcome[id]
    assert(expected == got, ("waiter %d: expected %s, got %s"):format(id, expected, got))
  end
end

local function run_random(seed, capacity, overflow)
  local state = seed
  local function random(n)
    state = (state * 6364136223846793005 + 1442695040888963407)
    return (state >> 33) % n + 1
  end
  tasks.virtual(function()
    local send, receive = cohort.channel(capacity, { overflow = overflow })
    local x = { random = random, model = new_model(capacity, overflow), waiters = {}, outcome = {},
      handles = { send = { send }, receive = { receive } } }
    x.model.open.send[send], x.model.open.receive[receive] = true, true
    cohort.group(function(g)
      x.group = g
      for step = 1, 60 do
        x.step = step
        -- several acts in one pass, now and then
        repeat
          local name = pick(x, act_names)
          acts[name](x)
        until random(3) > 1
        cohort.checkpoint()
        local ok, err = pcall(compare, x)
        if not ok then error(("seed %d, step %d: %s"):format(seed, step, err), 0) end
      end
      g:cancel()
    end)
  end)
end

describe("a channel and its model", function()
  for _, overflow in ipairs { "wait", "drop_oldest", "drop_newest" } do
    it("agree after each of many random acts, with overflow " .. overflow, function()
      local runs = 0
      for seed = 1, 100 do
        for _, capacity in ipairs(capacities) do
          if overflow == "wait" and seed % 2 == 0 or capacity > 0 and seed % 4 == 0 then
            run_random(seed, capacity, overflow)
            runs = runs + 1
          end
        end
      end
      assert.is_true(runs > 100)
    end)
  end
end)
