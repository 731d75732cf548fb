--- The workloads with cqueues, which has tasks and conditions but no groups and no cancellation. A group
--- here is the cheapest correct form by hand: a count, and a condition that the last task signals.
local clock = require "clock"
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local measure = require "measure"
local socket = require "cqueues.socket"

local loop = cqueues.new()

local questions = {}

local function noop() end

--- Starts `size` tasks that run f(i) and waits for the last of them.
local function group(size, f)
  local live, done = size, condition.new()
  local function task(i)
    f(i)
    live = live - 1
    if live == 0 then done:signal() end
  end
  for i = 1, size do loop:wrap(task, i) end
  while live > 0 do done:wait() end
end

--- W1
function questions.w1(args)
  local ns = measure.per_operation(args.seconds, function(count)
    local began = clock.now()
    for _ = 1, count do group(args.group, noop) end
    return clock.now() - began
  end)
  return { ns = ns / args.group }
end

--- W2: a task waits in accept all the while.
function questions.w2(args)
  local listener = socket.listen("127.0.0.1", 0)
  listener:listen()
  loop:wrap(function() listener:accept() end)
  local poll = cqueues.poll  -- without arguments: to the end of the line, cheaper than sleep(0)
  local ns = measure.per_operation(args.seconds, function(count)
    return measure.time(group, args.tasks, function()
      for _ = 1, count do poll() end
    end)
  end)
  return { ns = ns / args.tasks }
end

--- Starts `count` tasks that run f() and returns when each has begun: one turn of the loop may not start
--- them all.
local function park(count, f)
  local begun = 0
  local function task()
    begun = begun + 1
    f()
  end
  for _ = 1, count do loop:wrap(task) end
  while begun < count do cqueues.sleep(0) end
end

--- W3
function questions.w3(args)
  local never = condition.new()
  local function wait() never:wait() end
  local function sleep() cqueues.sleep(3600) end
  local task = args.mode == "sleeping" and sleep or wait
  return measure.footprint(args.tasks, function(count) park(count, task) end)
end

--- W4
function questions.w4(args)
  return measure.sleeps(args.tasks, function(delays, late)
    group(#delays, function(i)
      local delay = delays[i]
      local began = clock.now()
      cqueues.sleep(delay / 1e9)
      late[i] = clock.now() - began - delay
    end)
  end)
end

--- Runs f() as a task of its own and waits for its end, at most `seconds`: what cqueues has for a time
--- limit. f goes on when the time is up.
local function fail_after(seconds, f)
  local done = condition.new()
  loop:wrap(function()
    f()
    done:signal()
  end)
  if not done:wait(seconds) then error "timeout" end
end

--- W4b
function questions.w4b(args)
  local delays = measure.delays(args.live)
  park(args.live, function() cqueues.sleep(1000 + table.remove(delays) / 1e6) end)
  local ns = measure.per_operation(args.seconds, function(count)
    local began = clock.now()
    for _ = 1, count do fail_after(10, noop) end
    return clock.now() - began
  end)
  return { ns = ns }
end

--- A channel by hand: a queue, and a condition for either side.
local Channel = {}
Channel.__index = Channel

local function channel(capacity)
  return setmetatable({
    capacity = capacity, first = 1, last = 0, filled = condition.new(), emptied = condition.new(),
  }, Channel)
end

function Channel:send(item)
  while self.last - self.first + 1 >= self.capacity do self.emptied:wait() end
  self.last = self.last + 1
  self[self.last] = item
  self.filled:signal(1)
end

function Channel:receive()
  while self.first > self.last do self.filled:wait() end
  local item = self[self.first]
  self[self.first] = nil
  self.first = self.first + 1
  self.emptied:signal(1)
  return item
end

--- The first of two channels that has an item.
local function select_of(a, b)
  while a.first > a.last and b.first > b.last do cqueues.poll(a.filled, b.filled) end
  return a.first <= a.last and a:receive() or b:receive()
end

local channels = {}

--- There is no rendezvous.
function channels.item(args, count)
  if args.capacity == 0 then return nil end
  local items = channel(args.capacity)
  return measure.time(group, 2, function(i)
    for _ = 1, count do
      if i == 1 then items:send(i) else items:receive() end
    end
  end)
end

function channels.trip(args, count)
  local there, back = channel(args.capacity), channel(args.capacity)
  return measure.time(group, 2, function(i)
    for j = 1, count do
      if i == 1 then
        there:send(j)
        back:receive()
      else
        back:send(there:receive())
      end
    end
  end)
end

--- W5
function questions.w5(args)
  local pass = channels[args.mode]
  if not pass(args, 1) then return nil end
  return { ns = measure.per_operation(args.seconds, function(count) return pass(args, count) end) }
