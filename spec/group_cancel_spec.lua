-- Groups and cancellation: from outside, by g:cancel, of one task alone; groups that collect.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, is_group = tasks.is_cancelled, tasks.is_group
local fail_when_cancelled, wait_and_log = tasks.fail_when_cancelled, tasks.wait_and_log

--- Runs `f` in a scope that is cancelled after one second, and tells what came out of `f`.
local function cut_after_1(f)
  local err
  local whole = cohort.move_on_after(1, function()
    local ok
    ok, err = pcall(f)
    if ok then err = "nothing" end
  end)
  assert.is_true(whole)
  return err
end

describe("a group cancelled from outside", function()
  it("lets one bare Cancelled through, however many tasks and layers there were", function()
    virtual(function()
      local log = {}
      local err = cut_after_1(function()
        cohort.group(function(g)
          for i = 1, 3 do g:spawn(wait_and_log, log, i) end
          cohort.group(function(h)
            h:spawn(wait_and_log, log, 4)
            h:spawn(cohort.group, function(i) i:spawn(wait_and_log, log, 5) end)
            wait_and_log(log, 6)
          end)
        end)
      end)
      assert.is_true(is_cancelled(err))
      table.sort(log)
      assert.same({ 1, 2, 3, 4, 5, 6 }, log)
    end)
  end)

  it("whose body had returned raises Cancelled when a task was cut", function()
    virtual(function()
      local err = cut_after_1(function()
        cohort.group(function(g)
          g:spawn(cohort.sleep_forever)
          return "lost"
        end)
      end)
      assert.is_true(is_cancelled(err))
    end)
  end)

  it("waits for its tasks uninterruptibly", function()
    virtual(function()
      cohort.move_on_after(1, function()
        cohort.move_on_after(2, function()
          cohort.group(function(g)
            g:spawn(function()
              pcall(cohort.sleep_forever)
              cohort.shield(cohort.sleep, 5)
            end)
          end)
        end)
      end)
      assert.equal(6, cohort.now())
    end)
  end)

  it("raises the errors when one failed, and the cancellation is still pending afterwards", function()
    virtual(function()
      local after
      local whole = cohort.move_on_after(1, function()
        local err = raised(cohort.group, function(g)
          g:spawn(fail_when_cancelled("clean-up"))
          g:spawn(cohort.sleep_forever)
          cohort.sleep_forever()
        end)
        assert.same({ "clean-up" }, shape(err))
        after = "handled"
        cohort.checkpoint()
        after = "never"
      end)
      assert.is_false(whole)
      assert.equal("handled", after)
    end)
  end)

  it("raises the error of a body that failed while it cleaned up", function()
    virtual(function()
      local err = cut_after_1(function()
        cohort.group(function()
          pcall(cohort.sleep_forever)
          error("body", 0)
        end)
      end)
      assert.same({ "body" }, shape(err))
    end)
  end)

  it("comes out as errors of each layer when two failed in one pass", function()
    virtual(function()
      local log = {}
      local whole = cohort.move_on_after(9, function()
        local err = raised(cohort.group, function(g)
          g:spawn(fail("outer", 1))
          local inner = raised(cohort.group, function(h)
            h:spawn(fail("inner", 1))
            cohort.sleep_forever()
          end)
          log[1] = shape(inner)[1]
          log[2] = cohort.cancelled()
          cohort.checkpoint()
          log[3] = "never"
        end)
        assert.same({ "outer" }, shape(err))
        cohort.checkpoint()
      end)
      assert.is_true(whole)
      assert.same({ "inner", true }, log)
    end)
  end)

  it("leaves nothing pending once its scope has ended it", function()
    virtual(function()
      raised(cohort.group, function(g) g:spawn(fail("failure")) cohort.sleep_forever() end)
      assert.is_false(cohort.cancelled())
      cohort.sleep(1)
      cohort.move_on_after(1, cohort.group, function() cohort.sleep_forever() end)
      cohort.checkpoint()
    end)
  end)

  it("before it was opened still runs its body and every task to the first checkpoint", function()
    virtual(function()
      local log = {}
      local whole = cohort.scope(function(s)
        s:cancel()
        cohort.group(function(g)
          g:spawn(function()
            log[#log + 1] = "task"
            cohort.checkpoint()
            log[#log + 1] = "never"
          end)
          log[#log + 1] = "body"
        end)
        log[#log + 1] = "never"
      end)
      assert.is_false(whole)
      assert.same({ "body", "task" }, log)
    end)
  end)

  it("raises nothing at its end when nothing in it was interrupted", function()
    virtual(function()
      local log = {}
      local whole = cohort.scope(function(s)
        s:cancel()
        log[1] = cohort.group(function() return "empty" end)
        log[2] = cohort.group(function(g)
          g:spawn(function() end)
          return "no checkpoint"
        end)
        log[3] = cohort.group(function(g)
          g:spawn(function() pcall(cohort.checkpoint) end)
          return "swallowed"
        end)
      end)
      assert.is_true(whole)
      assert.same({ "empty", "no checkpoint", "swallowed" }, log)
    end)
  end)
end)

describe("g:cancel", function()
  it("cancels tasks and body; the block ends without an error and returns nothing", function()
    virtual(function()
      local log = {}
      assert.equal(0, select("#", cohort.group(function(g)
        g:spawn(wait_and_log, log, "task")
        g:spawn(function()
          cohort.sleep(1)
          g:cancel()
        end)
        wait_and_log(log, "body")
        return "lost"
      end)))
      table.sort(log)
      assert.same({ "body", "task" }, log)
      assert.equal(1, cohort.now())
      cohort.checkpoint()
    end)
  end)

  it("keeps the results of a body that was not cut", function()
    virtual(function()
      assert.equal("kept", cohort.group(function(g)
        g:spawn(cohort.sleep_forever)
        g:cancel()
        return "kept"
      end))
      assert.equal("kept", cohort.group(function(g)
        g:spawn(function()
          cohort.sleep(1)
          g:cancel()
        end)
        g:spawn(cohort.sleep_forever)
        return "kept"
      end))
    end)
  end)

  it("is idempotent, and the first reason stays", function()
    virtual(function()
      cohort.group(function(g)
        g:cancel("first")
        g:cancel("second")
        g:cancel()
        assert.equal("first", g.scope.reason.text)
      end)
    end)
  end)

  it("lets errors of clean-up out", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(fail_when_cancelled("task"))
        cohort.checkpoint()
        g:cancel()
        pcall(cohort.checkpoint)
        error("body", 0)
      end)
      local errors = shape(err)
      table.sort(errors)
      assert.same({ "body", "task" }, errors)
    end)
  end)

  it("does not reach out of its group", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        outer:spawn(function()
          cohort.sleep(1)
          log[#log + 1] = "sibling"
        end)
        cohort.group(function(inner)
          inner:spawn(cohort.sleep_forever)
          inner:cancel()
          cohort.sleep_forever()
        end)
        log[#log + 1] = "after"
        cohort.checkpoint()
      end)
      assert.same({ "after", "sibling" }, log)
    end)
  end)

  it("lets Cancelled through when what is outside was cancelled too", function()
    virtual(function()
      local err
      cohort.scope(function(s)
        local ok
        ok, err = pcall(cohort.group, function(g)
          g:spawn(cohort.sleep_forever)
          cohort.checkpoint()
          g:cancel()
          s:cancel()
        end)
        assert.is_false(ok)
      end)
      assert.is_true(is_cancelled(err))
    end)
  end)

  it("of a group that has ended does nothing", function()
    virtual(function()
      local kept
      cohort.group(function(g) kept = g end)
      kept:cancel("late")
      assert.is_true(kept.scope.cancel_called)
      assert.is_false(kept.scope.cancelled_caught)
      cohort.checkpoint()
    end)
  end)

  it("refuses a reason that is no string", function()
    virtual(function()
      cohort.group(function(g)
        assert.matches("reason as a string", raised(g.cancel, g, {}))
        assert.matches("with a colon", raised(g.cancel, {}))
        assert.matches("with a colon, or f%(g.spawn, g%) for f to call it", raised(g.spawn))
        assert.is_false(g.scope.cancel_called)
      end)
    end)
  end)

  it("tells tasks and body why", function()
    virtual(function()
      local reasons = {}
      local function wait()
        local err = select(2, pcall(cohort.sleep_forever))
        reasons[#reasons + 1] = err.reason.kind .. " " .. err.reason.text
        error(err, 0)
      end
      cohort.group(function(g)
        g:spawn(wait)
        g:spawn(function() g:cancel("enough") end)
        wait()
      end)
      assert.same({ "cancel enough", "cancel enough" }, reasons)
    end)
  end)
end)

describe("a task cancelled on its own", function()
  it("is no failure: siblings and body go on, the group's results come back", function()
    virtual(function()
      local log = {}
      assert.equal("result", cohort.group(function(g)
        local task = g:spawn(cohort.sleep_forever)
        g:spawn(function()
          cohort.sleep(2)
          log[1] = "sibling"
        end)
        cohort.sleep(1)
        task:cancel()
        cohort.sleep(2)
        return "result"
      end))
      assert.same({ "sibling" }, log)
    end)
  end)

  it("and that raises while it unwinds has failed", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        local task = g:spawn(fail_when_cancelled("clean-up"))
        cohort.checkpoint()
        task:cancel()
        cohort.sleep_forever()
      end)
      assert.same({ "clean-up" }, shape(err))
    end)
  end)

  it("and that swallows Cancelled and returns has succeeded", function()
    virtual(function()
      local task
      cohort.group(function(g)
        task = g:spawn(function()
          pcall(cohort.sleep_forever)
          return "value"
        end)
        cohort.checkpoint()
        task:cancel()
      end)
      assert.equal("done", task:status())
      assert.equal("value", task:result())
    end)
  end)

  it("has groups of its own cancelled with it", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        local task = g:spawn(cohort.group, function(h) h:spawn(wait_and_log, log, "below") end)
        cohort.sleep(1)
        task:cancel()
      end)
      assert.same({ "below" }, log)
    end)
  end)
