--- Specs that pass: what lives how long, in which time, in which order.
local cohort = require "cohort"
local net = require "cohort.net"

local log = {}

describe("a test", function()
  local listener

  setup(function()
    cohort.sleep(5)
    log[#log + 1] = "setup " .. cohort.now()
  end)

  teardown(function()
    cohort.sleep(7)
    log[#log + 1] = "teardown " .. cohort.now()
    print(table.concat(log, ", "))
  end)

  before_each(function()
    listener = net.listen("127.0.0.1", 0)
    cohort.sleep(3)
  end)

  after_each(function()
    cohort.sleep(1)
    log[#log + 1] = "after " .. cohort.now()
    listener:close()
  end)

  it("has what before_each opened, and virtual time", function()
    assert.equal(3, cohort.now())
    cohort.sleep(3600)
    local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
    local accepted <close> = listener:accept()
    assert.equal(accepted.local_address.port, stream.peer_address.port)
  end)

  it("has a time of its own", function()
    assert.equal(3, cohort.now())
    finally(function()
      cohort.sleep(10)
      log[#log + 1] = "finally " .. cohort.now()
    end)
  end)

  it("may be left to later", function()
    cohort.checkpoint()
    pending "later"
  end)

  pending "without a function"

  describe("inside another", function()
    before_each(function() cohort.sleep(0.5) end)
    after_each(function() cohort.sleep(0.25) end)

    it("runs all that is around it", function()
      assert.equal(3.5, cohort.now())
    end)
  end)

  insulate("that is insulated", function()
    it("has the same modules", function()
      assert.equal(net, require "cohort.net")
    end)
  end)
end)

expose("what is exposed", function()
  setup(function() exposed_value = 1 end)  -- luacheck: ignore

  it("is seen in it", function()
    cohort.checkpoint()
    assert.equal(1, exposed_value)  -- luacheck: ignore
  end)
end)

it("runs outside of any block", function()
  cohort.sleep(1)
end)
