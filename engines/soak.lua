--- The soak engine: the same again and again for long, and nothing may grow.
---
---     lua5.4 engines/soak.lua short|long      MINUTES=30 for the long form, fractions too
---
--- Rounds of connections and echoes, tasks, timers and cancellations (engines/soak/load.lua) run in one run.
--- After a warm-up, resident memory, Lua's memory, tasks, handles, descriptors and references in the registry
--- get a line by least squares each; a slope above noise is a failure. Ends with "tried N, injected M":
--- echoes, tasks and timers, and cancellations.
local load = require "engines.soak.load"

local long = arg[1] == "long"
assert(long or arg[1] == "short", "usage: soak.lua short|long")
io.stdout:setvbuf "line"

local seconds = long and 60 * (tonumber(os.getenv "MINUTES") or 30) or 12
local began = os.time()

local samples, counts = load.run { every = long and 10 or 2, go_on = function()
  return os.time() - began < seconds
end }
local grown, told = samples:look()

print(("%d samples in %d s, the first quarter of them left out"):format(samples.count, os.time() - began))
print(table.concat(told, "\n"))
for _, line in ipairs(grown) do print("it grows: " .. line) end
print(("tried %d, injected %d"):format(counts.tried, counts.injected))
os.exit(#grown == 0, true)
