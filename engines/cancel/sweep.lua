--- Cancels programs everywhere and tells what was found; asks that every call that waits was among them.
local testing = require "cohort.testing"

local sweep = {}

-- When the kernel hands over what was written, and in what pieces, is its own affair: a call that happened to
-- find all it wanted each time is not cut. Then all of the program is tried again, so often.
local tries_max = 5

-- Runs one program; what was found, or nil, and how many runs were cancelled.
local function try(program)
  local function check()
    local fault = program.fault()
    if fault then error(fault, 0) end
  end
  local ok, done = pcall(testing.cancel_everywhere, { check = check, runs = 1 }, program.run)
  if ok then return nil, done.cancelled end
  return ("%s: %s"):format(program.name, tostring(done)), 0
end

local function sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- What never came in a program: its moments, and a cancellation in each of its calls.
local function missed_in(program, add)
  for _, moment in ipairs(program.moments or {}) do
    if not program.came[moment] then add(("%s: there never was %s"):format(program.name, moment)) end
  end
  for _, name in ipairs(sorted_names(program.calls or {})) do
    if program.calls[name].cut == 0 then add(("%s: %s was never cancelled"):format(program.name, name)) end
  end
end

-- Tries a program until it fails or nothing is missed in it; what was found, and how many were cancelled.
local function try_all(program)
  local cancelled = 0
  for attempt = 1, tries_max do
    local failure, done = try(program)
    local misses = false
    missed_in(program, function() misses = true end)
    cancelled = cancelled + done
    if failure or not misses or attempt == tries_max then return failure, cancelled end
  end
end

-- What was missed, of all programs, and the names of calls that no program makes.
local function missed(list, waits)
  local faults, made = {}, {}
  local function add(fault) faults[#faults + 1] = fault end
  for _, program in ipairs(list) do
    missed_in(program, add)
    for name in pairs(program.calls or {}) do made[name] = true end
  end
  for _, name in ipairs(waits) do
    if not made[name] then add(("no program in engines/programs calls %s"):format(name)) end
  end
  return faults
end

--- @param list table[]  of engines.programs
--- @param waits string[]  of engines.programs.waits
--- @param told? fun(program: table, cancelled: integer)
--- @return {tried: integer, injected: integer, failures: string[]}
function sweep.run(list, waits, told)
  local result = { tried = 0, injected = 0, failures = {} }
  for _, program in ipairs(list) do
    local failure, cancelled = try_all(program)
    result.tried = result.tried + 1
    result.injected = result.injected + cancelled
    table.insert(result.failures, failure)
    if told then told(program, cancelled) end
  end
  if #result.failures == 0 then result.failures = missed(list, waits) end
  return result
end

return sweep
