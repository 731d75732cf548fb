--- Programs under faults: see engines/faults/trial.lua. Scopes and deadlines.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

--- Runs a form with a deadline to its end, into its deadline, and with a failure.
local function limits(form, soon, late)
  return function(try)
    try(form, late(), kit.work, 1)
    try(pcall, form, soon(), kit.work, 9)
    try(form, late(), kit.fail)
  end
end

local function one() return 1 end
local function nine() return 9 end
local function at_one() return cohort.now() + 1 end
local function at_nine() return cohort.now() + 9 end

programs["cohort.move_on_after"] = limits(cohort.move_on_after, one, nine)
programs["cohort.fail_after"] = limits(cohort.fail_after, one, nine)
programs["cohort.move_on_at"] = limits(cohort.move_on_at, at_one, at_nine)
programs["cohort.fail_at"] = limits(cohort.fail_at, at_one, at_nine)

programs["cohort.shield"] = function(try)
  try(cohort.shield, kit.work, 1)
  try(cohort.move_on_after, 1, cohort.shield, kit.work, 2)
  try(cohort.shield, kit.fail)
end

programs["cohort.scope"] = function(try)
  try(cohort.scope, { name = "scope", timeout = 5, shield = true }, function() kit.work(1) end)
  try(cohort.scope, { timeout = 1 }, function() kit.work(9) end)
  try(cohort.scope, function(scope)
    scope:cancel "enough"
    cohort.checkpoint()
  end)
  try(cohort.scope, kit.fail)
end

programs["cohort.open_scope"] = function(try)
  try(function()
    local scope <close> = cohort.open_scope { timeout = 2, name = "block" }
    kit.work(1)
    return scope
  end)
  try(pcall, function()
    local _ <close> = cohort.open_scope { timeout = 1 }
    kit.work(9)
  end)
  try(cohort.scope, function() cohort.open_scope() end)  -- left open
end

programs["cohort.current_scope"] = function(try) try(cohort.current_scope) end
programs["cohort.current_deadline"] = function(try) try(cohort.current_deadline) end

programs["scope:cancel"] = function(try)
  cohort.scope(function(scope)
    cohort.group(function(g)
      for _ = 1, 5 do g:spawn(kit.work, 9) end
      g:spawn(cohort.shield, kit.work, 2)
      cohort.sleep(1)
      try(scope.cancel, scope, "why")
    end)
  end)
end

programs.expected = { ["cohort.open_scope"] = { "was never closed" } }

programs.free = { "cohort.current_deadline", "scope:cancel" }

return programs
