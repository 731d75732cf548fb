-- Listeners: accepting, its errors, and what happens to connections that nobody accepts.
local core = require "cohort.core"
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local child = require "spec.support.child"
local files = require "spec.support.files"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local virtual, raised, look, handles = tasks.virtual, tasks.raised, sockets.look, sockets.handles

-- Calls body(listener, connect) in a run.
local function listening(body)
  sockets.listening(function(listener, port)
    body(listener, function() return net.connect("127.0.0.1", port) end)
  end)
end

describe("listen", function()
  it("takes a free port for 0 and tells which", function()
    listening(function(listener)
      local address = listener.local_address
      assert.equal("127.0.0.1", address.host)
      assert.equal("inet", address.family)
      assert.is_true(address.port > 0)
      assert.equal("listener 127.0.0.1:" .. address.port, tostring(listener))
      assert.equal("cohort.Listener", getmetatable(listener).__name)
      listener:close()
      assert.equal("listener 127.0.0.1:" .. address.port .. " (closed)", tostring(listener))
      assert.equal(address, listener.local_address)
    end)
  end)

  it("raises SystemError for an address that is taken, and leaves nothing open", function()
    listening(function(listener)
      local before = handles()
      local err = raised(function() net.listen("127.0.0.1", listener.local_address.port) end)
      assert.is_true(cohort.is(err, cohort.SystemError))
      assert.is_true(cohort.is(err, { code = "EADDRINUSE", operation = "listen" }))
      assert.equal("127.0.0.1:" .. listener.local_address.port, err.address)
      assert.matches("^spec/net/listener_spec.lua:%d+$", err.where)
      assert.equal(before, handles())
    end)
  end)

  it("raises SystemError for an address that is not ours", function()
    virtual(function()
      local err = raised(net.listen, "192.0.2.1", 0)
      assert.equal("EADDRNOTAVAIL", err.code)
    end)
  end)

  it("takes a name", function()
    virtual(function()
      local listener <close> = net.listen("localhost", 0)
      local stream <close> = net.connect("localhost", listener.local_address.port)
      listener:accept():close()
      assert.is_nil(stream:read())
    end)
  end)

  it("serves IPv6", function()
    if not sockets.has_ipv6() then return pending("this machine has no ::1") end
    virtual(function()
      local listener <close> = net.listen("::1", 0)
      local port = listener.local_address.port
      assert.same({ host = "::1", port = port, family = "inet6" }, listener.local_address)
      local a <close> = net.connect("::1", port)
      local b <close> = listener()
      assert.equal("stream [::1]:" .. port, tostring(a))
      assert.same(a.local_address, b.peer_address)
      a:write("six\n")
      assert.equal("six", b:read())
    end)
  end)
end)

describe("listen_unix", function()
  it("listens at a path, and removes it when it is closed", function()
    local path = os.tmpname()
    os.remove(path)
    virtual(function()
      local listener <close> = net.listen_unix(path)
      assert.same({ path = path, family = "unix" }, listener.local_address)
      assert.equal("listener " .. path, tostring(listener))
      local a <close> = net.connect_unix(path)
      local b <close> = listener:accept()
      assert.same({ path = path, family = "unix" }, a.peer_address)
      assert.same({ path = path, family = "unix" }, b.local_address)
      assert.same({ family = "unix" }, b.peer_address)
      assert.equal("stream without a name", tostring(b))
      b:write("local\n")
      assert.equal("local", a:read())
      local err = raised(net.listen_unix, path)
      assert.is_true(cohort.is(err, { code = "EADDRINUSE", path = path }))
      b:close()
      assert.is_nil(a:read())
    end)
    assert.is_nil(io.open(path))
    virtual(function()
      assert.is_true(cohort.is(raised(net.connect_unix, path), { code = "ENOENT", path = path }))
      local long = "/tmp/" .. ("x"):rep(200)
      assert.is_true(cohort.is(raised(net.connect_unix, long), { code = "ENAMETOOLONG", path = long }))
      assert.is_true(cohort.is(raised(net.listen_unix, long), { code = "ENAMETOOLONG", path = long }))
    end)
  end)
end)

