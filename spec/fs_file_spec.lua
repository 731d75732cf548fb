-- Open files: reading in the formats of io, writing, seeking; who may use one, and how it ends.
local cohort = require "cohort"
local fs = require "cohort.fs"
local child = require "spec.support.child"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local read, write = files.read, files.write
local is = cohort.is

-- What both libraries give for the same calls on files with the same text, until one gives nil.
local function read_both(dir, text, ...)
  write(dir .. "both", text)
  local ours <close> = fs.open(dir .. "both")
  local theirs <close> = assert(io.open(dir .. "both"))
  for round = 1, 100 do
    local expected = table.pack(theirs:read(...))
    assert.same(expected, table.pack(ours:read(...)), ("%q, round %d"):format(text:sub(1, 50), round))
    if expected[1] == nil then break end
  end
  assert.equal(theirs:read "a", ours:read "a")
end

local texts = {
  "", "\n", "\n\n", "one", "one\n", "one\ntwo", "one\ntwo\n\nthree\n", "\0\n\0", "a\r\nb\r\n",
  ("x"):rep(70000) .. "\n" .. ("y"):rep(65536) .. "\nz", ("\n"):rep(50), ("line\n"):rep(99) .. "end",
}

local numerals = {
  "1 2 3", "12.5\n-3", " \t\n 0x1F 0x.8p2 1e2", "nan inf", "12abc", "0x", "1e", "1e+", "+5 -7 --8", ". .5 5.",
  "1" .. ("0"):rep(250), "", "   ", "0x1p-2 3", "12 \n", (" "):rep(70000) .. "7", "1.5.5",
}

describe("file:read", function()
  it("gives what io gives, in every format", function()
    within(function(dir)
      for _, text in ipairs(texts) do
        for _, format in ipairs { "l", "L", "a", "*l", "*L", "*a", 0, 1, 3, 65536, 100000 } do
          if format ~= "a" and format ~= "*a" and format ~= 0 then read_both(dir, text, format) end
          write(dir .. "once", text)
          local ours <close> = fs.open(dir .. "once")
          local theirs <close> = assert(io.open(dir .. "once"))
          assert.equal(theirs:read(format), ours:read(format))
        end
        read_both(dir, text)
        read_both(dir, text, 2, "l", 1)
        read_both(dir, text, "L", 5, "l")
      end
    end)
  end)

  it("gives the numerals that io gives", function()
    within(function(dir)
      for _, text in ipairs(numerals) do
        read_both(dir, text, "n")
        read_both(dir, text, "n", "n")
        read_both(dir, text, "n", "l")
      end
    end)
  end)

  it("reads more when the file has grown", function()
    within(function(dir)
      local path = write(dir .. "log", "one\n")
      local file <close> = fs.open(path)
      assert.equal("one", file:read())
      assert.is_nil(file:read())
      fs.append_file(path, "two\nthr")
      assert.equal("two", file:read())
      assert.equal("thr", file:read())
      fs.append_file(path, "ee\n")
      assert.equal("ee", file:read())
      assert.is_nil(file:read())
    end)
  end)

  it("holds no more than it needs for sizes that no file has", function()
    within(function(dir)
      local file <close> = fs.open(write(dir .. "a", "few"))
      assert.equal("few", file:read(1 << 40))
      assert.is_nil(file:read(1 << 40))
    end)
  end)

  it("raises SystemError where nothing can be read", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "a", "w")
      assert.is_true(is_error(raised(file.read, file), "EBADF", "read", dir .. "a"))
      assert.is_true(is_error(raised(fs.open, dir .. "none"), "ENOENT", "open", dir .. "none"))
    end)
  end)
end)

