-- Virtual clocks, and what now() tells.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("a virtual clock", function()
  it("starts at 0 and is what now() tells", function()
    local clock = testing.clock { autojump = true }
    assert.equal(0, clock:now())
    cohort.run({ clock = clock }, function()
      assert.equal(0, cohort.now())
      cohort.sleep(1.5)
      assert.equal(1.5, cohort.now())
      assert.equal(1.5, clock:now())
    end)
    assert.equal(1.5, clock:now())
    assert.is_true(clock.autojump)
    assert.is_false(testing.clock().autojump)
    assert.equal("virtual clock at 1.5s", (tostring(clock):gsub("0+s$", "s")))
  end)

  it("with autojump takes no real time", function()
    local start = os.time()
    cohort.run({ clock = testing.clock { autojump = true } }, function()
      for _ = 1, 100 do cohort.sleep(86400) end
      assert.equal(8640000, cohort.now())
    end)
    assert.is_true(os.time() - start < 5)
  end)

  it("jumps to the next deadline only when nothing is left to do", function()
    cohort.run({ clock = testing.clock { autojump = true } }, function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          cohort.sleep(1)
          log[#log + 1] = "slept"
        end)
        for _ = 1, 500 do
          cohort.checkpoint()
          assert.equal(0, cohort.now())
        end
        log[#log + 1] = "worked"
      end)
      assert.same({ "worked", "slept" }, log)
    end)
  end)

  it("jumps to one deadline at a time", function()
    cohort.run({ clock = testing.clock { autojump = true } }, function()
      local times = {}
      cohort.group(function(g)
        for _, length in ipairs { 5, 1, 3 } do
          g:spawn(function()
            cohort.sleep(length)
            times[#times + 1] = cohort.now()
          end)
        end
      end)
      assert.same({ 1, 3, 5 }, times)
    end)
  end)

  it("without autojump stands still until it is told", function()
    local clock = testing.clock()
    cohort.run({ clock = clock }, function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 10)
        for _ = 1, 200 do cohort.checkpoint() end
        assert.equal("waiting", task:status())
        clock:jump(9.5)
        for _ = 1, 200 do cohort.checkpoint() end
        assert.equal("waiting", task:status())
        clock:jump(0.5)
        task:wait()
        assert.equal(10, cohort.now())
      end)
    end)
  end)

  it("goes on from where it was in the next run", function()
    local clock = testing.clock { autojump = true }
    for i = 1, 3 do
      cohort.run({ clock = clock }, cohort.sleep, 2)
      assert.equal(2 * i, clock:now())
    end
  end)

  it("never goes back, and refuses what is no duration", function()
    local clock = testing.clock()
    for _, by in ipairs { -1, 0 / 0, math.huge, "1" } do
      assert.truthy(raised(function() clock:jump(by) end):find("clock_spec.lua:%d+: jump expects"))
    end
    assert.equal(0, clock:now())
    assert.truthy(raised(function() testing.clock { auto = true } end):find("clock has no option 'auto'"))
  end)

  it("keeps nanoseconds", function()
    local clock = testing.clock { autojump = true }
    cohort.run({ clock = clock }, function()
      cohort.sleep(1000)
      local start = cohort.now()
      cohort.sleep(1e-9)
      assert.is_true(cohort.now() > start)
      assert.is_true(cohort.now() - start < 2e-9)
    end)
  end)
end)

describe("now", function()
  it("is the real clock outside run, and never goes back", function()
    local last = cohort.now()
    for _ = 1, 1000 do
      local now = cohort.now()
      assert.is_true(now >= last)
      last = now
    end
  end)

  it("starts anew with each run on the real clock", function()
    cohort.run(function() assert.is_true(cohort.now() < 1) end)
  end)
end)
