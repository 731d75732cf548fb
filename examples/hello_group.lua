--- Three tasks in a group run at the same time; the group ends when the slowest has.
local cohort = require "cohort"

local function work(name, seconds)
  cohort.sleep(seconds)
  print(name .. " done")
end

cohort.main(function()
  cohort.group(function(g)
    g:spawn(work, "task_a", 0.010)
    g:spawn(work, "task_b", 0.020)
    g:spawn(work, "task_c", 0.005)
  end)
end)
