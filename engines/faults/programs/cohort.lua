--- Programs under faults: see engines/faults/trial.lua. Tasks, groups, time.
local cohort = require "cohort"
local kit = require "engines.faults.kit"
local testing = require "cohort.testing"

local programs, outside = {}, {}

local function options()
  return { clock = testing.clock { autojump = true }, signals = true, seed = 3 }
end

outside["cohort.run"] = function(try)
  local ok, a, b = try(cohort.run, options(), function(a, b)
    local task = cohort.current_task()
    task.name = "main"
    kit.work(1)
    return a, b
  end, 1, 2)
  assert(not ok or a == 1 and b == 2)
  try(cohort.run, options(), kit.fail)
  try(cohort.run, options(), function() cohort.group(function(g) g:spawn(kit.work, 1) end) end)
end

outside["cohort.main"] = function(try) try(cohort.main, function() cohort.main(cohort.checkpoint) end) end

programs["cohort.now"] = function(try) try(cohort.now) end
programs["cohort.sleep"] = function(try) try(cohort.sleep, 1) end
programs["cohort.sleep_until"] = function(try) try(cohort.sleep_until, cohort.now() + 1) end
programs["cohort.checkpoint"] = function(try) try(cohort.checkpoint) end
programs["cohort.cancelled"] = function(try) try(cohort.cancelled) end
programs["cohort.current_task"] = function(try) try(cohort.current_task) end

programs["cohort.sleep_forever"] = function(try)
  cohort.move_on_after(1, function()
    try(pcall, cohort.sleep_forever)
    cohort.checkpoint()
  end)
end

programs["cohort.group"] = function(try)
  try(cohort.group, { name = "outer", limit = 2 }, function(g)
    g:spawn(kit.work, 1)
    g:spawn(kit.work, 2)
    g:spawn(kit.work, 3)
    return g:spawn(kit.work, 1).name
  end)
  try(cohort.group, function(g)
    g:spawn(kit.work, 9)
    g:spawn(kit.fail)
    g:spawn(kit.fail)
    kit.work(9)
  end)
  try(cohort.group, { on_error = "collect" }, function(g)
    g:spawn(kit.fail)
    g:spawn(kit.work, 2)
  end)
  try(cohort.move_on_after, 1, cohort.group, function(g) g:spawn(kit.work, 9) end)
end

programs["cohort.open_group"] = function(try)
  try(function()
    local g <close> = cohort.open_group { name = "block" }
    g:spawn(kit.work, 1)
  end)
  try(function()
    local g <close> = cohort.open_group()
    g:spawn(kit.fail)
    kit.work(9)
  end)
  try(cohort.scope, function() cohort.open_group():spawn(kit.work, 1) end)  -- left open
end

programs["g:spawn"] = function(try)
  cohort.group({ limit = 1 }, function(g)
    try(g.spawn, g, kit.work, 1)
    try(g.spawn, g, kit.work, 1)
    try(g.spawn, g, kit.work, 0)
  end)
  pcall(cohort.group, function(g)
    try(g.spawn, g, kit.fail)
    try(g.spawn, g, coroutine.yield)
    try(kit.work, 3)
  end)
end

programs["g:start"] = function(try)
  cohort.group(function(g)
    local ok, task, a, b = try(g.start, g, function(started, x)
      started(x, 2)
      kit.work(1)
    end, 1)
    assert(not ok or task.name and a == 1 and b == 2)
    try(g.start, g, kit.fail)
    try(g.start, g, function() end)
    try(cohort.move_on_after, 1, g.start, g, function() kit.work(9) end)
  end)
end

programs["g:spawn_daemon"] = function(try)
  cohort.group(function(g)
    try(g.spawn_daemon, g, kit.work, 50)
    kit.work(1)
  end)
end

programs["g:defer"] = function(try)
  try(cohort.group, function(g)
    g:defer(kit.work, 1)
    g:defer(kit.fail)
    g:spawn(kit.work, 1)
  end)
  cohort.group(function(g) for i = 1, 9 do try(g.defer, g, kit.work, i) end end)
end

programs["g:cancel"] = function(try)
  cohort.group(function(g)
    for _ = 1, 5 do g:spawn(kit.work, 9) end
    g:defer(kit.work, 1)
    cohort.sleep(1)
    try(g.cancel, g)
  end)
end

--- A group with a task that ended, one that failed and one that goes on.
local function with_tasks(body)
  cohort.group({ on_error = "collect" }, function(g)
    local done, failed = g:spawn(kit.work, 1), nil
    cohort.attempt(cohort.group, { on_error = "collect" }, function(inner) failed = inner:spawn(kit.fail) end)
    done:wait()
    local live = g:spawn(kit.work, 3)
    cohort.checkpoint()
    body(done, failed, live)
  end)
end

programs["task:result"] = function(try)
  with_tasks(function(done, failed)
    try(done.result, done)
    try(failed.result, failed)
  end)
end

programs["task:error"] = function(try) with_tasks(function(_, failed) try(failed.error, failed) end) end

programs["task:wait"] = function(try)
  with_tasks(function(done, failed, live)
    try(live.wait, live)
    try(done.wait, done)
    try(failed.wait, failed)
  end)
end

programs["task:join"] = function(try)
  with_tasks(function(done, failed, live)
    try(live.join, live)
    try(done.join, done)
    try(failed.join, failed)
  end)
end

programs["task:cancel"] = function(try)
  with_tasks(function(_, _, live) try(live.cancel, live, "why") end)
end

programs["task:status"] = function(try) with_tasks(function(_, _, live) try(live.status, live) end) end

programs["task:traceback"] = function(try)
  with_tasks(function(_, failed, live)
    try(live.traceback, live)
    try(failed.traceback, failed)
  end)
end

programs.outside = outside
programs.expected = {
  ["cohort.open_group"] = { "was never closed" }, ["g:start"] = { "without calling started" },
}
programs.free = {
  "cohort.now", "cohort.sleep", "cohort.sleep_until", "cohort.sleep_forever", "cohort.checkpoint",
  "cohort.cancelled", "g:cancel", "task:result", "task:error", "task:cancel",
}

return programs
