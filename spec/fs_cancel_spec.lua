-- What a cancellation does to operations that a thread has begun, or has not: nothing stays open, nothing is
-- half done that need not be, and nobody stands in the way of others.
local cohort = require "cohort"
local core = require "cohort.core"
local fs = require "cohort.fs"
local child = require "spec.support.child"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local names, read, write = files.names, files.read, files.write
local is = cohort.is

-- Calls body(g, busy) while every thread of the pool is busy; afterwards they are let go.
local function while_busy(dir, body)
  local endless = files.write_endless(dir .. "endless")
  cohort.group(function(g)
    local busy = files.keep_busy(g, endless)
    body(g, busy)
    for _, task in ipairs(busy) do task:cancel() end
  end)
end

-- Every operation that changes something, by its name, in a folder with the files "a" and "open".
local function changes(dir, file)
  return {
    write_file = function() fs.write_file(dir .. "new", "x") end,
    write_atomic = function() fs.write_file(dir .. "a", "x", { atomic = true }) end,
    append_file = function() fs.append_file(dir .. "a", "x") end,
    copy = function() fs.copy(dir .. "a", dir .. "new") end,
    open = function() fs.open(dir .. "new", "w"):close() end,
    write = function() file:write "x" end,
    mkdir = function() fs.mkdir(dir .. "new") end,
    remove = function() fs.remove(dir .. "a") end,
    rename = function() fs.rename(dir .. "a", dir .. "new") end,
    link = function() fs.link(dir .. "a", dir .. "new") end,
    symlink = function() fs.symlink("a", dir .. "new") end,
    chmod = function() fs.chmod(dir .. "a", "777") end,
    utime = function() fs.utime(dir .. "a", 1) end,
    temp_file = function() fs.temp_file { dir = dir } end,
    temp_dir = function() fs.temp_dir { dir = dir } end,
  }
end

-- And what only looks.
local function looks(dir, file)
  return {
    read_file = function() fs.read_file(dir .. "a") end,
    stat = function() fs.stat(dir .. "a") end,
    lstat = function() fs.lstat(dir .. "a") end,
    exists = function() fs.exists(dir .. "none") end,
    scandir = function() fs.scandir(dir) end,
    walk = function() fs.walk(dir)() end,
    readlink = function() fs.readlink "/proc/self" end,
    realpath = function() fs.realpath(dir) end,
    open = function() fs.open(dir .. "a") end,
    read = function() file:read() end,
    seek = function() file:seek "end" end,
    file_stat = function() file:stat() end,
  }
end

