--- Programs under faults: see engines/faults/trial.lua. Task-locals.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

programs["cohort.context"] = function(try) try(cohort.context, "default") end

programs["context:get"] = function(try)
  local context = cohort.context "default"
  try(context.get, context)
  context:with("other", function() try(context.get, context) end)
end

programs["context:with"] = function(try)
  local a, b = cohort.context "a", cohort.context "b"
  try(a.with, a, "c", b.with, b, "d", function()
    cohort.group(function(g)
      g:spawn(function()
        kit.work(1)
        assert(a:get() == "c" and b:get() == "d")
      end)
    end)
  end)
  assert(a:get() == "a")
  try(a.with, a, 1, kit.fail)
end

programs.free = { "context:get" }

return programs
