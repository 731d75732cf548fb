--- The workloads with cohort.
local clock = require "clock"
local cohort = require "cohort"
local measure = require "measure"

local questions = {}

local function noop() end

--- W1
function questions.w1(args)
  local size = args.group
  local function body(g)
    for _ = 1, size do g:spawn(noop) end
  end
  local ns = measure.per_operation(args.seconds, function(count)
    local began = clock.now()
    for _ = 1, count do cohort.group(body) end
    return clock.now() - began
  end)
  return { ns = ns / size }
end

--- W2: a task waits in accept all the while.
function questions.w2(args)
  local listener = cohort.net.listen("127.0.0.1", 0)
  local ns
  local function switch(times)
    local checkpoint = cohort.checkpoint
    for _ = 1, times do checkpoint() end
  end
  cohort.group(function(outer)
    outer:spawn_daemon(function() listener:accept() end)
    ns = measure.per_operation(args.seconds, function(count)
      return measure.time(cohort.group, function(g)
        for _ = 1, args.tasks do g:spawn(switch, count) end
      end)
    end)
  end)
  return { ns = ns / args.tasks }
end

--- What a task does that waits for ever: for an event that is never set, where cohort has events.
local function wait_forever(mode)
  if mode == "sleeping" then return function() cohort.sleep(3600) end end
  if mode == "event" and cohort.event then
    local event = cohort.event()
    return function() event:wait() end
  end
  return function() cohort.sleep_forever() end
end

--- W3
function questions.w3(args)
  local wait = wait_forever(args.mode)
  return cohort.group(function(g)
    local figures = measure.footprint(args.tasks, function(count)
      for _ = 1, count do g:spawn(wait) end
      cohort.checkpoint()
    end)
    g:cancel()
    return figures
  end)
end

--- W4
function questions.w4(args)
  return measure.sleeps(args.tasks, function(delays, late)
    local function sleep(i)
      local delay = delays[i]
      local began = clock.now()
      cohort.sleep(delay / 1e9)
      late[i] = clock.now() - began - delay
    end
    cohort.group(function(g)
      for i = 1, #delays do g:spawn(sleep, i) end
    end)
  end)
end

--- W4b: the live timers end long after the ten seconds.
function questions.w4b(args)
  local ns
  cohort.group(function(g)
    for _, delay in ipairs(measure.delays(args.live)) do g:spawn(cohort.sleep, 1000 + delay / 1e6) end
    cohort.checkpoint()
    ns = measure.per_operation(args.seconds, function(count)
      local began = clock.now()
      for _ = 1, count do cohort.fail_after(10, noop) end
      return clock.now() - began
    end)
    g:cancel()
  end)
  return { ns = ns }
end

--- W6
function questions.w6(args)
  if args.mode == "event" and not cohort.event then return nil end
  local wait = wait_forever(args.mode)
  local began
  cohort.group(function(g)
    for _ = 1, args.tasks do g:spawn(wait) end
    cohort.checkpoint()
    began = clock.now()
    g:cancel()
  end)
  return { ns = (clock.now() - began) / args.tasks }
end

--- W8
local Failure = cohort.error_type "Failure"

local function fail() error(Failure "broken") end

local function fail_among_nine(g)
  for _ = 1, 9 do g:spawn(cohort.sleep_forever) end
  g:spawn(fail)
end

local function body() cohort.group(fail_among_nine) end

function questions.w8(args)
  local matched = 0
  local handle = cohort.except(Failure, function() matched = matched + 1 end)
  local ns = measure.per_operation(args.seconds, function(count)
    matched = 0
    local began = clock.now()
    for _ = 1, count do cohort.try(body, handle) end
    local took = clock.now() - began
    assert(matched == count)
    return took
  end)
  return { ns = ns }
end

measure.main(questions, cohort.run)
