--- Instructions of the operations of work.lua, counted by callgrind.
---
--- What two runs of different length differ by is the cost of the operations between them, so start-up is not
--- in it. Lua's hash seed moves a count by up to 1.5 %.
local count = {}

local work = "bench/gate/work.lua"

-- How many operations the shorter run does, and the longer one more; a failing group is ten tasks.
local operations = { ["failing group"] = 500 }
local operations_default = 4000

local function lengths(name)
  local n = operations[name] or operations_default
  return n, 2 * n
end

--- One run under callgrind, which writes to `out`. Returns the number of instructions.
local function run(name, n, out, environment)
  local command = "%s valgrind --tool=callgrind --callgrind-out-file=%s lua5.4 %s '%s' %d 2>&1"
  local pipe = assert(io.popen(command:format(environment or "", out, work, name, n)))
  local output = pipe:read("a")
  pipe:close()
  local count_text = output:match("Collected : (%d+)")
  return tonumber(count_text) or error(("no count of '%s':\n%s"):format(name, output), 0)
end

--- Instructions of one operation. `environment` is put before the command: the paths of another build.
--- @param name string
--- @param environment? string
--- @return number
function count.operation(name, environment)
  local short, long = lengths(name)
  local before = run(name, short, "/dev/null", environment)
  return (run(name, long, "/dev/null", environment) - before) / (long - short)
end

--- The median of `tries` counts, an odd number of them.
function count.median(name, tries, environment)
  local counts = {}
  for i = 1, tries do counts[i] = count.operation(name, environment) end
  table.sort(counts)
  return counts[(tries + 1) // 2]
end

-- Instructions of a whole run by the object they are in: cohort, Lua, libc and the rest.
local function objects_of(name, n)
  local path, sums = os.tmpname(), { cohort = 0, lua = 0, others = 0 }
  run(name, n, path)
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
