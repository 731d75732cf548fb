-- UDP sockets: datagrams between sockets of this process, by real system calls on 127.0.0.1.
local core = require "cohort.core"
local cohort = require "cohort"
local net = require "cohort.net"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local virtual, raised, look, handles = tasks.virtual, tasks.raised, sockets.look, sockets.handles
local is = cohort.is

local system
child.with_module("sockopt", "", function(module) system = module end)

local local_host = "127.0.0.1"

-- Calls body(a, b) with two sockets that have no peers, in a run; both have the options.
local function two(body, options)
  virtual(function()
    local a_options, b_options = { host = local_host }, { host = local_host }
    for name, value in pairs(options or {}) do a_options[name], b_options[name] = value, value end
    local a <close> = net.udp(a_options)
    local b <close> = net.udp(b_options)
    body(a, b)
  end)
end

describe("a UDP socket", function()
  it("sends datagrams to an address and receives them whole, with where they came from", function()
    two(function(a, b)
      a:send("one", b.local_address)
      a:send(("x"):rep(9000), b.local_address)
      local datagram, from = b:receive()
      assert.equal("one", datagram)
      assert.same(a.local_address, from)
      datagram, from = b:receive()
      assert.equal(9000, #datagram)
      b:send("back", from)
      assert.same({ "back", b.local_address }, { a:receive() })
    end)
  end)

  it("sends and receives an empty datagram, which is no end", function()
    two(function(a, b)
      a:send("", b.local_address)
      a:send("more", b.local_address)
      local all = {}
      for datagram in b do
        all[#all + 1] = datagram
        if #all == 2 then break end
      end
      assert.same({ "", "more" }, all)
    end)
  end)

  it("carries any bytes, and as many as there may be in a datagram", function()
    two(function(a, b)
      local bytes = {}
      for i = 0, 255 do bytes[i + 1] = string.char(i) end
      local all = table.concat(bytes)
      a:send(all, b.local_address)
      assert.equal(all, (b:receive()))
      local most = all:rep(256):sub(1, 65507)
      a:send(most, b.local_address)
      assert.is_true(most == b:receive())
    end)
  end)

  it("does not send what is longer, and says so", function()
    two(function(a, b)
      for _, size in ipairs { 65508, 1 << 20, 1 << 26 } do
        local err = raised(a.send, a, ("x"):rep(size), b.local_address)
        assert.is_true(is(err, { code = "EMSGSIZE", operation = "send" }))
      end
      a:send("short", b.local_address)
      assert.equal("short", (b:receive()))
    end)
  end)

  it("says that a datagram was longer than its limit, with what there was room for, and goes on", function()
    two(function(a, b)
      a:send("0123456789", b.local_address)
      a:send("01234567", b.local_address)
      local err = raised(b.receive, b)
      assert.is_true(is(err, cohort.TooLong))
      assert.equal("receive: a datagram of 10 bytes is longer than 8", err.message)
      assert.same({ "01234567", 10, a.local_address }, { err.data, err.length, err.from })
      assert.equal("01234567", (b:receive()))
    end, { datagram_max = 8 })
  end)

  it("has a peer when it is given one: it sends there, and hears nobody else", function()
    virtual(function()
      local server <close> = net.udp { host = local_host }
      local stranger <close> = net.udp { host = local_host }
      local client <close> = net.udp { peer = server.local_address }
      assert.same(server.local_address, client.peer_address)
      assert.equal(local_host, client.local_address.host)
      assert.is_nil(server.peer_address)
      client:send("hello")
      local datagram, from = server:receive()
      assert.equal("hello", datagram)
      assert.same(client.local_address, from)
      stranger:send("boo", client.local_address)
      server:send("answer", from)
      assert.same({ "answer", server.local_address }, { client:receive() })
      assert.is_false(cohort.move_on_after(1, client.receive, client))
    end)
  end)

  it("takes a name for its host and its peer, of one family", function()
    virtual(function()
      net.resolver:with(function(name)
        return name == "peer.example" and { "::1", local_host } or { local_host }
      end, function()
        local server <close> = net.udp { host = "own.example" }
        assert.equal(local_host, server.local_address.host)
        local peer = { host = "peer.example", port = server.local_address.port }
        local client <close> = net.udp { host = "own.example", peer = peer }
        client:send("by name")
        assert.equal("by name", (server:receive()))
      end)
    end)
  end)

  it("of IPv6 does the same", function()
    if not sockets.has_ipv6() then return pending("this machine has no ::1") end
    virtual(function()
      local server <close> = net.udp { host = "::1" }
      local client <close> = net.udp { peer = server.local_address, ttl = 9, multicast_ttl = 3 }
      client:send("six")
      local datagram, from = server:receive()
      assert.equal("six", datagram)
      assert.same({ host = "::1", port = client.local_address.port, family = "inet6" }, from)
      assert.equal("socket [::1]:" .. server.local_address.port, tostring(server))
    end)
  end)

  it("shows itself, and knows its address when it is closed", function()
    two(function(a)
      local address = a.local_address
      assert.equal("socket 127.0.0.1:" .. address.port, tostring(a))
      assert.equal("cohort.Udp", getmetatable(a).__name)
      a:close()
      a:close()
      assert.equal(("socket 127.0.0.1:%d (closed)"):format(address.port), tostring(a))
      assert.equal(address, a.local_address)
      assert.matches("a socket has no .nothing.", tasks.raised(function() return a.nothing end))
    end)
  end)
end)

describe("receiving", function()
  it("waits, and is cancelled without losing a datagram", function()
    two(function(a, b)
      cohort.group(function(g)
        local task = g:spawn(b.receive, b)
        look()
        assert.equal("waiting", task:status())
        a:send("kept", b.local_address)
        task:cancel()
        task:wait()
        assert.equal("cancelled", task:status())
      end)
      assert.equal("kept", (b:receive()))
      a:send("kept too", b.local_address)
      assert.is_false(cohort.move_on_after(0, b.receive, b))
      assert.equal("kept too", (b:receive()))
      assert.is_false(cohort.move_on_after(5, b.receive, b))
    end)
  end)

  it("by two tasks at once is Busy for the second", function()
    two(function(a, b)
      cohort.group(function(g)
        local task = g:spawn(b.receive, b)
        look()
        local err = raised(b.receive, b)
        assert.is_true(is(err, cohort.Busy) and is(err, { operation = "receive" }))
        a:send("x", b.local_address)
        assert.equal("x", (task:join()))
        b:send("y", b.local_address)
        assert.equal("y", (b:receive()))
      end)
    end)
  end)

  it("raises Closed when the socket is closed, for one who waits too", function()
    two(function(a, b)
      cohort.group(function(g)
        local task = g:spawn(pcall, b.receive, b)
        look()
        b:close()
        local ok, err = task:join()
        assert.is_false(ok)
        assert.is_true(is(err, cohort.Closed))
      end)
      assert.equal("receive: the socket is closed", raised(b.receive, b).message)
      assert.is_true(is(raised(b.send, b, "x", a.local_address), cohort.Closed))
      assert.is_true(is(raised(b.join, b, "239.1.2.3"), cohort.Closed))
    end)
  end)

  it("does not keep other tasks from running, however much comes", function()
    two(function(a, b)
      local received, turns = 0, 0
      cohort.group(function(g)
        g:spawn_daemon(function()
          while true do
            a:send("flood", b.local_address)
            b:receive()
            received = received + 1
          end
        end)
        for _ = 1, 20 do
          cohort.checkpoint()
          turns = turns + 1
        end
      end)
      assert.equal(20, turns)
      assert.is_true(received > 20 and received < 2000)
    end)
  end)

  it("tells what came back from a peer that is not there, and the socket can still be used", function()
    virtual(function()
      local gone = net.udp { host = local_host }
      local address = gone.local_address
      local client <close> = net.udp { peer = address }
      gone:close()
      look(2)
      cohort.group(function(g)
        local task = g:spawn(pcall, client.receive, client)
        look()
        client:send("anybody?")
        local ok, err = task:join()
        assert.is_false(ok)
        assert.is_true(is(err, { code = "ECONNREFUSED", operation = "receive",
          address = local_host .. ":" .. address.port }))
      end)
      local back <close> = net.udp { host = address.host, port = address.port }
      client:send("again")
      assert.equal("again", (back:receive()))
    end)
  end)
end)

describe("sending", function()
  it("waits in a queue when there is no room, and who is cancelled there sends nothing", function()
    two(function(a, b)
      cohort.group(function(g)
        local function send(text)
          return g:spawn(function() a:send(text, b.local_address) end)
        end
        g:spawn(function()
          core.set_fault(1, "EAGAIN")  -- as if there were no room
          a:send("1", b.local_address)
          assert.equal("send", core.fault())
        end)
        local cancelled, third = send "2", send "3"
        cohort.checkpoint()
        assert.equal("waiting waiting", cancelled:status() .. " " .. third:status())
        cancelled:cancel()
      end)
      assert.equal("1", (b:receive()))
      assert.equal("3", (b:receive()))
      assert.is_false(cohort.move_on_after(1, b.receive, b))
    end)
  end)

  it("is told that the socket was closed while it waited for room, by all who waited", function()
    two(function(a, b)
      local told = 0
      cohort.group(function(g)
        local function send()
          local ok, err = pcall(a.send, a, "x", b.local_address)
          assert.is_true(not ok and is(err, cohort.Closed))
          told = told + 1
        end
        g:spawn(function()
          core.set_fault(1, "EAGAIN")
          send()
        end)
        g:spawn(send)
        g:spawn(function() a:close() end)
      end)
      assert.equal(2, told)
    end)
  end)

  it("in a cancelled task sends nothing", function()
    two(function(a, b)
      assert.is_false(cohort.move_on_after(0, a.send, a, "x", b.local_address))
      assert.is_false(cohort.move_on_after(1, b.receive, b))
    end)
  end)

  it("to an address of another family is refused by the system", function()
    two(function(a, b)
      local err = raised(a.send, a, "x", { host = "::1", port = 9 })
      assert.is_true(is(err, cohort.SystemError))
      a:send("fine", b.local_address)
      assert.equal("fine", (b:receive()))
    end)
  end)
end)

describe("sending a datagram that the system refuses", function()
  it("tells where it should have gone, of a socket without a peer", function()
    cohort.run(function()
      local s <close> = net.udp()
      local err = raised(s.send, s, "x", { host = "255.255.255.255", port = 9 })
      assert.same({ "EACCES", "255.255.255.255:9" }, { err.code, err.address })
      assert.match("^send 255%.255%.255%.255:9: ", err.message)
    end)
  end)
end)

describe("opening a UDP socket", function()
  it("that is refused raises SystemError at the caller's line, and leaves nothing", function()
    two(function(a)
      local before = handles()
      local function refused(code, address, open)
        local err = raised(open)
        assert.is_true(is(err, { code = code, operation = "udp", address = address }), tostring(err))
        assert.equal("spec/net/udp_spec.lua:" .. debug.getinfo(open, "S").linedefined, err.where)
      end
      local port = a.local_address.port
      refused("EADDRINUSE", "127.0.0.1:" .. port, function() net.udp { host = local_host, port = port } end)
      refused("EADDRNOTAVAIL", "192.0.2.1:0", function() net.udp { host = "192.0.2.1" } end)
      local all = { host = "255.255.255.255", port = 9 }
      refused("EACCES", "255.255.255.255:9", function() net.udp { peer = all } end)
      refused("ENODEV", "nowhere0", function() net.udp { multicast_interface = "nowhere0" } end)
      assert.equal("resolve", raised(net.udp, { host = "no.such.host.invalid" }).operation)
      assert.equal(before, handles())
    end)
  end)

  it("in a cancelled task opens nothing", function()
    virtual(function()
      local before = handles()
      assert.is_false(cohort.move_on_after(0, net.udp))
      assert.is_false(cohort.move_on_after(0, net.udp, { host = local_host }))
      assert.equal(before, handles())
    end)
  end)

  it("without descriptors raises SystemError, and works again when there are some", function()
    local result = child.run([[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local held, ok, err = {}, true, nil
        while ok do
          ok, err = pcall(net.udp)
          held[#held + 1] = ok and err or nil
        end
        print(#held > 4, cohort.is(err, cohort.SystemError), err.code)
        held[1]:close()
        cohort.sleep(0)
        held[1] = net.udp()
        for _, socket in ipairs(held) do socket:close() end
      end)
    ]], "ulimit -n 32; lua5.4")
    assert.equal("", result.err)
    assert.equal("true\ttrue\tEMFILE\n", result.out)
  end)

  it("shares a port with those who say so, and the system keeps its options", function()
    virtual(function()
      local before = system.sockets()
      local a <close> = net.udp { host = local_host, reuse_port = true, receive_buffer = 20000,
        send_buffer = 30000, broadcast = true, ttl = 7, multicast_ttl = 0, multicast_loop = false }
      local expected = { SO_REUSEPORT = 1, SO_RCVBUF = 40000, SO_SNDBUF = 60000, SO_BROADCAST = 1, IP_TTL = 7,
        IP_MULTICAST_TTL = 0, IP_MULTICAST_LOOP = 0, SO_REUSEADDR = 0 }
      local found
      for fd in pairs(system.sockets()) do
        if not before[fd] then
          found = fd
          for name, value in pairs(expected) do assert.equal(value, system.get(fd, name), name) end
        end
      end
      assert.is_truthy(found)
      net.udp { host = local_host, port = a.local_address.port, reuse_port = true }:close()
    end)
  end)

  it("left open is closed at the end of the run, and a collected one closes itself and warns", function()
    local result = child.run [[
      local cohort, net = require "cohort", require "cohort.net"
      local kept
      cohort.run(function()
        kept = net.udp()
        net.udp()
        collectgarbage()
        collectgarbage()
      end)
      print(kept)
    ]]
    assert.matches("a socket opened at .*:5 was collected without close", result.err)
    assert.matches("%(closed%)\n$", result.out)
  end)
end)

describe("multicast", function()
  local group = "239.71.3.4"

  -- Calls body(receiver, send) where send(text) sends to the group on the loopback.
  local function with_group(body)
    virtual(function()
      local receiver <close> = net.udp { reuse_address = true }
      local sender <close> = net.udp { multicast_interface = "lo" }
      body(receiver, function(text, to)
        sender:send(text, { host = to or group, port = receiver.local_address.port })
      end)
    end)
  end

  it("brings what is sent to a group, from joining it to leaving it", function()
    with_group(function(receiver, send)
      send("before")
      assert.is_false(cohort.move_on_after(1, receiver.receive, receiver))
      receiver:join(group, "lo")
      send("one")
      assert.equal("one", (receiver:receive()))
      receiver:leave(group, "lo")
      send("after")
      assert.is_false(cohort.move_on_after(1, receiver.receive, receiver))
    end)
  end)

  it("brings nothing of a group that only others on this machine have joined", function()
    with_group(function(receiver, send)
      local other <close> = net.udp { port = receiver.local_address.port, reuse_address = true }
      other:join(group, "lo")
      receiver:join("239.71.3.5", "lo")
      send("for the other")
      assert.equal("for the other", (other:receive()))
      assert.is_false(cohort.move_on_after(1, receiver.receive, receiver))
    end)
  end)

  it("of IPv6 can be joined once, and left once", function()
    if not sockets.has_ipv6() then return pending("this machine has no ::1") end
    virtual(function()
      local socket <close> = net.udp { host = "::", multicast_interface = "lo", multicast_ttl = 0 }
      socket:join("ff02::7171", "lo")
      assert.equal("EADDRINUSE", raised(socket.join, socket, "ff02::7171", "lo").code)
      socket:leave("ff02::7171", "lo")
      assert.equal("EADDRNOTAVAIL", raised(socket.leave, socket, "ff02::7171", "lo").code)
    end)
  end)

  it("that cannot be joined or left raises SystemError", function()
    with_group(function(receiver)
      local function refused(code, what, ...)
        assert.is_true(is(raised(receiver[what], receiver, ...), { code = code, operation = what }))
      end
      refused("ENODEV", "join", group, "nowhere0")
      refused("ENODEV", "join", group, "lo\0")
      refused("EINVAL", "join", "127.0.0.1", "lo")
      refused("EADDRNOTAVAIL", "leave", group, "lo")
      receiver:join(group, "lo")
      refused("EADDRINUSE", "join", group, "lo")
    end)
  end)
end)

describe("broadcast", function()
  it("needs the option, and reaches who has the port", function()
    virtual(function()
      local receiver <close> = net.udp()
      local to = { host = "127.255.255.255", port = receiver.local_address.port }
      local sender <close> = net.udp()
      assert.equal("EACCES", raised(sender.send, sender, "x", to).code)
      local loud <close> = net.udp { broadcast = true }
      loud:send("all", to)
      assert.equal("all", (receiver:receive()))
    end)
  end)
end)
