--- The cancel engine: every example, and programs for each call that waits for the outside, cancelled
--- everywhere.
---
---     lua5.4 engines/cancel.lua short|long
---
--- A program is cancelled at each of its checkpoints, and once more with one task cancelled first (see
--- testing.cancel_everywhere). After each run nothing may be left open, every <close> variable must have run
--- once, and streams, files and connections must be in the state that docs/model.md says: engines/programs/
--- looks. The calls come from the reference's source: one that no program makes, or that was never cut, is a
--- failure. The long form takes what is left out of the short one for its time. Ends with "tried N, injected
--- M": programs, and runs that were cancelled.
local cohort = require "cohort"
local programs = require "engines.programs"
local sweep = require "engines.cancel.sweep"
local waits = require "engines.programs.waits"

local only_long = {
  swallow = "it catches a thousand cancellations, and has a checkpoint for each",
}

local long = arg[1] == "long"
assert(long or arg[1] == "short", "usage: cancel.lua short|long")
io.stdout:setvbuf "line"

local result = programs.with_scratch(function(scratch)
  local list = programs.examples(long and {} or only_long, scratch)
  local of_calls = programs.calls(scratch, cohort)
  table.move(of_calls, 1, #of_calls, #list + 1, list)
  return sweep.run(list, waits.list(), long and function(program, cancelled)
    print(("%6d  %s"):format(cancelled, program.name))
  end)
end)

for _, failure in ipairs(result.failures) do print(failure) end
print(("tried %d, injected %d"):format(result.tried, result.injected))
os.exit(#result.failures == 0, true)
