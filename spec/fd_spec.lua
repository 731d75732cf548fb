-- Waiting for descriptors that belong to others: files of io, FIFOs, pipes.
local cohort = require "cohort"
local fd = require "cohort.fd"
local net = require "cohort.net"
local child = require "spec.support.child"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

-- A FIFO of the shell's, as a file of io, and a second end to write into it.
local function with_fifo(body)
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkfifo " .. path))
  local reader <close> = assert(io.open(path, "r+"))
  local writer <close> = assert(io.open(path, "r+"))
  writer:setvbuf("no")
  os.remove(path)
  return body(reader, writer)
end

describe("a descriptor", function()
  it("is waited for until it can be read", function()
    with_fifo(function(reader, writer)
      local log = {}
      cohort.run(function()
        cohort.group(function(g)
          g:spawn(function()
            fd.wait_readable(reader)
            log[#log + 1] = "readable"
          end)
          sockets.look(3)
          log[#log + 1] = "write"
          writer:write "x\n"
        end)
      end)
      assert.same({ "write", "readable" }, log)
      assert.equal("x", reader:read "l")
    end)
  end)

  it("is waited for until it can be written", function()
    with_fifo(function(_, writer)
      cohort.run(function() fd.wait_writable(writer) end)
      assert.equal(0, sockets.handles())
    end)
  end)

  it("may have many who wait for it, and all of them see it ready", function()
    with_fifo(function(reader, writer)
      local seen = 0
      cohort.run(function()
        cohort.group(function(g)
          for _ = 1, 5 do
            g:spawn(function()
              fd.wait_readable(reader)
              seen = seen + 1
            end)
          end
          g:spawn(function() fd.wait_writable(reader) end)
          sockets.look(3)
          assert.equal(0, seen)
          writer:write "x\n"
        end)
      end)
      assert.equal(5, seen)
    end)
  end)

  it("is not watched any more when its only waiter was cancelled", function()
    with_fifo(function(reader)
      cohort.run(function()
        local before = sockets.handles()
        cohort.group(function(g)
          g:spawn(fd.wait_readable, reader)
          g:spawn(fd.wait_writable, reader)
          cohort.move_on_after(0.001, fd.wait_readable, reader)
          sockets.look()
          g:cancel()
        end)
        sockets.look()
        assert.equal(before, sockets.handles())
      end)
    end)
  end)

  it("stays blocking, as its owner has it", function()
    with_fifo(function(reader)
      local number = require "cohort.core".descriptor_of(reader)
      local function flags()
        local file <close> = io.open("/proc/self/fdinfo/" .. number)
        return file:read "a":match "flags:%s*(%d+)"
      end
      cohort.run(function()
        local before = flags()
        cohort.group(function(g)
          g:spawn(fd.wait_readable, reader)
          cohort.checkpoint()
          assert.equal(before, flags())
          g:cancel()
        end)
      end)
    end)
  end)

  it("is ready at once when it is a file", function()
    cohort.run(function()
      local file <close> = io.open("/etc/passwd")
      fd.wait_readable(file)
      fd.wait_writable(file)
    end)
    assert.equal(0, sockets.handles())
  end)

  it("is a number, or found by pollfd, getfd and fileno, methods or fields", function()
    with_fifo(function(_, writer)
      local number = require "cohort.core".descriptor_of(writer)
      cohort.run(function()
        for _, name in ipairs { "pollfd", "getfd", "fileno" } do
          fd.wait_writable { [name] = number }
          fd.wait_writable { [name] = function() return number + 0.0 end }
          fd.wait_writable(setmetatable({}, { __index = { [name] = function() return number end } }))
        end
        fd.wait_writable(number)
      end)
      assert.is_true(number > 2)
    end)
  end)

  it("that is not open gives a SystemError with its number", function()
    cohort.run(function()
      local _, err = pcall(function() fd.wait_readable(987) end)
      assert.is_true(cohort.is(err, cohort.SystemError))
      assert.same({ "EBADF", "wait_readable", 987 }, { err.code, err.operation, err.descriptor })
      assert.match("^fd_spec.lua:%d+$", err.where:match "[^/]+$")
    end)
  end)

  it("of an object that is closed gives an error that says so", function()
    cohort.run(function()
      local file = io.open("/etc/passwd")
      file:close()
      assert.match("wait_readable: this userdata has no open descriptor %(got nil%)",
        tasks.raised(fd.wait_readable, file))
      assert.match("no open descriptor %(got %-1%)", tasks.raised(fd.wait_writable, { getfd = -1 }))
    end)
  end)

  it("that is closed while somebody waits is left alone once the wait is cancelled", function()
    cohort.run(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local file = io.popen("cat")
      cohort.move_on_after(0.001, fd.wait_readable, file)
      file:close()
      cohort.group(function(g)
        for _ = 1, 3 do g:spawn(net.connect, "127.0.0.1", listener.local_address.port) end
        for _ = 1, 3 do listener:accept():close() end
        g:cancel()
      end)
    end)
    assert.equal(0, sockets.handles())
  end)

  it("that is closed before the system has been told that somebody waits lets who waits go on", function()
    cohort.run(function()
      local file, other = io.popen "cat", io.popen "cat"
      cohort.group(function(g)
        for _ = 1, 2 do g:spawn(fd.wait_readable, file) end
        g:spawn(cohort.move_on_after, 0.001, fd.wait_readable, other)
        cohort.checkpoint()
        file:close()
        local number <close> = assert(io.open("/dev/null"))  -- and the number may be another's by then
        cohort.sleep(0.01)
        assert.truthy(number)
      end)
      other:close()
    end)
    assert.equal(0, sockets.handles())
  end)

  it("that nobody can make ready is no deadlock: somebody outside may", function()
    local result = child.run([[
      local cohort = require "cohort"
      local file = io.popen "sleep 0.05; echo x"
      cohort.run(function()
        cohort.fd.wait_readable(file)
        print(file:read "l")
      end)
    ]])
    assert.same({ code = 0, out = "x\n", err = "" }, result)
  end)

  it("of a stream of ours is refused", function()
    -- How many of the sockets that are open are refused.
    local function count_refused()
      local refused, ls <close> = 0, io.popen "ls -l /proc/$PPID/fd"
      for line in ls:lines() do
        local number = math.tointeger(line:match "(%d+) %-> socket:")
        local _, err = pcall(cohort.move_on_after, 1, fd.wait_writable, number)
        if number and cohort.is(err, cohort.Busy) then
          refused = refused + 1
          assert.match("one of cohort's own: use the methods of its object", tostring(err))
        end
      end
      return refused
    end
    tasks.virtual(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      assert.equal(1, count_refused())
      local a <close> = net.connect("127.0.0.1", listener.local_address.port)
      local b <close> = listener:accept()
      assert.equal(3, count_refused())
      a:write "x"
      assert.equal("x", b:read(1))
      assert.equal(3, count_refused())
    end)
  end)
end)
