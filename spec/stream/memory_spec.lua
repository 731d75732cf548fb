-- Streams in memory: how much is on the way, who wakes whom, what time has to do with it.
local cohort = require "cohort"
local core = require "cohort.core"
local net = require "cohort.net"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

describe("net.pair", function()
  it("gives two streams that have no addresses", function()
    virtual(function()
      local a <close>, b = net.pair()
      local _ <close> = b
      for _, s in ipairs { a, b } do
        assert.equal("stream in memory", tostring(s))
        assert.is_nil(s.local_address)
        assert.is_nil(s.peer_address)
      end
    end)
  end)

  it("has so much on its way and no more", function()
    virtual(function()
      local a <close>, b = net.pair { capacity = 10 }
      local _ <close> = b
      a:write("0123456789")
      assert.is_false(cohort.move_on_after(1, a.write, a, "x"))
      a:write()
      cohort.group(function(g)
        assert.equal("0", b:read(1))
        local writer = g:spawn(a.write, a, "abcdefghijklmnopqrstuvwxyz")
        cohort.checkpoint()
        assert.equal("waiting", writer:status())
        assert.equal("123456789abcdefghijklmnopqrstuvwxyz", b:read_exactly(35))
        writer:join()
      end)
      local c <close>, d = net.pair { capacity = math.huge }
      local _ <close> = d
      c:write(("x"):rep(1000000))
      assert.equal(1000000, #d:read(1000000))
    end)
  end)

  it("takes no time, and none of the outside: a virtual clock jumps while it is waited for", function()
    virtual(function()
      local a <close>, b = net.pair()
      local _ <close> = b
      cohort.group(function(g)
        g:spawn(function()
          for i = 1, 3 do
            cohort.sleep(3600)
            a:write(i, "\n")
          end
        end)
        for i = 1, 3 do
          assert.equal(tostring(i), b:read())
          assert.equal(i * 3600, cohort.now())
        end
      end)
      assert.is_false(cohort.move_on_after(5, b.read, b))
      assert.equal(3 * 3600 + 5, cohort.now())
    end)
  end)

  it("breaks the other end when one is closed with bytes unread, which reads what it has first", function()
    virtual(function()
      local a <close>, b = net.pair()
      b:write("before\n")
      a:write("never read")
      b:close()
      assert.equal("before", a:read())
      for _ = 1, 2 do
        assert.is_true(cohort.is(raised(a.read, a), cohort.Broken))
        assert.is_true(cohort.is(raised(a.write, a, "x"), cohort.Broken))
      end
    end)
  end)

  it("refuses what it does not know", function()
    virtual(function()
      assert.matches("memory_spec.lua:%d+: pair has no option 'size'",
        raised(function() net.pair { size = 1 } end))
      assert.matches("option 'capacity' expects a whole number of 1 or more",
        raised(function() net.pair { capacity = 0 } end))
    end)
    assert.matches("no task runs here", raised(net.pair))
  end)

  it("that finds no memory for itself says so as Lua does for its own, in those words alone", function()
    virtual(function()
      for _, s in ipairs { net.pair() } do s:close() end  -- what is there once is there
      for n = 1, 2 do
        core.set_fault(n)
        local err = raised(function() return net.pair() end)
        core.set_fault(0)
        assert.equal("not enough memory", err)
      end
    end)
  end)

  it("takes the options of sockets, which mean nothing to it", function()
    virtual(function()
      local a <close>, b = net.pair()
      local _ <close> = b
      a:set_nodelay()
      a:set_keepalive(30)
      assert.is_nil(a:write("x").peer_address)
    end)
  end)

  it("warns when an end is collected without close", function()
    local result = child.run [[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local a = net.pair()  -- line 3
        collectgarbage()
        collectgarbage()
        print(a:read())
        a:close()
      end)
    ]]
    assert.equal("nil\n", result.out)
    assert.matches("a stream opened at [^\n]*:3 was collected without close", result.err)
  end)

  it("holds nothing once both ends are closed, and little while they are empty", function()
    virtual(function()
      local function round()
        local list = {}
        for i = 1, 100 do list[2 * i - 1], list[2 * i] = net.pair() end
        local held = core.debug_counts().bytes
        for _, s in ipairs(list) do s:close() end
        cohort.sleep(1)
        return held
      end
      round()
      local before = core.debug_counts()
      assert.is_true(round() - before.bytes < 200 * 1000)
      local after = core.debug_counts()
      assert.equal(before.bytes, after.bytes)
      assert.equal(before.handles, after.handles)
    end)
  end)

  -- Calls body(g) beside a task that has fifty turns, and then cancels it. None of it waits for the clock.
  local function have_turns(body)
    cohort.group(function(g)
      body(g)
      for _ = 1, 50 do cohort.checkpoint() end
      g:cancel()
    end)
  end

  it("lets others run while copies feed each other, or one feeds itself, and can be cancelled", function()
    for _, on_the_way in ipairs { 1, 5000, 60000 } do
      cohort.run(function()
        local a <close>, b = net.pair()
        local c <close>, d = net.pair()
        local _ <close> = b
        local _ <close> = d
        a:write(("x"):rep(on_the_way))
        have_turns(function(g) g:spawn(b.copy_to, b, a) end)
        have_turns(function(g)
          g:spawn(b.copy_to, b, c)
          g:spawn(d.copy_to, d, a)
        end)
        a:shutdown()
        c:shutdown()
        assert.equal(on_the_way, #(b:read "a" or "") + #(d:read "a" or ""))  -- no cut loses a byte
      end)
    end
  end)
end)
