--- What the Lua programs of bench share: reading the command line, measuring long enough, printing figures.
---
---     bench.lua WORKLOAD key=value...       prints one line, "figure value figure value ..."
---
--- A program that cannot do a workload prints "none". measure.py, bench.js and bench.go do the same.
local clock = require "clock"

local measure = {}

--- Nanoseconds per operation. `run(count)` does that many and returns how long they took; it is called with
--- growing counts until one call takes `seconds`, and only that call counts. The others warm up.
function measure.per_operation(seconds, run)
  local wanted, count = seconds * 1e9, 1
  while true do
    local took = run(count)
    if took >= wanted then return took / count end
    count = math.ceil(count * math.max(2, math.min(10, 1.2 * wanted / math.max(took, 1))))
  end
end

--- How long f(...) takes, in nanoseconds.
function measure.time(f, ...)
  local began = clock.now()
  f(...)
  return clock.now() - began
end

--- What `make(count)` costs for each of `tasks` things that it makes and leaves waiting.
function measure.footprint(tasks, make)
  collectgarbage()
  collectgarbage()
  local before = clock.resident()
  local took = measure.time(make, tasks)
  return { bytes = (clock.resident() - before) / tasks, ns = took / tasks }
end

--- Delays between 0 and 1 s, in nanoseconds, the same in every language.
function measure.delays(count)
  local list, x = {}, 1
  for i = 1, count do
    x = (x * 1664525 + 1013904223) & 0xffffffff
    list[i] = x * 1000000000 >> 32
  end
  return list
end

--- W4: `run(delays, late)` sleeps each delay in a task of its own and notes by how many nanoseconds it
--- woke late.
function measure.sleeps(count, run)
  local delays, late = measure.delays(count), {}
  for i = 1, count do late[i] = 0 end
  local cpu = clock.cpu()
  run(delays, late)
  cpu = clock.cpu() - cpu
  table.sort(late)
  return {
    cpu_ns = cpu / count,
    min_us = late[1] / 1000,
    p50_us = late[math.ceil(count * 0.50)] / 1000,
    p99_us = late[math.ceil(count * 0.99)] / 1000,
    max_us = late[count] / 1000,
  }
end

--- W7f: `count` files of so many bytes, which every program finds again; their paths.
function measure.files(bytes, count)
  local folder, paths = ("build/bench/files/%d"):format(bytes), {}
  os.execute("mkdir -p " .. folder)
  for i = 1, count do
    paths[i] = ("%s/%d"):format(folder, i)
    local file = io.open(paths[i])
    if not file then
      file = assert(io.open(paths[i], "w"))
      file:write(("x"):rep(bytes))
    end
    file:close()
  end
  return paths
end

--- Nanoseconds per operation of `args.tasks` tasks. `group(tasks, f)` runs so many tasks f(task) at once,
--- each of which calls `work(i)` with numbers of its own.
local function by_tasks(args, group, work)
  local ns = measure.per_operation(args.seconds, function(count)
    return measure.time(group, args.tasks, function(task)
      for i = 1, count do work(i * args.tasks + task) end
    end)
  end)
  return { ns = ns / args.tasks }
end

--- W7f: nanoseconds per file, the one at `args.path` or some of our own; `read(path)` gives what is in it.
function measure.reads(args, group, read)
  local paths = args.path and { args.path } or measure.files(args.bytes, args.files)
  return by_tasks(args, group, function(i) assert(#read(paths[i % #paths + 1]) >= args.bytes) end)
end

--- W7p: nanoseconds per program; `run()` runs one to its end and gives what it printed, which is nothing.
function measure.programs(args, group, run)
  return by_tasks(args, group, function() assert(run() == "") end)
end

local function read_arguments()
  local values = {}
  for i = 2, #arg do
    local key, value = arg[i]:match("^(%w+)=(.*)$")
    values[key] = math.tointeger(value) or tonumber(value) or value
  end
  return values
end

--- Answers the question named by the first argument and ends the program. `around`, if given, calls what
--- it gets where tasks may run. The process ends at once: taking a million tasks down is not measured
--- here.
function measure.main(questions, around)
  local question = questions[arg[1]]
  local function answer()
    local figures = question and question(read_arguments())
    if not figures then
      print "none"
    else
      local words = {}
      for name, value in pairs(figures) do
        words[#words + 1] = ("%s %.3f"):format(name, value)
      end
      print(table.concat(words, " "))
    end
    io.stdout:flush()
    os.exit(true, false)
  end
  if around then around(answer) else answer() end
end

return measure
