-- Timeout and Aborted: the ordinary errors that stand where a cancellation ended.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local ValueError = cohort.error_type "ValueError"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

-- The raising forms: each runs f(...) for a second at most.
local forms = {
  fail_after = function(f, ...) return cohort.fail_after(1, f, ...) end,
  fail_at = function(f, ...) return cohort.fail_at(cohort.now() + 1, f, ...) end,
  open_scope = function(f, ...)
    local _ <close> = cohort.open_scope { timeout = 1 }
    return f(...)
  end,
}

for name, form in pairs(forms) do
  describe(name, function()
    it("raises Timeout when its deadline cut it", function()
      virtual(function()
        local err = raised(form, cohort.sleep, 5)
        assert.is_true(cohort.is(err, cohort.Timeout))
        assert.is_true(cohort.is(err, cohort.Error))
        assert.is_false(cohort.is(err, cohort.Cancelled))
        assert.equal("deadline", err.reason.kind)
        assert.equal(1, cohort.now())
        assert.is_true(pcall(cohort.checkpoint))
      end)
    end)

    it("raises Aborted when it was cancelled, though its deadline passes before its end", function()
      virtual(function()
        local err = raised(form, function()
          cohort.current_scope():cancel "enough"
          cohort.shield(cohort.sleep, 5)
          cohort.checkpoint()
        end)
        assert.is_true(cohort.is(err, cohort.Aborted))
        assert.is_false(cohort.is(err, cohort.Timeout))
        assert.equal("cancel", err.reason.kind)
        assert.equal("enough", err.reason.text)
      end)
    end)

    it("raises nothing when nothing was cut, however late", function()
      virtual(function()
        assert.equal("value", form(function()
          cohort.shield(cohort.sleep, 3)
          return "value"
        end))
        assert.equal("value", form(function()
          cohort.sleep(0.5)
          return "value"
        end))
      end)
    end)

    it("gives a value that came out of a swallowed cancellation", function()
      virtual(function()
        assert.same({ "value", nil, 3 }, { form(function()
          pcall(cohort.sleep, 5)
          return "value", nil, 3
        end) })
      end)
    end)

    it("lets an error win that clean-up raised", function()
      virtual(function()
        local err = ValueError "clean-up"
        assert.is_true(rawequal(err, raised(form, function()
          local _ <close> = setmetatable({}, { __close = function() error(err) end })
          cohort.sleep(5)
        end)))
        assert.is_true(rawequal(err, raised(form, function()
          cohort.try(function() cohort.sleep(5) end, cohort.finally(function() error(err) end))
        end)))
      end)
    end)

    it("lets a foreign error through though the time was up", function()
      virtual(function()
        assert.equal("foreign", raised(form, function()
          pcall(cohort.sleep, 5)
          error("foreign", 0)
        end))
      end)
    end)

    it("does not turn a cancellation from outside into Timeout", function()
      virtual(function()
        local beyond
        local whole = cohort.move_on_after(0.5, function()
          form(cohort.sleep, 5)
          beyond = true
        end)
        assert.is_false(whole)
        assert.is_nil(beyond)
      end)
      virtual(function()
        local beyond
        assert.is_false(cohort.scope(function(s)
          form(function()
            local _ <close> = setmetatable({}, { __close = function() s:cancel() end })
            cohort.sleep(5)
          end)
          beyond = true
        end))
        assert.is_nil(beyond)
      end)
    end)

    it("tells where its own task was stuck", function()
      virtual(function()
        local function stuck_here() cohort.sleep(5) end
        local line = debug.getinfo(stuck_here, "S").linedefined
        local err = raised(form, function()
          local value = stuck_here()
          return value
        end)
        assert.truthy(err.traceback:find("timeout_spec.lua:" .. line .. ": in"))
        assert.truthy(err.traceback:find("'stuck_here'"))
      end)
    end)

    it("tells where it was stuck when that was the end of a group", function()
      virtual(function()
        pcall(form, function() cohort.sleep(5) end)  -- leaves nothing that could be taken for it
        local line
        local err = raised(form, function()
          line = debug.getinfo(1, "l").currentline + 1
          cohort.group(function(g) g:spawn(cohort.sleep, 5) end)
          return nil
        end)
        assert.truthy(err.traceback:find("timeout_spec.lua:" .. line .. ": in"))
      end)
    end)

    it("tells where it was stuck, not where its clean-up failed to wait", function()
      virtual(function()
        local function stuck_here() cohort.sleep(5) end
        local err = raised(form, function()
          local _ <close> = setmetatable({}, { __close = function()
            pcall(cohort.sleep, 1)
            pcall(cohort.shield, error, ValueError "x")
          end })
          local value = stuck_here()
          return value
        end)
        assert.truthy(err.traceback:find("'stuck_here'"))
      end)
    end)

    it("fails its task like any error", function()
      virtual(function()
        local eg = raised(cohort.group, function(g)
          g:spawn(function() form(cohort.sleep, 5) end)
        end)
        assert.is_true(cohort.is(eg:sole(), cohort.Timeout))
      end)
    end)

    it("works while a cancelled task cleans up, under a shield", function()
      virtual(function()
        local log = {}
        cohort.move_on_after(1, function()
          local _ <close> = setmetatable({}, { __close = function()
            cohort.shield(function()
              log[#log + 1] = cohort.is(raised(form, cohort.sleep, 9), cohort.Timeout)
            end)
          end })
          cohort.sleep(5)
        end)
        assert.same({ true }, log)
        assert.equal(2, cohort.now())
      end)
    end)

    it("nested at equal deadlines raises once, from the outside", function()
      virtual(function()
        local inner_raised
        local err = raised(form, function()
          inner_raised = true
          form(cohort.sleep, 5)
          inner_raised = "went on"
        end)
        assert.is_true(cohort.is(err, cohort.Timeout))
        assert.is_true(inner_raised)
      end)
    end)
  end)
end

describe("Timeout", function()
  it("says how long it was", function()
    virtual(function()
      assert.equal("timed out after 1s", raised(cohort.fail_after, 1, cohort.sleep, 5).message)
      assert.equal("timed out after 0.25s", raised(cohort.fail_after, 0.25, cohort.sleep, 5).message)
      assert.equal("timed out", raised(cohort.fail_at, 0, cohort.checkpoint).message)
    end)
  end)

  it("of one deadline over many tasks is one, for the tasks are not failures", function()
    virtual(function()
      local err = raised(cohort.fail_after, 1, function()
        cohort.group(function(g)
          for _ = 1, 10 do g:spawn(cohort.sleep, 5) end
        end)
      end)
      assert.is_true(cohort.is(err, cohort.Timeout))
    end)
  end)

  it("loses to the error of a task that failed while it was cancelled", function()
    virtual(function()
      local eg = raised(cohort.fail_after, 1, function()
        cohort.group(function(g)
          g:spawn(function()
            pcall(cohort.sleep, 5)
            error(ValueError "late")
          end)
        end)
      end)
      assert.is_true(cohort.is(eg, cohort.ErrorGroup))
      assert.equal("late", eg:sole().message)
    end)
  end)

  it("waits for the clean-up of what it cut", function()
    virtual(function()
      raised(cohort.fail_after, 1, function()
        cohort.group(function(g)
          g:spawn(function()
            local _ <close> = setmetatable({}, { __close = function() cohort.shield(cohort.sleep, 3) end })
            cohort.sleep(5)
          end)
        end)
      end)
      assert.equal(4, cohort.now())
    end)
  end)
end)

describe("a block cut in its middle", function()
  it("does not run the rest of the block, and its error may be caught around it", function()
    virtual(function()
      local log = {}
      local ok, err = cohort.attempt(function()
        local s <close> = cohort.open_scope { timeout = 2, name = "work" }
        log[#log + 1] = tostring(s)
        cohort.sleep(5)
        log[#log + 1] = "rest"
      end)
      assert.is_false(ok)
      assert.is_true(cohort.is(err, cohort.Timeout))
      assert.same({ "scope 'work' (open)" }, log)
    end)
  end)

  it("that was cancelled and left without a checkpoint ends quietly", function()
    virtual(function()
      local left
      do
        local s <close> = cohort.open_scope()
        s:cancel()
      end
      left = true
      assert.is_true(left)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("ends by return, break and goto as by falling out", function()
    virtual(function()
      local function by_return()
        local _ <close> = cohort.open_scope { timeout = 1 }
        return 1, nil, 3
      end
      assert.same({ 1, nil, 3 }, { by_return() })
      for i = 1, 3 do
        local _ <close> = cohort.open_scope { timeout = i }
        if i == 2 then break end
      end
      do
        local _ <close> = cohort.open_scope { timeout = 1 }
        goto out
      end
      ::out::
      assert.equal(math.huge, cohort.current_deadline())
    end)
  end)
end)
