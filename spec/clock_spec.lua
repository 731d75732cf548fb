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

describe("advance", function()
  -- Runs `main(g, clock)` in a group, on a clock that is moved by hand.
  local function by_hand(main)
    local clock = testing.clock()
    cohort.run({ clock = clock }, function()
      cohort.group(function(g) main(g, clock) end)
    end)
  end

  it("lets what is due run at its own time, and what that causes at its own", function()
    local log = {}
    local function ticks(interval)
      while true do
        cohort.sleep(interval)
        log[#log + 1] = interval .. "@" .. cohort.now()
      end
    end
    by_hand(function(g, clock)
      g:spawn_daemon(ticks, 2)
      g:spawn_daemon(ticks, 3)
      clock:advance(6)
      assert.equal("2@2.0 3@3.0 2@4.0 3@6.0 2@6.0", table.concat(log, " "))
      assert.equal(6, cohort.now())
      clock:advance(1)
      assert.equal(5, #log)
      assert.equal(7, cohort.now())
    end)
  end)

  it("returns when all are blocked again", function()
    by_hand(function(g, clock)
      local send, receive = cohort.channel()
      local got
      g:spawn(function()
        cohort.sleep(1)
        send "value"
      end)
      g:spawn(function()
        got = receive()
        cohort.checkpoint()
        got = got .. "!"
      end)
      clock:advance(1)
      assert.equal("value!", got)
    end)
  end)

  it("lets those begin that are ready, also by no time at all", function()
    by_hand(function(g, clock)
      local task = g:spawn(cohort.sleep, 1)
      clock:advance(0)
      assert.equal("waiting", task:status())
      clock:advance(1)
      assert.equal("done", task:status())
    end)
  end)

  it("passes deadlines, its own too, and stays where it had come to", function()
    by_hand(function(g, clock)
      local cut = g:spawn(cohort.move_on_after, 3, cohort.sleep_forever)
      assert.is_false(cohort.move_on_after(5, clock.advance, clock, 10))
      assert.equal("done", cut:status())
      assert.equal(5, cohort.now())
    end)
  end)

  it("takes the whole way at once when nothing is due", function()
    by_hand(function(_, clock)
      clock:advance(1e6)
      assert.equal(1e6, cohort.now())
    end)
  end)

  it("works on a clock that jumps, which stands meanwhile", function()
    local clock = testing.clock { autojump = true }
    cohort.run({ clock = clock }, function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 10)
        clock:advance(5)
        assert.equal(5, cohort.now())
        assert.equal("waiting", task:status())
      end)
      assert.equal(10, cohort.now())
    end)
  end)

  it("is for the clock of the run", function()
    local other = testing.clock()
    by_hand(function(_, clock)
      local expects = "clock_spec.lua:%d+: advance expects "
      assert.truthy(raised(function() other:advance(1) end):find(expects .. "the clock of this run"))
      assert.truthy(raised(function() clock:advance(-1) end):find(expects .. "zero or more"))
      assert.truthy(raised(function() clock:advance(math.huge) end):find("advance expects a finite number"))
      assert.equal(0, cohort.now())
    end)
    assert.truthy(raised(function() other:advance(1) end):find("clock_spec.lua:%d+: .*no task runs here"))
  end)
end)

describe("a clock with a rate", function()
  it("goes on with real time, so many times as fast", function()
    local clock = testing.clock { rate = 1e5 }
    cohort.run({ clock = clock }, function()
      local order = {}
      cohort.group(function(g)
        for _, seconds in ipairs { 300, 100, 200 } do
          g:spawn(function()
            cohort.sleep(seconds)
            order[#order + 1] = seconds
          end)
        end
      end)
      assert.same({ 100, 200, 300 }, order)
      assert.is_true(cohort.now() >= 300)
      assert.is_false(cohort.move_on_after(10, cohort.sleep_forever))
    end)
  end)

  it("can be given another, and stand still, at any time", function()
    local clock = testing.clock()
    assert.equal(0, clock.rate)
    cohort.run({ clock = clock }, function()
      clock.rate = 1e6
      cohort.sleep(3600)
      clock.rate = 0
      local now = cohort.now()
      assert.is_true(now >= 3600)
      cohort.checkpoint()
      assert.equal(now, cohort.now())
      clock:jump(10)
      assert.equal(math.floor((now + 10) * 1e9 + 0.5), math.floor(cohort.now() * 1e9 + 0.5))  -- in ns
      clock.autojump = true
      cohort.sleep(10)
      assert.is_true(math.abs(now + 20 - cohort.now()) < 1e-6)
    end)
  end)

  it("is a deadlock when it stands, and none when it goes", function()
    local clock = testing.clock()
    assert.is_true(cohort.is(raised(cohort.run, { clock = clock }, cohort.sleep, 1), cohort.Deadlock))
    clock.rate = 1e6
    cohort.run({ clock = clock }, cohort.sleep, 1)
  end)

  it("jumps nevertheless with autojump", function()
    local clock = testing.clock { rate = 1e-6, autojump = true }
    cohort.run({ clock = clock }, cohort.sleep, 3600)
    assert.is_true(clock:now() >= 3600)
  end)

  it("refuses what is no rate", function()
    for _, rate in ipairs { -1, 0 / 0, math.huge, "1" } do
      local err = raised(function() testing.clock { rate = rate } end)
      assert.truthy(err:find("clock_spec.lua:%d+: option 'rate' expects .*virtual seconds per real second"))
    end
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
