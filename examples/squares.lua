--- `spawn` returns a task; after the group's block every task is done, and `result()` only reads.
local cohort = require "cohort"

local function square(n)
  cohort.sleep(0.001 * (6 - n))  -- the first to start is the last to end
  return n * n
end

cohort.main(function()
  local tasks = {}
  cohort.group(function(g)
    for n = 1, 5 do tasks[n] = g:spawn(square, n) end
  end)

  local results = {}
  for n, task in ipairs(tasks) do results[n] = task:result() end
  print("Results: [" .. table.concat(results, ", ") .. "]")
end)
