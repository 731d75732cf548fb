--- The model engine: random programs run on cohort and on a reference in plain Lua; what they do must agree.
---
---     lua5.4 engines/model.lua short|long [SEED]
---
--- The reference (engines/model/reference.lua) follows docs/model.md and knows nothing of cohort. A
--- difference is printed with the seed, the program made as small as it gets, and both traces; a kind of
--- step or of outcome that never occurred is a failure too, and so is what cohort left behind. Ends with
--- "tried N, injected M": programs, and steps in them that failed, cancelled, timed out, closed, or moved a
--- deadline or a shield.
local census = require "engines.model.census"
local check = require "engines.model.check"
local cohort_world = require "engines.model.cohort"
local core = require "cohort.core"

local programs = { short = 10000, long = 200000 }

local count = assert(programs[arg[1]], "usage: model.lua short|long [SEED]")
local first = math.tointeger(arg[2] or 1)

--- What is alive in the library when all garbage is gone, by name.
local function counts()
  collectgarbage()
  collectgarbage()
  return core.debug_counts()
end

local failures = {}
local counted = census.new()
local before = counts()
local tried, difference = check.seeds(first, count, cohort_world.run, function(trace) counted:add(trace) end)

if arg[1] == "long" then print(table.concat(counted:lines(), "\n")) end
table.insert(failures, difference)
if not difference then table.move(counted:missing(), 1, #counted:missing(), 1, failures) end
for name, n in pairs(counts()) do
  if n > before[name] then table.insert(failures, ("left behind: %d %s"):format(n - before[name], name)) end
end

for _, failure in ipairs(failures) do print(failure) end
print(("tried %d, injected %d"):format(tried, counted.disturbed))
os.exit(#failures == 0, true)
