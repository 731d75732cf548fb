--- Clean-up that has to wait, in a scope that is already cancelled. Each wait there would raise Cancelled;
--- `shield` keeps the cancellation out until the clean-up is done. Then it goes on.
local cohort = require "cohort"

local function say_goodbye()
  cohort.sleep(0.02)  -- stands for a last message to somebody far away
  print("cleanup finished")
end

cohort.main(function()
  local completed = cohort.scope(function(scope)
    cohort.try(function()
      scope:cancel("no longer needed")
      cohort.sleep(0.1)  -- raises Cancelled
    end,
    cohort.finally(function() cohort.shield(say_goodbye) end))
  end)
  if not completed then print("cancelled") end
end)