describe("file:lines", function()
  it("iterates as io.lines does, in every format, and leaves the file open", function()
    within(function(dir)
      for _, text in ipairs(texts) do
        write(dir .. "a", text)
        for _, format in ipairs { "l", "L", 3 } do
          local expected, given = {}, {}
          for line in io.lines(dir .. "a", format) do expected[#expected + 1] = line end
          local file <close> = fs.open(dir .. "a")
          for line in file:lines(format) do given[#given + 1] = line end
          assert.same(expected, given)
          assert.equal(0, file:seek "set")
        end
      end
      write(dir .. "a", "1 one\n2 two\n")
      local file <close> = fs.open(dir .. "a")
      local list = {}
      for number, name in file:lines("n", "l") do list[number] = name end
      assert.same({ " one", " two" }, list)
    end)
  end)

  it("reads many lines without reading any twice", function()
    within(function(dir)
      local list = {}
      for i = 1, 30000 do list[i] = tostring(i) end
      local file <close> = fs.open(write(dir .. "a", table.concat(list, "\n")))
      local count = 0
      for line in file:lines() do
        count = count + 1
        if line ~= list[count] then error(("line %d is %q"):format(count, line)) end
      end
      assert.equal(30000, count)
    end)
  end)
end)

describe("file:write", function()
  it("writes strings and numbers where the file is, and gives the file", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "a", "w")
      assert.equal(file, file:write("one ", 2, " ", 2.0))
      file:write():write ""
      assert.equal("one 2 2.0", read(dir .. "a"))
      assert.equal(9, file:seek())
      file:seek("set", 4)
      file:write "two"
      assert.equal("one two.0", read(dir .. "a"))
    end)
  end)

  it("does what io does in every mode", function()
    within(function(dir)
      for _, mode in ipairs { "r", "r+", "w", "w+", "a", "a+", "rb", "r+b", "w+b", "ab" } do
        for _, before in ipairs { false, "old text" } do
          local results = {}
          for name, open in pairs { ours = fs.open, theirs = io.open } do
            local path = dir .. name
            os.remove(path)
            if before then write(path, before) end
            local file = table.pack(pcall(open, path, mode))
            local result = {}
            if file[1] and file[2] then
              result.began = file[2]:seek()
              result.wrote = pcall(function() assert(file[2]:write "new") end)
              result.at = file[2]:seek "cur"
              result.seek = file[2]:seek "set"
              local ok, text = pcall(file[2].read, file[2], "a")
              result.read = ok and text or nil
              file[2]:close()
              result.text = read(path)
            end
            results[name] = result
          end
          assert.same(results.theirs, results.ours, mode)
        end
      end
    end)
  end)

  it("goes on where a read has stopped, whatever was read ahead", function()
    within(function(dir)
      local file <close> = fs.open(write(dir .. "a", "one\ntwo\nthree\n"), "r+")
      assert.equal("one", file:read())
      file:write "TWO"
      assert.equal("", file:read())
      assert.equal("three", file:read())
      assert.equal("one\nTWO\nthree\n", read(dir .. "a"))
    end)
  end)

  it("raises SystemError, and what was written stays", function()
    within(function(dir)
      local file <close> = fs.open("/dev/full", "w")
      assert.is_true(is_error(raised(file.write, file, "x"), "ENOSPC", "write", "/dev/full"))
      local reader <close> = fs.open(write(dir .. "a", "x"))
      assert.is_true(is_error(raised(reader.write, reader, "x"), "EBADF", "write", dir .. "a"))
      assert.equal("x", reader:read())
    end)
  end)

  it("appends nothing without moving where it is", function()
    within(function(dir)
      local file <close> = fs.open(write(dir .. "a", "one\ntwo\n"), "a+")
      assert.equal("one", file:read())
      file:write ""
      assert.equal("two", file:read())
    end)
  end)

  it("appends at the end, wherever that is by now", function()
    within(function(dir)
      local a <close> = fs.open(dir .. "log", "a")
      local b <close> = fs.open(dir .. "log", "a")
      a:write "one "
      b:write "two "
      a:write "three"
      assert.equal("one two three", read(dir .. "log"))
      assert.equal(13, a:seek())
    end)
  end)
end)

