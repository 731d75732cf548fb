--- Programs under faults: see engines/faults/trial.lua. The testing kit.
local cohort = require "cohort"
local kit = require "engines.faults.kit"
local net = require "cohort.net"
local testing = require "cohort.testing"

local programs, outside = {}, {}

programs["testing.clock"] = function(try)
  try(testing.clock)
  try(testing.clock, { autojump = true, rate = 2 })
end

programs["testing.stream_pair"] = function(try)
  local ok, a, b = try(testing.stream_pair, { delay = { 0, 1 }, split = true, seed = 2 })
  if ok then
    a:close()
    b:close()
  end
end

--- Calls body(clock) in a run of its own by a clock that is moved by hand, beside tasks that sleep.
local function by_hand(body)
  return function(try)
    local clock = testing.clock()
    cohort.run({ clock = clock, signals = false }, function()
      cohort.group(function(g)
        for i = 1, 3 do g:spawn_daemon(kit.work, i) end
        body(try, clock)
      end)
    end)
  end
end

outside["clock:advance"] = by_hand(function(try, clock) try(clock.advance, clock, 2) end)
outside["clock:jump"] = by_hand(function(try, clock)
  try(clock.jump, clock, 2)
  cohort.checkpoint()
end)
outside["clock:now"] = by_hand(function(try, clock) try(clock.now, clock) end)

programs["testing.wait_all_blocked"] = function(try)
  cohort.group(function(g)
    g:spawn(kit.work, 1)
    try(testing.wait_all_blocked)
    try(testing.wait_all_blocked, 0.001)
  end)
end

programs["testing.sequencer"] = function(try) try(testing.sequencer) end

programs["cohort.Sequencer()"] = function(try)
  local sequence = testing.sequencer()
  cohort.group({ on_error = "collect" }, function(g)
    for i = 2, 0, -1 do
      g:spawn(try, function()
        local _ <close> = sequence(i)
        kit.work(1)
      end)
    end
    if not cohort.move_on_after(9, cohort.sleep, 8) then return end
    g:cancel()
  end)
end

programs["testing.task_tree"] = function(try)
  cohort.group({ name = "outer" }, function(g)
    g:spawn(kit.work, 1)
    cohort.checkpoint()
    try(testing.task_tree)
  end)
end

programs["testing.with_names"] = function(try)
  local known = { a = "127.0.0.1", b = { "EAI_AGAIN", delay = 1 }, c = function() return "EAI_NONAME" end }
  try(testing.with_names, known, function()
    net.resolve "a"
    cohort.attempt(net.resolve, "b")
    cohort.attempt(net.resolve, "c")
  end)
end

outside["testing.open_runner"] = function(try)
  local ok, runner = try(testing.open_runner, { signals = true, watchdog = 50, seed = 1 })
  if ok then runner:close() end
end

local function with_runner(body)
  return function(try)
    local runner <close> = testing.open_runner { clock = testing.clock { autojump = true }, watchdog = 50 }
    body(try, runner)
  end
end

outside["runner:run"] = with_runner(function(try, runner)
  try(runner.run, runner, kit.work, 1)
  try(runner.run, runner, kit.fail)
end)

outside["runner:close"] = with_runner(function(try, runner)
  local stream
  runner:run(function() stream = net.pair() end)
  try(runner.close, runner)
  runner:close()
  return stream
end)

programs["testing.plain"] = function(try) try(testing.plain, kit.fail) end

programs.outside = outside
programs.free = { "clock:jump", "clock:now", "runner:close" }

return programs
