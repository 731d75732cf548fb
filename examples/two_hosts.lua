--- The same file runs under any host: `lua5.4`, the launcher, a C program with its own loop (hosts/poll.c,
--- hosts/frame.c), and a virtual clock. The output is the same everywhere; under the virtual clock, which
--- jumps from one deadline to the next, it takes no real time.
local cohort = require "cohort"

--- Prints `name` and a number, `count` times, once every `interval` seconds without drift.
local function tick(name, interval, count)
  local start = cohort.now()
  for i = 1, count do
    cohort.sleep_until(start + i * interval)
    print(name .. " " .. i)
  end
end

cohort.main(function()
  cohort.group(function(g)
    g:spawn(tick, "tick", 0.020, 4)
    g:spawn(tick, "tock", 0.025, 2)
  end)

  local start = cohort.now()
  local done = cohort.move_on_after(0.05, cohort.sleep, 2)
  assert(not done and cohort.now() - start >= 0.05)
  print("gave up on the long sleep")
end)
