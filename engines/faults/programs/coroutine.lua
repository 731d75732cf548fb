--- Programs under faults: see engines/faults/trial.lua. Coroutines that wait.
local co = require "cohort.coroutine"
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

local function generate()
  local _ <close> = kit.open()
  for i = 1, 2 do
    kit.work(1)
    co.yield(i)
  end
end

programs["coroutine.create"] = function(try) try(co.create, generate) end

local function assert_resumed(c)
  local ok, err = co.resume(c)
  if not ok then error(err, 0) end
end

programs["coroutine.resume"] = function(try)
  local c = co.create(generate)
  for _ = 1, 3 do try(assert_resumed, c) end
  co.close(c)
end

programs["coroutine.wrap"] = function(try)
  try(function()
    local step = co.wrap(generate)
    step()
    step()
    step()
  end)
  try(co.wrap(kit.fail))
  try(cohort.move_on_after, 1, co.wrap(function() co.wrap(kit.work)(9) end))
end

programs["coroutine.yield"] = function(try)
  local c = co.create(function()
    local ok, a = try(co.yield, 1, 2)
    assert(not ok or a == 3)
  end)
  co.resume(c)
  co.resume(c, 3)
end

programs["coroutine.close"] = function(try)
  local c = co.create(function()
    local _ <close> = setmetatable({}, { __close = function() kit.work(1) end })
    generate()
  end)
  co.resume(c)
  try(function()
    local ok, err = co.close(c)
    if not ok then error(err, 0) end
  end)
  co.close(c)
end

programs["coroutine.status"] = function(try) try(co.status, co.create(generate)) end
programs["coroutine.running"] = function(try) try(co.running) end
programs["coroutine.isyieldable"] = function(try) try(co.isyieldable) end

programs["coroutine.install"] = function(try)
  local ok, uninstall = try(co.install)
  if ok then uninstall() end
  co.install()()
end

-- Without memory a coroutine is closed where it cannot wait.
programs.expected = {
  ["coroutine.resume"] = { "cannot resume dead coroutine" },
  ["coroutine.close"] = { "cannot wait in a '<close>' variable" },
}

programs.free = { "coroutine.yield", "coroutine.running", "coroutine.isyieldable", "coroutine.install" }

return programs
