-- Streams as objects: closing, addresses, options, their text, and what happens when nobody closes them.
local cohort = require "cohort"
local core = require "cohort.core"
local net = require "cohort.net"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local pair, look, raised, handles = sockets.pair, sockets.look, tasks.raised, sockets.handles

local waiting = { "read", "read_some", "read_exactly", "read_until", "write", "shutdown" }
local arguments = { read_exactly = 1, read_until = "|", write = "x" }

-- Calls a method in a way that is no misuse.
local function call(stream, name)
  return stream[name](stream, arguments[name])
end

describe("close", function()
  it("never raises, may be called twice, and closes the handle", function()
    pair(function(a, b)
      local before = handles()
      a:close()
      a:close()
      look(2)
      assert.equal(before - 1, handles())
      assert.is_nil(b:read())
    end)
  end)

  it("is no checkpoint: clean-up in a cancelled scope may call it", function()
    pair(function(a)
      assert.is_false(cohort.move_on_after(0, function()
        a:close()
        assert.matches("closed", tostring(a))
        cohort.checkpoint()
      end))
    end)
  end)

  it("works outside of a run and after it", function()
    local stream = pair(function(a) return a end)
    stream:close()
    assert.matches("^stream 127.0.0.1:%d+ %(closed%)$", tostring(stream))
  end)

  it("is what <close> does, on any way out", function()
    pair(function(a, b)
      pcall(function()
        local _ <close> = a
        error "out"
      end)
      assert.is_nil(b:read())
    end)
  end)

  it("wakes those who wait with Closed", function()
    pair(function(a)
      cohort.group(function(g)
        local reader = g:spawn(pcall, a.read, a)
        local writer = g:spawn(pcall, a.write, a, ("x"):rep(30000000))
        look(10)
        a:close()
        for _, task in ipairs { reader, writer } do
          local ok, err = task:join()
          assert.is_false(ok)
          assert.is_true(cohort.is(err, cohort.Closed))
        end
      end)
    end)
  end)

  it("makes every use afterwards raise Closed", function()
    pair(function(a)
      a:close()
      for _, name in ipairs(waiting) do
        local err = raised(call, a, name)
        assert.is_true(cohort.is(err, cohort.Closed))
        assert.equal(name .. ": the stream is closed", err.message)
        assert.matches("stream_spec.lua:%d+$", err.where)
      end
      assert.is_true(cohort.is(raised(a:lines()), cohort.Closed))
      assert.is_true(cohort.is(raised(a.set_nodelay, a), cohort.Closed))
      assert.is_true(cohort.is(raised(a.set_keepalive, a), cohort.Closed))
    end)
  end)
end)

describe("a stream", function()
  it("is closed at the end of its run, and Closed in another", function()
    local stream = pair(function(_, b)
      return net.connect("127.0.0.1", b.local_address.port)
    end)
    assert.matches("closed", tostring(stream))
    assert.matches("no task runs here", raised(stream.read, stream))
    cohort.run(function()
      for _, name in ipairs(waiting) do
        assert.is_true(cohort.is(raised(call, stream, name), cohort.Closed))
      end
    end)
  end)

  it("tells both its addresses", function()
    pair(function(a, b)
      assert.equal("127.0.0.1", a.peer_address.host)
      assert.equal("inet", a.peer_address.family)
      assert.same(a.local_address, b.peer_address)
      assert.same(b.local_address, a.peer_address)
      assert.equal(a.peer_address, a.peer_address)
      a:close()
      assert.same(b.local_address, a.peer_address)
      assert.same(b.peer_address, a.local_address)
      b:close()
      assert.equal("table", type(b.peer_address))
    end)
  end)

  it("reads as text and has an open metatable", function()
    pair(function(a)
      assert.equal("stream 127.0.0.1:" .. a.peer_address.port, tostring(a))
      assert.equal("cohort.Stream", getmetatable(a).__name)
    end)
  end)

  it("takes the options of its socket", function()
    pair(function(a)
      a:set_nodelay()
      a:set_nodelay(false)
      a:set_keepalive()
      a:set_keepalive(true)
      a:set_keepalive(30)
      a:set_keepalive(0.5)
      a:set_keepalive(false)
      for _, bad in ipairs { 0, -1, 0 / 0, math.huge, 1e9 } do
        assert.matches("stream_spec.lua:%d+: set_keepalive expects",
          raised(function() a:set_keepalive(bad) end))
      end
      assert.matches("set_keepalive expects", raised(function() a:set_keepalive("on") end))
      assert.matches("stream_spec.lua:%d+: set_nodelay expects", raised(function() a:set_nodelay(1) end))
    end, { nodelay = true })
  end)

  it("warns when it is collected without close, and is closed", function()
    local result = child.run [[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local listener <close> = net.listen("127.0.0.1", 0)
        net.connect("127.0.0.1", listener.local_address.port)  -- line 4
        local peer <close> = listener:accept()
        collectgarbage()
        collectgarbage()
        print(peer:read())
        net.connect("127.0.0.1", listener.local_address.port):close()
        listener:accept()  -- line 10
        net.listen("127.0.0.1", 0)  -- line 11
        collectgarbage()
        collectgarbage()
      end)
      net = nil
      collectgarbage()
    ]]
    assert.equal("nil\n", result.out)
    assert.equal(0, result.code)
    local warnings = {}
    for line in result.err:gmatch("[^\n]+") do
      warnings[#warnings + 1] = line:match("cohort: a (%w+ opened at) .*(:%d+) was collected without close")
        .. line:match(":%d+ was"):match(":%d+")
    end
    table.sort(warnings)
    assert.same({ "listener opened at:11", "stream opened at:10", "stream opened at:4" }, warnings)
  end)

  it("is read and written by tasks only", function()
    pair(function(a)
      local err = raised(function() table.sort({ 1, 2 }, function() return a:read() end) end)
      assert.matches("cannot wait inside a function called by 'sort'", err)
    end)
  end)
end)

