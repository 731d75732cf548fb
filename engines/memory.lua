--- The memory engine: every allocation fails, one after the other, in every public call.
---
---     lua5.4 engines/memory.lua short|long [FIRST]
---
--- For each call of the reference there is a program (engines/faults/programs). It runs in a host whose
--- allocator, and the C library's and libuv's for the core, refuse one allocation (Lua collects its garbage
--- then, and asks again), two in a row (Lua's own fail), or all from one on until the call has returned.
--- The error must say that memory ran out, nothing may stay open or allocated, and cohort must work
--- afterwards. A program that saw no failure is a failure of the engine, unless its page says that the call
--- allocates nothing; and that must be true. The long form fails every allocation, under ASan and UBSan;
--- the short form the first ones of each program, and fewer of those that come late. Ends with
--- "tried N, injected M": runs of programs, and allocations refused.
local driver = require "engines.faults.driver"

local densities = { short = 40, long = 0 }

local density = assert(densities[arg[1]], "usage: memory.lua short|long [FIRST]")
driver.first = math.tointeger(arg[2] or 1)

local names, faults = driver.programs()
local folder = driver.build(arg[1] == "long")
local result = driver.run(folder, { ways = { "once", "twice", "on" }, names = names, density = density })

--- Does its page say that a call allocates nothing?
local function is_free(name)
  local page, head = name:match "^([^/]+)/(.+)$"
  if page == "loading" then return false end
  for _, free in ipairs(require("engines.faults.programs." .. page).free or {}) do
    if free == head then return true end
  end
  return false
end

local unlike = driver.judge_memory(names, result.programs, is_free)
table.move(unlike, 1, #unlike, #faults + 1, faults)
driver.finish(result, faults)
