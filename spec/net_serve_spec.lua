-- serve: a task for each connection, what its end means, errors, limits and want of descriptors.
local cohort = require "cohort"
local net = require "cohort.net"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local raised, look, handles = tasks.raised, sockets.look, sockets.handles
local listening = sockets.listening

describe("serve", function()
  local function echo(stream)
    for line in stream:lines() do stream:write(line, "\n") end
  end

  it("calls the handler in a task for each connection", function()
    listening(function(listener, port)
      cohort.group(function(g)
        g:spawn_daemon(net.serve, listener, echo)
        for i = 1, 20 do
          g:spawn(function()
            local stream <close> = net.connect("127.0.0.1", port)
            for j = 1, 5 do
              stream:write(i, " ", j, "\n")
              assert.equal(("%d %d"):format(i, j), stream:read())
              cohort.checkpoint()
            end
          end)
        end
      end)
    end)
  end)

  it("closes a stream when its handler has ended", function()
    listening(function(listener, port)
      cohort.group(function(g)
        local served
        g:spawn_daemon(net.serve, listener, function(stream) served = stream end)
        local stream <close> = net.connect("127.0.0.1", port)
        assert.is_nil(stream:read())
        assert.matches("closed", tostring(served))
      end)
    end)
  end)

  it("names a connection's task after its peer", function()
    listening(function(listener, port)
      cohort.group(function(g)
        local name
        g:spawn_daemon(net.serve, listener, function() name = cohort.current_task().name end)
        local stream <close> = net.connect("127.0.0.1", port)
        stream:read()
        assert.equal("stream 127.0.0.1:" .. stream.local_address.port, name)
      end)
    end)
  end)

  it("tells on_error of an error in a handler, with the stream still open, and goes on", function()
    listening(function(listener, port)
      local told = {}
      cohort.group(function(g)
        g:spawn_daemon(net.serve, listener, { on_error = function(err, stream)
          told[#told + 1] = err
          stream:write("sorry\n")
        end }, function(stream)
          if stream:read() == "bad" then error("bad request", 0) end
          stream:write("fine\n")
        end)
        for _, request in ipairs { "bad", "good", "bad" } do
          local stream <close> = net.connect("127.0.0.1", port)
          stream:write(request, "\n")
          assert.equal(request == "bad" and "sorry" or "fine", stream:read())
          assert.is_nil(stream:read())
        end
      end)
      assert.same({ "bad request", "bad request" }, told)
    end)
  end)

  it("fails with what on_error raises, which tells of the handler's error", function()
    listening(function(listener, port)
      local mistake = cohort.Error "a mistake"
      local stream <close> = net.connect("127.0.0.1", port)
      local function fail() error("bad request", 0) end
      local text = tostring(raised(net.serve, listener, { on_error = function() error(mistake) end }, fail))
      assert.equal("bad request", mistake.context)
      assert.matches("Error: a mistake\n.*while handling: bad request", text)
      local other <close> = net.connect("127.0.0.1", port)
      text = tostring(raised(net.serve, listener, { on_error = function() error("no value", 0) end }, fail))
      assert.matches("no value\n.*while handling: bad request", text)
      assert.is_nil(other:read())
      assert.is_nil(stream:read())
    end)
  end)

  it("leaves out of tracebacks the groups of which it shows no frame", function()
    listening(function(listener, port)
      local text
      cohort.group(function(g)
        g:spawn_daemon(net.serve, listener, { on_error = function(err) text = tostring(err) end }, function()
          cohort.gather { function() error "no" end }
        end)
        local stream <close> = net.connect("127.0.0.1", port)
        stream:read()
      end)
      assert.matches("task 'gather 1': [^\n]*: no\n", text)
      assert.matches("\n     in a group of\n     [^\n]*net_serve_spec.lua:%d+: in ", text)
      assert.is_nil(text:match "in a group of\n *in a group of", text)
      assert.is_nil(text:match "in a group of$", text)
    end)
  end)

  it("fails with a handler's error without on_error, cancels the others, leaves the listener", function()
    listening(function(listener, port)
      local a, b = net.connect("127.0.0.1", port), net.connect("127.0.0.1", port)
      local log = {}
      b:write("fail\n")
      local err = raised(net.serve, listener, function(stream)
        local _ <close> = setmetatable({}, {
          __close = function(_, e) log[#log + 1] = tasks.is_cancelled(e) end,
        })
        if stream:read() == "fail" then error("failed", 0) end
      end)
      assert.same({ "failed" }, tasks.shape(err))
      assert.same({ false, true }, log)
      assert.is_nil(a:read())
      a:close()
      b:close()
      net.connect("127.0.0.1", port):close()
      listener:accept():close()
    end)
  end)

  it("that is cancelled cancels its handlers, closes their streams and the listener", function()
    listening(function(listener, port)
      look(2)
      local before = handles()
      local stream <close> = net.connect("127.0.0.1", port)
      local seen
      assert.is_false(cohort.move_on_after(1, net.serve, listener, function(s)
        seen = s
        s:read()
      end))
      assert.matches("closed", tostring(listener))
      assert.matches("closed", tostring(seen))
      assert.is_nil(stream:read())
      stream:close()
      look(2)
      assert.equal(before - 1, handles())
    end)
  end)

  it("returns when its listener is closed and the handlers have ended", function()
    listening(function(listener, port)
      cohort.group(function(g)
        local server = g:spawn(net.serve, listener, echo)
        local stream <close> = net.connect("127.0.0.1", port)
        stream:write("one\n")
        assert.equal("one", stream:read())
        listener:close()
        look(3)
        assert.equal("waiting", server:status())
        stream:write("two\n")
        assert.equal("two", stream:read())
        stream:close()
        server:join()
      end)
    end)
  end)

  it("handles no more than its limit at once", function()
    listening(function(listener, port)
      local now, most, served = 0, 0, 0
      cohort.group(function(g)
        g:spawn_daemon(net.serve, listener, { limit = 3 }, function(stream)
          now, served = now + 1, served + 1
          most = math.max(most, now)
          stream:read()
          now = now - 1
        end)
        for _ = 1, 20 do
          g:spawn(function()
            local stream <close> = net.connect("127.0.0.1", port)
            look(3)
            stream:write("\n")
            assert.is_nil(stream:read())
          end)
        end
      end)
      assert.equal(3, most)
      assert.equal(20, served)
    end)
  end)

  it("that is cancelled in a full group closes the stream it could not hand on", function()
    listening(function(listener, port)
      look(2)
      local before = handles()
      local a <close> = net.connect("127.0.0.1", port)
      local b <close> = net.connect("127.0.0.1", port)
      assert.is_false(cohort.move_on_after(1, net.serve, listener, { limit = 1 }, function(s) s:read() end))
      assert.is_nil(a:read())
      assert.is_nil(b:read())
      a:close()
      b:close()
      look(2)
      assert.equal(before - 1, handles())
    end)
  end)

  it("goes on when descriptors ran out and were given back, and tells on_error once", function()
    local result = child.run_clean([[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local listener = net.listen("127.0.0.1", 0)
        local port, told, served = listener.local_address.port, {}, 0
        cohort.group(function(g)
          g:spawn_daemon(net.serve, listener, { on_error = function(err) told[#told + 1] = err.code end },
            function(stream)
              served = served + 1
              stream:read()
            end)
          local clients = {}
          repeat
            local ok, stream = pcall(net.connect, "127.0.0.1", port)
            clients[#clients + 1] = ok and stream or nil
          until not ok
          cohort.sleep(0.01)
          for _, stream in ipairs(clients) do stream:close() end
          cohort.fail_after(30, function() while served < #clients do cohort.sleep(0.01) end end)
        end)
        print(#told, told[1])
      end)
    ]], "ulimit -n 40; lua5.4")
    assert.equal("", result.err)
    assert.equal("1\tEMFILE\n", result.out)
  end)

  it("takes all connections that are there before it waits, however many", function()
    listening(function(listener, port)
      local clients, served = {}, 0
      for i = 1, 300 do clients[i] = net.connect("127.0.0.1", port) end
      cohort.group(function(g)
        g:spawn_daemon(net.serve, listener, function(stream)
          served = served + 1
          stream:read()
        end)
        look(3)
        assert.equal(300, served)
        for i = 1, 300 do clients[i]:close() end
      end)
    end)
  end)

  it("asks the system once whether connections are there, and takes one in each turn", function()
    listening(function(listener, port)
      local clients, served, turns = {}, 0, 0
      for i = 1, 50 do clients[i] = net.connect("127.0.0.1", port) end
      cohort.group(function(g)
        g:spawn_daemon(net.serve, listener, function(stream)
          served = served + 1
          stream:read()
        end)
        while served < 50 do
          cohort.checkpoint()
          turns = turns + 1
          assert.is_true(turns < 150, turns)  -- one that asks each time waits over sixty turns for each
        end
        for i = 1, 50 do clients[i]:close() end
      end)
    end)
  end)

  it("fails with what on_error raises about an accept, which tells of that error", function()
    local result = child.run_clean([[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local listener <close> = net.listen("127.0.0.1", 0)
        local port, clients, ok = listener.local_address.port, {}, true
        while ok do
          ok, clients[#clients + 1] = pcall(net.connect, "127.0.0.1", port)
        end
        clients[#clients] = nil
        local mistake = cohort.Error "a mistake"
        local options = { on_error = function() error(mistake) end }
        local _, err = pcall(cohort.unwrap, net.serve, listener, options, print)
        print(rawequal(err, mistake), mistake.context.code)
        for _, stream in ipairs(clients) do stream:close() end
      end)
    ]], "ulimit -n 40; lua5.4")
    assert.same({ code = 0, out = "true\tEMFILE\n", err = "" }, result)
  end)

  it("without descriptors tries again ten times a second, and does not spin", function()
    local result = child.run_clean([[
      local cohort, net, core = require "cohort", require "cohort.net", require "cohort.core"
      local clock = cohort.testing.clock { autojump = true }
      cohort.run({ clock = clock }, function()
        local listener = net.listen("127.0.0.1", 0)
        local port, told, served = listener.local_address.port, 0, 0
        local clients, ok = {}, true
        while ok do
          ok, clients[#clients + 1] = pcall(net.connect, "127.0.0.1", port)
        end
        clients[#clients] = nil
        cohort.group(function(g)
          local before = core.checkpoints()
          g:spawn_daemon(net.serve, listener, { on_error = function() told = told + 1 end },
            function(stream) served = served + 1 stream:read() end)
          cohort.sleep(100)
          local calls = core.checkpoints() - before  -- few for each of 1000 tries
          print(calls > 1000 and calls < 4000 or calls, told, served)
          for _, stream in ipairs(clients) do stream:close() end
          cohort.sleep(1)
          print(served == #clients)
        end)
      end)
    ]], "ulimit -n 40; lua5.4")
    assert.equal("", result.err)
    assert.equal("true\t1\t0\ntrue\n", result.out)
  end)

  it("says what is wrong with its arguments before it accepts anything", function()
    listening(function(listener)
      local function expect(pattern, ...)
        local arguments = table.pack(...)
        local err = raised(function() net.serve(listener, table.unpack(arguments, 1, arguments.n)) end)
        assert.matches("^spec/net_serve_spec.lua:%d+: .*" .. pattern, err)
      end
      expect "serve expects a function as handler"
      expect("serve expects a function as handler", {})
      expect("limit", { limit = 0 }, print)
      expect("on_error", { on_error = 5 }, print)
      expect("did you mean 'limit'", { limits = 5 }, print)
      listener:close()
      net.serve(listener, { limit = math.huge }, print)
    end)
  end)
end)
