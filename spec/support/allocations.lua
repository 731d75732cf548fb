--- Counts what operations of tasks among themselves allocate; run by engines/faults/host.c, which has `meter`
--- and lets nothing fail here.
---
--- Prints a line for each operation: the allocations of a hundred of it, after ten that were not counted, and
--- its name.
local cohort = require "cohort"

local meter = _G.meter

collectgarbage "stop"

--- Counts f, called as deep in the stack as before. Nothing is collected meanwhile.
local function count(name, f)
  local before
  for _ = 1, 10 do f() end
  before = meter(true)
  for _ = 1, 100 do f() end
  print(meter(false) - before, name)
end

local function nothing() end

count("a table, which shows that the count works", function() return {} end)

--- What finds what it wants.
local function without_waiting()
  local send, receive = cohort.channel(4)
  count("send and receive", function()
    send(1)
    receive()
  end)
  count("offer and poll", function()
    send:offer(1)
    receive:poll()
  end)
  for _, object in ipairs { cohort.lock(), cohort.semaphore(1), cohort.limiter(1) } do
    local name = tostring(object):match "%a+"
    count(name .. ": acquire and release", function()
      object:acquire()
      object:release()
    end)
    count(name .. ": with", function() object:with(nothing) end)
  end
  local event = cohort.event()
  event:set()
  count("wait for an event that is set", function() event:wait() end)
  local _, idle = cohort.channel()
  local cases = { { idle }, { send, 1 }, { receive, nothing } }
  count("select what is ready", function()
    cohort.select(cases)
    cohort.select(cases)
  end)
end

--- A daemon of `g` that does f over and over.
local function forever(g, f)
  g:spawn_daemon(function()
    while true do f() end
  end)
end

--- What waits, and makes others wait.
local function with_waiting(g)
  for _, capacity in ipairs { 0, 1 } do
    local ask, asked = cohort.channel(capacity)
    local answer, answered = cohort.channel(capacity)
    forever(g, function() answer(asked()) end)
    count(("a round trip, capacity %d"):format(capacity), function()
      ask(1)
      answered()
    end)
  end
  for _, object in ipairs { cohort.lock(), cohort.semaphore(1), cohort.limiter(1) } do
    local function turn()
      object:acquire()
      cohort.checkpoint()
      object:release()
    end
    forever(g, turn)
    count(("a %s handed over"):format(tostring(object):match "%a+"), turn)
  end
  local events, place = {}, 0
  for i = 1, 110 do events[i] = cohort.event() end
  g:spawn(function()
    for _, event in ipairs(events) do event:wait() end
  end)
  count("an event that wakes", function()
    cohort.checkpoint()
    place = place + 1
    events[place]:set()
  end)
  local _, idle = cohort.channel()
  local send, receive = cohort.channel()
  local cases = { { idle }, { receive } }
  forever(g, function() cohort.select(cases) end)
  count("a select that waits", function() send(1) end)
end

cohort.run({ signals = false }, function()
  without_waiting()
  cohort.group(with_waiting)
end)
