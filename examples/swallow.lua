--- Cancellation always wins. The mule catches every Cancelled with a bare `pcall` and goes on; there are
--- warnings about it (turn warnings on to see them), and after a thousand times it is unwound past its own
--- pcalls. Meanwhile nobody else waits for it, its group ends, and the error names the task.
local cohort = require "cohort"

local function swallow_for_ever()
  while true do pcall(cohort.sleep, 0.05) end
end

cohort.main(function()
  local rounds = 0

  cohort.try(function()
    cohort.group(function(g)
      g:spawn(swallow_for_ever).name = "mule"
      g:spawn(function()
        -- A sibling with a clean-up to finish gets its turns between those of the mule.
        cohort.shield(function()
          for _ = 1, 100 do
            cohort.checkpoint()
            rounds = rounds + 1
          end
        end)
      end)
      g:cancel()
    end)
  end,
  cohort.except(cohort.Stubborn, function(eg)
    assert(rounds == 100)
    print("group ended")
    print("stubborn task closed: " .. eg:sole().name)
  end))
end)
