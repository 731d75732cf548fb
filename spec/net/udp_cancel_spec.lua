-- What comes while a task waits, or has yielded, at a UDP socket; and what is left of one that has waited.
local core = require "cohort.core"
local cohort = require "cohort"
local net = require "cohort.net"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised
local is = cohort.is

local local_host = "127.0.0.1"

-- Calls body(a, b) with two sockets in a run.
local function two(body)
  virtual(function()
    local a <close> = net.udp { host = local_host }
    local b <close> = net.udp { host = local_host }
    body(a, b)
  end)
end

describe("a task at a UDP socket", function()
  for name, call in pairs {
    receive = function(a) return a:receive() end,
    send = function(a, b)
      core.set_fault(1, "EAGAIN")
      return a:send("x", b.local_address)
    end,
  } do
    it("is cancelled though it was woken, when there is nothing, or no room: " .. name, function()
      two(function(a, b)
        local task, status
        cohort.group(function(g)
          task = g:spawn(call, a, b)
          cohort.checkpoint()
          b:send("x", a.local_address)
          repeat cohort.checkpoint() until task:status() == "ready"
          core.set_fault(1, "EAGAIN")  -- as if the system had changed its mind
          task:cancel()
          for _ = 1, 3 do cohort.checkpoint() end
          status = task:status()
          a:close()
        end)
        assert.equal("cancelled", status)
      end)
    end)
  end

  it("sends where the address said, though that is changed while others have their turn", function()
    two(function(a, b)
      local ready, changed = cohort.event(), 0
      ready:set()
      for calls = 0, 70 do  -- at one of them the task's turn is over when it is to be sent
        local to = { host = local_host, port = b.local_address.port }
        cohort.group(function(g)
          cohort.checkpoint()
          for _ = 1, calls do ready:wait() end
          local sent = false
          g:spawn(function()
            if not sent then changed = changed + 1 end
            to.port = a.local_address.port
          end)
          a:send("datagram", to)
          sent = true
        end)
        assert.equal("datagram", (cohort.fail_after(5, b.receive, b)))
      end
      assert.is_true(changed > 0)
    end)
  end)

  it("has the peer that it was given, though that is changed while its name is looked up", function()
    two(function(a)
      local peer = { host = "somewhere", port = a.local_address.port }
      local function answer()
        peer.port = nil
        return { local_host }
      end
      local socket <close> = net.resolver:with(answer, net.udp, { peer = peer })
      assert.equal(a.local_address.port, socket.peer_address.port)
    end)
  end)
end)

describe("a UDP socket at which a task has waited", function()
  it("makes no task its writer: what becomes of a later write is no matter of it", function()
    two(function(a, b)
      local c, d = net.pair()
      cohort.group(function(g)
        local co
        g:spawn(function()
          core.set_fault(1, "EAGAIN")
          a:send("1", b.local_address)
          co = cohort.coroutine.create(function() c:write(("x"):rep(1 << 20)) end)
          cohort.coroutine.resume(co)
        end)
        repeat cohort.checkpoint() until co
        coroutine.close(co)
        d:read_some()
      end)
      assert.is_true(is(raised(c.write, c, "x"), cohort.Broken))
      a:send("2", b.local_address)
      assert.equal("1", (b:receive()))
      assert.equal("2", (b:receive()))
      c:close()
      d:close()
    end)
  end)
end)
