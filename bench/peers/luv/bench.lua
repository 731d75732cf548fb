--- The workloads with luv, which has no tasks: they are those of nursery.lua beside this file, and what they
--- wait for among themselves is in talk.lua.
local clock = require "clock"
local measure = require "measure"
local nursery = require "nursery"
local talk = require "talk"
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

--- How long it takes two tasks to run f and g.
local function together(f, g)
  return measure.time(nursery.group, function(both)
    both:spawn(f)
    both:spawn(g)
  end)
end

local channels = {}

function channels.item(args, count)
  local items = talk.channel(args.capacity)
  return together(function()
    for i = 1, count do items:send(i) end
  end, function()
    for _ = 1, count do items:receive() end
  end)
end

function channels.trip(args, count)
  local there, back = talk.channel(args.capacity), talk.channel(args.capacity)
  return together(function()
    for i = 1, count do
      there:send(i)
      back:receive()
    end
  end, function()
    for _ = 1, count do back:send(there:receive()) end
  end)
end

--- W5
function questions.w5(args)
  local pass = channels[args.mode]
  return { ns = measure.per_operation(args.seconds, function(count) return pass(args, count) end) }
end

local talks = {}

--- A lock is a semaphore of one.
function talks.lock(_, count)
  local lock = talk.semaphore(1)
  return measure.time(function()
    for _ = 1, count do
      lock:acquire()
      lock:release()
    end
  end)
end

talks.semaphore = talks.lock

function talks.handed_over(_, count)
  local lock = talk.semaphore(1)
  local function turns()
    for _ = 1, count / 2 do
      lock:acquire()
      nursery.checkpoint()
      lock:release()
    end
  end
  return together(turns, turns)
end

function talks.set(_, count)
  local event = talk.event()
  event:set()
  return measure.time(function()
    for _ = 1, count do event:wait() end
  end)
end

function talks.wake(args, count)
  local events = {}
  for i = 1, math.ceil(count / args.tasks) do events[i] = talk.event() end
  local function wait()
    for i = 1, #events do events[i]:wait() end
  end
  local took = measure.time(nursery.group, function(g)
    for _ = 1, args.tasks do g:spawn(wait) end
    for i = 1, #events do
      nursery.checkpoint()
      events[i]:set()
    end
  end)
  return took * count / (#events * args.tasks)
end

function talks.ready(_, count)
  local idle, items = talk.channel(1), talk.channel(1)
  return measure.time(function()
    for i = 1, count do
      items:send(i)
      talk.select(idle, items)
    end
  end)
end

function talks.waiting(_, count)
  local idle, items = talk.channel(1), talk.channel(1)
  return together(function()
    for i = 1, count do items:send(i) end
  end, function()
    for _ = 1, count do talk.select(idle, items) end
  end)
end

--- W5b
function questions.w5b(args)
  local work = talks[args.mode]
  return { ns = measure.per_operation(args.seconds, function(count) return work(args, count) end) }
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

local function call(f, ...)
  local arguments = table.pack(...)
  local err, result = nursery.await(function(done)
    arguments[arguments.n + 1] = done
    f(table.unpack(arguments, 1, arguments.n + 1))
  end)
  return assert(not err and result, err)
end

local function read_file(path)
  local fd = call(uv.fs_open, path, "r", 0)
  local data = call(uv.fs_read, fd, call(uv.fs_fstat, fd).size, 0)
  call(uv.fs_close, fd)
  return data
end

local function group(tasks, f)
  nursery.group(function(g)
    for i = 1, tasks do g:spawn(f, i) end
  end)
end

--- W7f
function questions.w7f(args) return measure.reads(args, group, read_file) end

--- A program's two outputs and its end are three things to wait for.
local function run()
  local out, err, chunks, left = uv.new_pipe(), uv.new_pipe(), {}, 3
  nursery.await(function(done)
    local function part_done()
      left = left - 1
      if left == 0 then done() end
    end
    local child
    child = assert(uv.spawn("/bin/true", { stdio = { nil, out, err } }, function()
      child:close()
      part_done()
    end))
    for _, pipe in ipairs { out, err } do
      pipe:read_start(function(_, chunk)
        if chunk then
          chunks[#chunks + 1] = chunk
        else
          pipe:close()
          part_done()
        end
      end)
    end
  end)
  return table.concat(chunks)
end

--- W7p
function questions.w7p(args) return measure.programs(args, group, run) end

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
