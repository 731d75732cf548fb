--- The workloads with bare Lua coroutines, driven from Lua: no scheduler, no join, no containment of errors
--- beyond what `coroutine.resume` gives. The limit for code that makes a coroutine per task from Lua.
local clock = require "clock"
local measure = require "measure"

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield

local questions = {}

local function noop() end

--- W1: the tasks of a group are all made before the first runs, as in a group.
function questions.w1(args)
  local size = args.group
  local function run_one(count)
    for _ = 1, count do resume(create(noop)) end
  end
  local function run_group(count)
    for _ = 1, count do
      local group = {}
      for i = 1, size do group[i] = create(noop) end
      for i = 1, size do resume(group[i]) end
    end
  end
  local run = size == 1 and run_one or run_group
  local ns = measure.per_operation(args.seconds, function(count) return measure.time(run, count) end)
  return { ns = ns / size }
end

--- W2
function questions.w2(args)
  local group = {}
  for i = 1, args.tasks do
    group[i] = create(function() while true do yield() end end)
  end
  local ns = measure.per_operation(args.seconds, function(count)
    local began = clock.now()
    for _ = 1, count do
      for i = 1, #group do resume(group[i]) end
    end
    return clock.now() - began
  end)
  return { ns = ns / args.tasks }
end

--- A list of `count` coroutines that wait. They are kept in a table, as the loop that wakes them needs it.
local function park(count, wait)
  local group = {}
  for i = 1, count do
    local co = create(wait)
    group[i] = co
    resume(co)
  end
  return group
end

--- W3: bare coroutines cannot sleep.
function questions.w3(args)
  if args.mode == "sleeping" then return nil end
  local kept
  local function wait() yield() end
  local figures = measure.footprint(args.tasks, function(count) kept = park(count, wait) end)
  assert(#kept == args.tasks)
  return figures
end

local channels = {}

--- A generator is a rendezvous; there is no room in it.
function channels.item(args, count)
  if args.capacity > 0 then return nil end
  local co = create(function()
    for i = 1, count do yield(i) end
  end)
  return measure.time(function()
    for _ = 1, count do resume(co) end
  end)
end

--- What is handed in is the question, what is yielded the answer.
function channels.trip(_, count)
  local co = create(function(item)
    while true do item = yield(item) end
  end)
  return measure.time(function()
    for i = 1, count do resume(co, i) end
  end)
end

--- W5: the two call each other.
function questions.w5(args)
  local pass = channels[args.mode]
  if not pass(args, 1) then return nil end
  return { ns = measure.per_operation(args.seconds, function(count) return pass(args, count) end) }
end

local Failure = { __name = "Failure" }
local cancelled = setmetatable({}, { __name = "Cancelled" })

local function wait_or_raise()
  local reason = yield()
  if reason then error(reason, 0) end
end

--- W6: each is resumed with the reason and raises it itself.
function questions.w6(args)
  if args.mode == "event" then return nil end
  local group = park(args.tasks, wait_or_raise)
  local began = clock.now()
  for i = 1, #group do resume(group[i], cancelled) end
  return { ns = (clock.now() - began) / args.tasks }
end

local function fail() error(setmetatable({ message = "broken" }, Failure)) end

local function fail_among_nine()
  local group = {}
  for i = 1, 9 do group[i] = create(wait_or_raise) end
  group[10] = create(fail)
  local failure
  for i = 1, 10 do
    local ok, err = resume(group[i])
    if not ok then failure = err end
  end
  for i = 1, 9 do resume(group[i], cancelled) end
  return failure
end

--- Lua's own library.
local function read_file(path)
  local file = assert(io.open(path))
  local data = file:read "a"
  file:close()
  return data
end

local function group(tasks, f)
  for i = 1, tasks do coroutine.wrap(f)(i) end
end

--- W7f
function questions.w7f(args) return measure.reads(args, group, read_file) end

--- Through a shell, which is the only way.
local function run()
  local pipe = assert(io.popen "exec /bin/true 2>&1")
  local data = pipe:read "a"
  pipe:close()
  return data
end

--- W7p
function questions.w7p(args) return measure.programs(args, group, run) end

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

measure.main(questions)
