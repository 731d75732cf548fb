--- Programs under faults: see engines/faults/trial.lua. Sockets.
local cohort = require "cohort"
local kit = require "engines.faults.kit"
local net = require "cohort.net"
local testing = require "cohort.testing"

local programs = {}

--- Calls body(listener, port) with a listener at 127.0.0.1.
local function listening(body)
  local listener <close> = net.listen("127.0.0.1", 0)
  body(listener, listener.local_address.port)
end

--- Tries something that gives one or two streams, and closes them.
local function closing(try, f, ...)
  local ok, a, b = try(f, ...)
  if ok then
    a:close()
    if b then b:close() end
  end
end

programs["net.connect"] = function(try)
  listening(function(_, port)
    closing(try, net.connect, "127.0.0.1", port, { nodelay = true, line_max = 10 })
    closing(try, net.connect, "localhost", port)
    testing.with_names({ several = { "127.0.0.2", "127.0.0.1" } }, function()
      closing(try, net.connect, "several", port)
    end)
  end)
end

programs["net.connect_unix"] = function(try)
  local listener <close> = net.listen_unix(kit.path "socket")
  closing(try, net.connect_unix, kit.path "socket")
  return listener
end

programs["net.resolve"] = function(try)
  try(net.resolve, "127.0.0.1")
  try(net.resolve, "localhost")
  try(net.resolve, "fe80::1%lo")
  try(cohort.move_on_after, 0, net.resolve, "localhost")
end

programs["net.reverse"] = function(try) try(net.reverse, "127.0.0.1") end

programs["net.pair"] = function(try)
  closing(try, net.pair)
  closing(try, net.pair, { capacity = 8, line_max = 3 })
end

programs["net.resolver"] = function(try)
  net.resolver:with(function() return { "127.0.0.1", { host = "127.0.0.2" } } end, function()
    try(net.resolve, "somewhere")
  end)
end

programs["net.listen"] = function(try)
  closing(try, net.listen, "127.0.0.1", 0, { backlog = 3 })
  closing(try, net.listen, "localhost", 0)
end

programs["net.listen_unix"] = function(try)
  closing(try, net.listen_unix, kit.path "socket")
  closing(try, net.listen_unix, ("../"):rep(9) .. kit.path "relative")
end

programs["net.serve"] = function(try)
  listening(function(listener, port)
    kit.beside(function()
      try(net.serve, listener, { limit = 2, on_error = function() end }, function(stream)
        stream:write(stream:read "l", "\n")
        listener:close()
      end)
      listener:close()
    end, function()
      local stream <close> = net.connect("127.0.0.1", port)
      if cohort.attempt(stream.write, stream, "hello\n") then cohort.attempt(stream.read, stream, "l") end
      listener:close()
    end)
  end)
end

--- Takes a connection that is there, and waits for one, as `accept` and as a call.
local function accepting(take)
  return function(try)
    listening(function(listener, port)
      local _ <close> = net.connect("127.0.0.1", port)
      closing(try, take, listener)
      kit.beside(function() closing(try, cohort.fail_after, 2, take, listener) end, function()
        local _ <close> = net.connect("127.0.0.1", port)
      end)
    end)
  end
end

programs["listener:accept"] = accepting(function(listener) return listener:accept() end)
programs["cohort.Listener()"] = accepting(function(listener) return listener() end)

programs["net.udp"] = function(try)
  closing(try, net.udp, { host = "127.0.0.1", port = 0 })
  closing(try, net.udp, { peer = { host = "127.0.0.1", port = 9 } })
end

--- Calls body(socket, other, to): two sockets, and the address of the first.
local function datagrams(body)
  local socket <close> = net.udp { host = "127.0.0.1" }
  local other <close> = net.udp { host = "127.0.0.1" }
  body(socket, other, socket.local_address)
end

--- Receives what is there, and what comes after a second.
local function receiving(take)
  return function(try)
    datagrams(function(socket, other, to)
      other:send("one", to)
      try(take, socket)
      kit.beside(function() try(cohort.fail_after, 3, take, socket) end, other.send, other, "two", to)
    end)
  end
end

programs["socket:receive"] = receiving(function(socket) return socket:receive() end)
programs["cohort.Udp()"] = receiving(function(socket) return socket() end)

programs["socket:send"] = function(try)
  datagrams(function(_, other, to)
    try(other.send, other, "one", to)
    local connected <close> = net.udp { peer = to }
    try(connected.send, connected, "two")
  end)
end

for _, name in ipairs { "join", "leave" } do
  programs["socket:" .. name] = function(try)
    local socket <close> = net.udp { host = "0.0.0.0" }
    if name == "leave" then socket:join("239.1.2.3", "lo") end
    try(socket[name], socket, "239.1.2.3", "lo")
  end
end

programs["socket:close"] = function(try)
  datagrams(function(socket)
    cohort.group(function(g)
      g:spawn(pcall, socket.receive, socket)
      cohort.checkpoint()
      try(socket.close, socket)
      socket:close()
    end)
  end)
end

programs["listener:close"] = function(try)
  listening(function(listener)
    cohort.group(function(g)
      g:spawn(pcall, listener.accept, listener)
      cohort.checkpoint()
      try(listener.close, listener)
      listener:close()
    end)
  end)
end

-- Where nobody listens, and whom nobody serves.
programs.expected = { ["net.connect"] = { "ECONNREFUSED" }, ["net.serve"] = { "ECONNRESET" } }

programs.free = { "listener:close", "socket:send", "socket:join", "socket:leave", "socket:close" }

return programs