end

--- A lock by hand: a flag and a condition; who comes in between barges in.
local Lock = {}
Lock.__index = Lock

local function new_lock() return setmetatable({ held = false, freed = condition.new() }, Lock) end

function Lock:acquire()
  while self.held do self.freed:wait() end
  self.held = true
end

function Lock:release()
  self.held = false
  self.freed:signal(1)
end

local Event = {}
Event.__index = Event

local function new_event() return setmetatable({ done = false, happened = condition.new() }, Event) end

function Event:wait()
  while not self.done do self.happened:wait() end
end

function Event:set()
  self.done = true
  self.happened:signal()
end

local talk = {}

function talk.lock(_, count)
  local lock = new_lock()
  return measure.time(function()
    for _ = 1, count do
      lock:acquire()
      lock:release()
    end
  end)
end

function talk.handed_over(_, count)
  local lock = new_lock()
  return measure.time(group, 2, function()
    for _ = 1, count / 2 do
      lock:acquire()
      cqueues.poll()
      lock:release()
    end
  end)
end

function talk.set(_, count)
  local event = new_event()
  event:set()
  return measure.time(function()
    for _ = 1, count do event:wait() end
  end)
end

--- Another task sets the next event when all have gone on from the last.
function talk.wake(args, count)
  local events, woken = {}, 0
  for i = 1, math.ceil(count / args.tasks) do events[i] = new_event() end
  loop:wrap(function()
    cqueues.poll()  -- all begin to wait
    for i = 1, #events do
      while woken < (i - 1) * args.tasks do cqueues.poll() end
      events[i]:set()
    end
  end)
  local took = measure.time(group, args.tasks, function()
    for i = 1, #events do
      events[i]:wait()
      woken = woken + 1
    end
  end)
  return took * count / (#events * args.tasks)
end

function talk.ready(_, count)
  local idle, items = channel(1), channel(1)
  return measure.time(function()
    for i = 1, count do
      items:send(i)
      select_of(idle, items)
    end
  end)
end

function talk.waiting(_, count)
  local idle, items = channel(1), channel(1)
  return measure.time(group, 2, function(i)
    for j = 1, count do
      if i == 1 then items:send(j) else select_of(idle, items) end
    end
  end)
end

--- W5b: no semaphore.
function questions.w5b(args)
  local work = talk[args.mode]
  if not work then return nil end
  return { ns = measure.per_operation(args.seconds, function(count) return work(args, count) end) }
end

local Failure = { __name = "Failure" }
local cancelled = setmetatable({}, { __name = "Cancelled" })

--- W6: every task is woken, by a condition they all wait for, and raises the reason itself.
function questions.w6(args)
  local live, cancel, done = args.tasks, condition.new(), condition.new()
  local reason
  local function wait()
    cancel:wait()
    if reason then error(reason, 0) end
  end
  local function task()
    pcall(wait)
    live = live - 1
    if live == 0 then done:signal() end
  end
  park(args.tasks, task)
  local began = clock.now()
  reason = cancelled
  cancel:signal()
  while live > 0 do done:wait() end
  return { ns = (clock.now() - began) / args.tasks }
end

--- It has nothing for files: Lua's own library, which holds up all other tasks.
local function read_file(path)
  local file = assert(io.open(path))
  local data = file:read "a"
  file:close()
  return data
end

--- W7f
function questions.w7f(args)
  return measure.reads(args, group, read_file)
end

local function fail() error(setmetatable({ message = "broken" }, Failure)) end

local function fail_among_nine()
  local live, cancel, done = 10, condition.new(), condition.new()
  local failure, reason
  local function wait()
    if not reason then cancel:wait() end
    if reason then error(reason, 0) end
  end
  local function task(f)
    local ok, err = pcall(f)
    if not ok and not reason then
      failure, reason = err, cancelled
      cancel:signal()
    end
    live = live - 1
    if live == 0 then done:signal() end
  end
  for _ = 1, 9 do loop:wrap(task, wait) end
  loop:wrap(task, fail)
  while live > 0 do done:wait() end
  return failure
end

--- W8
function questions.w8(args)
  local ns = measure.per_operation(args.seconds, function(count)
    local matched = 0
    local began = clock.now()
    for _ = 1, count do
      if getmetatable(fail_among_nine()) == Failure then matched = matched + 1 end
    end
    local took = clock.now() - began
    assert(matched == count)
    return took
  end)
  return { ns = ns }
end

measure.main(questions, function(answer)
  loop:wrap(answer)
  assert(loop:loop())
end)
