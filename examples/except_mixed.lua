--- Three tasks fail at once, with errors of two types. Each `except` takes its type out of the group, at any
--- depth; what no clause takes would be raised again.
local cohort = require "cohort"

local ValueError = cohort.error_type "ValueError"
local RuntimeError = cohort.error_type "RuntimeError"

--- "Caught 2 ValueErrors: [message, message]"
local function report(name, eg)
  local messages = {}
  for err in eg:leaves() do messages[#messages + 1] = err.message end
  local plural = #messages == 1 and "" or "s"
  print(("Caught %d %s%s: [%s]"):format(#messages, name, plural, table.concat(messages, ", ")))
end

cohort.main(function()
  cohort.try(function()
    cohort.group(function(g)
      -- None of them waits, so each has begun, and fails, before the first failure can cancel it.
      g:spawn(error, ValueError "error in task 1")
      g:spawn(error, RuntimeError "resource unavailable")
      g:spawn(error, ValueError "error in task 3")
    end)
  end,
  cohort.except(ValueError, function(eg) report("ValueError", eg) end),
  cohort.except(RuntimeError, function(eg) report("RuntimeError", eg) end))
end)