describe("a cancelled task", function()
  it("does nothing in the file system", function()
    within(function(dir)
      write(dir .. "a", "old")
      local file <close> = fs.open(dir .. "open", "w+")
      local before = fs.stat(dir .. "a")
      for _, list in ipairs { changes(dir, file), looks(dir, file) } do
        for name, operation in pairs(list) do
          assert.is_false(cohort.move_on_after(0, operation), name)
        end
      end
      assert.equal("a open", names(dir))
      assert.same(before, fs.stat(dir .. "a"))
      assert.equal(0, file:stat().size)
    end)
  end)

  it("has done nothing when no thread had begun", function()
    within(function(dir)
      local other <close> = fs.temp_dir { dir = dir }
      local place = other.path .. "/"
      write(place .. "a", "old")
      local file <close> = fs.open(place .. "open", "w+")
      local before = fs.stat(place .. "a")
      while_busy(dir, function(g)
        for name, operation in pairs(changes(place, file)) do
          local task = g:spawn(operation)
          cohort.checkpoint()
          assert.equal("waiting", task:status(), name)
          task:cancel()
          task:wait()
          assert.equal("cancelled", task:status(), name)
        end
      end)
      files.settle()
      assert.equal("a open", names(place))
      assert.same(before, fs.stat(place .. "a"))
      assert.equal(0, file:stat().size)
    end)
  end)

  it("does not wait for what only looks", function()
    within(function(dir)
      write(dir .. "a", "old")
      while_busy(dir, function(g)
        for _, operation in ipairs { fs.readlink, fs.realpath, fs.scandir } do
          local task = g:spawn(operation, "/proc/self")
          cohort.checkpoint()
          task:cancel()
          cohort.checkpoint()
          assert.equal("cancelled", task:status())
        end
      end)
    end)
  end)

  it("gets no more of a file when a piece has just come, and keeps that", function()
    within(function(dir)
      local size = 32 << 20
      local file <close> = fs.open(dir .. "large", "w+")
      file:seek("set", size - 1)
      file:write "x"
      file:seek "set"
      cohort.group(function(g)
        local task = g:spawn(function() return #file:read "a" end)
        repeat cohort.checkpoint() until task:status() == "ready"
        task:cancel()
        task:wait()
        assert.equal("cancelled", task:status())
      end)
      assert.equal(0, file:seek())
      assert.equal(size, #file:read "a")
    end)
  end)

  it("leaves a large read behind, and gets its memory back", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "large", "w")
      file:seek("set", 300 << 20)
      file:write "x"
      files.settle()
      local before = core.debug_counts().bytes
      cohort.group(function(g)
        local task = g:spawn(fs.read_file, dir .. "large")
        cohort.checkpoint()
        task:cancel()
        cohort.checkpoint()
        assert.equal("cancelled", task:status())
      end)
      local rounds = 0
      repeat
        files.settle()
        rounds = rounds + 1
      until core.debug_counts().bytes <= before or rounds == 1000
      assert.is_true(rounds < 1000)
    end)
  end)

  it("finishes a small change that a thread has begun, and is cancelled at its next wait", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "a", "w")
      local text = ("x"):rep(20 << 20)
      local wrote, after
      cohort.group(function(g)
        local task = g:spawn(function()
          wrote = file:write(text) == file
          cohort.checkpoint()
          after = true
        end)
        repeat cohort.checkpoint() until read(dir .. "a") ~= ""
        task:cancel()
      end)
      assert.is_true(wrote)
      assert.is_nil(after)
      assert.equal(#text, fs.stat(dir .. "a").size)
    end)
  end)

  it("stops a long copy between two pieces, and leaves nothing of it", function()
    within(function(dir)
      local endless = files.write_endless(dir .. "endless")
      for _, atomic in ipairs { false, true } do
        cohort.group(function(g)
          local task = g:spawn(fs.copy, endless, "/dev/shm/cohort-spec-copy", { atomic = atomic })
          repeat cohort.checkpoint() until names("/dev/shm"):find "cohort%-"
          task:cancel()
          task:wait()
          assert.equal("cancelled", task:status())
        end)
        assert.is_nil(names("/dev/shm"):find "cohort%-")
      end
      assert.equal("endless", names(dir))
    end)
  end)

  it("leaves the old file as it was when an atomic write of it is stopped", function()
    within(function(dir)
      write(dir .. "a", "old")
      local text = ("x"):rep(64 << 20)
      cohort.group(function(g)
        local task = g:spawn(fs.write_file, dir .. "a", text, { atomic = true })
        repeat cohort.checkpoint() until names(dir) ~= "a"
        task:cancel()
        task:wait()
        -- Stopped, or too late for that: never half of it.
        local expected = task:status() == "cancelled" and "old" or text
        assert.is_true(read(dir .. "a") == expected)
      end)
      assert.equal("a", names(dir))
    end)
  end)

  it("whose operation was told to stop begins it again when a shield goes up meanwhile", function()
    within(function(dir)
      local endless, copy = files.write_endless(dir .. "endless"), "/dev/shm/cohort-spec-again"
      local function born() return fs.exists(copy) and (fs.stat(copy).btime or fs.stat(copy).inode) end
      cohort.group(function(g)
        local scope
        local task = g:spawn(cohort.scope, function(s)
          scope = s
          fs.copy(endless, copy)
        end)
        repeat cohort.checkpoint() until born()
        local first = born()
        task:cancel()
        scope.shield = true
        repeat
          local ok, again = cohort.attempt(born)
        until ok and again and again ~= first
        assert.equal("waiting", task:status())
        scope.shield = false
        task:wait()
        assert.equal("cancelled", task:status())
        assert.is_false(fs.exists(copy))
      end)
    end)
  end)
end)

