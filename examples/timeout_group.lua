--- A deadline for a group: what is done in time is done, the rest is cancelled, and `Timeout` is raised.
local cohort = require "cohort"

local limit = 0.03

local function query(name, seconds)
  cohort.sleep(seconds)
  print(name .. " completed")
end

cohort.main(function()
  cohort.try(function()
    cohort.fail_after(limit, cohort.group, function(g)
      g:spawn(query, "fast_query", 0.01)
      g:spawn(query, "slow_query", 0.10)
    end)
  end,
  cohort.except(cohort.Timeout, function()
    print(("Operation timed out after %gs"):format(limit))
  end))
end)
