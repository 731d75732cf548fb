-- started: when the caller is cancelled already, who may call it, how often; pending and nested starts.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, fail = tasks.virtual, tasks.raised, tasks.fail

describe("a start that is cancelled already when started is called", function()
  -- Cancels the caller of start, then lets the child call started and end as `last` does.
  local function late(g, last)
    return cohort.scope(function(s)
      return g:start(function(started)
        s:cancel()
        started("ignored")
        return last()
      end)
    end)
  end

  it("raises Cancelled when the child reaches a checkpoint", function()
    virtual(function()
      cohort.group(function(g)
        assert.is_false(late(g, cohort.checkpoint))
        assert.equal(0, #g)
      end)
    end)
  end)

  it("returns when the child ends without one", function()
    virtual(function()
      cohort.group(function(g)
        local whole, task = late(g, function() return "value" end)
        assert.is_true(whole)
        assert.equal("value", task:result())
      end)
    end)
  end)

  it("raises the error of the child, and the group is not failed", function()
    virtual(function()
      cohort.group(function(g) assert.equal("x", raised(late, g, fail("x"))) end)
    end)
  end)

  it("raises Cancelled, not misuse, when the child swallows that and never calls started", function()
    virtual(function()
      cohort.group(function(g)
        assert.is_false(cohort.move_on_after(1, g.start, g, function() pcall(cohort.sleep_forever) end))
      end)
    end)
  end)
end)

describe("started", function()
  it("called twice is an error in the child", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:start(function(started)
          started(1)
          started(2)
        end)
      end)
      assert.matches("^spec/started_spec.lua:%d+: started was called already", err.errors[1])
    end)
  end)

  it("may be called by a helper function and by another task", function()
    virtual(function()
      cohort.group(function(g)
        local function helper(started) started("helper") end
        assert.equal("helper", select(2, g:start(helper)))
        assert.equal("other", select(2, g:start(function(started)
          g:spawn(started, "other")
          cohort.sleep(1)
        end)))
        assert.equal("own", select(2, g:start(function(started)
          cohort.group(function(h) h:spawn(started, "own") end)
        end)))
        assert.equal("coroutine", select(2, g:start(function(started)
          coroutine.wrap(started)("coroutine")
        end)))
      end)
    end)
  end)

  it("called when its task has ended is an error in the caller, whoever that is", function()
    virtual(function()
      cohort.group(function(g)
        local kept
        local errors = {}
        local function call() errors[#errors + 1] = raised(function() kept("late") end) end
        g:spawn(function()
          while not kept do cohort.checkpoint() end
          call()  -- in the pass in which the child ended, before its starter runs
        end)
        raised(g.start, g, function(started)
          cohort.checkpoint()
          kept = started
        end)
        call()
        assert.equal("x", raised(g.start, g, function(started)
          kept = started
          error("x", 0)
        end))
        call()
        assert.equal(3, #errors)
        for _, err in ipairs(errors) do
          assert.matches("^spec/started_spec.lua:%d+: started was called after its task had ended", err)
        end
      end)
    end)
  end)

  it("is harmless after its run has ended", function()
    local kept
    raised(virtual, function()
      cohort.group(function(g) g:start(function(started) kept = started cohort.sleep_forever() end) end)
    end)
    assert.matches("after its task had ended", raised(kept, 1))
    virtual(function() assert.matches("after its task had ended", raised(kept, 1)) end)
  end)
end)

describe("a pending start", function()
  it("keeps the group open when the body has ended and nothing else lives", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        local target
        outer:spawn(function()
          cohort.group(function(g)
            target = g
            cohort.sleep(1)
          end)
          log[#log + 1] = cohort.now()
        end)
        cohort.checkpoint()
        for i = 0, 1 do
          outer:spawn(function()
            cohort.sleep(i)
            target:start(function(started)
              cohort.sleep(2)
              started()
              cohort.sleep(3)
            end)
          end)
        end
      end)
      assert.same({ 6 }, log)
    end)
  end)

  it("that fails lets the group end", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        local target
        outer:spawn(function()
          cohort.group(function(g)
            target = g
            cohort.sleep(1)
          end)
          log[#log + 1] = cohort.now()
        end)
        cohort.checkpoint()
        for _, last in ipairs { fail("x"), function() end } do
          outer:spawn(pcall, target.start, target, function()
            cohort.sleep(2)
            last()
          end)
        end
      end)
      assert.same({ 2 }, log)
    end)
  end)

  it("that is cancelled lets the group end", function()
    virtual(function()
      cohort.group(function(g) cohort.move_on_after(1, g.start, g, cohort.sleep_forever) end)
      assert.equal(1, cohort.now())
    end)
  end)
end)

describe("a tree of starts", function()
  it("of a child that starts in the same group unfolds from the inside", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:start(function(outer)
          g:start(function(inner)
            cohort.sleep(1)
            log[#log + 1] = "inner"
            inner()
          end)
          log[#log + 1] = "outer"
          outer()
        end)
        log[#log + 1] = "body"
      end)
      assert.same({ "inner", "outer", "body" }, log)
    end)
  end)

  it("has the traceback of the child reach the starter", function()
    virtual(function()
      cohort.group(function(g)
        local text
        g:start(function(started)
          text = cohort.current_task():traceback()
          started()
        end)
        assert.matches("started_spec.lua", text)
      end)
    end)
  end)
end)