describe("a task that is closed by force", function()
  it("gives back what a thread has made for it", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "a", "w")
      local operations = {
        function() file:stat() end,
        function() return fs.temp_dir { dir = dir } end,
        function() return fs.temp_file { dir = dir } end,
      }
      for _, operation in ipairs(operations) do
        pcall(cohort.group, function(g)
          local deaf = g:spawn(tasks.outrun, function()
            local _ <close> = operation()
          end)
          cohort.checkpoint()
          g:cancel()
          cohort.shield(deaf.wait, deaf)
          assert.equal("failed", deaf:status())
        end)
      end
      assert.equal(0, file:stat().size)
      files.settle()
      assert.equal("a", names(dir))
    end)
  end)
end)

describe("a deadline", function()
  it("around an operation cuts it, and says where", function()
    cohort.run(function()
      local dir <close> = fs.temp_dir()
      local endless = files.write_endless(dir.path .. "/endless")
      local err = raised(cohort.fail_after, 0.01, function() fs.copy(endless, "/dev/null") end)
      assert.is_true(is(err, cohort.Timeout))
      assert.matches("fs_cancel_spec.lua", err.traceback)
    end)
  end)
end)

describe("FIFOs", function()
  it("and sockets are refused at once, by every operation, and keep no thread from others", function()
    within(function(dir)
      local paths = {}
      for i = 1, 2 * files.threads do
        paths[i] = dir .. "fifo" .. i
        os.execute("mkfifo " .. paths[i])
      end
      local listener <close> = cohort.net.listen_unix(dir .. "socket")
      paths[#paths + 1] = listener.local_address.path
      write(dir .. "a", "text")
      cohort.group(function(g)
        for _, path in ipairs(paths) do
          g:spawn(function()
            for _, mode in ipairs { "r", "w", "r+", "a" } do
              assert.is_true(is_error(raised(fs.open, path, mode), "ENOTSUP", "open", path))
            end
            assert.is_true(is_error(raised(fs.read_file, path), "ENOTSUP", "read_file", path))
            assert.is_true(is_error(raised(fs.write_file, path, "x"), "ENOTSUP", "write_file", path))
            local atomic = { atomic = true }
            assert.is_true(is_error(raised(fs.write_file, path, "x", atomic), "ENOTSUP", "write_file", path))
            assert.is_true(is_error(raised(fs.append_file, path, "x"), "ENOTSUP", "append_file", path))
            assert.is_true(is_error(raised(fs.copy, path, dir .. "b"), "ENOTSUP", "copy", path))
            assert.is_true(is_error(raised(fs.copy, dir .. "a", path), "ENOTSUP", "copy", dir .. "a"))
            assert.is_false(fs.stat(path).type == "file")
          end)
          g:spawn(function() assert.equal("text", fs.read_file(dir .. "a")) end)
        end
      end)
      for _, path in ipairs(paths) do
        if path:find "fifo" then fs.remove(path) end
      end
      assert.equal("a socket", names(dir))
    end)
  end)

  it("that take a file's place just before it is opened are refused, and nobody waits for them", function()
    within(function(dir)
      local result = child.run_behind("swaps", ([[
        local cohort, fs = require "cohort", require "cohort.fs"
        local path = %q
        cohort.run(function()
          for _, f in ipairs { fs.open, fs.read_file } do
            io.open(path, "w"):close()
            local ok, err = pcall(f, path)
            print(fs.stat(path).type, ok, not ok and err.code)
            os.remove(path)
          end
        end)
      ]]):format(dir .. "swapped"))
      if not result then return pending("a sanitizer stands before the system already") end
      assert.same({ code = 0, out = ("fifo\tfalse\tENOTSUP\n"):rep(2), err = "" }, result)
    end)
  end)

  it("with somebody at the other end are not touched", function()
    within(function(dir)
      os.execute("mkfifo " .. dir .. "fifo")
      local writer = assert(io.popen(("(echo hello > %sfifo; echo $?) 2>&1"):format(dir)))
      for _ = 1, 20 do raised(fs.read_file, dir .. "fifo") end
      local reader <close> = assert(io.open(dir .. "fifo"))
      assert.equal("hello", reader:read())
      assert.equal("0", writer:read())
      writer:close()
    end)
  end)
end)

describe("a runtime", function()
  local function closing(body)
    return child.run([[
      local cohort, fs = require "cohort", require "cohort.fs"
      local dir = os.tmpname()
      os.remove(dir)
      os.execute("mkdir " .. dir)
      local endless = io.open(dir .. "/endless", "w")
      endless:seek("set", 1 << 38)
      endless:write "x"
      endless:close()
      local ok, err = pcall(cohort.run, function()
        cohort.group(function(g)
          for i = 1, 6 do g:spawn(fs.copy, dir .. "/endless", "/dev/null") end
          g:spawn(fs.scandir, dir)
          g:spawn(fs.write_file, dir .. "/new", "x")
          local file <close> = fs.open(dir .. "/endless")
          g:spawn(file.read, file)
          cohort.checkpoint()
          ]] .. body .. [[
        end)
      end)
      os.execute("rm -r " .. dir)
      print("end")
    ]])
  end

  it("that is closed in the middle of operations stops them, and ends", function()
    local result = closing "os.execute('rm -r ' .. dir) os.exit(true, true)"
    -- Lua closes the state under the block that has the file.
    local warned = result.err:gsub("Lua warning: [^\n]*a file opened at [^\n]* was collected [^\n]*\n", "")
    assert.same({ 0, "", "" }, { result.code, result.out, warned })
  end)

  it("whose main fails in the middle of operations stops them, and ends", function()
    local result = closing "error 'no'"
    assert.same({ 0, "end\n", "" }, { result.code, result.out, result.err })
  end)
end)

describe("a write that is under way", function()
  it("when its task is closed by force is left behind", function()
    local path = os.tmpname()
    local result = child.run(([[
      local cohort, fs = require "cohort", require "cohort.fs"
      local path, file = %q
      print((pcall(cohort.run, { watchdog = 0.01 }, function()
        file = fs.open(path, "w")
        cohort.group(function(g)
          g:spawn(function() pcall(file.write, file, ("x"):rep(1 << 27)) end)
          g:spawn(function()
            local _ <close> = setmetatable({}, { __close = function() while true do end end })
            cohort.checkpoint()
            while true do end
          end)
        end)
      end)))
    ]]):format(path), "lua5.4")
    os.remove(path)
    assert.equal("false\n", result.out:sub(1, 6))
    assert.equal(0, result.code, result.err)
  end)
end)

describe("without threads", function()
  it("operations raise SystemError, and the process lives on", function()
    if os.getenv "LD_PRELOAD" then return pending("a sanitizer needs all of the address space") end
    for _, size in ipairs { 64, -1 } do  -- which libuv takes for as many as it can have
      local result = child.run_clean([[
        local cohort, fs = require "cohort", require "cohort.fs"
        cohort.run(function()
          local ok, err = pcall(fs.readlink, "/proc/self")
          print(ok, cohort.is(err, cohort.SystemError), err.code, err.operation, err.path)
          ok, err = pcall(fs.rename, "/none/a", "/none/b")
          print(ok, err.code, err.operation, err.path, err.to)
        end)
      ]], ("ulimit -v 300000; UV_THREADPOOL_SIZE=%d lua5.4"):format(size))
      assert.equal("false\ttrue\tEAGAIN\treadlink\t/proc/self\n"
        .. "false\tEAGAIN\trename\t/none/a\t/none/b\n", result.out)
      assert.equal(0, result.code)
    end
  end)
end)

describe("without descriptors", function()
  it("operations raise SystemError, and work again when there are some", function()
    local result = child.run_clean([[
      local cohort, fs = require "cohort", require "cohort.fs"
      cohort.run(function()
        local dir = fs.temp_dir()
        fs.write_file(dir.path .. "/a", "text")
        local open = {}
        local ok, err
        repeat
          ok, err = pcall(fs.open, dir.path .. "/a")
          open[#open + 1] = ok and err or nil
        until not ok
        print(err.code, err.operation, #open > 10)
        for name, f in pairs { read = fs.read_file, list = fs.scandir } do
          print(pcall(f, dir.path) == false)
        end
        print(select(2, pcall(fs.write_file, dir.path .. "/b", "x")).code, fs.exists(dir.path .. "/a"))
        for _, file in ipairs(open) do file:close() end
        print(fs.read_file(dir.path .. "/a"))
        dir:remove()
      end)
    ]], "ulimit -n 32; lua5.4 -W")
    assert.equal("EMFILE\topen\ttrue\ntrue\ntrue\nEMFILE\ttrue\ntext\n", result.out)
    assert.equal("", result.err)
  end)
end)
