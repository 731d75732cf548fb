--- The workloads with luv, which has no tasks: they are those of nursery.lua beside this file.
local clock = require "clock"
local measure = require "measure"
local nursery = require "nursery"
local uv = require "luv"

local questions = {}

local function noop() end

--- W1
function questions.w1(args)
  local function body(g)
    for _ = 1, args.group do g:spawn(noop) end
  end
  local ns = measure.per_operation(args.seconds, function(count)
    local began = clock.now()
    for _ = 1, count do nursery.group(body) end
    return clock.now() - began
  end)
  return { ns = ns / args.group }
end

--- W2: a listener is open all the while.
function questions.w2(args)
  local listener = uv.new_tcp()
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(511, noop))
  local function switch(times)
    local checkpoint = nursery.checkpoint
    for _ = 1, times do checkpoint() end
  end
  local ns = measure.per_operation(args.seconds, function(count)
    return measure.time(nursery.group, function(g)
      for _ = 1, args.tasks do g:spawn(switch, count) end
    end)
  end)
  return { ns = ns / args.tasks }
end

local function sleep_long() nursery.sleep(3600) end

--- W3
function questions.w3(args)
  local wait = args.mode == "sleeping" and sleep_long or nursery.sleep_forever
  local figures
  nursery.group(function(g)
    figures = measure.footprint(args.tasks, function(count)
      for _ = 1, count do g:spawn(wait) end
      nursery.checkpoint()
    end)
    g:cancel()
  end)
  return figures
end

--- W4
function questions.w4(args)
  return measure.sleeps(args.tasks, function(delays, late)
    local function sleep(i)
      local delay = delays[i]
      local began = clock.now()
      nursery.sleep(delay / 1e9)
      late[i] = clock.now() - began - delay
    end
    nursery.group(function(g)
      for i = 1, #delays do g:spawn(sleep, i) end
    end)
  end)
end

--- W4b: the live timers end long after the ten seconds.
function questions.w4b(args)
  local ns
  nursery.group(function(g)
    for _, delay in ipairs(measure.delays(args.live)) do g:spawn(nursery.sleep, 1000 + delay / 1e6) end
    nursery.checkpoint()
    ns = measure.per_operation(args.seconds, function(count)
      local began = clock.now()
      for _ = 1, count do nursery.fail_after(10, noop) end
      return clock.now() - began
    end)
    g:cancel()
  end)
  return { ns = ns }
end

--- W6
function questions.w6(args)
  if args.mode == "event" then return nil end
  local began
  nursery.group(function(g)
    for _ = 1, args.tasks do g:spawn(nursery.sleep_forever) end
    nursery.checkpoint()
    began = clock.now()
    g:cancel()
  end)
  return { ns = (clock.now() - began) / args.tasks }
end

local Failure = { __name = "Failure" }

local function fail() error(setmetatable({ message = "broken" }, Failure)) end

local function fail_among_nine(g)
  for _ = 1, 9 do g:spawn(nursery.sleep_forever) end
  g:spawn(fail)
end

--- W8
function questions.w8(args)
  local ns = measure.per_operation(args.seconds, function(count)
    local matched = 0
    local began = clock.now()
    for _ = 1, count do
      local _, err = pcall(nursery.group, fail_among_nine)
      if getmetatable(err) == Failure then matched = matched + 1 end
    end
    local took = clock.now() - began
    assert(matched == count)
    return took
  end)
  return { ns = ns }
end

measure.main(questions, nursery.run)
