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

local channels = {}

--- Items through a channel with room for `capacity`.
function channels.item(args, count)
  local send, receive = cohort.channel(args.capacity)
  local began = clock.now()
  cohort.group(function(g)
    g:spawn(function()
      for i = 1, count do send(i) end
      send:close()
    end)
    for _ in receive do end
  end)
  return clock.now() - began
end

--- An item over one channel, and its answer over the other.
function channels.trip(args, count)
  local ask, asked = cohort.channel(args.capacity)
  local answer, answered = cohort.channel(args.capacity)
  local began = clock.now()
  cohort.group(function(g)
    g:spawn(function()
      for item in asked do answer(item) end
    end)
    for i = 1, count do
      ask(i)
      answered()
    end
    ask:close()
  end)
  return clock.now() - began
end

--- W5
function questions.w5(args)
  local pass = channels[args.mode]
  return { ns = measure.per_operation(args.seconds, function(count) return pass(args, count) end) }
end

local talk = {}

local function hold(object, count)
  for _ = 1, count do
    object:acquire()
    object:release()
  end
end

function talk.lock(_, count) return measure.time(hold, cohort.lock(), count) end
function talk.semaphore(_, count) return measure.time(hold, cohort.semaphore(1), count) end

--- Two tasks, each holding a lock over a switch.
function talk.handed_over(_, count)
  local lock = cohort.lock()
  local function turns()
    for _ = 1, count / 2 do
      lock:acquire()
      cohort.checkpoint()
      lock:release()
    end
  end
  return measure.time(cohort.group, function(g)
    g:spawn(turns)
    g:spawn(turns)
  end)
end

function talk.set(_, count)
  local event = cohort.event()
  event:set()
  return measure.time(function()
    for _ = 1, count do event:wait() end
  end)
end

--- Tasks that wait for one event after the other.
function talk.wake(args, count)
  local events = {}
  for i = 1, math.ceil(count / args.tasks) do events[i] = cohort.event() end
  local function wait()
    for i = 1, #events do events[i]:wait() end
  end
  local took = measure.time(cohort.group, function(g)
    for _ = 1, args.tasks do g:spawn(wait) end
    for i = 1, #events do
      cohort.checkpoint()
      events[i]:set()
    end
  end)
  return took * count / (#events * args.tasks)
end

--- Of two channels the second has an item.
function talk.ready(_, count)
  local _, idle = cohort.channel(1)
  local send, receive = cohort.channel(1)
  local cases = { { idle }, { receive } }
  return measure.time(function()
    for i = 1, count do
      send(i)
      cohort.select(cases)
    end
  end)
end

--- Of two channels the second gets an item by and by.
function talk.waiting(_, count)
  local _, idle = cohort.channel(1)
  local send, receive = cohort.channel(1)
  local cases = { { idle }, { receive } }
  return measure.time(cohort.group, function(g)
    g:spawn(function()
      for i = 1, count do send(i) end
    end)
    for _ = 1, count do cohort.select(cases) end
  end)
end

--- W5b
function questions.w5b(args)
  local work = talk[args.mode]
  return { ns = measure.per_operation(args.seconds, function(count) return work(args, count) end) }
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

local function group(tasks, f)
  cohort.group(function(g)
    for i = 1, tasks do g:spawn(f, i) end
  end)
end

--- W7f
function questions.w7f(args) return measure.reads(args, group, cohort.fs.read_file) end

--- W7p
function questions.w7p(args)
  local command = { "/bin/true" }
  return measure.programs(args, group, function()
    local result = cohort.process.run(command)
    return result.stdout .. result.stderr
  end)
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
