--- Programs over real sockets, files, pipes and processes, for the strace engine. Each raises what goes
--- wrong; a wrong answer is an error that names no call.
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local process = require "cohort.process"

local programs = {}

-- A server of `listener` and two clients of it, who say something short and something long.
local function echo(listener, connect)
  local failed
  local function on_error(err) failed = failed or err end
  local function ask(stream, text)
    stream:write(text, "\n")
    local reply = stream:read()
    if reply ~= text then error(failed or "a wrong reply", 0) end
  end
  cohort.group(function(g)
    g:spawn_daemon(net.serve, listener, { on_error = on_error }, function(stream)
      for line in stream:lines() do stream:write(line, "\n") end
    end)
    for i = 1, 2 do
      g:spawn(function()
        local stream <close> = connect()
        ask(stream, "hello " .. i)
        ask(stream, ("x"):rep(60000))
      end)
    end
  end)
end

function programs.tcp()
  local listener <close> = net.listen("127.0.0.1", 0)
  local port = listener.local_address.port
  echo(listener, function() return net.connect("127.0.0.1", port) end)
end

function programs.unix()
  local dir <close> = fs.temp_dir()
  local path = dir.path .. "/socket"
  local listener <close> = net.listen_unix(path)
  echo(listener, function() return net.connect_unix(path) end)
end

function programs.names()
  local listener <close> = net.listen("localhost", 0)
  local stream <close> = net.connect("localhost", listener.local_address.port)
  local accepted <close> = listener:accept()
  stream:write "x"
  assert(accepted:read(1) == "x", "a wrong byte")
end

-- Pipes of our own, compiled when they are needed.
local function support() return require "spec.support.transports" end

-- A stream over a descriptor, which is closed when there is none.
local function adopt(descriptor)
  local ok, stream = pcall(support().adopt, descriptor)
  if ok then return stream end
  support().descriptors.close(descriptor)
  error(stream, 0)
end

-- The end is not waited for: strace keeps a descriptor open when it lets `close` fail.
function programs.pipe()
  local reading, writing = support().descriptors.pipe()
  local ok, from = pcall(adopt, reading)
  if not ok then
    support().descriptors.close(writing)
    error(from, 0)
  end
  local _ <close> = from
  local to <close> = adopt(writing)
  local text = ("0123456789"):rep(20000)
  cohort.group(function(g)
    g:spawn(to.write, to, text)
    assert(from:read(10) == "0123456789" and from:read_exactly(#text - 10) == text:sub(11), "wrong bytes")
  end)
end

function programs.datagrams()
  local to <close> = net.udp { host = "127.0.0.1" }
  local from <close> = net.udp { host = "127.0.0.1", peer = to.local_address }
  for i = 1, 3 do
    from:send("datagram " .. i)
    assert(to:receive() == "datagram " .. i, "a wrong datagram")
  end
end

-- A child that is not fed to the end, because its pipe is broken, is none that fails.
function programs.process()
  local text = ("line\n"):rep(20000)
  local output = process.run({ "cat", stdin = text }).stdout
  assert(output == text:sub(1, #output), "a wrong output")
end

function programs.copies()
  local dir <close> = fs.temp_dir()
  local path, text = dir.path .. "/a", ("line\n"):rep(20000)
  fs.write_file(path, text, { atomic = true })
  fs.append_file(path, "end\n", { sync = true })
  fs.copy(path, dir.path .. "/b")
  assert(fs.read_file(dir.path .. "/b") == text .. "end\n", "a wrong copy")
  local names = {}
  for name in fs.walk(dir.path) do names[#names + 1] = name end
  assert(#names == 2, "a wrong list")
end

programs["open files"] = function()
  local file <close> = fs.temp_file()
  file:write("first\n", ("y"):rep(50000), "\n")
  file:seek "set"
  assert(file:read() == "first" and #file:read() == 50000 and file:read() == nil, "wrong lines")
  assert(file:stat().size == 50007, "a wrong size")
end

function programs.watching()
  local dir <close> = fs.temp_dir()
  local watcher <close> = fs.watch(dir.path)
  fs.write_file(dir.path .. "/one", "x")
  local kind, name = watcher()
  assert(kind == "rename" and name == "one", "a wrong name")
end

function programs.signals()
  local signals <close> = cohort.signals "SIGUSR1"
  _G.send_signal()
  assert(signals() == "SIGUSR1", "a wrong signal")
end

return programs
