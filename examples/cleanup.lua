--- Cancellation unwinds a task like an error: its `<close>` variables run, then the group ends, and only
--- then the timeout goes on to whoever set it.
local cohort = require "cohort"

--- A value that says, where its block ends, that the clean-up of `name` ran.
local function cleanup(name)
  return setmetatable({}, { __close = function() print(name .. " cleanup ran") end })
end

local function work(name)
  local _ <close> = cleanup(name)
  print(name .. " started")
  cohort.sleep(0.1)
  print(name .. " finished")  -- never: the timeout is earlier
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
