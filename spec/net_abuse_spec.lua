-- What hostile and unlucky peers do to a server and to clients. After each of it handles, descriptors, tasks
-- and entries of the registry are back to their number, while the run goes on; and the server still serves.
local core = require "cohort.core"
local cohort = require "cohort"
local net = require "cohort.net"
local child = require "spec.support.child"
local leaks = require "cohort.testing.leaks"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local virtual, raised, look = tasks.virtual, tasks.raised, sockets.look
local is = cohort.is

-- Waits until no more is held than before; fails with what is when that does not come.
local function settle(before)
  for _ = 1, 50 do
    look(2)
    collectgarbage()
    if #leaks.growth(before) == 0 then return end
  end
  assert.same({}, leaks.growth(before))
end

-- Calls body(port, errors) beside a server with this handler; `errors` are those of its connections. It must
-- have given all back when `body` has returned, and echo a line.
local function abused(handler, body)
  virtual(function()
    local listener <close> = net.listen("127.0.0.1", 0)
    local port, errors = listener.local_address.port, {}
    cohort.group(function(g)
      local function serve(stream)
        if stream:read "l" == "echo" then stream:write("echo\n") else handler(stream) end
      end
      local options = { on_error = function(err) errors[#errors + 1] = err end }
      g:spawn_daemon(net.serve, listener, options, serve)
      look(3)
      local before = leaks.count()
      body(port, errors)
      settle(before)
      do
        local stream <close> = net.connect("127.0.0.1", port)
        stream:write("echo\n")
        assert.equal("echo", stream:read())
      end
      settle(before)
    end)
  end)
end

-- Connects and says that it comes to misbehave.
local function connect(port)
  local stream = net.connect("127.0.0.1", port)
  stream:write("hello\n")
  return stream
end

-- Ends a connection by a reset: what the peer has sent is not read.
local function reset(stream)
  look(3)
  stream:close()
end

describe("a server", function()
  it("is not filled by lines without an end, of many peers at once", function()
    local most = 0
    abused(function(stream) stream:read "l" end, function(port, errors)
      cohort.group(function(g)
        for _ = 1, 5 do
          g:spawn(function()
            local stream <close> = connect(port)
            local ok, err = pcall(function()
              while true do
                stream:write(("x"):rep(100000))
                most = math.max(most, core.debug_counts().bytes)
              end
            end)
            assert.is_true(not ok and is(err, cohort.Broken))
          end)
        end
      end)
      assert.equal(5, #errors)
      for _, err in ipairs(errors) do assert.is_true(is(err, cohort.TooLong)) end
    end)
    assert.is_true(most < 5000000)
  end)

  it("is rid of a peer that never reads when the time for its answer is over", function()
    abused(function(stream) cohort.fail_after(5, stream.write, stream, ("x"):rep(20000000)) end,
      function(port, errors)
        local _ <close> = connect(port)
        cohort.sleep(6)
        assert.equal(1, #errors)
        assert.is_true(is(errors[1], cohort.Timeout))
      end)
  end)

  it("is rid of a peer that drips a byte a second when the time for a line is over", function()
    abused(function(stream) cohort.fail_after(10, stream.read, stream, "l") end, function(port, errors)
      local stream <close> = connect(port)
      local ok, sent = true, 0
      while ok and sent < 100 do
        ok = pcall(stream.write, stream, "x")
        sent = sent + 1
        cohort.sleep(1)
      end
      assert.is_true(sent >= 10 and sent <= 14, sent)
      assert.is_true(is(errors[1], cohort.Timeout))
    end)
  end)

  it("sees each connection end that is reset before it is taken", function()
    virtual(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local before = leaks.count()
      for _ = 1, 20 do net.connect("127.0.0.1", listener.local_address.port):close() end
      for _ = 1, 20 do
        local stream <close> = listener:accept()
        local ok, line = pcall(stream.read, stream)
        assert.is_true(not ok or line == nil)
      end
      settle(before)
    end)
  end)

  local function states()
    local big = ("x"):rep(20000000)
    return {
      ["while it reads"] = function(stream) stream:write("x") stream:read "l" stream:read "l" end,
      ["while it reads all"] = function(stream) stream:write("x") stream:read "a" error "it was no end" end,
      ["while it writes"] = function(stream) stream:write(big) end,
      ["while it sleeps, before it writes"] = function(stream)
        stream:write("x")
        cohort.sleep(1)
        stream:write("y")
        look(3)
        stream:write(big)
      end,
      ["after it was shut down"] = function(stream)
        stream:write("x")
        stream:shutdown()
        stream:read "l"
        error "it was no end"
      end,
      ["while it copies to itself"] = function(stream)
        stream:write("x")
        stream:copy_to(stream)
        error "it was no end"
      end,
      ["while it copies into memory"] = function(stream)
        local a <close>, b = net.pair()
        local _ <close> = b
        stream:write("x")
        stream:copy_to(a)
        error "it was no end"
      end,
    }
  end

  for name, handler in pairs(states()) do
    it("has a connection reset " .. name .. ", and the others are served", function()
      abused(handler, function(port, errors)
        local clients = {}
        for i = 1, 3 do clients[i] = connect(port) end
        look(5)
        for i = 1, 3 do reset(clients[i]) end
        cohort.sleep(2)
        assert.equal(3, #errors)
        for _, err in ipairs(errors) do
          assert.is_true(is(err, cohort.Broken), tostring(err))
          assert.is_true(err.code == "ECONNRESET" or err.code == "EPIPE")
        end
      end)
    end)
  end

  it("takes ten thousand connections that are opened and dropped", function()
    local served = 0
    abused(function(stream)
      served = served + 1
      stream:write("x")
      pcall(stream.read, stream)
    end, function(port)
      cohort.group(function(g)
        for _ = 1, 20 do
          g:spawn(function()
            for _ = 1, 500 do
              local stream <close> = connect(port)
              stream:read(1)
              stream:write("more\n")
            end
          end)
        end
      end)
    end)
    assert.equal(10000, served)
  end)
end)

describe("a client", function()
  it("is told by each way to read and write that the server has reset it", function()
    for _, use in ipairs {
      function(s) s:read "l" end, function(s) s:read "a" end, function(s) s:read_some() end,
      function(s) s:read_exactly(5) end, function(s) s:read_until ";" end,
      function(s) for _ in s:lines() do look() end end,
      function(s) while true do s:write(("x"):rep(1000)) look() end end,
    } do
      virtual(function()
        local listener <close> = net.listen("127.0.0.1", 0)
        local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
        local other = listener:accept()
        stream:write("unread")
        look(3)
        other:close()
        assert.is_true(is(raised(use, stream), cohort.Broken))
      end)
    end
  end)
end)

describe("a process that runs out of descriptors", function()
  it("is told so by everything that opens one, loses none, and opens again when there are some", function()
    local result = child.run_clean([[
      local cohort, net, core = require "cohort", require "cohort.net", require "cohort.core"
      cohort.run(function()
        local listener = net.listen("127.0.0.1", 0)
        local port = listener.local_address.port
        local opens = {
          connect = function() return net.connect("127.0.0.1", port) end,
          listen = function() return net.listen("127.0.0.1", 0) end,
          listen_unix = function() return net.listen_unix "@cohort-out-of-descriptors" end,
          udp = function() return net.udp { host = "127.0.0.1" } end,
        }
        for round = 1, 3 do
          local held, ok, err = {}, true, nil
          while ok do
            ok, err = pcall(opens.connect)
            held[#held + 1] = ok and err or nil
          end
          local before = core.count_descriptors()
          for name, open in pairs(opens) do
            local ok, err = pcall(open)
            assert(not ok and cohort.is(err, {code = "EMFILE"}), name)
          end
          assert(core.count_descriptors() == before)
          for _, stream in ipairs(held) do stream:close() end
          cohort.sleep(0.001)
          for _ = 1, #held do listener:accept():close() end
          cohort.sleep(0.001)
          for name, open in pairs(opens) do open():close() end
          listener:accept():close()
        end
        print "whole"
      end)
    ]], "ulimit -n 32; lua5.4 -W")
    assert.equal("", result.err)
    assert.equal("whole\n", result.out)
  end)
end)
