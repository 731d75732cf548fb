--- What a program holds, and what of it is left: counts before, and what has grown after.
---
---     local before = leaks.count()
---     run_the_test()
---     local left = leaks.grown(before)  -- {"1 handles", "2 descriptors"}, empty when nothing is left
---
--- Counted are live tasks, handles of libuv, bytes of the core, open descriptors of the process, and values
--- that C code keeps in Lua's registry. What is only waiting to be collected is no leak: it is collected
--- before anything is said. Memory of Lua's own comes and goes, so one look says nothing about it:
--- `leaks.climb` tells whether it grew each time that the same was done.
local core = require "cohort.core"

local leaks = {}

local opened = false

-- What libuv opens once for the whole process is no leak of the first test.
local function open_once()
  if opened or core.current_task() then return end
  opened = true
  core.run({ signals = false }, function() end)
end

-- What luaL_ref was given. What stands under a name or an address is there once (metatables and the like),
-- and numbers are how luaL_ref links what is free.
local function references()
  local count = 0
  for key, value in next, debug.getregistry() do
    if math.type(key) == "integer" and type(value) ~= "number" then count = count + 1 end
  end
  return count
end

--- What is held now.
--- @return table<string, integer> counts  by what is counted
function leaks.count()
  open_once()
  local counts = core.debug_counts()
  if core.current_task() then counts.bytes = nil end  -- what has ended is kept there for reuse
  counts.descriptors = core.count_descriptors()
  counts.references = references()
  return counts
end

--- What there is more of than before, what is only waiting to be collected included.
--- @param before table<string, integer>  what `leaks.count` returned
--- @return string[] grown  such as "2 handles"
function leaks.growth(before)
  local grown = {}
  for name, count in pairs(leaks.count()) do
    local more = count - (before[name] or count)
    if more > 0 then grown[#grown + 1] = ("%d %s"):format(more, name) end
  end
  table.sort(grown)
  return grown
end

--- What there is more of than before, after garbage was collected.
--- @param before table<string, integer>  what `leaks.count` returned
--- @return string[] grown  such as "2 handles"
function leaks.grown(before)
  local grown = leaks.growth(before)
  if #grown == 0 then return grown end
  collectgarbage()
  collectgarbage()
  return leaks.growth(before)
end

-- What is held after garbage was collected, in bytes: by Lua and by the core.
local function memory()
  collectgarbage()
  collectgarbage()
  return (collectgarbage("count") * 1024 // 1 | 0) + core.debug_counts().bytes
end

--- Did each sample exceed the one before? What fills a cache stops growing, and what leaks does not.
--- @param samples integer[]  one after each time that the same was done
--- @return integer? bytes  by which it grew each time, at the least; nil when it did not
function leaks.climbs(samples)
  local least = math.huge
  for i = 2, #samples do least = math.min(least, samples[i] - samples[i - 1]) end
  return least > 0 and least < math.huge and least or nil
end

local WARM_UPS = 2  -- rounds in which caches fill
leaks.ROUNDS = 5    -- and those after them, which are looked at

--- Calls `round()` several times: did memory grow each time? `on_warm()` is called before the first round
--- that is looked at.
--- @param round fun()
--- @param on_warm? fun()
--- @return string? climb  for people; nil when it did not
function leaks.climb(round, on_warm)
  local samples = {}
  for _ = 1, WARM_UPS do round() end
  if on_warm then on_warm() end
  for i = 1, leaks.ROUNDS do
    round()
    samples[i] = memory()
  end
  local bytes = leaks.climbs(samples)
  return bytes and ("%d bytes of memory or more each time"):format(bytes)
end

return leaks
