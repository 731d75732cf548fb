--- Cancellation unwinds a task like an error: its clean-up runs, then the group ends, and only then the
--- timeout goes on to whoever set it.
local cohort = require "cohort"

local function work(name)
  local _ <close> = cohort.defer(print, name .. " cleanup ran")
  print(name .. " started")
  cohort.sleep(0.1)
  print(name .. " finished")  -- never: the timeout comes earlier
end

cohort.main(function()
  cohort.try(function()
    cohort.fail_after(0.02, cohort.group, function(g)
      g:spawn(work, "task_1")
      g:spawn(work, "task_2")
    end)
  end,
  cohort.except(cohort.Timeout, function() print("Timeout propagated") end))
end)
