--- Holds a program's trace on cohort against the reference's, and says where they part.
local program = require "engines.model.program"
local reference = require "engines.model.reference"
local shrink = require "engines.model.shrink"
local text = require "engines.model.text"
local walk = require "engines.model.walk"

local check = {}

--- The number of the first line in which two traces differ, or nil.
local function first_difference(expected, got)
  for i = 1, math.max(#expected, #got) do
    if not expected[i] or not got[i] or text.line(expected[i]) ~= text.line(got[i]) then return i end
  end
end

--- The traces of a program by the reference and by `run`, and where they part, if they do.
local function compare(p, run)
  local expected, got = walk.through(p, reference.run), walk.through(p, run)
  return expected, got, first_difference(expected, got)
end

--- Do they part? A program that has no meaning for the reference, as a cut one may, shows nothing.
local function differs(p, run)
  local ok, _, _, at = pcall(compare, p, run)
  return ok and at ~= nil
end

local function list(lines, trace, name)
  table.insert(lines, "")
  table.insert(lines, name)
  for i, line in ipairs(trace) do table.insert(lines, ("%4d  %s"):format(i, text.line(line))) end
end

--- A report about the program of a seed: it, as small as it gets, both traces, and their first difference.
local function report(seed, p, run)
  local small = shrink(p, function(other) return differs(other, run) end)
  local expected, got, at = compare(small, run)
  local lines = { ("seed %d: cohort and the reference part"):format(seed), "", text.program(small) }
  list(lines, expected, "the reference:")
  list(lines, got, "cohort:")
  table.insert(lines, "")
  table.insert(lines, ("they part in line %d:"):format(at))
  table.insert(lines, "  the reference: " .. (expected[at] and text.line(expected[at]) or "nothing"))
  table.insert(lines, "  cohort:        " .. (got[at] and text.line(got[at]) or "nothing"))
  return table.concat(lines, "\n")
end

--- Checks the programs of `count` seeds from `first` on, with cohort as `run` makes it. Calls visit(trace)
--- for each. Returns how many agreed, and at a difference a report about it.
function check.seeds(first, count, run, visit)
  for seed = first, first + count - 1 do
    local p = program.generate(seed)
    local expected, _, at = compare(p, run)
    if at then return seed - first, report(seed, p, run) end
    visit(expected)
  end
  return count
end

return check
