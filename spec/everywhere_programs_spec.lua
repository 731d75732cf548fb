--- Whole programs, the examples among them, cancelled at every checkpoint and with every failure.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"

-- Left out, and why: swallow catches a thousand cancellations, so it has as many checkpoints, each of which
-- would be tried with all others after it.
local left_out = { swallow = true }

-- demo hands each listener to a daemon; when there is no memory for that, the listener stays open until the
-- run ends, as an error in a program of 60 lines may.
local memory_matters = { demo = true }

-- They wait for real peers and files: each checkpoint twice is enough for them.
local near = { runs = 1 }

local function silent() end

local function example(path)
  return function()
    local env = setmetatable({ print = silent, arg = { [0] = path } }, { __index = _G })
    assert(loadfile(path, "t", env))(path)
  end
end

local examples = {}
for path in assert(io.popen "LC_ALL=C ls examples/*.lua"):lines() do
  local name = path:match "([^/]+)%.lua$"
  if not left_out[name] then examples[#examples + 1] = { name = name, run = example(path) } end
end

describe("cancelled at every checkpoint, nothing is left by the example", function()
  for _, e in ipairs(examples) do
    it(e.name, function() assert.is_true(testing.cancel_everywhere(near, e.run).checkpoints > 0) end)
  end
end)

describe("with every failure, nothing is left by the example", function()
  for _, e in ipairs(examples) do
    if not memory_matters[e.name] then
      it(e.name, function() assert.is_true(testing.fail_everywhere(e.run).faults > 0) end)
    end
  end
end)

-- {{ Programs with sockets

local function ignore() end

-- An echo server, with its listener closed in any case, and a client.
local function with_server(options, client)
  local listener <close> = net.listen("127.0.0.1", 0)
  options.on_error = ignore
  cohort.group(function(g)
    g:spawn_daemon(net.serve, listener, options, function(stream)
      for line in stream:lines() do stream:write(line, "\n") end
    end)
    client(listener.local_address.port)
  end)
end

local programs = {}

programs["a client and a server"] = function(guard)
  with_server({}, function(port)
    local _ <close> = guard()
    local stream <close> = net.connect("127.0.0.1", port)
    for i = 1, 2 do
      stream:write(i, "\n")
      assert(stream:read "l" == tostring(i))
    end
    stream:shutdown()
    assert(stream:read "a" == "")
  end)
end

programs["three clients of a server that handles one at once"] = function(guard)
  with_server({ limit = 1 }, function(port)
    cohort.group(function(g)
      for i = 1, 3 do
        g:spawn(function()
          local _ <close> = guard()
          local stream <close> = net.connect("127.0.0.1", port)
          stream:write(i, "\n")
          assert(stream:read "l" == tostring(i))
        end)
      end
    end)
  end)
end

programs["a client of a server with grace, which is closed under it"] = function(guard)
  local listener <close> = net.listen("127.0.0.1", 0)
  cohort.group(function(g)
    g:spawn(net.serve, listener, { grace = 1, on_error = ignore }, function(stream)
      local _ <close> = guard()
      stream:write(stream:read "l", "\n")
      stream:read "l"
    end)
    local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
    stream:write "1\n"
    assert(stream:read "l" == "1")
    listener:close()
    assert(stream:read "a" == "")
  end)
end

programs["datagrams"] = function(guard)
  local server <close> = net.udp { host = "127.0.0.1" }
  cohort.group(function(g)
    g:spawn_daemon(function()
      local _ <close> = guard()
      for datagram, from in server do cohort.attempt(server.send, server, datagram:upper(), from) end
    end)
    local client <close> = net.udp { peer = server.local_address }
    client:send "one"
    local ok, answer = cohort.move_on_after(1, client.receive, client)
    assert(not ok or answer == "ONE")
  end)
end

programs["more than the sockets hold"] = function(guard)
  local text = ("x"):rep(3000000)
  local listener <close> = net.listen("127.0.0.1", 0)
  cohort.group(function(g)
    g:spawn(function()
      local _ <close> = guard()
      local stream <close> = listener:accept()
      stream:write(text)
    end)
    local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
    assert(stream:read_exactly(#text) == text)
  end)
end

programs["a name that stands for several addresses"] = function(guard)
  local listener <close> = net.listen("127.0.0.1", 0)
  local _ <close> = guard()
  local stream <close> = net.connect("localhost", listener.local_address.port)
  assert(listener:accept(), "nobody came"):close()
  assert(stream:read "a" == "")
end

programs["a connection that is tried again"] = function(guard)
  local listener <close> = net.listen("127.0.0.1", 0)
  local _ <close> = guard()
  local stream <close> = cohort.retry({ attempts = 3 }, net.connect, "127.0.0.1", listener.local_address.port)
  stream:write "x"
  stream:shutdown()
end

-- }}

describe("cancelled at every checkpoint, nothing is left by", function()
  for name, f in pairs(programs) do
    it(name, function() assert.is_true(testing.cancel_everywhere(near, f).checkpoints > 3) end)
  end
end)

describe("with every failure, nothing is left by", function()
  for name, f in pairs(programs) do
    it(name, function()
      for _, code in ipairs { false, "EMFILE", "ECONNRESET", "ENOMEM" } do
        local done = testing.fail_everywhere({ code = code or nil }, f)
        local calls = done.operations
        assert.is_true((calls.read or calls.write or calls.receive) > 0)
        assert.is_true(done.operations.memory > 3)
      end
    end)
  end
end)
