--- Programs under faults: see engines/faults/trial.lua. Streams of bytes, in memory, over sockets and over
--- pipes.
local cohort = require "cohort"
local fs = require "cohort.fs"
local kit = require "engines.faults.kit"
local net = require "cohort.net"
local testing = require "cohort.testing"

local programs = {}

local function tcp()
  local listener <close> = net.listen("127.0.0.1", 0)
  local client = net.connect("127.0.0.1", listener.local_address.port)
  return client, listener:accept()
end

local function unix()
  local listener <close> = net.listen_unix(kit.path "socket")
  local client = net.connect_unix(kit.path "socket")
  return client, listener:accept()
end

local function slow() return testing.stream_pair { delay = { 0, 1 }, split = true, seed = 1 } end

--- Calls body(a, b) with both ends of a stream, over each transport; `text` is on its way from b to a.
local function over_each(text, body)
  for _, make in ipairs { net.pair, slow, tcp, unix } do
    local a <close>, b = make()
    local _ <close> = b
    b:write(text)
    body(a, b)
  end
end

local text = "1 two\nthree\n0x10 " .. ("x"):rep(3000)

programs["stream:read"] = function(try)
  over_each(text, function(a, b)
    local ok, n, word = try(a.read, a, "n", "l")
    assert(not ok or n == 1 and word == " two")
    b:close()
    try(a.read, a, "L", 2)
    try(a.read, a, "a")
  end)
end

programs["stream:read_some"] = function(try)
  over_each(text, function(a)
    try(cohort.move_on_after, 3, a.read_some, a)
    try(cohort.move_on_after, 3, a.read_some, a, 10)
    try(cohort.move_on_after, 1, a.read_some, a)
  end)
end

programs["stream:read_exactly"] = function(try)
  over_each(text, function(a, b)
    try(a.read_exactly, a, 2000)
    b:close()
    try(a.read_exactly, a, 10)
  end)
end

programs["stream:read_until"] = function(try)
  over_each(text, function(a) try(a.read_until, a, "ee\n", 100) end)
end

programs["stream:lines"] = function(try)
  over_each("one\ntwo\nthree", function(a, b)
    b:close()
    try(function()
      for line in a:lines() do assert(#line > 2) end
    end)
  end)
end

programs["stream:chunks"] = function(try)
  over_each("one\ntwo\nthree", function(a, b)
    b:close()
    try(function()
      for chunk in a:chunks(5) do assert(#chunk <= 5) end
    end)
  end)
end

--- Reads to the end and closes: nobody is to wait for it.
local function read_all(stream)
  local _ <close> = stream
  stream:read "a"
end

programs["stream:write"] = function(try)
  over_each("", function(a, b)
    cohort.group(function(g)
      g:spawn(read_all, b)
      local file <close> = fs.open(kit.path "file")
      try(a.write, a, "one", { 2, "three" }, 4.5)
      try(a.write, a, "file: ", file, "end")
      try(a.write, a, ("x"):rep(100000))
      a:close()
    end)
  end)
end

programs["stream:copy_to"] = function(try)
  over_each(("x"):rep(9000), function(a, b)
    b:close()
    over_each("", function(c, d)
      cohort.group(function(g)
        g:spawn(read_all, d)
        try(a.copy_to, a, c, 2000)
        c:close()
      end)
    end)
  end)
end

programs["stream:shutdown"] = function(try) over_each("", function(a) try(a.shutdown, a) end) end

programs["stream:close"] = function(try)
  over_each("", function(a)
    cohort.group(function(g)
      g:spawn(pcall, a.read, a)
      cohort.checkpoint()
      try(a.close, a)
      a:close()
    end)
  end)
end

programs["stream:set_nodelay"] = function(try)
  over_each("", function(a)
    try(a.set_nodelay, a)
    try(a.set_nodelay, a, false)
  end)
end

programs["stream:set_keepalive"] = function(try)
  over_each("", function(a)
    try(a.set_keepalive, a)
    try(a.set_keepalive, a, 30)
  end)
end

programs.free = { "stream:shutdown", "stream:close", "stream:set_nodelay", "stream:set_keepalive" }

return programs
