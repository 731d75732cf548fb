--- The same two functions twice. A settling gather lets both end and reports each one's outcome; a group
--- treats a failure as the end of the whole: it cancels the other task, and raises the error.
local cohort = require "cohort"

local function task_a()
  cohort.sleep(0.010)
  error(cohort.Error "Task A failed")
end

local function task_b()
  cohort.sleep(0.020)
  return "Task B result"
end

cohort.main(function()
  for _, outcome in ipairs(cohort.gather({ settle = true }, { task_a, task_b })) do
    if outcome.ok then
      print("gather: " .. outcome.value)
    else
      print("gather error: " .. outcome.error.message)
    end
  end

  local ok, err = cohort.attempt(cohort.group, function(g)
    g:spawn(task_a)
    g:spawn(task_b)
  end)
  if not ok and cohort.is(err, cohort.ErrorGroup) then print("group raised ErrorGroup") end
end)
