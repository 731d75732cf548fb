--- Specs that leave something behind.
local cohort = require "cohort"
local net = require "cohort.net"

local kept = {}

describe("a test", function()
  it("with a stream that it keeps", function()                         -- line 8
    kept[1] = net.listen("127.0.0.1", 0)
  end)

  it("with a stream that it forgets", function()                       -- line 12
    net.listen("127.0.0.1", 0)
  end)

  it("with a file", function()                                         -- line 16
    kept[2] = assert(io.open("leaking.lua"))
  end)

  it("with a value in the registry", function()                        -- line 20
    table.insert(debug.getregistry(), {})
  end)

  it("with nothing but memory", function()
    kept[3] = ("x"):rep(1000)
  end)

  it("with memory that grows", function() kept[#kept + 1] = ("x"):rep(1000) .. #kept end)

  it("with a stream, but it fails", function()
    kept[4] = net.listen("127.0.0.1", 0)
    error "oops"
  end)
end)

describe("after_each", function()
  after_each(function() if kept[5] then kept[5]:close() end end)       -- line 35

  it("has closed what is checked", function()
    kept[5] = net.listen("127.0.0.1", 0)
  end)

  it("is where what it did not close is told", function()              -- line 41
    kept[6] = net.listen("127.0.0.1", 0)
    cohort.checkpoint()
  end)
end)