describe("closing a listener at a path", function()
  it("leaves what somebody else has put there since", function()
    local path = os.tmpname()
    os.remove(path)
    virtual(function()
      local old = net.listen_unix(path)
      os.remove(path)
      local new <close> = net.listen_unix(path)
      old:close()
      net.connect_unix(path):close()
      new:close()
      assert.is_nil(io.open(path))
      old = net.listen_unix(path)
      os.remove(path)
      io.open(path, "w"):close()
      old:close()
      assert.is_true(os.remove(path))
    end)
  end)
end)

describe("closing a listener at a relative path", function()
  it("removes its file also when the process is elsewhere by then, and nothing there", function()
    files.elsewhere(function(change, here)
      local listener = net.listen_unix "socket"
      assert.same({ path = "socket", family = "unix" }, listener.local_address)
      change "there"
      local other <close> = net.listen_unix "socket"
      listener:close()
      assert.is_false(fs.exists(here .. "/socket"))
      net.connect_unix(other.local_address.path):close()
    end)
  end)

  it("removes it where the path of the directory is longer than the system tells", function()
    files.elsewhere(function(change)
      files.go_deep(change)
      net.listen_unix("socket"):close()
      assert.is_false(fs.exists "socket")
    end)
  end)
end)

describe("listening that fails half-way", function()
  it("leaves no file at its path, and nothing open", function()
    local path = os.tmpname()
    os.remove(path)
    local failed = {}
    virtual(function()
      net.listen_unix(path):close()
      look(2)
      local before, ok = handles(), false
      for n = 1, 20 do
        core.set_fault(n)
        local listener
        ok, listener = pcall(net.listen_unix, path)
        failed[core.fault() or "nothing"] = true
        core.set_fault(0)
        if ok then
          listener:close()
          break
        end
        assert.is_nil(io.open(path))
        look(2)
        assert.equal(before, handles())
      end
      assert.is_true(ok)
    end)
    assert.is_true(failed.memory and failed.socket and failed.listen and failed.watch)
  end)
end)

describe("listening in a cancelled task", function()
  it("raises Cancelled and makes nothing, at a path too", function()
    local path = os.tmpname()
    os.remove(path)
    virtual(function()
      local before = handles()
      for _, listen in ipairs {
        function() net.listen_unix(path) end,
        function() net.listen("127.0.0.1", 0) end,
      } do
        cohort.scope(function(scope)
          scope:cancel()
          assert.is_true(tasks.is_cancelled(raised(listen)))
        end)
      end
      assert.is_nil(io.open(path))
      assert.equal(before, handles())
    end)
  end)
end)

describe("the line of a refusal", function()
  it("is the caller's also when functions of ours stand in between", function()
    listening(function(listener)
      local port = listener.local_address.port
      for name, arguments in pairs {
        listen = { "127.0.0.1", port }, resolve = { "none.invalid" }, connect = { "127.0.0.1", 1 },
        connect_unix = { "/nowhere/socket" }, listen_unix = { "/nowhere/socket" },
      } do
        local function call(...)
          local _, err = cohort.attempt(...)
          return err
        end
        local err = call(cohort.fail_after, 1, net[name], table.unpack(arguments))
        assert.matches("^spec/net/listener_spec.lua:%d+$", err.where, name)
        err = call(cohort.unwrap, cohort.retry, { attempts = 1 }, net[name], table.unpack(arguments))
        assert.matches("^spec/net/listener_spec.lua:%d+$", err.where, name)
      end
    end)
  end)

  it("is the caller's, of every way to listen and to accept", function()
    listening(function(listener)
      local port = listener.local_address.port
      local function where(f)
        local line = debug.getinfo(f, "S").linedefined
        assert.equal("spec/net/listener_spec.lua:" .. line, raised(f).where)
      end
      local path = os.tmpname()
      where(function() net.listen("127.0.0.1", port) end)
      where(function() net.listen("192.0.2.1", 0) end)
      where(function() net.listen("no.such.host.invalid", 0) end)
      where(function() net.listen_unix(path) end)
      where(function() net.listen_unix("/nowhere/socket") end)
      where(function() net.listen_unix(("x"):rep(200)) end)
      os.remove(path)
      where(function() net.connect_unix(path) end)
      listener:close()
      where(function() listener:accept() end)
      where(function() for _ in listener do error "nobody comes" end end)
    end)
  end)
end)