describe("file:seek", function()
  it("moves from the beginning, from here and from the end", function()
    within(function(dir)
      local file <close> = fs.open(write(dir .. "a", "0123456789"))
      assert.equal(0, file:seek())
      assert.equal("01", file:read(2))
      assert.equal(2, file:seek "cur")
      assert.equal(5, file:seek("cur", 3))
      assert.equal("5", file:read(1))
      assert.equal(8, file:seek("end", -2))
      assert.equal("89", file:read "a")
      assert.equal(3, file:seek("set", 3))
      assert.equal("3", file:read(1))
      assert.equal(110, file:seek("end", 100))
      assert.is_nil(file:read())
    end)
  end)

  it("raises before the beginning and beyond all numbers, and moves nothing", function()
    within(function(dir)
      local file <close> = fs.open(write(dir .. "a", "0123456789"))
      file:seek("set", 5)
      for _, wrong in ipairs { { "set", -1 }, { "cur", -6 }, { "end", -11 }, { "cur", math.maxinteger },
        { "set", math.mininteger }, { "end", math.mininteger } } do
        assert.is_true(is_error(raised(file.seek, file, table.unpack(wrong)), "EINVAL", "seek", dir .. "a"))
      end
      assert.equal(5, file:seek())
      assert.equal(math.maxinteger, file:seek("set", math.maxinteger))
      assert.is_false(pcall(file.read, file))
    end)
  end)
end)

