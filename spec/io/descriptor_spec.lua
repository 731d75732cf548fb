-- Streams over descriptors that are no sockets: files, pipes, terminals, devices, one way or both.
local cohort = require "cohort"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"
local transports = require "spec.support.transports"

local raised, virtual, adopt = tasks.raised, tasks.virtual, transports.adopt
local descriptors = transports.descriptors

local function with_path(body)
  local path = os.tmpname()
  local ok, err = pcall(virtual, body, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

local function contents(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

describe("a stream over a file", function()
  it("writes and reads at once, whole and in parts", function()
    with_path(function(path)
      local text = ("line of a file\n"):rep(100000)
      do
        local out <close> = adopt(descriptors.open(path, "w"))
        assert.equal("stream of a file", tostring(out))
        out:write("head\n", { text }, 1)
      end
      assert.is_true(contents(path) == "head\n" .. text .. "1")
      local input <close> = adopt(descriptors.open(path, "r"))
      assert.equal("head", input:read())
      assert.is_true(input:read_exactly(#text) == text)
      assert.same({ 1 }, { input:read("n") })
      assert.is_nil(input:read())
    end)
  end)

  it("lets others have their turn in a long read", function()
    with_path(function(path)
      local out <close> = adopt(descriptors.open(path, "w"))
      out:write(("x"):rep(5000000))
      local turns, input = 0, adopt(descriptors.open(path, "r"))
      local _ <close> = input
      cohort.group(function(g)
        g:spawn_daemon(function()
          while true do
            cohort.checkpoint()
            turns = turns + 1
          end
        end)
        assert.equal(5000000, #input:read "a")
      end)
      assert.is_true(turns >= 3)
    end)
  end)

  it("is copied into a pipe, a file and memory, by the system or by hand", function()
    with_path(function(path)
      local text = ("0123456789abcdef"):rep(1 << 16)
      local out = adopt(descriptors.open(path, "w"))
      out:write(text)
      out:close()
      for _, transport in ipairs(transports.list) do
        local a, b = transport.open()
        local _ <close> = b
        cohort.group(function(g)
          g:spawn(function()
            local input <close> = adopt(descriptors.open(path, "r"))
            assert.equal("01", input:read(2))
            assert.equal(10, input:copy_to(a, 10))
            assert.equal(#text - 12, input:copy_to(a))
            transports.settle()
            a:close()
          end)
          assert.is_true(b:read "a" == text:sub(3))
        end)
      end
      local input <close>, copy = adopt(descriptors.open(path, "r")), path .. ".copy"
      local output <close> = adopt(descriptors.open(copy, "w"))
      assert.equal(#text, input:copy_to(output))
      assert.is_true(contents(copy) == text)
      os.remove(copy)
    end)
  end)

  it("raises what the system says", function()
    virtual(function()
      local full <close> = adopt(descriptors.open("/dev/full", "rw"))
      local err = raised(full.write, full, "x")
      assert.is_true(cohort.is(err, cohort.SystemError))
      assert.is_true(cohort.is(err, { code = "ENOSPC", operation = "write" }))
      local null <close> = adopt(descriptors.open("/dev/null", "rw"))
      null:write("x")
      assert.is_nil(null:read())
      local folder <close> = adopt(descriptors.open("/", "r"))
      assert.equal("EISDIR", raised(folder.read, folder).code)
    end)
  end)
end)

describe("a stream in one direction", function()
  it("says so at the caller's line when it is used in the other", function()
    virtual(function()
      local reading, writing = descriptors.pipe()
      local input <close> = adopt(reading)
      local output <close> = adopt(writing)
      for _, call in ipairs { { "read" }, { "read_some" }, { "read_exactly", 1 }, { "copy_to", output } } do
        assert.matches("descriptor_spec.lua:%d+: [%l_]+: this stream is for writing only",
          raised(function() output[call[1]](output, call[2]) end))
      end
      for _, name in ipairs { "write", "shutdown" } do
        assert.matches("descriptor_spec.lua:%d+: [%l_]+: this stream is for reading only",
          raised(function() input[name](input) end))
      end
      assert.matches("copy_to: this stream is for reading only", raised(function() input:copy_to(input) end))
      assert.matches("stream of a pipe", tostring(input))
    end)
  end)

  it("ends for the other side when it is shut down, and closing it then disturbs nobody", function()
    virtual(function()
      local reading, writing = descriptors.pipe()
      local input <close> = adopt(reading)
      local output = adopt(writing)
      output:write("last")
      output:shutdown()
      assert.equal("last", input:read "a")
      local reading2, writing2 = descriptors.pipe()
      local input2 <close> = adopt(reading2)
      local output2 <close> = adopt(writing2)
      cohort.group(function(g)
        local reader = g:spawn(input2.read, input2)
        sockets.look()
        output:close()
        sockets.look()
        output2:write("not disturbed\n")
        sockets.look(5)
        assert.equal("done", reader:status())
        assert.equal("not disturbed", reader:result())
      end)
    end)
  end)
end)

describe("a descriptor", function()
  it("that is a socket makes a stream as any socket does, addresses included", function()
    virtual(function()
      local one, other = descriptors.sockets()
      local a <close> = adopt(one)
      local b <close> = adopt(other)
      assert.same({ family = "unix" }, a.peer_address)
      assert.same({ family = "unix" }, b.local_address)
      a:write("x\n")
      a:shutdown()
      assert.same({ "x" }, { b:read(), b:read() })
      b:write("y\n")
      assert.equal("y", a:read())
    end)
  end)

  it("that was given blocking blocks again for those who share it", function()
    virtual(function()
      local reading, writing = descriptors.pipe()
      local shared = descriptors.duplicate(writing)
      local input <close> = adopt(reading)
      local output = adopt(writing)
      assert.is_false(descriptors.blocks(shared))
      output:close()
      assert.is_true(descriptors.blocks(shared))
      descriptors.close(shared)
      assert.is_nil(input:read())
    end)
  end)

  it("that is none is refused, and nothing is left open", function()
    virtual(function()
      local before = descriptors.count()
      for _, fd in ipairs { -1, 4095 } do
        local err = raised(adopt, fd)
        assert.is_true(cohort.is(err, { code = "EBADF" }))
      end
      assert.equal(before, descriptors.count())
    end)
  end)
end)

describe("a pipe that nobody reads any more", function()
  it("does not end the process, and leaves SIGPIPE as it was", function()
    local result = child.run_clean [[
      local cohort = require "cohort"
      local transports = require "spec.support.transports"
      local function masks()  -- of signals that are pending, blocked, ignored, caught
        return (io.open "/proc/self/status":read "a":match "SigPnd:.-SigCgt:%s*%x+")
      end
      local before = masks()
      cohort.run({ signals = false }, function()
        local reading, writing = transports.descriptors.pipe()
        local output = transports.adopt(writing)
        transports.adopt(reading):close()
        cohort.sleep(0)
        for _ = 1, 3 do
          local ok, err = pcall(output.write, output, "x")
          print(ok, err.code, cohort.is(err, cohort.Broken))
        end
        output:close()
      end)
      print(assert(before) == masks())
    ]]
    assert.equal(("false\tEPIPE\ttrue\n"):rep(3) .. "true\n", result.out)
    assert.equal(0, result.code)
  end)
end)
