--- Programs under faults: see engines/faults/trial.lua. Again and again.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

programs["cohort.retry"] = function(try)
  local attempts = 0
  try(cohort.retry, { delay = 1, jitter = 0.5, on = kit.Expected }, function()
    attempts = attempts + 1
    if attempts < 3 then kit.fail() end
    return kit.work(1)
  end)
  try(cohort.retry, { attempts = 2 }, kit.fail)
end

programs["cohort.ticker"] = function(try)
  try(function()
    for n in cohort.ticker(1) do
      kit.work(n)
      if n > 3 then break end
    end
  end)
end

return programs
