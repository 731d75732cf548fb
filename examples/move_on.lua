--- A time limit that is not an error: `move_on_after` returns false when the time was up, and work goes on.
local cohort = require "cohort"

local limit = 0.02

cohort.main(function()
  local done = cohort.move_on_after(limit, function()
    cohort.sleep(0.1)
    print("this takes too long")
  end)
  if not done then print(("gave up after %gs"):format(limit)) end
  print("next step")
end)
