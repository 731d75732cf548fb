-- Deadlines: absolute, movable, never early; what counts is the earliest visible one.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function nothing() end

-- What `f` raised, which must be misuse at a line of this file.
local function misuse(f, ...)
  local ok, err = pcall(function(...) f(...) end, ...)
  assert.is_false(ok)
  return err:match("^[^ ]*deadline_spec.lua:%d+: (.*)")
end

describe("a deadline", function()
  it("cuts its block at its time", function()
    virtual(function()
      for _, form in ipairs {
        function(f, ...) return cohort.move_on_after(2, f, ...) end,
        function(f, ...) return cohort.move_on_at(cohort.now() + 2, f, ...) end,
        function(f, ...) return cohort.scope({ timeout = 2 }, function(_, ...) f(...) end, ...) end,
        function(f, ...)
          return cohort.scope({ deadline = cohort.now() + 2 }, function(_, ...) f(...) end, ...)
        end,
      } do
        local start = cohort.now()
        assert.is_false(form(cohort.sleep, 5))
        assert.equal(start + 2, cohort.now())
        assert.is_true(form(cohort.sleep, 1))
        assert.equal(start + 3, cohort.now())
      end
    end)
  end)

  it("that is relative counts from entry", function()
    virtual(function()
      cohort.sleep(10)
      cohort.scope({ timeout = 2 }, function(s) assert.equal(12, s.deadline) end)
    end)
  end)

  it("may be moved while its task waits, both ways", function()
    virtual(function()
      local function cut_at(move)
        local start, cut = cohort.now(), nil
        cohort.group(function(g)
          local scope
          g:spawn(function()
            cohort.scope({ timeout = 5 }, function(s)
              scope = s
              cohort.sleep(50)
            end)
            cut = cohort.now() - start
          end)
          cohort.sleep(1)
          move(scope, start)
        end)
        return cut
      end
      assert.equal(3, cut_at(function(s, start) s.deadline = start + 3 end))
      assert.equal(8, cut_at(function(s, start) s.deadline = start + 8 end))
      assert.equal(1, cut_at(function(s, start) s.deadline = start end))
      assert.equal(1, cut_at(function(s) s.deadline = -math.huge end))
      assert.equal(50, cut_at(function(s) s.deadline = math.huge end))
      assert.equal(7, cut_at(function(s, start)
        s.deadline = math.huge
        s.deadline = start + 7
      end))
    end)
  end)

  it("moved later after it passed revives nothing", function()
    virtual(function()
      assert.is_false(cohort.scope({ timeout = 1 }, function(s)
        pcall(cohort.sleep, 2)
        s.deadline = 100
        assert.is_true(s.cancel_called)
        cohort.sleep(2)
      end))
      assert.equal(1, cohort.now())
    end)
  end)

  it("of zero, or in the past, is due at once: code up to the first checkpoint runs", function()
    virtual(function()
      for _, call in ipairs {
        function(f) return cohort.move_on_after(0, f) end,
        function(f) return cohort.move_on_at(-7, f) end,
        function(f) return cohort.move_on_at(-math.huge, f) end,
        function(f) return cohort.scope({ timeout = 0 }, f) end,
        function(f) return cohort.scope({ deadline = cohort.now() }, f) end,
      } do
        local log = {}
        assert.is_false(call(function()
          log[#log + 1] = cohort.cancelled()
          log[#log + 1] = cohort.current_scope().cancel_called
          cohort.checkpoint()
          log[#log + 1] = "beyond"
        end))
        assert.same({ true, true }, log)
        assert.is_true(call(nothing))
      end
    end)
  end)

  it("set to a time that is over cancels at once", function()
    virtual(function()
      cohort.scope(function(s)
        cohort.sleep(2)
        s.deadline = 1
        assert.is_true(cohort.cancelled())
        assert.equal("deadline", s.reason.kind)
      end)
    end)
  end)

  it("of math.huge is none", function()
    virtual(function()
      assert.is_true(cohort.move_on_after(math.huge, cohort.sleep, 1e6))
      assert.is_true(cohort.move_on_at(math.huge, cohort.sleep, 1))
      assert.is_true(cohort.scope({ timeout = math.huge }, function(s)
        assert.equal(math.huge, s.deadline)
        cohort.sleep(1)
      end))
    end)
  end)

  it("that is written as text with a unit is misuse that says what to write", function()
    virtual(function()
      local function expect(seconds, text)
        assert.equal(('sleep expects seconds as a number, got "%s": write sleep(%s)'):format(text, seconds),
          misuse(cohort.sleep, text))
      end
      for text, seconds in pairs {
        ["1"] = "1", ["1s"] = "1", ["100ms"] = "0.1", ["1m"] = "60", ["1.5 h"] = "5400", [".5s"] = "0.5",
        ["10 minutes"] = "600", ["2 days"] = "172800", ["7us"] = "7e-06", ["5ns"] = "5e-09",
      } do
        expect(seconds, text)
      end
      for _, text in ipairs { "s", "1x", "1 m s", "1h30m", "-1s", "1.5.2s", "0x10", "1 ", "nan", "" } do
        local message = misuse(cohort.sleep, text)
        assert.equal(text ~= "1 " and ('sleep expects seconds as a number, got "%s"'):format(text)
          or 'sleep expects seconds as a number, got "1 ": write sleep(1)', message)
      end
      for _, text in ipairs { "1s\0", "1\n", ("1"):rep(41) .. "s" } do
        assert.equal("sleep expects seconds as a number, got another string", misuse(cohort.sleep, text))
      end
      assert.equal('fail_after expects seconds as a number, got "5s": write fail_after(5, ...)',
        misuse(cohort.fail_after, "5s", print))
      local expected = "option '%s' expects %s, got \"100ms\": write 0.1"
      assert.equal(expected:format("timeout", "zero or more seconds"),
        misuse(cohort.scope, { timeout = "100ms" }, print))
      assert.equal(expected:format("delay", "zero or more seconds"),
        misuse(cohort.retry, { delay = "100ms" }, print))
      assert.equal(expected:format("max_delay", "zero or more seconds, or math.huge"),
        misuse(cohort.retry, { max_delay = "100ms" }, print))
      assert.equal(expected:format("grace", "zero or more seconds"),
        misuse(cohort.process.open, { "true", grace = "100ms" }))
      assert.equal('ticker expects more than zero seconds, got "1s": write 1', misuse(cohort.ticker, "1s"))
      expected = "%s expects a time on cohort.now()'s clock, got "
      assert.equal(expected:format "move_on_at" .. '"2m": write cohort.now() + 120',
        misuse(cohort.move_on_at, "2m", print))
      assert.equal(expected:format "option 'deadline'" .. '"2m": write cohort.now() + 120',
        misuse(cohort.scope, { deadline = "2m" }, print))
      assert.equal(expected:format "move_on_at" .. '"2"', misuse(cohort.move_on_at, "2", print))
    end)
  end)

  it("that is negative and relative, or no number, is misuse", function()
    virtual(function()
      local ran
      local function run() ran = true end
      for _, name in ipairs { "move_on_after", "fail_after" } do
        local f = cohort[name]
        assert.equal(name .. " expects zero or more seconds, got a negative number; math.huge means no limit",
          misuse(f, -1, run))
        assert.equal(name .. " expects zero or more seconds, got nan; math.huge means no limit",
          misuse(f, 0 / 0, run))
        assert.equal(name .. ' expects seconds as a number, got "soon"', misuse(f, "soon", run))
        assert.equal(name .. " expects seconds as a number, got no value", misuse(f))
      end
      for _, name in ipairs { "move_on_at", "fail_at" } do
        local expected = name .. " expects a time on cohort.now()'s clock, got "
        assert.equal(expected .. "nan", misuse(cohort[name], 0 / 0, run))
        assert.equal(expected .. "nil", misuse(cohort[name], nil, run))
      end
      assert.truthy(misuse(cohort.sleep, -1))
      assert.truthy(misuse(cohort.sleep, 0 / 0))
      assert.truthy(misuse(cohort.sleep_until, 0 / 0))
      assert.truthy(misuse(cohort.scope, { timeout = 0 / 0 }, run))
      assert.truthy(misuse(cohort.scope, { deadline = 0 / 0 }, run))
      assert.is_nil(ran)
    end)
  end)

  it("of many scopes at the same time cuts them all in the same pass, the outermost catches", function()
    virtual(function()
      local cut = {}
      local function nest(depth)
        cut[depth] = not cohort.move_on_at(1, depth == 50 and cohort.sleep_forever or nest, depth + 1)
      end
      nest(1)
      assert.same({ true }, cut)

      local ended = 0
      cohort.group(function(g)
        for _ = 1, 1000 do
          g:spawn(function()
            assert.is_false(cohort.move_on_at(2, cohort.sleep_forever))
            assert.equal(2, cohort.now())
            ended = ended + 1
          end)
        end
      end)
      assert.equal(1000, ended)
    end)
  end)

  it("re-armed a thousand times leaves nothing behind", function()
    virtual(function()
      cohort.scope(function(s)
        cohort.checkpoint()
        local before = require("cohort.core").debug_counts().bytes
        for i = 1, 1000 do s.deadline = 10 + i % 2 end
        assert.equal(before, require("cohort.core").debug_counts().bytes)
        assert.equal(10, s.deadline)
      end)
      cohort.sleep(20)
    end)
  end)

  it("that is shorter outside cuts the inner block, which did not catch", function()
    virtual(function()
      local inner
      assert.is_false(cohort.move_on_after(1, function()
        cohort.scope({ timeout = 2 }, function(s)
          inner = s
          cohort.sleep(5)
        end)
      end))
      assert.same({ false, false }, { inner.cancel_called, inner.cancelled_caught })
      assert.equal(1, cohort.now())
    end)
  end)

  it("that is shorter inside leaves the outer block whole", function()
    virtual(function()
      assert.same({ true, false }, { cohort.move_on_after(3, function()
        return (cohort.move_on_after(1, cohort.sleep, 5))
      end) })
    end)
  end)

  it("that is shorter than a sleep always wins over it, however many there are", function()
    virtual(function()
      local lost = 0
      cohort.group(function(g)
        for i = 1, 500 do
          g:spawn(function()
            if cohort.move_on_after(1 + i * 1e-6, cohort.sleep, 1.001 + i * 1e-6) then lost = lost + 1 end
          end)
        end
      end)
      assert.equal(0, lost)
    end)
  end)

  it("that came between passes of one busy stretch does not cut code that never waits", function()
    local clock = testing.clock()
    cohort.run({ clock = clock }, function()
      assert.same({ true, "whole" }, { cohort.move_on_after(1, function()
        clock:jump(5)
        return "whole"
      end) })
    end)
  end)
end)

describe("current_deadline", function()
  it("is the earliest that is visible from here", function()
    virtual(function()
      assert.equal(math.huge, cohort.current_deadline())
      cohort.move_on_after(5, function()
        assert.equal(5, cohort.current_deadline())
        cohort.move_on_after(3, function() assert.equal(3, cohort.current_deadline()) end)
        cohort.move_on_after(9, function() assert.equal(5, cohort.current_deadline()) end)
        cohort.group(function(g)
          g:spawn(function() assert.equal(5, cohort.current_deadline()) end)
        end)
      end)
      assert.equal(math.huge, cohort.current_deadline())
    end)
  end)

  it("does not look past a shield, whose own deadline counts", function()
    virtual(function()
      cohort.move_on_after(5, function()
        cohort.shield(function() assert.equal(math.huge, cohort.current_deadline()) end)
        cohort.scope({ shield = true, timeout = 9 }, function()
          assert.equal(9, cohort.current_deadline())
        end)
      end)
    end)
  end)

  it("is -math.huge where a visible scope is cancelled", function()
    virtual(function()
      cohort.scope({ timeout = 5 }, function(s)
        s:cancel()
        assert.equal(-math.huge, cohort.current_deadline())
        cohort.move_on_after(1, function() assert.equal(-math.huge, cohort.current_deadline()) end)
        cohort.shield(function() assert.equal(math.huge, cohort.current_deadline()) end)
      end)
    end)
  end)
end)

describe("a timer", function()
  it("is never early on the real clock", function()
    cohort.run(function()
      for _, length in ipairs { 0.0001, 0.0005, 0.001, 0.0015, 0.0031 } do
        local start = cohort.now()
        cohort.sleep(length)
        assert.is_true(cohort.now() - start >= length)
        start = cohort.now()
        assert.is_false(cohort.move_on_after(length, cohort.sleep_forever))
        assert.is_true(cohort.now() - start >= length)
      end
    end)
  end)

  it("due with others comes in the order in which they were set, sleeps and deadlines", function()
    virtual(function()
      local log = {}
      local function sleep(name)
        local ok = pcall(cohort.sleep, 2)
        log[#log + 1] = name .. (ok and " slept" or " was cut")
      end
      cohort.group(function(g)
        local kept
        g:spawn(sleep, "first")
        g:spawn(cohort.move_on_after, 2, sleep, "limited before")
        g:spawn(cohort.scope, function(scope)
          kept = scope
          sleep "limited after"
        end)
        g:spawn(sleep, "last")
        cohort.checkpoint()
        kept.deadline = 2
      end)
      assert.same({ "first slept", "limited before was cut", "limited after slept", "last slept" }, log)
    end)
  end)

  it("wakes sleepers in the order of their times, equal ones in the order they began", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        for i, length in ipairs { 3, 1, 2, 1, 3 } do
          g:spawn(function()
            cohort.sleep(length)
            log[#log + 1] = i
          end)
        end
      end)
      assert.same({ 2, 4, 3, 1, 5 }, log)
    end)
  end)
end)