end)

describe("a collecting group", function()
  local function collecting(body) return cohort.group({ on_error = "collect" }, body) end

  it("raises every failure at its end and cancels nobody for one", function()
    virtual(function()
      local log = {}
      local err = raised(collecting, function(g)
        g:spawn(fail("a", 1))
        g:spawn(fail("b", 2))
        g:spawn(function()
          cohort.sleep(3)
          log[#log + 1] = "task"
        end)
        cohort.sleep(4)
        log[#log + 1] = "body"
      end)
      assert.same({ "a", "b" }, shape(err))
      assert.same({ "task", "body" }, log)
    end)
  end)

  it("returns its body's results when nothing failed", function()
    virtual(function()
      assert.equal("r", collecting(function(g)
        g:spawn(cohort.sleep, 1)
        return "r"
      end))
    end)
  end)

  it("cancels all when its body fails", function()
    virtual(function()
      local err = raised(collecting, function(g)
        g:spawn(fail("task", 1))
        g:spawn(cohort.sleep_forever)
        cohort.sleep(2)
        error("body", 0)
      end)
      assert.same({ "task", "body" }, shape(err))
      assert.equal(2, cohort.now())
    end)
  end)

  it("cut from outside raises one bare Cancelled, also when its body had returned", function()
    virtual(function()
      for _, body in ipairs {
        function(g) g:spawn(cohort.sleep_forever) return "lost" end,
        function() cohort.sleep_forever() end,
      } do
        assert.is_true(is_cancelled(cut_after_1(function() return collecting(body) end)))
      end
    end)
  end)

  it("cut from outside returns its results when every task swallowed that", function()
    virtual(function()
      local result
      cohort.move_on_after(1, function()
        result = collecting(function(g)
          g:spawn(pcall, cohort.sleep_forever)
          return "kept"
        end)
      end)
      assert.equal("kept", result)
    end)
  end)

  it("raises its failures rather than Cancelled when both happened", function()
    virtual(function()
      local err = cut_after_1(function()
        collecting(function(g)
          g:spawn(fail("early"))
          g:spawn(cohort.sleep_forever)
        end)
      end)
      assert.is_true(is_group(err))
      assert.same({ "early" }, shape(err))
    end)
  end)

  it("is ended by g:cancel without an error", function()
    virtual(function()
      assert.equal(0, select("#", collecting(function(g)
        g:spawn(cohort.sleep_forever)
        g:cancel()
        cohort.sleep_forever()
      end)))
    end)
  end)

  it("whose task was cancelled on its own returns its results", function()
    virtual(function()
      assert.equal("r", collecting(function(g)
        g:spawn(cohort.sleep_forever):cancel()
        return "r"
      end))
    end)
  end)
end)
