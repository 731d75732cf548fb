--- Programs under faults: see engines/faults/trial.lua. Streams of values.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

programs["cohort.stream"] = function(try)
  try(function()
    local sum = 0
    for value in cohort.stream(function(emit)
      local _ <close> = kit.open()
      for i = 1, 3 do
        emit(i)
        kit.work(1)
      end
    end) do sum = sum + value end
    assert(sum == 6)
  end)
  try(function()
    local values <close> = cohort.stream(function(emit)
      local _ <close> = kit.open()
      emit(1)
      cohort.fail_after(5, emit, 2)
      kit.fail()
    end)
    values()
    values()
    values()
  end)
end

return programs
