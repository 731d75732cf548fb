-- Shields: what comes from outside stays outside, as long as the attribute is on.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function nothing() end

describe("a shield", function()
  it("lets clean-up wait in a cancelled scope, and the cancellation goes on after it", function()
    virtual(function()
      local log = {}
      local whole = cohort.scope(function(s)
        s:cancel()
        cohort.shield(function()
          cohort.sleep(2)
          log[#log + 1] = cohort.now()
        end)
        log[#log + 1] = "left"
        cohort.checkpoint()
        log[#log + 1] = "beyond"
      end)
      assert.is_false(whole)
      assert.same({ 2, "left" }, log)
    end)
  end)

  it("hides what comes from outside while its task waits", function()
    virtual(function()
      cohort.group(function(g)
        local slept
        g:spawn(function()
          cohort.shield(cohort.sleep, 3)
          slept = cohort.now()
          assert.is_false(pcall(cohort.checkpoint))
        end)
        cohort.sleep(1)
        g:cancel()
        assert.is_nil(slept)
        cohort.shield(cohort.sleep, 5)
        assert.equal(3, slept)
      end)
    end)
  end)

  it("does not hide its own cancel, nor its own deadline", function()
    virtual(function()
      assert.is_false(cohort.scope({ shield = true }, function(s)
        s:cancel()
        cohort.checkpoint()
      end))
      assert.is_false(cohort.scope({ shield = true, timeout = 1 }, function() cohort.sleep_forever() end))
      assert.equal(1, cohort.now())
    end)
  end)

  it("does not hide the cancel or the deadline of scopes inside it", function()
    virtual(function()
      cohort.shield(function()
        assert.is_false(cohort.move_on_after(1, cohort.sleep, 2))
        assert.is_false(pcall(cohort.fail_after, 1, cohort.sleep, 2))
      end)
      assert.equal(2, cohort.now())
    end)
  end)

  it("with a deadline of its own bounds clean-up in a cancelled scope", function()
    virtual(function()
      local log = {}
      cohort.scope(function(s)
        s:cancel()
        log[1] = cohort.scope({ shield = true, timeout = 1 }, function() cohort.sleep(5) end)
        log[2] = cohort.now()
        log[3] = cohort.shield(cohort.move_on_after, 1, cohort.sleep, 5)
        log[4] = cohort.now()
        local ok, err = pcall(cohort.shield, cohort.fail_after, 1, cohort.sleep, 5)
        log[5] = ok
        log[6] = cohort.is(err, cohort.Timeout)
      end)
      assert.same({ false, 1, false, 2, false, true }, log)
    end)
  end)

  it("switched off lets a pending cancellation arrive at once", function()
    virtual(function()
      local woken_at
      cohort.group(function(g)
        local scope
        g:spawn(function()
          cohort.scope({ shield = true }, function(s)
            scope = s
            pcall(cohort.sleep, 100)
            woken_at = cohort.now()
          end)
        end)
        cohort.sleep(1)
        g:cancel()
        cohort.shield(cohort.sleep, 1)
        assert.is_nil(woken_at)
        scope.shield = false
        cohort.shield(cohort.sleep, 1)
        assert.equal(2, woken_at)
      end)
    end)
  end)

  it("switched on hides what came before, for the next checkpoint on", function()
    virtual(function()
      cohort.scope(function(outer)
        cohort.scope(function(s)
          outer:cancel()
          assert.is_false(pcall(cohort.checkpoint))
          s.shield = true
          assert.is_true(pcall(cohort.checkpoint))
          s.shield = false
          assert.is_false(pcall(cohort.checkpoint))
        end)
      end)
    end)
  end)

  it("switched on while Cancelled is on its way out of a task lets it go on to who caused it", function()
    virtual(function()
      local task
      assert.is_false(cohort.move_on_after(1, cohort.scope, function(s)
        cohort.group(function(g)
          task = g:spawn(function()
            local _, err = pcall(cohort.sleep, 5)
            s.shield = true
            error(err, 0)
          end)
        end)
      end))
      assert.equal("cancelled", task:status())
      assert.is_true(cohort.is(task:error(), cohort.Aborted))
    end)
  end)

  it("on the scope of a group covers the tasks in it", function()
    virtual(function()
      local slept = 0
      cohort.scope(function(s)
        cohort.group(function(g)
          g.scope.shield = true
          g:spawn(function()
            cohort.sleep(1)
            slept = slept + 1
          end)
          s:cancel()
          cohort.sleep(2)
          slept = slept + 1
        end)
        assert.is_false(pcall(cohort.checkpoint))
      end)
      assert.equal(2, slept)
    end)
  end)

  it("covers tasks of groups opened inside it, to any depth", function()
    virtual(function()
      local slept = 0
      cohort.scope(function(s)
        s:cancel()
        cohort.shield(function()
          cohort.group(function(g)
            g:spawn(function()
              cohort.group(function(inner)
                inner:spawn(function()
                  cohort.sleep(1)
                  slept = slept + 1
                end)
              end)
            end)
          end)
        end)
      end)
      assert.equal(1, slept)
    end)
  end)

  it("opened by the host in the body does not cover its siblings", function()
    virtual(function()
      local sibling = "slept"
      cohort.scope(function(s)
        cohort.group(function(g)
          cohort.shield(function()
            g:spawn(function()
              if not pcall(cohort.sleep, 2) then sibling = "cancelled" end
            end)
            cohort.sleep(1)
            s:cancel()
            cohort.sleep(5)
          end)
        end)
      end)
      assert.equal("cancelled", sibling)
      assert.equal(6, cohort.now())
    end)
  end)

  it("of three levels lets the cancellation through level by level", function()
    virtual(function()
      local log = {}
      local function try(name)
        log[#log + 1] = name .. (pcall(cohort.checkpoint) and " passes" or " raises")
      end
      cohort.scope(function(outer)
        outer:cancel()
        try "outer"
        cohort.scope({ shield = true }, function(middle)
          try "middle"
          cohort.scope({ shield = true }, function(inner)
            try "inner"
            middle:cancel()
            try "inner, middle cancelled"
            inner.shield = false
            try "inner, unshielded"
          end)
          try "middle"
        end)
        try "outer"
      end)
      assert.same({
        "outer raises", "middle passes", "inner passes", "inner, middle cancelled passes",
        "inner, unshielded raises", "middle raises", "outer raises",
      }, log)
    end)
  end)

  it("stops at its end: nothing is left of it, and leaving it is no checkpoint", function()
    virtual(function()
      local passed
      cohort.scope(function(s)
        s:cancel()
        cohort.shield(nothing)
        passed = true
        assert.is_true(cohort.cancelled())
      end)
      assert.is_true(passed)
    end)
  end)

  it("lets an error through as it is, in a cancelled scope too", function()
    virtual(function()
      local err = {}
      local ok, same = pcall(cohort.scope, function(s)
        s:cancel()
        cohort.shield(function()
          cohort.sleep(1)
          error(err)
        end)
      end)
      assert.is_false(ok)
      assert.is_true(rawequal(err, same))
    end)
  end)

  it("expects a function", function()
    virtual(function()
      local ok, err = pcall(function() cohort.shield(7) end)
      assert.is_false(ok)
      assert.truthy(err:find("shield_spec.lua:%d+: shield expects a function, got number"))
    end)
  end)
end)
