-- The option `watchdog` of run: what never waits is stopped. Its time is real, and passes in loops.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised = tasks.raised

-- Busted finds globals by a function of its own: a task that uses them may be found there.
local coroutine, pcall = coroutine, pcall

local LIMIT = 0.02

local function watched(f)
  return cohort.run({ watchdog = LIMIT, signals = false }, f)
end

local function spin() while true do end end

local function spin_again() while true do pcall(spin) end end

local function on_close(f) return setmetatable({}, { __close = f }) end

-- A coroutine that has yielded, and runs f when it is closed.
local function closing(f)
  local co = cohort.coroutine.create(function()
    local _ <close> = on_close(f)
    cohort.coroutine.yield()
  end)
  cohort.coroutine.resume(co)
  return co
end

-- Make the task one that is unwound by force: it catches Cancelled a thousand times.
local function be_stubborn()
  cohort.current_scope():cancel()
  for _ = 1, 1000 do pcall(cohort.checkpoint) end
end

local function is_stopped(err)
  return cohort.is(err, cohort.Timeout)
    and tostring(err):find("stopped by the watchdog: a task ran for 0.02 s without waiting", 1, true) ~= nil
end

-- It is closed by force: whenever the hook is about to look for its loop it goes down fast.
local function run_from_the_hook()
  local function down(n)
    if n == 0 then
      pcall(cohort.checkpoint)
      n = 50
    end
    down(n - 1)
  end
  down(50)
end

