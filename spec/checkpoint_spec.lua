-- What a call that may wait does: it sees cancellation before it has any effect, and nobody starves.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function is_cancelled(err) return cohort.is(err, cohort.Cancelled) end

-- Runs `body` in a scope that is cancelled already.
local function in_cancelled(body)
  return cohort.scope(function(s)
    s:cancel()
    body(s)
  end)
end

local function nothing() end

describe("a checkpoint", function()
  it("raises again and again while its task is cancelled, also after it was swallowed", function()
    virtual(function()
      in_cancelled(function()
        for _ = 1, 5 do
          local ok, err = pcall(cohort.checkpoint)
          assert.is_false(ok)
          assert.is_true(is_cancelled(err))
        end
      end)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("is every waiting function, whether it need wait or not", function()
    virtual(function()
      cohort.group(function(g)
        local ended, endless = g:spawn(nothing), g:spawn(cohort.sleep_forever)
        cohort.checkpoint()
        local calls = {
          checkpoint = { cohort.checkpoint },
          ["sleep(0)"] = { cohort.sleep, 0 },
          sleep = { cohort.sleep, 1 },
          ["sleep(math.huge)"] = { cohort.sleep, math.huge },
          sleep_until = { cohort.sleep_until, 1 },
          ["sleep_until in the past"] = { cohort.sleep_until, -1 },
          sleep_forever = { cohort.sleep_forever },
          wait = { endless.wait, endless },
          ["wait for one that has ended"] = { ended.wait, ended },
          join = { endless.join, endless },
          ["join of one that has ended"] = { ended.join, ended },
          start = { g.start, g, function(started) started() end },
        }
        in_cancelled(function()
          for name, call in pairs(calls) do
            local ok, err = pcall(table.unpack(call))
            assert.same({ name, false, true }, { name, ok, is_cancelled(err) })
          end
        end)
        assert.equal(0, cohort.now())
        g:cancel()
      end)
    end)
  end)

  it("has done nothing when it raised", function()
    virtual(function()
      local ran = 0
      local function count() ran = ran + 1 end
      cohort.group({ limit = 1 }, function(g)
        g:spawn(cohort.sleep, 1)
        in_cancelled(function()
          assert.is_false(pcall(g.start, g, count))
          assert.is_false(pcall(g.spawn, g, count))
          assert.equal(1, #g)
        end)
      end)
      assert.equal(0, ran)
    end)
  end)

  it("tells of misuse first", function()
    virtual(function()
      local lock = cohort.lock()
      lock:acquire()
      in_cancelled(function()
        local _, err = pcall(lock.acquire, lock)
        assert.matches("^spec/checkpoint_spec.lua:%d+: acquire: this task holds the lock already", err)
      end)
      lock:release()
    end)
  end)

  it("in a cancelled task lets others go first, and raises only if it is still cancelled then", function()
    virtual(function()
      local log = {}
      cohort.scope(function(outer)
        outer:cancel()
        cohort.scope(function(inner)
          cohort.group(function(g)
            g:spawn(function()
              log[#log + 1] = "other"
              inner.shield = true
            end)
            cohort.event():set()
            cohort.semaphore(1):acquire()
            log[#log + 1] = "acquired"
          end)
        end)
      end)
      assert.same({ "other", "acquired" }, log)
    end)
  end)

  it("lets every other ready task run once", function()
    virtual(function()
      local log = {}
      local function two_turns(name)
        for turn = 1, 2 do
          log[#log + 1] = name .. turn
          cohort.checkpoint()
        end
      end
      cohort.group(function(g)
        for _, name in ipairs { "a", "b", "c" } do g:spawn(two_turns, name) end
        for turn = 1, 2 do
          log[#log + 1] = "host" .. turn
          cohort.checkpoint()
        end
      end)
      assert.equal("host1 a1 b1 c1 host2 a2 b2 c2", table.concat(log, " "))
    end)
  end)

  for name, call in pairs {
    ["checkpoint()"] = function() cohort.checkpoint() end,
    ["sleep(0)"] = function() cohort.sleep(0) end,
    ["sleep_until a time that is over"] = function() cohort.sleep_until(-5) end,
  } do
    it(("%s switches, then tests"):format(name), function()
      virtual(function()
        local turns = 0
        cohort.group(function(g)
          local scope = cohort.current_scope()
          g:spawn(function()
            turns = turns + 1
            scope:cancel()
          end)
          assert.equal(0, turns)
          local ok, err = pcall(call)
          assert.equal(1, turns)
          assert.is_false(ok)
          assert.is_true(is_cancelled(err))
        end)
      end)
    end)
  end

  it("sees what cancelled() tells", function()
    virtual(function()
      assert.is_false(cohort.cancelled())
      in_cancelled(function()
        assert.is_true(cohort.cancelled())
        cohort.shield(function() assert.is_false(cohort.cancelled()) end)
      end)
      assert.is_false(cohort.cancelled())
    end)
  end)

  it("is seen by a task that was cancelled before its first step", function()
    virtual(function()
      local reached
      cohort.group(function(g)
        local task = g:spawn(function()
          reached = "the first checkpoint"
          cohort.checkpoint()
          reached = "beyond"
        end)
        task:cancel()
      end)
      assert.equal("the first checkpoint", reached)
    end)
  end)
end)

describe("a task that never waits", function()
  -- The longest row of calls between two turns of a sibling.
  local function longest_row(call)
    local row, longest = 0, 0
    virtual(function()
      cohort.group(function(g)
        local ended = g:spawn(nothing)
        local sibling = g:spawn(function()
          while true do
            row = 0
            cohort.checkpoint()
          end
        end)
        cohort.checkpoint()
        for _ = 1, 1000 do
          call(ended)
          row = row + 1
          longest = math.max(longest, row)
        end
        sibling:cancel()
      end)
    end)
    return longest
  end

  it("yields by itself after a bounded number of calls", function()
    local longest = longest_row(function(ended) ended:wait() end)
    assert.is_true(longest <= 64)
    assert.is_true(longest > 1)
  end)

  it("yields before the test, never between an effect and the return", function()
    virtual(function()
      cohort.group(function(g)
        local ended, calls, calls_then = g:spawn(nothing), 0, nil
        cohort.checkpoint()
        local scope = cohort.current_scope()
        g:spawn(function()
          calls_then = calls
          scope:cancel()
        end)
        local ok, err = pcall(function()
          for _ = 1, 1000 do
            ended:wait()
            calls = calls + 1
          end
        end)
        assert.is_false(ok)
        assert.is_true(is_cancelled(err))
        assert.equal(calls_then, calls)
      end)
    end)
  end)
end)

describe("in a cancelled scope", function()
  it("what cancels, spawns or defers never tests", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep_forever)
        in_cancelled(function(s)
          s:cancel()
          g:spawn(nothing)
          g:spawn_daemon(nothing)
          g:defer(nothing)
          task:cancel()
          g:cancel()
          s.deadline = 1
          s.shield = false
          assert.is_true(cohort.cancelled())
        end)
      end)
    end)
  end)

  it("entering and leaving a block is no checkpoint and no switch", function()
    virtual(function()
      local turns = 0
      cohort.group(function(g)
        g:spawn(function() turns = turns + 1 end)
        local whole = in_cancelled(function()
          assert.is_true(cohort.move_on_after(1, nothing))
          cohort.fail_after(0, nothing)
          cohort.move_on_at(-1, nothing)
          cohort.fail_at(1, nothing)
          cohort.shield(nothing)
          assert.is_true(cohort.scope(nothing))
          cohort.group(nothing)
          do local _ <close> = cohort.open_scope() end
          do local _ <close> = cohort.open_group() end
        end)
        assert.is_true(whole)
        assert.equal(0, turns)
      end)
      assert.equal(1, turns)
    end)
  end)

  it("code that reaches no checkpoint runs to its end and returns its results", function()
    virtual(function()
      assert.same({ true, "done" }, { cohort.scope(function(s)
        s:cancel()
        return "done"
      end) })
    end)
  end)
end)

describe("completion and cancellation in the same pass", function()
  -- A waiter for `ended`, and what happens at time 1 to both, in this order.
  local function meet(order)
    return virtual(function()
      local first, second
      cohort.group(function(g)
        local ended, scope
        local acts = {
          complete = function() ended = g:spawn(cohort.sleep, 1) end,
          cancel = function()
            g:spawn(function()
              cohort.sleep(1)
              scope:cancel()
            end)
          end,
        }
        for _, act in ipairs(order) do acts[act]() end
        g:spawn(function()
          cohort.scope(function(s)
            scope = s
            first = pcall(ended.wait, ended)
            second = pcall(cohort.checkpoint)
          end)
        end)
      end)
      return first, second
    end)
  end

  it("completion wins when it came first, and Cancelled comes at the next checkpoint", function()
    assert.same({ true, false }, { meet { "complete", "cancel" } })
  end)

  it("cancellation wins when it came first", function()
    assert.same({ false, false }, { meet { "cancel", "complete" } })
  end)

  it("completion wins over a deadline that passed before anybody looked", function()
    local clock = testing.clock()
    cohort.run({ clock = clock }, function()
      local log = {}
      cohort.group(function(g)
        local ended = g:spawn(function() clock:jump(2) end)
        local whole = cohort.move_on_after(1, function()
          ended:wait()
          log[#log + 1] = "woken"
          cohort.sleep(1)
          log[#log + 1] = "beyond"
        end)
        log[#log + 1] = whole
      end)
      assert.same({ "woken", false }, log)
    end)
  end)
end)
