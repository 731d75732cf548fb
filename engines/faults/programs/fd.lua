--- Programs under faults: see engines/faults/trial.lua. Descriptors of others: LuaSocket's.
local cohort = require "cohort"
local fd = require "cohort.fd"
local kit = require "engines.faults.kit"
local socket = require "socket"

local programs = {}

--- Two sockets of LuaSocket that are connected.
local function connected()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local client = assert(socket.connect("127.0.0.1", (select(2, listener:getsockname()))))
  local server = assert(listener:accept())
  listener:close()
  return client, server
end

programs["fd.wait_readable"] = function(try)
  local client, server = connected()
  kit.beside(function()
    try(fd.wait_readable, client)
    server:send "y"
    try(fd.wait_readable, client:getfd())
    try(cohort.move_on_after, 0, fd.wait_readable, server)
  end, server.send, server, "x")
  client:close()
  server:close()
end

programs["fd.wait_writable"] = function(try)
  local client, server = connected()
  try(fd.wait_writable, client)
  client:close()
  server:close()
end

return programs
