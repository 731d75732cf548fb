--- Specs that never end by themselves.
local cohort = require "cohort"
local net = require "cohort.net"
local pcall, rep = pcall, string.rep

describe("a test that", function()
  after_each(function() print("after_each runs", cohort.now()) end)

  it("is stuck", function()
    cohort.group(function(g)                                           -- line 10
      g:spawn(function()
        cohort.event():wait()                                          -- line 12
      end).name = "stuck"
    end)
  end)

  it("loops", function()
    local n = 0
    while n >= 0 do n = (n + 1) % 7 end                                -- line 19
  end)

  it("loops around pcall, deep in a task", function()
    cohort.group(function(g)                                           -- line 23
      g:spawn(function()
        local loop = cohort.coroutine.wrap(function()
          while true do pcall(rep, "x", 10) end                        -- line 26
        end)
        loop()
      end).name = "looping"
    end)
  end)

  it("waits for the outside", function()
    local listener <close> = net.listen("127.0.0.1", 0)
    listener:accept()                                                  -- line 35
  end)

  it("waits for the outside under a shield", function()
    local listener <close> = net.listen("127.0.0.1", 0)
    cohort.shield(listener.accept, listener)                           -- line 40
  end)

  it("passes", function() cohort.sleep(1) end)
end)
