--- What the host of the strace engine runs: called with the name of a program, it returns a function that
--- runs it and tells how it ended: 0 when it worked, 4 and the error when it raised one that names its call,
--- else 1 and what is wrong.
local cohort = require "cohort"
local core = require "cohort.core"
local programs = require "engines.strace.programs"

local WORKED, WRONG, RAISED = 0, 1, 4

-- What has no field `operation`.
local clear = { "not enough memory", "cannot open an event loop" }

-- Is it an error that tells which call failed and how?
local function is_clear(err)
  if cohort.is(err, cohort.ErrorGroup) then
    for _, member in ipairs(err.errors) do
      if not is_clear(member) then return false end
    end
    return true
  end
  local text = tostring(err)
  for _, words in ipairs(clear) do
    if text:find(words, 1, true) then return true end
  end
  if cohort.is(err, cohort.ProcessError) then return true end
  if cohort.is(err, cohort.SystemError) and not err.code then return false end
  return cohort.is(err, cohort.Error) and err.operation ~= nil and text:find(err.operation, 1, true) ~= nil
end

local function held()
  local counts = core.debug_counts()
  counts.descriptors = _G.count_descriptors()
  return counts
end

local function more_than(before)
  collectgarbage()
  collectgarbage()
  local left = {}
  for name, count in pairs(held()) do
    if count > before[name] then left[#left + 1] = ("%d %s"):format(count - before[name], name) end
  end
  table.sort(left)
  return table.concat(left, ", ")
end

if ... == "pipe" then require "spec.support.transports" end
local program = assert(programs[...], "there is no such program")

cohort.run({ signals = false }, function() end)

return function()
  local before = held()
  local ok, err = pcall(cohort.run, { signals = false }, program)
  local left = more_than(before)
  if left ~= "" then return WRONG, "left: " .. left end
  if ok then return WORKED, "" end
  return is_clear(err) and RAISED or WRONG, tostring(err)
end