describe("a watchdog", function()
  local from_before = closing(spin_again)

  local busy = {
    ["runs on for ever"] = spin,
    ["catches all errors"] = function() while true do pcall(spin) end end,
    ["runs on in a coroutine"] = function() cohort.coroutine.wrap(spin)() end,
    ["runs on in a coroutine that was made before the run"] = cohort.coroutine.wrap(spin),
    ["runs on in a group's task"] = function() cohort.gather { spin } end,
    ["runs on under a shield"] = function() cohort.shield(spin) end,
    ["runs on after it has waited"] = function()
      cohort.sleep(0)
      spin()
    end,
    ["runs on after it has yielded to nobody"] = function()
      pcall(function() coroutine.yield() end)
      spin_again()
    end,
    ["runs on in what closes a coroutine"] = function() cohort.coroutine.close(closing(spin)) end,
    ["catches all errors in what closes a coroutine"] = function()
      pcall(cohort.coroutine.close, closing(spin_again))
      spin_again()
    end,
    ["runs on in what closes a coroutine from before the run"] = function()
      cohort.coroutine.close(from_before)
    end,
    ["runs on after it has closed a coroutine"] = function()
      local made
      cohort.coroutine.close(closing(function() made = coroutine.wrap(spin_again) end))
      made()
    end,
    ["runs on in the clean-up of a stubborn one"] = function()
      local _ <close> = on_close(spin_again)
      be_stubborn()
      while true do pcall(cohort.checkpoint) end
    end,
    ["runs on in a coroutine, in the clean-up of a stubborn one"] = function()
      local _ <close> = on_close(cohort.coroutine.wrap(spin_again))
      be_stubborn()
      while true do pcall(cohort.checkpoint) end
    end,
    ["runs on in the clean-up of one that is closed by force"] = function()
      local _ <close> = on_close(spin_again)
      be_stubborn()
      run_from_the_hook()
    end,
    ["runs on in a coroutine of Lua's own library"] = function() coroutine.wrap(spin)() end,
    ["catches all errors in a coroutine of Lua's own library"] = function() coroutine.wrap(spin_again)() end,
  }

  for what, f in pairs(busy) do
    it("stops a task that " .. what .. ", and run raises Timeout, with the tree of tasks", function()
      local err = raised(watched, f)
      assert.is_true(is_stopped(err), tostring(err))
      assert.matches("\ntask '[^\n]+' [^\n]+ at [^\n]*watchdog_spec.lua:%d", tostring(err))
      assert.matches("runs at [^\n]*watchdog_spec.lua:%d", tostring(err))
    end)
  end

  it("goes on with nothing that has caught the end, in a coroutine or outside", function()
    for _, f in ipairs { spin, function() cohort.coroutine.wrap(spin)() end } do
      local caught = 0
      assert.is_true(is_stopped(raised(watched, function()
        while true do
          pcall(f)
          caught = caught + 1
        end
      end)))
      assert.equal(0, caught)
    end
  end)

  it("cancels all others, also those that no failure would", function()
    local whole
    assert.is_true(is_stopped(raised(watched, function()
      cohort.group({ on_error = "collect" }, function(g)
        g:spawn(function() whole = pcall(cohort.sleep, 5) end)
        cohort.checkpoint()
        g:spawn(spin)
      end)
    end)))
    assert.is_false(whole)
  end)

  it("leaves tasks alone that clean-up spawns", function()
    local done = 0
    local function work()
      for _ = 1, 300000 do end
      done = done + 1
    end
    raised(cohort.run, { watchdog = 0.3, signals = false }, function()
      local _ <close> = on_close(function()
        cohort.shield(cohort.gather, { work, work, work })
      end)
      cohort.gather { spin }
    end)
    assert.equal(3, done)
  end)

  it("lets clean-up run and wait, of the task and of others", function()
    local log = {}
    local function noting(name)
      return on_close(function()
        cohort.shield(cohort.sleep, 0.001)
        log[#log + 1] = name
      end)
    end
    assert.is_true(is_stopped(raised(watched, function()
      cohort.group(function(g)
        g:spawn(function()
          local _ <close> = noting "other"
          cohort.sleep_forever()
        end)
        local _ <close> = noting "own"
        cohort.checkpoint()
        spin()
      end)
    end)))
    table.sort(log)
    assert.same({ "other", "own" }, log)
  end)

  it("lets clean-up run, and wait, also when all is ended by force", function()
    local log = {}
    assert.is_true(is_stopped(raised(watched, function()
      cohort.group({ on_error = "collect" }, function(g)
        for i = 1, 2 do
          g:spawn(function()
            local _ <close> = on_close(function()
              for _ = 1, 10 do cohort.shield(cohort.checkpoint) end
              log[#log + 1] = i
            end)
            local _ <close> = on_close(function() cohort.shield(cohort.sleep_forever) end)
            cohort.sleep_forever()
          end)
        end
        cohort.checkpoint()
        local _ <close> = on_close(spin_again)
        spin()
      end)
    end)))
    table.sort(log)
    assert.same({ 1, 2 }, log)
  end)

  it("lets clean-up have coroutines of Lua's own library", function()
    local log = {}
    raised(cohort.run, { watchdog = 0.3, signals = false }, function()
      local _ <close> = on_close(coroutine.wrap(function()
        log[#log + 1] = "begun"
        local _ <close> = on_close(function() log[#log + 1] = "closed" end)
        coroutine.wrap(function() log[#log + 1] = "inner" end)()
      end))
      spin()
    end)
    assert.same({ "begun", "inner", "closed" }, log)
  end)

  it("has nothing against waiting, nor against many who run for a short time", function()
    assert.equal(7, cohort.run({ watchdog = 0.3, signals = false }, function()
      cohort.sleep(0.4)
      for _ = 1, 200000 do end  -- it looks at the clock in between
      local g <close> = cohort.open_group()
      for _ = 1, 100 do g:spawn(function() for _ = 1, 100 do cohort.checkpoint() end end) end
      return 7
    end))
  end)

  it("has nothing against running, for less than that", function()
    assert.equal(1, cohort.run({ watchdog = 60, signals = false }, function()
      for _ = 1, 1000000 do end
      return 1
    end))
  end)

  it("is for one run", function()
    raised(watched, spin)
    assert.equal(1, cohort.run(function()
      for _ = 1, 1000000 do end
      return 1
    end))
  end)

  it("of no limit, or none, is none; other values are misuse", function()
    assert.equal(1, cohort.run({ watchdog = math.huge }, function() return 1 end))
    assert.is_true(cohort.is(raised(cohort.run, { watchdog = 0 }, spin), cohort.Timeout))
    for _, bad in ipairs { -1, 0 / 0, "1", {} } do
      assert.matches("option 'watchdog' expects", raised(cohort.run, { watchdog = bad }, print))
    end
  end)
end)
