-- The option `watchdog` of run: what never waits is stopped. Its time is real, and passes in loops.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised = tasks.raised

local LIMIT = 0.02

local function watched(f)
  return cohort.run({ watchdog = LIMIT, signals = false }, f)
end

local function spin() while true do end end

local function is_stopped(err)
  return cohort.is(err, cohort.Timeout)
    and tostring(err):find("stopped by the watchdog: a task ran for 0.02 s without waiting", 1, true) ~= nil
end

describe("a watchdog", function()
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
      local _ <close> = setmetatable({}, { __close = function()
        cohort.shield(cohort.gather, { work, work, work })
      end })
      cohort.gather { spin }
    end)
    assert.equal(3, done)
  end)

  it("lets clean-up run and wait, of the task and of others", function()
    local log = {}
    local function noting(name)
      return setmetatable({}, { __close = function()
        cohort.shield(cohort.sleep, 0.001)
        log[#log + 1] = name
      end })
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
