--- Programs under faults: see engines/faults/trial.lua. What runs programs many times, and assertions.
local cohort = require "cohort"
local kit = require "engines.faults.kit"
local testing = require "cohort.testing"

local programs, outside = {}, {}

local function two()
  cohort.group(function(g)
    g:spawn(kit.work, 1)
    cohort.checkpoint()
  end)
end

outside["testing.explore"] = function(try)
  try(testing.explore, { preemptions = 1 }, two)
  try(testing.explore, { runs = 3, seed = 1 }, two)
end

outside["testing.cancel_everywhere"] = function(try)
  try(testing.cancel_everywhere, two)
end

outside["testing.fail_everywhere"] = function(try)
  try(testing.fail_everywhere, function(guard)
    local _ <close> = guard()
    cohort.checkpoint()
  end)
end

outside["testing.check_leaks"] = function(try) try(testing.check_leaks, kit.nothing) end

programs["testing.assert_checkpoints"] = function(try) try(testing.assert_checkpoints, cohort.checkpoint) end
programs["testing.assert_no_checkpoints"] = function(try) try(testing.assert_no_checkpoints, cohort.now) end

programs["testing.assert_raises_group"] = function(try)
  try(testing.assert_raises_group, { kit.Expected }, cohort.group, function(g) g:spawn(kit.fail) end)
end

programs.outside = outside
return programs
