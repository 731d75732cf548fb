--- The first failure ends the whole group at once: a task that would work for ever is cancelled where it
--- waits, can react to the cancellation, and the failure comes out of the group.
local cohort = require "cohort"

local function work_for_ever()
  cohort.try(function()
    while true do cohort.sleep(0.01) end
  end,
  -- A handler for Cancelled can look and clean up; afterwards the cancellation goes on.
  cohort.except(cohort.Cancelled, function() print("I was cancelled!") end))
end

local function fail()
  cohort.sleep(0.1)
  error("something broke")
end

cohort.main(function()
  cohort.try(function()
    cohort.group(function(g)
      g:spawn(work_for_ever)
      g:spawn(fail)
    end)
  end,
  cohort.except("something broke", function() print("Handled the failure") end))
end)
