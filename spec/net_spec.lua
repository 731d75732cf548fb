-- connect with its race of addresses, resolve, and the arguments of cohort.net.
local cohort = require "cohort"
local core = require "cohort.core"
local net = require "cohort.net"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local virtual, raised, look, handles = tasks.virtual, tasks.raised, sockets.look, sockets.handles
local is, listening = cohort.is, sockets.listening

-- Runs body while functions of the core are replaced.
local function with_core(replacements, body)
  local saved = {}
  for name, f in pairs(replacements) do saved[name], core[name] = core[name], f end
  local ok, err = pcall(body)
  for name, f in pairs(saved) do core[name] = f end
  if not ok then error(err, 0) end
end

local function resolves_to(...)
  local list = {}
  for i, host in ipairs { ... } do list[i] = { host = host, family = host:find ":" and "inet6" or "inet" } end
  return function() return list end
end

-- A network under the virtual clock: plan[host] = {seconds, error or nil}. Notes what happened when.
local function fake_network(plan, log)
  local function note(text) log[#log + 1] = ("%s at %g"):format(text, cohort.now()) end
  return function(host)
    note("try " .. host)
    local _ <close> = setmetatable({}, { __close = function(_, err)
      if tasks.is_cancelled(err) then note("cut " .. host) end
    end })
    cohort.sleep(plan[host][1])
    if plan[host][2] then error(plan[host][2], 0) end
    return { host = host, close = function() note("close " .. host) end }
  end
end

local function refused(host)
  return cohort.SystemError { message = "connect " .. host, code = "ECONNREFUSED", errno = 111,
    operation = "connect", address = host }
end

-- What matches the error of a connect that was refused by this address.
local function refusal(address)
  return { code = "ECONNREFUSED", operation = "connect", address = address }
end

-- A port at which nobody listens, as far as one can tell.
local function free_port()
  local listener <close> = net.listen("127.0.0.1", 0)
  return listener.local_address.port
end

describe("connect", function()
  it("gives a stream", function()
    listening(function(listener, port)
      local a <close> = net.connect("127.0.0.1", port)
      local b <close> = listener:accept()
      a:write("x\n")
      assert.equal("x", b:read())
    end)
  end)

  it("raises SystemError when nobody listens, and leaves nothing open", function()
    virtual(function()
      local port = free_port()
      look(2)
      local before = handles()
      local err = raised(function() net.connect("127.0.0.1", port) end)
      assert.is_true(is(err, cohort.SystemError))
      assert.is_true(is(err, refusal("127.0.0.1:" .. port)))
      assert.is_true(err.errno > 0)
      assert.matches("connect 127.0.0.1:%d+: connection refused", err.message)
      assert.matches("^spec/net_spec.lua:%d+$", err.where)
      assert.is_nil(err.cause)
      look(2)
      assert.equal(before, handles())
    end)
  end)

  it("that is cancelled closes its socket before it raises", function()
    listening(function(_, port)
      look(2)
      local before = handles()
      cohort.group(function(g)
        local task = g:spawn(net.connect, "127.0.0.1", port)
        cohort.checkpoint()
        assert.equal("waiting", task:status())
        task:cancel()
        task:wait()
        assert.equal("cancelled", task:status())
      end)
      look(2)
      assert.equal(before, handles())
      assert.is_false(cohort.move_on_after(0, net.connect, "127.0.0.1", port))
      look(2)
      assert.equal(before, handles())
    end)
  end)

  it("keeps a virtual clock from jumping while it is on its way", function()
    listening(function(_, port)
      net.connect("127.0.0.1", port):close()
      assert.equal(0, cohort.now())
    end)
  end)
end)

describe("connect to a name with several addresses", function()
  it("takes the first that answers, by real sockets", function()
    listening(function(listener, port)
      with_core({ resolve = resolves_to("::1", "127.0.0.1") }, function()
        local stream <close> = net.connect("name", port)
        assert.equal("127.0.0.1", stream.peer_address.host)
        listener:accept():close()
        assert.is_nil(stream:read())
      end)
    end)
  end)

  it("raises the first one's error when all have failed, with all of them as its cause", function()
    virtual(function()
      local port = free_port()
      with_core({ resolve = resolves_to("127.0.0.1", "127.0.0.2", "127.0.0.3") }, function()
        local err = raised(function() net.connect("name", port) end)
        assert.is_true(is(err, cohort.SystemError))
        assert.is_true(is(err, refusal("127.0.0.1:" .. port)))
        assert.matches("^spec/net_spec.lua:%d+$", err.where)
        assert.equal(3, #err.cause.errors)
        for i, member in ipairs(err.cause.errors) do
          assert.equal(("127.0.0.%d:%d"):format(i, port), member.address)
        end
        assert.matches("name", err.cause.message)
        assert.matches("127.0.0.2", tostring(err.cause))
      end)
    end)
  end)

  it("alternates families and gives each a quarter of a second, or until it has failed", function()
    virtual(function()
      local log = {}
      local plan = { ["1::"] = { 10 }, ["2::"] = { 10 }, a = { 0.1, refused "a" }, b = { 1 } }
      local resolve = resolves_to("1::", "2::", "a", "b")
      with_core({ resolve = resolve, connect = fake_network(plan, log) }, function()
        assert.equal("b", net.connect("name", 1).host)
      end)
      assert.same({ "try 1:: at 0", "try a at 0.25", "try 2:: at 0.35", "try b at 0.6", "cut 1:: at 1.6",
        "cut 2:: at 1.6" }, log)
    end)
  end)

  it("closes a stream that came second at the same moment", function()
    virtual(function()
      local log = {}
      local plan = { a = { 1.25 }, b = { 1 } }
      with_core({ resolve = resolves_to("a", "b"), connect = fake_network(plan, log) }, function()
        assert.equal("a", net.connect("name", 1).host)
      end)
      assert.same({ "try a at 0", "try b at 0.25", "close b at 1.25" }, log)
    end)
  end)

  it("closes what it has when it is cancelled at the moment it succeeds", function()
    virtual(function()
      local log = {}
      local plan = { a = { 1 }, b = { 10 } }
      with_core({ resolve = resolves_to("a", "b"), connect = fake_network(plan, log) }, function()
        cohort.group(function(g)
          local task = g:spawn(net.connect, "name", 1)
          g:spawn(function()
            cohort.sleep(1)
            task:cancel()
          end)
        end)
      end)
      assert.same("try a at 0", log[1])
      assert.same("try b at 0.25", log[2])
      assert.is_true(#log == 4)
      for _, line in ipairs(log) do assert.is_nil(line:match("10")) end
    end)
  end)

  it("cuts all attempts when it is cancelled", function()
    virtual(function()
      local log = {}
      local plan = { a = { 10 }, b = { 10 } }
      with_core({ resolve = resolves_to("a", "b"), connect = fake_network(plan, log) }, function()
        assert.is_false(cohort.move_on_after(5, net.connect, "name", 1))
      end)
      assert.same({ "try a at 0", "try b at 0.25", "cut a at 5", "cut b at 5" }, log)
    end)
  end)
end)

describe("resolve", function()
  it("gives the addresses of a name", function()
    virtual(function()
      local hosts = {}
      for _, address in ipairs(net.resolve("localhost")) do hosts[address.host] = address.family end
      assert.is_true(hosts["127.0.0.1"] == "inet" or hosts["::1"] == "inet6")
      assert.is_nil(net.resolve("localhost")[1].port)
    end)
  end)

  it("gives a numeric address back, without a thread", function()
    virtual(function()
      with_core({}, function()
        assert.same({ { host = "127.0.0.1", family = "inet" } }, net.resolve("127.0.0.1"))
        assert.same({ { host = "2001:db8::1", family = "inet6" } }, net.resolve("2001:DB8:0:0::1"))
      end)
    end)
  end)

  it("takes an interface behind an address by name or number, and raises for one that is not", function()
    virtual(function()
      local lo = net.resolve("fe80::1%lo")[1].host
      assert.equal("fe80::1%lo", lo)
      assert.equal(lo, net.resolve("fe80::1%1")[1].host)  -- the first of all machines with Linux
      assert.equal("fe80::1%1234567", net.resolve("fe80::1%1234567")[1].host)  -- as getaddrinfo has it
      local udp <close> = net.udp()
      local address = "fe80::1%nolo"
      local function is_told(operation, f, ...)
        local err = raised(f, ...)
        assert.is_true(is(err, { code = "ENODEV", operation = operation, address = address }), operation)
      end
      is_told("resolve", net.resolve, address)
      is_told("connect", net.connect, address, 1)
      is_told("resolve", net.listen, address, 0)
      is_told("reverse", net.reverse, address)
      is_told("resolve", net.udp, { host = address })
      is_told("send", udp.send, udp, "x", { host = address, port = 1 })
      local function never() error "a resolver was asked" end
      net.resolver:with(never, is_told, "resolve", net.resolve, address)
      address = "ff02::1%nolo"
      is_told("join", udp.join, udp, address)
      for _, interface in ipairs { "", "-1", "1x", "4294967296", "lo%lo" } do
        address = "fe80::1%" .. interface
        is_told("resolve", net.resolve, address)
      end
    end)
  end)

  it("raises SystemError for a name that stands for nothing", function()
    virtual(function()
      local err = raised(function() net.resolve("no.such.host.invalid") end)
      assert.is_true(is(err, cohort.SystemError))
      assert.is_true(is(err, { operation = "resolve", address = "no.such.host.invalid" }))
      assert.matches("^EAI_", err.code)
      assert.matches("^spec/net_spec.lua:%d+$", err.where)
      assert.is_true(is(raised(net.connect, "no.such.host.invalid", 1), { operation = "resolve" }))
      assert.matches("%)$", err.message)
      assert.matches("a host is a name or an address alone", raised(net.connect, "127.0.0.1:80", 1).message)
      assert.is_true(is(raised(net.resolve, ("x"):rep(5000)), cohort.SystemError))
    end)
  end)

  it("that is cancelled is left behind, and leaves nothing when the run has ended", function()
    virtual(function()
      cohort.group(function(g)
        local lookups = {}
        for i = 1, 20 do lookups[i] = g:spawn(net.resolve, ("host%d.invalid"):format(i)) end
        cohort.checkpoint()
        for _, task in ipairs(lookups) do
          task:cancel()
          task:wait()
          assert.equal("cancelled", task:status())
        end
      end)
      assert.is_false(cohort.move_on_after(0, net.resolve, "localhost"))
    end)
    assert.equal(0, core.debug_counts().handles)
  end)

  it("raises SystemError when no thread can be started, and the process lives on", function()
    if os.getenv "LD_PRELOAD" then return pending("a sanitizer needs all of the address space") end
    local result = child.run([[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        for _ = 1, 2 do
          local ok, err = pcall(net.resolve, "localhost")
          print(ok, cohort.is(err, cohort.SystemError), err.code, err.operation)
        end
        print(#net.resolve("127.0.0.1"))
      end)
    ]], "ulimit -v 300000; UV_THREADPOOL_SIZE=64 lua5.4")
    assert.equal("false\ttrue\tEAGAIN\tresolve\nfalse\ttrue\tEAGAIN\tresolve\n1\n", result.out)
    assert.equal(0, result.code)
  end)
end)

describe("misuse of cohort.net", function()
  local cases = {
    { "connect", { nil, 80 }, "connect expects a host as a string, got nil: write net.connect%(" },
    { "connect", { 5, 80 }, "got number" },
    { "connect", { "", 80 }, "an empty string" },
    { "connect", { "a\0b", 80 }, "NUL" },
    { "connect", { "a" }, "connect expects a port as a whole number, got nil" },
    { "connect", { "a", "80" }, 'got "80": write net.connect%(host, 80%), or tonumber%(port%)' },
    { "connect", { "a", "http" }, 'got "http": write net.connect%(host, port%)' },
    { "connect", { "a:80" }, 'got nil: write net.connect%("a", 80%)' },
    { "connect", { "::1" }, "got nil: write net.connect%(host, port%)" },
    { "connect", { "a", 1.5 }, "got 1.5:" },
    { "connect", { "a", 0 / 0 }, "got nan:" },
    { "connect", { "a", math.huge }, "a port as a whole number, got inf" },
    { "connect", { "a", 2 ^ 63 }, "0 to 65535, got 9.2233720368548e%+18" },
    { "connect", { "a", -1 }, "0 to 65535, got %-1" },
    { "connect", { "a", 65536 }, "0 to 65535, got 65536" },
    { "connect", { "a", 1, 5 }, "connect expects a table of options, got number" },
    { "connect", { "a", 1, { linemax = 5 } }, "connect has no option 'linemax': did you mean 'line_max'?" },
    { "connect", { "a", 1, { [1] = 5 } }, "connect expects options by name, got a key that is a number" },
    { "connect", { "a", 1, { line_max = 0 } }, "'line_max' expects a whole number of 1 or more, or" },
    { "connect", { "a", 1, { line_max = 0 / 0 } }, "line_max" },
    { "connect", { "a", 1, { line_max = 1.5 } }, "line_max" },
    { "connect", { "a", 1, { nodelay = 1 } }, "option 'nodelay' expects true or false, got 1" },
    { "listen", { "a" }, "port" },
    { "listen", { nil, 1 }, "host" },
    { "listen", { "*", 1 }, "got '%*': all addresses of this machine are \"0.0.0.0\", or \"::\"" },
    { "listen", { "", 1 }, "an empty string: all addresses of this machine are" },
    { "listen", { "a", 1, { backlok = 5 } }, "did you mean 'backlog'" },
    { "listen", { "a", 1, { backlog = -1 } }, "backlog" },
    { "connect_unix", {}, "connect_unix expects a path as a string, got nil" },
    { "connect_unix", { "a\0" }, "NUL" },
    { "listen_unix", { "" }, "an empty string" },
    { "resolve", {}, "resolve expects a host" },
    { "resolve", { "x\0y" }, "NUL" },
    { "serve", {}, "serve expects a listener first, got nil" },
    { "serve", { io.stdout, print }, "serve expects a listener first, got userdata" },
  }

  it("is a plain string at the caller's line, and nothing is opened", function()
    virtual(function()
      local before = handles()
      for _, case in ipairs(cases) do
        local err = raised(function() net[case[1]](table.unpack(case[2], 1, 3)) end)
        assert.equal("string", type(err))
        assert.matches("^spec/net_spec.lua:%d+: ", err)
        assert.matches(case[3], err)
      end
      assert.equal(before, handles())
    end)
  end)

  it("is said at the caller's line outside of a task, too", function()
    for _, call in ipairs {
      function() net.connect("127.0.0.1", 1) end, function() net.listen("127.0.0.1", 0) end,
      function() net.resolve("127.0.0.1") end, function() net.listen_unix("/tmp/x") end,
      function() net.connect_unix("/tmp/x") end,
    } do
      assert.matches("^spec/net_spec.lua:%d+: .* no task runs here", raised(call))
    end
  end)
end)

describe("cohort.net", function()
  it("is the field net of cohort", function()
    assert.equal(net, cohort.net)
  end)

  it("is no deadlock to wait for", function()
    listening(function(listener)
      assert.is_false(cohort.move_on_after(1, listener.accept, listener))
    end)
  end)
end)
