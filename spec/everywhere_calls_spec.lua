--- Every call of the system that may fail asks first whether it shall: so fail_everywhere reaches them all.
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local testing = require "cohort.testing"
local transports = require "spec.support.transports"

local dir  -- of the files

-- Removes what a trial before may have left, without a call that could fail.
local function tidy()
  os.execute("rm -rf " .. dir .. "*")
end

-- A stream of a descriptor; when that cannot be, it is closed, and `other` too.
local function adopt(fd, other)
  local ok, stream = pcall(transports.adopt, fd)
  if ok then return stream end
  transports.descriptors.close(fd)
  if other then transports.descriptors.close(other) end
  error(stream, 0)
end

local programs = {}

programs["small operations on paths"] = {
  calls = { "mkdir", "stat", "lstat", "exists", "symlink", "readlink", "realpath", "link", "rename", "chmod",
    "utime", "scandir", "remove", "copy", "write_file", "append_file", "read_file" },
  run = function()
    tidy()
    fs.mkdir(dir .. "d")
    fs.write_file(dir .. "a", "text")
    fs.append_file(dir .. "a", "more")
    assert(fs.stat(dir .. "a").size == 8)
    assert(fs.lstat(dir .. "a").type == "file")
    assert(fs.exists(dir .. "a"))
    fs.symlink("a", dir .. "s")
    assert(fs.readlink(dir .. "s") == "a")
    assert(fs.realpath(dir .. "s"))
    fs.link(dir .. "a", dir .. "l")
    fs.copy(dir .. "a", dir .. "c")
    fs.rename(dir .. "c", dir .. "d/c")
    fs.chmod(dir .. "a", "600")
    fs.utime(dir .. "a")
    assert(fs.scandir(dir .. "d")() == "c")
    assert(fs.read_file(dir .. "a") == "textmore")
    fs.remove(dir .. "d", { recursive = true })
  end,
}

programs["an open file"] = {
  calls = { "open", "read", "write", "sync", "stat", "seek", "temp_file", "temp_dir" },
  run = function()
    tidy()
    local file <close> = fs.open(dir .. "f", "w+")
    file:write("one\ntwo\n")
    file:sync()
    assert(file:stat().size == 8)
    assert(file:seek("end", 0) == 8 and file:seek("set", 0) == 0)
    assert(file:read() == "one")
    local temporary <close> = fs.temp_file { dir = dir .. "." }
    local folder <close> = fs.temp_dir { dir = dir .. "." }
    assert(temporary.path and folder.path)
  end,
}

programs["a watcher"] = {
  calls = { "watch" },
  run = function() fs.watch(dir .. "."):close() end,
}

programs["a descriptor of somebody else"] = {
  calls = { "watch" },
  run = function()
    local file <close> = assert(io.popen("cat", "w"))
    cohort.fd.wait_writable(file)
  end,
}

programs["signals"] = {
  calls = { "signal" },
  run = function() cohort.signals("SIGUSR1", "SIGUSR2"):close() end,
}

programs["options of a socket"] = {
  calls = { "setsockopt" },
  run = function()
    local listener <close> = net.listen("127.0.0.1", 0)
    local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
    stream:set_nodelay(true)
    stream:set_keepalive(9)
  end,
}

programs["a copy through a pipe"] = {
  calls = { "move", "shutdown" },
  run = function()
    local reading, writing = transports.descriptors.pipe()
    local from <close> = adopt(reading, writing)
    local source <close> = adopt(writing)
    local listener <close> = net.listen("127.0.0.1", 0)
    local to <close> = net.connect("127.0.0.1", listener.local_address.port)
    source:write "bytes"
    source:shutdown()
    assert(from:copy_to(to) == 5)
  end,
}

describe("with every failure, each call is reached of", function()
  setup(function()
    dir = os.tmpname()
    os.remove(dir)
    dir = dir .. "/"
    os.execute("mkdir " .. dir)
  end)

  teardown(function() os.execute("rm -rf " .. dir) end)

  for name, program in pairs(programs) do
    it(name, function()
      for _, code in ipairs { false, "ENOMEM" } do
        local operations = testing.fail_everywhere({ code = code or nil }, program.run).operations
        for _, call in ipairs(program.calls) do
          assert.is_true((operations[call] or 0) > 0, call)
        end
      end
    end)
  end
end)