describe("an open file", function()
  it("tells what it is, by stat and tostring, and is brought to the disk by sync", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "a", "w", { permissions = "600" })
      file:write "12345"
      file:sync()
      local stat = file:stat()
      assert.equal("file 5 rw-------", ("%s %d %s"):format(stat.type, stat.size, stat.permissions))
      assert.equal(fs.stat(dir .. "a").inode, stat.inode)
      assert.equal(dir .. "a", file.path)
      assert.equal("file " .. dir .. "a", tostring(file))
      file:close()
      assert.equal(dir .. "a", file.path)
      assert.equal("file " .. dir .. "a (closed)", tostring(file))
      assert.matches("a file has no .none.", tasks.raised(function() return file.none end))
      local device <close> = fs.open("/dev/null", "w")
      device:sync()
    end)
  end)

  it("is closed once, at any time, and raises Closed afterwards", function()
    within(function(dir)
      local file = fs.open(write(dir .. "a", "x"))
      file:close()
      file:close()
      for _, name in ipairs { "read", "write", "seek", "sync", "stat" } do
        local err = raised(file[name], file)
        assert.is_true(is(err, cohort.Closed), name)
        assert.equal(name, err.operation)
      end
      assert.is_true(is(raised(file:lines()), cohort.Closed))
    end)
  end)

  it("is used by one task at a time; another gets Busy", function()
    within(function(dir)
      local file <close> = fs.open(dir .. "a", "w+")
      cohort.group(function(g)
        local writing = g:spawn(file.write, file, ("x"):rep(1000000))
        cohort.checkpoint()
        assert.equal("waiting", writing:status())
        for _, name in ipairs { "read", "write", "seek", "sync", "stat" } do
          local err = raised(file[name], file)
          assert.is_true(is(err, cohort.Busy), name)
          assert.equal(name, err.operation)
        end
        writing:join()
        assert.equal(1000000, file:seek())
      end)
    end)
  end)

  it("that is closed under a task wakes that with Closed, and finishes what was begun", function()
    within(function(dir)
      local file = fs.open(dir .. "a", "w")
      cohort.group(function(g)
        local task = g:spawn(function() return raised(file.write, file, ("x"):rep(1000000)) end)
        cohort.checkpoint()
        repeat until #read(dir .. "a") > 0  -- a thread has begun it
        file:close()
        assert.is_true(is(task:join(), cohort.Closed))
      end)
      files.settle()
      assert.equal(1000000, #read(dir .. "a"))
    end)
  end)

  it("is closed when it is collected, with a warning, and when its run ends", function()
    local result = child.run([[
      local cohort, fs = require "cohort", require "cohort.fs"
      local function count()
        local n = 0
        for _ in fs.scandir "/proc/self/fd" do n = n + 1 end
        return n
      end
      local kept
      cohort.run(function()
        fs.exists "/none/none"
        local before = count()
        fs.open "/dev/null"
        collectgarbage() collectgarbage() cohort.sleep(0)
        print(count() - before)
        kept = fs.open "/dev/null"
        print(count() - before)
      end)
      print(kept, pcall(kept.read, kept))
    ]])
    assert.matches("^0\n1\nfile /dev/null %(closed%)\tfalse", result.out)
    assert.matches("a file opened at .*:%d+ was collected without close", result.err)
  end)

  it("that is temporary has a name nobody else has, and is removed when it is closed", function()
    within(function(dir)
      local a <close> = fs.temp_file { dir = dir, prefix = "x-" }
      local b <close> = fs.temp_file { dir = dir, prefix = "x-" }
      assert.not_equal(a.path, b.path)
      assert.equal(dir .. "/x-", a.path:sub(1, #dir + 3))
      assert.equal("rw-------", a:stat().permissions)
      a:write "hello"
      assert.equal(0, a:seek "set")
      assert.equal("hello", a:read "a")
      assert.equal("hello", read(a.path))
      a:close()
      assert.is_false(fs.exists(a.path))
      assert.is_true(fs.exists(b.path))
      fs.rename(b.path, dir .. "kept")
      fs.write_file(b.path, "another's")
      b:close()
      assert.equal("another's", read(b.path))
      assert.is_true(fs.exists(dir .. "kept"))
      fs.rename(b.path, dir .. "kept")
      b:close()
      assert.equal("kept", files.names(dir))
      assert.is_true(is_error(raised(fs.temp_file, { dir = dir .. "none" }), "ENOENT", "temp_file"))
    end)
  end)

  it("that is temporary, of a relative folder, is removed when the process is elsewhere by then", function()
    files.elsewhere(function(change, here)
      local file <close> = fs.temp_file { dir = "there", prefix = "x-" }
      assert.equal(here .. "/there/x-", file.path:match "^.*/x%-")
      change "there"
      fs.mkdir "there"
      fs.write_file(file.path:match "there/.*", "another's")
      file:close()
      assert.equal("there", files.names ".")
      assert.not_equal("", files.names "there")
    end)
  end)

  it("that is temporary is removed where the path of the folder is longer than the system tells", function()
    files.elsewhere(function(change)
      files.go_deep(change)
      local file <close> = fs.temp_file { dir = "." }
      assert.equal(file.path, "./" .. files.names ".")
      file:close()
      assert.equal("", files.names ".")
      assert.is_true(is_error(raised(fs.temp_file, { dir = "none" }), "ENOENT", "temp_file"))
    end)
  end)
end)

describe("with all threads of the pool busy", function()
  it("what is cached is opened, read and looked at, by itself and whole", function()
    local quick = true
    within(function(dir)
      quick = files.without_threads(dir)
      if not quick then return end
      local path, endless = write(dir .. "small", "one\ntwo\n"), files.write_endless(dir .. "endless")
      local link = dir .. "link"
      fs.symlink(path, link)
      cohort.group(function(g)
        local busy, are_busy = files.keep_busy(g, endless), true
        g:spawn(function()  -- so that what needs a thread fails, and does not wait for ever
          for _ = 1, 1000 do cohort.checkpoint() end
          are_busy = false
          for _, task in ipairs(busy) do task:cancel() end
        end)
        local function at_once(expected, got)
          assert.is_true(are_busy)
          assert.same(expected, got)
        end
        at_once("one\ntwo\n", fs.read_file(path))
        at_once(8, fs.stat(path).size)
        at_once("link", fs.lstat(link).type)
        local file <close> = fs.open(path)
        at_once("one", file:read())
        at_once("two\n", file:read "a")
      end)
    end)
    if not quick then return pending "nothing is to be had without a thread here" end
  end)
end)
