-- Sequencers: who comes when, and what breaks one.
local cohort = require "cohort"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

describe("a sequencer", function()
  it("runs blocks in the order of their numbers, whichever task comes first", function()
    local log, seq = {}, testing.sequencer()
    local function blocks(...)
      for _, n in ipairs { ... } do
        local _ <close> = seq(n)
        log[#log + 1] = n
        cohort.sleep(1)
        log[#log + 1] = n
      end
    end
    virtual(function()
      cohort.group(function(g)
        g:spawn(blocks, 1, 4, 6)
        g:spawn(blocks, 0, 3)
        g:spawn(blocks, 2, 5)
      end)
    end)
    assert.same({ 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6 }, log)
  end)

  it("goes on when a block failed", function()
    virtual(function()
      local seq = testing.sequencer()
      local function fail()
        local _ <close> = seq(0)
        error "oops"
      end
      assert.is_false(pcall(fail))
      local _ <close> = seq(1)
    end)
  end)

  it("refuses a number that was used, and goes on", function()
    virtual(function()
      local seq = testing.sequencer()
      do local _ <close> = seq(0) end
      local err = raised(function() seq(0) end)
      assert.truthy(err:find("sequencer_spec.lua:%d+: block 0 of this sequencer exists already"))
      local _ <close> = seq(1)
    end)
  end)

  it("is broken when a block is cancelled before its turn: for who waits, and for who comes later", function()
    virtual(function()
      local seq = testing.sequencer()
      local errors = {}
      local function block(n)
        local ok, err = cohort.attempt(seq, n)
        if not ok then errors[n] = err end
      end
      cohort.group(function(g)
        g:spawn(block, 3)
        local second = g:spawn(block, 2)
        testing.wait_all_blocked()
        second:cancel()
        second:wait()
        assert.equal("cancelled", second:status())
        testing.wait_all_blocked()
        block(0)
      end)
      for _, n in ipairs { 0, 3 } do
        assert.is_true(cohort.is(errors[n], cohort.Broken))
        assert.truthy(errors[n].message:find("block 2 was cancelled while it waited for its turn"))
      end
      assert.equal("sequencer (broken)", tostring(seq))
    end)
  end)

  it("is not broken by a cancellation inside of a block", function()
    virtual(function()
      local seq = testing.sequencer()
      assert.is_false(cohort.move_on_after(1, function()
        local _ <close> = seq(0)
        cohort.sleep_forever()
      end))
      local _ <close> = seq(1)
      assert.equal("sequencer (2 taken)", tostring(seq))
    end)
  end)

  it("is a checkpoint also when the turn has come", function()
    virtual(function()
      local seq = testing.sequencer()
      assert.is_false(cohort.move_on_after(0, seq, 0))
      assert.is_true(cohort.is(raised(seq, 1), cohort.Broken))
    end)
  end)

  it("takes whole numbers only, in a task only", function()
    local seq = testing.sequencer()
    virtual(function()
      for _, n in ipairs { -1, 0.5, "0", false, 0 / 0, math.huge } do
        local err = raised(function() seq(n) end)
        assert.truthy(err:find("sequencer_spec.lua:%d+: a sequencer expects a whole number of 0 or more"))
      end
    end)
    assert.truthy(raised(function() seq(0) end):find("sequencer_spec.lua:%d+: a sequencer: no task runs"))
    assert.truthy(raised(function() seq.x = 1 end):find("sequencer_spec.lua:%d+: nothing can be assigned"))
    assert.equal("sequencer (0 taken)", tostring(seq))
  end)
end)
