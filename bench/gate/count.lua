--- Instructions of the operations of work.lua, counted by callgrind.
---
--- What two runs of different length differ by is the cost of the operations between them, so start-up is not
--- in it. Lua's hash seed moves a count by a few percent, so it is given (bench/support/seed.c), and nothing
--- else of the environment is passed on, as Lua mixes an address of its stack into the seed.
local count = {}

local work = "bench/gate/work.lua"

-- This build, in paths that are the same in every checkout.
local here = "LUA_PATH_5_4='lua/?.lua;lua/?/init.lua' LUA_CPATH_5_4='build/lib/?.so'"

-- How many operations the shorter run does, and the longer one more; a failing group is ten tasks.
local operations = { ["failing group"] = 500 }
local operations_default = 4000

local function lengths(name)
  local n = operations[name] or operations_default
  return n, 2 * n
end

--- One run under callgrind, which writes to `out`. Returns the number of instructions.
local function run(name, n, seed, out, environment)
  local command = "env -i PATH=/usr/local/bin:/usr/bin:/bin LD_PRELOAD=build/bench/seed.so COHORT_SEED=%d %s "
    .. "valgrind --tool=callgrind --callgrind-out-file=%s lua5.4 %s '%s' %05d 2>&1"
  local pipe = assert(io.popen(command:format(seed, environment or here, out, work, name, n)))
  local output = pipe:read("a")
  pipe:close()
  local count_text = output:match("Collected : (%d+)")
  return tonumber(count_text) or error(("no count of '%s':\n%s"):format(name, output), 0)
end

--- Instructions of one operation with one seed, a number of one digit. `environment` is put before the
--- command: the paths of another build.
--- @param name string
--- @param seed integer
--- @param environment? string
--- @return number
function count.operation(name, seed, environment)
  local short, long = lengths(name)
  local before = run(name, short, seed, "/dev/null", environment)
  return (run(name, long, seed, "/dev/null", environment) - before) / (long - short)
end

--- The median over the seeds 1 to `seeds`, an odd number.
function count.median(name, seeds, environment)
  local counts = {}
  for seed = 1, seeds do counts[seed] = count.operation(name, seed, environment) end
  table.sort(counts)
  return counts[(seeds + 1) // 2]
end

-- Instructions of a whole run by the object they are in: cohort, Lua, libc and the rest.
local function objects_of(name, n)
  local path, sums = os.tmpname(), { cohort = 0, lua = 0, others = 0 }
  run(name, n, 1, path)
  local pipe = assert(io.popen("callgrind_annotate --threshold=100 " .. path .. " 2>/dev/null"))
  for line in pipe:lines() do
    local amount, rest = line:match("^ *([%d,]+) %([ %d.]+%%%)  (.*)$")
    if amount and not rest:find("PROGRAM TOTALS", 1, true) then
      local object = rest:find("cohort/core.so", 1, true) and "cohort"
        or rest:find("/lua5.4]", 1, true) and "lua" or "others"
      sums[object] = sums[object] + tonumber((amount:gsub(",", "")))
    end
  end
  pipe:close()
  os.remove(path)
  return sums
end

--- Shares of the instructions of one operation: {cohort =, lua =, others =}, in sum 1.
function count.shares(name)
  local short, long = lengths(name)
  local before, after, total = objects_of(name, short), objects_of(name, long), 0
  local shares = {}
  for object, sum in pairs(after) do
    shares[object] = sum - before[object]
    total = total + shares[object]
  end
  for object in pairs(shares) do shares[object] = shares[object] / total end
  return shares
end

return count
