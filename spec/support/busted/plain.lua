--- Specs that make runs of their own, and one that should say so.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"

local log = {}

describe("a plain test", function()
  local listener

  before_each(function()
    listener = net.listen("127.0.0.1", 0)
    cohort.sleep(1)
    log[#log + 1] = "before"
  end)

  after_each(function()
    listener:close()
    cohort.sleep(1)
    log[#log + 1] = "after"
  end)

  it("runs all that runs it again", testing.plain(function()
    assert.is_true(testing.explore(function() cohort.sleep(1) end).exhaustive)
    assert.equal(8, testing.cancel_everywhere(function() cohort.sleep(1) end).runs)
    assert.equal(2, testing.fail_everywhere(function() cohort.sleep(1) end).runs)
  end))

  it("is no task", testing.plain(function()
    assert.is_nil(cohort.current_task())
    finally(function()
      cohort.sleep(1)
      log[#log + 1] = "finally"
    end)
  end))

  it("fails with its line", testing.plain(function()
    assert.equal(1, 2)                                                 -- line 38
  end))

  it("finds a lost update", testing.plain(function()
    local function count(state)
      local seen = state.n
      cohort.checkpoint()
      state.n = seen + 1
    end
    testing.explore(function()                                         -- line 47
      local state = { n = 0 }
      cohort.group(function(g)
        g:spawn(count, state)
        g:spawn(count, state)
      end)
      assert(state.n == 2)
    end)
  end))

  it("leaves a file open", testing.plain(function()                    -- line 57
    log.kept = assert(io.open "plain.lua")
  end))
end)

describe("a test that is none", function()
  it("is told how", function()
    testing.explore(function() end)                                    -- line 64
  end)

  it("is a task", function() cohort.sleep(1) end)

  it("is none without waiting", testing.plain(function() cohort.run(cohort.checkpoint) end))

  teardown(function() print(table.concat(log, ", ")) end)
end)
