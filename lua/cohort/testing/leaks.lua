--- What a program holds, and what it leaves behind: counts before, and what has grown after.
---
---     local before = leaks.count()
---     run_the_test()
---     local left = leaks.grown(before)  -- {"2 descriptors", "1 handle (a listener opened at shop.lua:8)"}
---
--- Counted are live tasks, libuv handles, bytes of the core, open descriptors of the process, and values that
--- C code keeps in Lua's registry. What only waits to be collected is no leak: it is collected before
--- anything is reported. Lua's own memory comes and goes, so a single look says nothing about it:
--- `leaks.climb` tells whether it grew each time that the same was done.
local core = require "cohort.core"

local leaks = {}

local PLACES_MAX = 5  -- places that are named; further ones are only counted

local opened = false

-- What libuv opens once for the whole process is not a leak of the first test.
local function open_once()
  if opened or core.current_task() then return end
  opened = true
  core.run({ signals = false }, function() end)
end

-- The references made by luaL_ref. Values under names or addresses exist once (metatables and the like), and
-- numbers are luaL_ref's list of free references.
local function references()
  local count = 0
  for key, value in next, debug.getregistry() do
    if math.type(key) == "integer" and type(value) ~= "number" then count = count + 1 end
  end
  return count
end

-- How many times each thing is open, for things whose place of opening is known.
local function opened_now()
  local times = {}
  for _, text in ipairs(core.opened()) do times[text] = (times[text] or 0) + 1 end
  return times
end

--- Counts what is held now.
--- @return table<string, integer> counts  by what is counted; in `opened`, what is open, as far as known
function leaks.count()
  open_once()
  local counts = core.debug_counts()
  if core.current_task() then counts.bytes = nil end  -- what has ended is kept there for reuse
  counts.descriptors = core.count_descriptors()
  counts.references = references()
  counts.opened = opened_now()
  return counts
end

-- What is open now and was not before, " (a listener opened at shop.lua:8)", or "".
local function name_opened(now, before)
  local list = {}
  for text, times in pairs(now.opened) do
    local more = times - (before.opened[text] or 0)
    if more > 0 then list[#list + 1] = more == 1 and text or ("%s, %d times"):format(text, more) end
  end
  table.sort(list)
  if #list > PLACES_MAX then
    list[PLACES_MAX + 1] = ("and %d more"):format(#list - PLACES_MAX)
  end
  return #list > 0 and (" (%s)"):format(table.concat(list, "; ", 1, math.min(#list, PLACES_MAX + 1))) or ""
end

-- "2 tasks", "1 handle (a listener opened at shop.lua:8)"; nil when there are no more than before.
local function describe(name, now, before)
  local more = now[name] - (before[name] or now[name])
  if more <= 0 then return nil end
  local noun = more == 1 and name:sub(1, -2) or name
  return ("%d %s%s"):format(more, noun, name == "handles" and name_opened(now, before) or "")
end

--- Describes the handles that have been added since, garbage included.
--- @param before table<string, integer>  what `leaks.count` returned
--- @param now? table<string, integer>
--- @return string? handles  such as "1 handle (a listener opened at shop.lua:8)"
function leaks.handles(before, now) return describe("handles", now or leaks.count(), before) end

--- A sum of handles that is zero; also a count with which all handles are new.
--- @return {handles: integer, opened: table<string, integer>}
function leaks.none() return { handles = 0, opened = {} } end

--- Adds to `sum` the handles added since `before`, after collecting garbage: for handles that the end of a
--- run will close. `leaks.handles(leaks.none(), sum)` describes them.
--- @param sum {handles: integer, opened: table<string, integer>}
--- @param before table<string, integer>  what `leaks.count` returned
function leaks.add_handles(sum, before)
  if not leaks.handles(before) then return end
  collectgarbage()
  collectgarbage()
  local now = leaks.count()
  sum.handles = sum.handles + math.max(now.handles - before.handles, 0)
  for text, times in pairs(now.opened) do
    local more = times - (before.opened[text] or 0)
    if more > 0 then sum.opened[text] = (sum.opened[text] or 0) + more end
  end
end

--- Describes what has grown since, including what only waits to be collected.
--- @param before table<string, integer>  what `leaks.count` returned
--- @return string[] grown  such as "2 descriptors"
function leaks.growth(before)
  local grown, now = {}, leaks.count()
  for name in pairs(now) do
    if name ~= "opened" then grown[#grown + 1] = describe(name, now, before) end
  end
  table.sort(grown)
  return grown
end

--- Describes what has grown since, after collecting garbage.
--- @param before table<string, integer>  what `leaks.count` returned
--- @return string[] grown  such as "2 descriptors"
function leaks.grown(before)
  local grown = leaks.growth(before)
  if #grown == 0 then return grown end
  collectgarbage()
  collectgarbage()
  return leaks.growth(before)
end

-- Bytes in use by Lua and by the core, after collecting garbage.
local function memory()
  collectgarbage()
  collectgarbage()
  return (collectgarbage("count") * 1024 // 1 | 0) + core.debug_counts().bytes
end

--- Did each sample exceed the one before? What fills a cache stops growing, and a leak does not.
--- @param samples integer[]  one after each time that the same was done
--- @return integer? bytes  least growth from one to the next; nil when it did not grow each time
function leaks.climbs(samples)
  local least = math.huge
  for i = 2, #samples do least = math.min(least, samples[i] - samples[i - 1]) end
  return least > 0 and least < math.huge and least or nil
end

local WARM_UPS = 2  -- rounds in which caches fill
leaks.ROUNDS = 5    -- rounds after them, which are judged; and as many again to confirm a climb

-- The least growth of memory from one round to the next, or nil when it did not grow each time.
local function judge(round)
  local samples = {}
  for i = 1, leaks.ROUNDS do
    round()
    samples[i] = memory()
  end
  return leaks.climbs(samples)
end

--- Calls `round()` several times; did memory grow each time? Five samples that only fluctuate are in rising
--- order in one of 120 orders, so a climb must be confirmed. `on_warm()` is called before the first of the
--- rounds that are judged, each time.
--- @param round fun()
--- @param on_warm? fun()
--- @return string? climb  for people; nil when it did not
function leaks.climb(round, on_warm)
  local bytes
  for _ = 1, WARM_UPS do round() end
  for _ = 1, 2 do
    if on_warm then on_warm() end
    bytes = judge(round)
    if not bytes then return nil end
  end
  return ("%d bytes of memory or more each time"):format(bytes)
end

return leaks
