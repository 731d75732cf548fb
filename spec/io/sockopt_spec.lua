-- Options of sockets, read back from the system itself, and names of Unix sockets that have no file.
local cohort = require "cohort"
local net = require "cohort.net"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local virtual, raised, look = tasks.virtual, tasks.raised, sockets.look

local system
child.with_module("sockopt", "", function(module) system = module end)

-- The descriptor of the one socket that `open` opens, and what it returned.
local function descriptor_of(open)
  local before, found = system.sockets(), nil
  local object = open()
  for fd in pairs(system.sockets()) do
    if not before[fd] then
      assert(not found, "more than one")
      found = fd
    end
  end
  return found, object
end

local function read_back(fd, ...)
  local values = {}
  for i, name in ipairs { ... } do values[i] = system.get(fd, name) end
  return values
end

local keepalive = { "SO_KEEPALIVE", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT" }

-- Calls body(fd of what connects, fd of what is accepted) for streams made with these options.
local function with_streams(connecting, listening, body)
  virtual(function()
    local listener <close> = net.listen("127.0.0.1", 0, listening)
    local a_fd, a = descriptor_of(function()
      return net.connect("127.0.0.1", listener.local_address.port, connecting)
    end)
    local b_fd, b = descriptor_of(function() return listener:accept() end)
    body(a_fd, b_fd, a, b)
    a:close()
    b:close()
  end)
end

describe("options of a stream", function()
  local function both(options, body)
    with_streams(options, nil, body)
    with_streams(nil, options, function(a, b, ...) body(b, a, ...) end)
  end

  it("are what the system has, of one that connects and of one that is accepted", function()
    local options = { nodelay = true, keepalive = 70.5, keepalive_interval = 10, keepalive_count = 4 }
    both(options, function(fd, other)
      assert.same({ 1, 1, 71, 10, 4 }, read_back(fd, "TCP_NODELAY", table.unpack(keepalive)))
      assert.same({ 0, 0 }, read_back(other, "TCP_NODELAY", "SO_KEEPALIVE"))
    end)
  end)

  it("for keepalive may be true: the seconds are the system's", function()
    both({ keepalive = true }, function(fd, other)
      assert.same({ 1, 0 }, { system.get(fd, "SO_KEEPALIVE"), system.get(other, "SO_KEEPALIVE") })
      assert.equal(system.get(other, "TCP_KEEPIDLE"), system.get(fd, "TCP_KEEPIDLE"))
    end)
    both({ keepalive = false, nodelay = false }, function(fd)
      assert.same({ 0, 0 }, read_back(fd, "SO_KEEPALIVE", "TCP_NODELAY"))
    end)
  end)

  it("for buffers are twice what was asked for, as Linux tells it", function()
    both({ receive_buffer = 20000, send_buffer = 30000 }, function(fd)
      assert.same({ 40000, 60000 }, read_back(fd, "SO_RCVBUF", "SO_SNDBUF"))
    end)
  end)

  it("for buffers beyond all bounds are as much as there may be, and the least for the least", function()
    both({ receive_buffer = math.huge, send_buffer = 2 ^ 62 }, function(fd, other)
      assert.is_true(system.get(fd, "SO_RCVBUF") >= system.get(other, "SO_RCVBUF"))
      assert.is_true(system.get(fd, "SO_SNDBUF") > 0)
    end)
    both({ receive_buffer = 1, send_buffer = 1 }, function(fd)
      local least = read_back(fd, "SO_RCVBUF", "SO_SNDBUF")
      assert.is_true(least[1] > 0 and least[1] < 10000 and least[2] > 0 and least[2] < 10000)
    end)
  end)

  it("can be set while it is open, and back", function()
    with_streams(nil, nil, function(fd, _, a)
      a:set_nodelay()
      a:set_keepalive(30)
      assert.same({ 1, 1, 30 }, read_back(fd, "TCP_NODELAY", "SO_KEEPALIVE", "TCP_KEEPIDLE"))
      a:set_nodelay(false)
      a:set_keepalive(false)
      assert.same({ 0, 0 }, read_back(fd, "TCP_NODELAY", "SO_KEEPALIVE"))
    end)
  end)

  it("that Unix sockets do not have are passed over", function()
    virtual(function()
      local name = "@cohort-options-" .. tostring(system):gsub("%W", "")
      local options = { nodelay = true, keepalive = 5, keepalive_count = 2, send_buffer = 30000 }
      local listener <close> = net.listen_unix(name, { reuse_port = true, ipv6_only = true })
      local fd, a = descriptor_of(function() return net.connect_unix(name, options) end)
      assert.equal(60000, system.get(fd, "SO_SNDBUF"))
      listener:accept():close()
      a:close()
    end)
  end)
end)

describe("options of a listener", function()
  local function with_listener(host, options, body)
    virtual(function()
      local fd, listener = descriptor_of(function() return net.listen(host, 0, options) end)
      body(fd, listener)
      listener:close()
    end)
  end

  it("take the address again by default, and not when told", function()
    with_listener("127.0.0.1", nil, function(fd)
      assert.same({ 1, 0 }, read_back(fd, "SO_REUSEADDR", "SO_REUSEPORT"))
    end)
    with_listener("127.0.0.1", { reuse_address = false }, function(fd)
      assert.equal(0, system.get(fd, "SO_REUSEADDR"))
    end)
  end)

  it("have a backlog, which the system keeps to", function()
    with_listener("127.0.0.1", { backlog = 7 }, function(fd) assert.equal(7, system.backlog(fd)) end)
    with_listener("127.0.0.1", nil, function(fd) assert.equal(511, system.backlog(fd)) end)
    with_listener("127.0.0.1", { backlog = math.huge }, function(fd)
      assert.is_true(system.backlog(fd) >= 511)
    end)
  end)

  it("share a port among those who say so, and with nobody else", function()
    with_listener("127.0.0.1", { reuse_port = true }, function(fd, listener)
      local port = listener.local_address.port
      assert.equal(1, system.get(fd, "SO_REUSEPORT"))
      local second <close> = net.listen("127.0.0.1", port, { reuse_port = true })
      assert.equal(port, second.local_address.port)
      assert.equal("EADDRINUSE", raised(net.listen, "127.0.0.1", port).code)
      local served = { 0, 0 }
      cohort.group(function(g)
        for i, l in ipairs { listener, second } do
          g:spawn_daemon(net.serve, l, function() served[i] = served[i] + 1 end)
        end
        for _ = 1, 60 do
          local stream <close> = net.connect("127.0.0.1", port)
          assert.is_nil(stream:read())
        end
      end)
      assert.equal(60, served[1] + served[2])
      assert.is_true(served[1] > 0 and served[2] > 0)
    end)
  end)

  it("keep IPv4 out of '::', or let it in", function()
    if not sockets.has_ipv6() then return pending("this machine has no ::1") end
    for _, only in ipairs { true, false } do
      with_listener("::", { ipv6_only = only }, function(fd, listener)
        assert.equal(only and 1 or 0, system.get(fd, "IPV6_V6ONLY"))
        local ok, result = pcall(net.connect, "127.0.0.1", listener.local_address.port)
        assert.equal(not only, ok)
        if ok then result:close() else assert.equal("ECONNREFUSED", result.code) end
      end)
    end
  end)
end)

describe("a Unix socket that has no file", function()
  local function name() return ("@cohort-%s"):format(tostring {}:gsub("%W", "")) end

  it("has a name that begins with @, ends with its listener, and is told in addresses", function()
    virtual(function()
      local at = name()
      local listener <close> = net.listen_unix(at)
      assert.same({ path = at, family = "unix" }, listener.local_address)
      assert.equal("listener " .. at, tostring(listener))
      assert.is_nil(io.open(at))
      assert.is_true(cohort.is(raised(net.listen_unix, at), { code = "EADDRINUSE", path = at }))
      local a <close> = net.connect_unix(at)
      local b <close> = listener:accept()
      assert.same({ path = at, family = "unix" }, a.peer_address)
      assert.same({ family = "unix" }, b.peer_address)
      assert.same({ path = at, family = "unix" }, b.local_address)
      assert.equal("stream " .. at, tostring(a))
      a:write("hello\n")
      assert.equal("hello", b:read())
      listener:close()
      assert.is_true(cohort.is(raised(net.connect_unix, at), { code = "ECONNREFUSED", path = at }))
      net.listen_unix(at):close()
    end)
  end)

  it("is another than one whose name is longer, or is a file's", function()
    virtual(function()
      local at = name()
      local _ <close> = net.listen_unix(at)
      assert.equal("ECONNREFUSED", raised(net.connect_unix, at .. "x").code)
      assert.equal("ECONNREFUSED", raised(net.connect_unix, at:sub(1, -2)).code)
      local file = os.tmpname()
      os.remove(file)
      net.listen_unix(file):close()
      assert.equal("ENOENT", raised(net.connect_unix, "./" .. at).code)
      look(2)
      assert.is_nil(io.open(file))
    end)
  end)

  it("may have as long a name as fits, and no longer", function()
    virtual(function()
      local longest = name()
      longest = longest .. ("x"):rep(108 - #longest)
      local listener <close> = net.listen_unix(longest)
      assert.equal(longest, listener.local_address.path)
      net.connect_unix(longest):close()
      listener:accept():close()
      assert.equal("ENAMETOOLONG", raised(net.connect_unix, longest .. "x").code)
      local path = "/tmp/" .. ("x"):rep(103)
      assert.equal("ENAMETOOLONG", raised(net.listen_unix, path).code)
      local fits <close> = net.listen_unix(path:sub(1, -2))
      assert.equal(path:sub(1, -2), fits.local_address.path)
    end)
  end)
end)