describe("accept", function()
  it("gives connections in the order they came, those from before it was called too", function()
    listening(function(listener, connect)
      local clients = {}
      for i = 1, 5 do clients[i] = connect() end
      for i = 1, 5 do
        local stream <close> = listener:accept()
        assert.equal(clients[i].local_address.port, stream.peer_address.port)
        clients[i]:close()
      end
    end)
  end)

  it("waits for one", function()
    listening(function(listener, connect)
      cohort.group(function(g)
        local task = g:spawn(listener.accept, listener)
        look()
        assert.equal("waiting", task:status())
        connect():close()
        task:join():close()
      end)
    end)
  end)

  it("is what calling a listener does, so that a loop takes one after the other", function()
    listening(function(listener, connect)
      for _ = 1, 3 do connect():close() end
      local count = 0
      for stream in listener do
        stream:close()
        count = count + 1
        if count == 3 then break end
      end
      assert.equal(3, count)
    end)
  end)

  it("that is cancelled loses no connection", function()
    listening(function(listener, connect)
      cohort.group(function(g)
        local task = g:spawn(listener.accept, listener)
        look()
        task:cancel()
        local client <close> = connect()
        task:wait()
        assert.equal("cancelled", task:status())
        local stream <close> = listener:accept()
        assert.equal(client.local_address.port, stream.peer_address.port)
        assert.is_false(cohort.move_on_after(0, listener.accept, listener))
        assert.is_false(cohort.move_on_after(1, listener.accept, listener))
      end)
    end)
  end)

  it("by two tasks at once is Busy for the second", function()
    listening(function(listener, connect)
      cohort.group(function(g)
        local task = g:spawn(listener.accept, listener)
        look()
        assert.is_true(cohort.is(raised(listener.accept, listener), cohort.Busy))
        connect():close()
        task:join():close()
      end)
    end)
  end)

  it("raises Closed when the listener is closed, for one who waits too", function()
    listening(function(listener)
      cohort.group(function(g)
        local task = g:spawn(pcall, listener.accept, listener)
        look()
        listener:close()
        listener:close()
        local ok, err = task:join()
        assert.is_false(ok)
        assert.is_true(cohort.is(err, cohort.Closed))
        assert.equal("accept: the listener is closed", raised(listener.accept, listener).message)
      end)
    end)
  end)

  it("leaves a connection that nobody accepts to the system, without spinning", function()
    listening(function(listener, connect)
      cohort.group(function(g)
        local task = g:spawn(listener.accept, listener)
        look()
        connect():close()
        task:join():close()
        local client <close> = connect()
        cohort.sleep(1000)  -- would never be reached if a readiness nobody wants kept the loop awake
        assert.is_true(cohort.now() >= 1000)
        listener:accept():close()
        assert.is_nil(client:read())
      end)
    end)
  end)

  it("serves a thousand connections that are opened and dropped", function()
    listening(function(listener, connect)
      local before = handles()
      cohort.group(function(g)
        g:spawn(function()
          for _ = 1, 1000 do listener:accept():close() end
        end)
        for _ = 1, 1000 do connect():close() end
      end)
      look(2)
      assert.equal(before, handles())
    end)
  end)

  it("tells its caller when descriptors run out, and works again when there are some", function()
    local result = child.run([[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local listener <close> = net.listen("127.0.0.1", 0)
        local port = listener.local_address.port
        local clients, accepted, failed = {}, {}, nil
        while not failed do
          local ok, err = pcall(net.connect, "127.0.0.1", port)
          if ok then clients[#clients + 1] = err else failed = err end
        end
        print(cohort.is(failed, cohort.SystemError), failed.code, failed.operation)
        for _ = 1, 2 do
          local ok, err = pcall(listener.accept, listener)
          print(ok, cohort.is(err, cohort.SystemError), err.code, err.operation)
        end
        local n = #clients
        for i = 1, n // 2 do clients[i]:close() end
        for i = 1, n // 2 do accepted[i] = listener:accept() end
        print(n > 4, #accepted == n // 2)
        for _, s in ipairs(accepted) do s:close() end
        for i = n // 2 + 1, n do clients[i]:close() end
      end)
    ]], "ulimit -n 40; lua5.4")
    assert.equal("", result.err)
    local refused = "false\ttrue\tEMFILE\taccept\n"
    assert.equal("true\tEMFILE\tconnect\n" .. refused .. refused .. "true\ttrue\n", result.out)
  end)
end)
