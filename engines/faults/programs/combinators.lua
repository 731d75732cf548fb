--- Programs under faults: see engines/faults/trial.lua. Several things at once, streams of values, again and
--- again, task-locals.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

local function one() return kit.work(1) end
local function nine() return kit.work(9) end

programs["cohort.gather"] = function(try)
  local ok, results = try(cohort.gather, { one, nine, cohort.now })
  assert(not ok or results.n == 3 and results[1] == 1 and results[2] == 9)
  try(cohort.gather, { settle = true }, { one, kit.fail })
  try(cohort.gather, { nine, kit.fail })
end

programs["cohort.race"] = function(try)
  local ok, first = try(cohort.race, { nine, one, nine })
  assert(not ok or first == 1)
  try(cohort.race, { kit.fail, nine })
end

programs["cohort.any"] = function(try)
  local ok, first = try(cohort.any, { kit.fail, nine, one })
  assert(not ok or first == 1 or first == 9)  -- the faster one may have failed
  try(cohort.any, { kit.fail, kit.fail })
end

programs["cohort.map"] = function(try)
  local ok, results = try(cohort.map, { limit = 2 }, { 1, 2, 3 }, kit.work)
  assert(not ok or results[3] == 3)
  try(cohort.map, { 1, 2 }, kit.fail)
end

programs["cohort.as_completed"] = function(try)
  try(function()
    local sum = 0
    for _, value in cohort.as_completed { nine, one } do sum = sum + value end
    assert(sum == 10)
  end)
  try(function()
    for _ in cohort.as_completed { one, nine } do
      if cohort.now() > 0 then break end
    end
  end)
end

return programs
