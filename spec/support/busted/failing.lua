--- Specs that fail: each must be told with its own line.
local cohort = require "cohort"

describe("a test that", function()
  it("fails", function()
    cohort.sleep(1)
    assert.equal(1, 2)                                                 -- line 7
  end)

  it("raises a string", function()
    cohort.sleep(1)
    error "oops"                                                       -- line 12
  end)

  it("raises a table", function()
    cohort.sleep(1)
    error { code = 7 }                                                 -- line 17
  end)

  it("fails in a task", function()
    cohort.group(function(g)
      g:spawn(function()
        assert.equal("a", "b")                                         -- line 23
      end)
    end)
  end)

  it("has two tasks that raise", function()
    cohort.group({ on_error = "collect" }, function(g)                 -- line 29
      g:spawn(error, "first")
      g:spawn(error, "second")
    end)
  end)

  it("registers a test", function()
    it("inside", function() end)                                       -- line 36
  end)

  it("passes after all", function()
    cohort.sleep(1)
  end)
end)

describe("a before_each that", function()
  before_each(function()
    cohort.sleep(1)
    error "fails"                                                      -- line 47
  end)

  after_each(function() print "after_each runs" end)

  it("keeps this from running", function() print "unreachable" end)
end)

describe("a finally that", function()
  it("fails", function()
    finally(function()
      cohort.sleep(1)
      error "at last"                                                  -- line 59
    end)
  end)
end)
