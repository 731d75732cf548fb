--- check_leaks: does a function leave anything behind?
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local leaks = require "cohort.testing.leaks"

local check_leaks = {}

-- One round: in the current run, or in one of its own. The end of that closes what is open, so this is added
-- to `sum` before.
local function round(sum, f, ...)
  if core.current_task() then return f(...) end
  core.run({ clock = core.clock { autojump = true }, signals = false }, function(...)
    local before = leaks.count()
    f(...)
    leaks.add_handles(sum, before)
  end, ...)
end

--- Calls `f(...)` several times, and raises when it leaves something behind or memory grows each time.
--- @async
--- @param f async fun(...): ...
--- @param ... any
function check_leaks.check_leaks(f, ...)
  if not core.is_callable(f) then
    misuse("check_leaks expects a function, got %s: write check_leaks(f, ...)", type(f))
  end
  local arguments, sum, before = table.pack(...), leaks.none(), nil
  local climb = leaks.climb(function()
    round(sum, f, table.unpack(arguments, 1, arguments.n))
  end, function() sum, before = leaks.none(), leaks.count() end)
  local left = leaks.grown(before)
  left[#left + 1] = leaks.handles(leaks.none(), sum)
  left[#left + 1] = climb
  if #left > 0 then
    misuse("check_leaks: left behind by %d calls: %s", leaks.ROUNDS, table.concat(left, ", "))
  end
end

return check_leaks