describe("a finalizer", function()
  it("may close what a task is reading from or accepting from", function()
    local function close_when_collected(what)
      setmetatable({}, { __gc = function() what:close() end })
    end
    local pause, multiplier = collectgarbage("setpause", 1), collectgarbage("setstepmul", 1000)
    for _ = 1, 30 do
      pair(function(a, b)
        a:write(("line\n"):rep(100))
        a:shutdown()
        look()
        close_when_collected(b)
        local ok, result
        repeat ok, result = pcall(b.read, b) until result ~= "line"
        assert.is_true(ok and result == nil or cohort.is(result, cohort.Closed))
      end)
      tasks.virtual(function()
        local listener <close> = net.listen("127.0.0.1", 0)
        for _ = 1, 5 do net.connect("127.0.0.1", listener.local_address.port):close() end
        close_when_collected(listener)
        for _ = 1, 5 do
          local ok, result = pcall(listener.accept, listener)
          if ok then result:close() else assert.is_true(cohort.is(result, cohort.Closed)) end
        end
      end)
    end
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", multiplier)
  end)
end)

describe("closing the state in the middle of everything", function()
  local program = [[
    local cohort, net = require "cohort", require "cohort.net"
    cohort.run(function()
      local listener = net.listen("127.0.0.1", 0)
      local port = listener.local_address.port
      local a = net.connect("127.0.0.1", port)
      local b = listener:accept()
      cohort.group(function(g)
        g:spawn(listener.accept, listener)
        g:spawn(a.read, a)
        g:spawn(b.read_exactly, b, 100)
        g:spawn(a.write, a, ("x"):rep(30000000))
        g:spawn(net.resolve, "localhost")
        g:spawn(net.connect, "localhost", port)
        cohort.sleep(0)
        cohort.sleep(0)
        %s
      end)
    end)
    print "over"
  ]]

  it("leaves nothing behind after os.exit", function()
    local result = child.run(program:format("os.exit(true, true)"))
    assert.equal(0, result.code)
    for line in result.err:gmatch("[^\n]+") do assert.matches("^Lua warning: .* without close", line) end
  end)

  it("leaves nothing behind after an error", function()
    local result = child.run(program:format("error 'boom'"))
    assert.equal(1, result.code)
    assert.matches("boom", result.err)
  end)

  it("leaves nothing behind when all is cancelled", function()
    local result = child.run(program:format("g:cancel()"))
    assert.same({ code = 0, out = "over\n", err = "" }, result)
  end)

  it("leaves nothing behind when it is interrupted while tasks are ready", function()
    pair(function(a, b)
      a:write("x")
      cohort.group(function(g)
        g:spawn(b.read, b, 1)
        g:spawn(net.resolve, "localhost")
        g:spawn(net.connect, "127.0.0.1", b.local_address.port)
        look()
        g:cancel()
      end)
    end)
    assert.equal(0, core.debug_counts().handles)
  end)
end)
