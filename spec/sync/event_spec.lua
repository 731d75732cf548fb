-- Events: they happen once, for all who wait and all who come later.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

describe("an event", function()
  it("that is set wakes all in one pass, first in first out; whoever comes later does not wait", function()
    local log = {}
    virtual(function()
      local event = cohort.event()
      cohort.group(function(g)
        for i = 1, 3 do
          g:spawn(function()
            event:wait()
            log[#log + 1] = i
          end)
        end
        cohort.checkpoint()
        assert.is_false(event:is_set())
        event:set()
        assert.is_true(event:is_set())
        event:wait()
        log[#log + 1] = "later"
        cohort.checkpoint()
        assert.same({ "later", 1, 2, 3 }, log)
      end)
    end)
  end)

  it("may be set again, which does nothing", function()
    virtual(function()
      local event = cohort.event()
      event:set()
      event:set()
      event:wait()
      assert.is_true(event:is_set())
    end)
  end)

  it("can be made and set outside of a run, and waited for in one", function()
    local event, other = cohort.event(), cohort.event()
    event:set()
    virtual(function()
      event:wait()
      cohort.move_on_after(1, other.wait, other)
    end)
    other:set()
    assert.equal(0, virtual(function()
      other:wait()
      return cohort.now()
    end))
  end)

  it("is a checkpoint also when it is set", function()
    virtual(function()
      local event = cohort.event()
      event:set()
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(tasks.is_cancelled(raised(event.wait, event)))
        event:set()
        assert.is_true(event:is_set())
      end)
    end)
  end)

  it("that is set before its waiter is cancelled has happened for it, and not the other way round", function()
    for _, set_first in ipairs { true, false } do
      virtual(function()
        local event, got = cohort.event(), nil
        cohort.group(function(g)
          local task = g:spawn(function()
            got = pcall(event.wait, event)
            cohort.checkpoint()
          end)
          cohort.checkpoint()
          if set_first then event:set() end
          task:cancel()
          event:set()
          task:wait()
          assert.equal("cancelled", task:status())
        end)
        assert.equal(set_first, got)
      end)
    end
  end)

  it("forgets a waiter that was cancelled, and keeps the order of the others", function()
    virtual(function()
      local event, log = cohort.event(), {}
      cohort.group(function(g)
        local list = {}
        for i = 1, 3 do
          list[i] = g:spawn(function()
            event:wait()
            log[#log + 1] = i
          end)
        end
        cohort.checkpoint()
        list[2]:cancel()
        assert.matches("^event 0x%x+ %(not set, 2 waiting%)$", tostring(event))
        event:set()
        assert.matches("^event 0x%x+ %(set%)$", tostring(event))
      end)
      assert.same({ 1, 3 }, log)
    end)
  end)

  it("in a deadlock is named with how it stands", function()
    local err = raised(virtual, function() cohort.event():wait() end)
    assert.matches("waits for an event %(not set, 1 waiting%) at .*event_spec.lua:%d+", err.message)
  end)

  it("has an open metatable with its name", function()
    assert.equal("cohort.Event", getmetatable(cohort.event()).__name)
    assert.has_error(function() cohort.event().set = 1 end)
  end)
end)
