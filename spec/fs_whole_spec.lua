-- Whole files: reading, writing, appending, copying; what is atomic; what is refused.
local cohort = require "cohort"
local fs = require "cohort.fs"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local read, write = files.read, files.write

describe("read_file", function()
  it("gives all of a file, of every size", function()
    within(function(dir)
      for _, size in ipairs { 0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 3000000 } do
        local text = ("0123456789abcde\n"):rep(size // 16 + 1):sub(1, size)
        write(dir .. "a", text)
        assert.is_true(text == fs.read_file(dir .. "a"), "size " .. size)
        assert.is_true(text == fs.read_file(dir .. "a"), "size " .. size)
      end
    end)
  end)

  it("reads every byte as it is", function()
    within(function(dir)
      local bytes = {}
      for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
      local text = table.concat(bytes)
      fs.write_file(dir .. "a", text)
      assert.equal(text, read(dir .. "a"))
      assert.equal(text, fs.read_file(dir .. "a"))
    end)
  end)

  it("reads files that do not know their size", function()
    within(function()
      assert.matches("^Name:", fs.read_file "/proc/self/status")
    end)
  end)

  it("raises SystemError with code, number, operation, path and the line of the call", function()
    within(function(dir)
      local err = raised(function() fs.read_file(dir .. "none") end)
      assert.is_true(is_error(err, "ENOENT", "read_file", dir .. "none"))
      assert.equal(2, err.errno)
      assert.matches("^spec/fs_whole_spec.lua:%d+$", err.where)
      assert.matches("read_file .*none: no such file or directory %(ENOENT%)", err.message)
      assert.is_true(is_error(raised(fs.read_file, dir), "EISDIR", "read_file", dir))
      write(dir .. "a", "x")
      assert.is_true(is_error(raised(fs.read_file, dir .. "a/b"), "ENOTDIR", "read_file", dir .. "a/b"))
      assert.is_true(is_error(raised(fs.read_file, dir .. ("x"):rep(300)), "ENAMETOOLONG"))
    end)
  end)

  it("refuses what has no end", function()
    within(function()
      local err = raised(fs.read_file, "/dev/zero")
      assert.is_true(is_error(err, "ENOTSUP", "read_file", "/dev/zero"))
      assert.matches("no regular file", err.message)
    end)
  end)

  it("says that memory is out for a file that is larger than any", function()
    if os.getenv "LD_PRELOAD" then return pending("a sanitizer ends the process then") end
    within(function(dir)
      local file <close> = fs.open(dir .. "large", "w")
      file:seek("set", 1 << 43)
      file:write "x"
      assert.is_true(is_error(raised(fs.read_file, dir .. "large"), "ENOMEM", "read_file", dir .. "large"))
    end)
  end)
end)

describe("write_file", function()
  for _, atomic in ipairs { false, true } do
    local how = atomic and ", atomically" or ""

    it("makes a file, or replaces what is in one" .. how, function()
      within(function(dir)
        local path, options = dir .. "a", { atomic = atomic }
        fs.write_file(path, "one two three", options)
        assert.equal("one two three", read(path))
        fs.write_file(path, "four", options)
        assert.equal("four", read(path))
        fs.write_file(path, "", options)
        assert.equal("", read(path))
        fs.write_file(path, 12.5, options)
        assert.equal("12.5", read(path))
        fs.write_file(path, ("x"):rep(3000000), options)
        assert.equal(3000000, #read(path))
        assert.equal("a", files.names(dir))
      end)
    end)

    it("gives a new file permissions, and leaves an old one its own" .. how, function()
      within(function(dir)
        fs.write_file(dir .. "a", "x", { permissions = "600", atomic = atomic })
        assert.equal("rw-------", fs.stat(dir .. "a").permissions)
        fs.write_file(dir .. "a", "y", { permissions = "644", atomic = atomic })
        assert.equal("rw-------", fs.stat(dir .. "a").permissions)
        fs.write_file(dir .. "b", "x", { permissions = "r--r-----", atomic = atomic })
        assert.equal("r--r-----", fs.stat(dir .. "b").permissions)
      end)
    end)

    it("writes to what a symbolic link leads to" .. how, function()
      within(function(dir)
        fs.mkdir(dir .. "folder")
        write(dir .. "folder/a", "old")
        fs.symlink("folder/a", dir .. "link")
        fs.write_file(dir .. "link", "new", { atomic = atomic })
        assert.equal("new", read(dir .. "folder/a"))
        assert.equal("link", fs.lstat(dir .. "link").type)
        assert.equal("a", files.names(dir .. "folder"))
      end)
    end)

    it("raises when it is there, if it must be new" .. how, function()
      within(function(dir)
        local options = { exclusive = true, atomic = atomic }
        fs.write_file(dir .. "a", "first", options)
        local err = raised(fs.write_file, dir .. "a", "second", options)
        assert.is_true(is_error(err, "EEXIST", "write_file", dir .. "a"))
        assert.equal("first", read(dir .. "a"))
        assert.equal("a", files.names(dir))
      end)
    end)

    it("leaves nothing behind when it fails" .. how, function()
      within(function(dir)
        local options = { atomic = atomic }
        assert.is_true(is_error(raised(fs.write_file, dir .. "none/a", "x", options), "ENOENT"))
        assert.is_true(is_error(raised(fs.write_file, dir, "x", options), "EISDIR"))
        assert.equal("", files.names(dir))
      end)
    end)
  end

  it("keeps the old file for whom had it open, when it is atomic, and puts a new one there", function()
    within(function(dir)
      write(dir .. "a", "old")
      local file <close> = fs.open(dir .. "a")
      local before = fs.stat(dir .. "a").inode
      fs.write_file(dir .. "a", "new", { atomic = true })
      assert.equal("old", file:read "a")
      assert.not_equal(before, fs.stat(dir .. "a").inode)
    end)
  end)

  it("writes where one is, by a name without a folder", function()
    within(function()
      local name = ("cohort-spec-%d"):format(math.random(1 << 40))
      fs.write_file(name, "x", { atomic = true })
      assert.equal("x", fs.read_file(name))
      fs.remove(name)
    end)
  end)

  it("writes to a device, and brings to the disk what it is told to", function()
    within(function(dir)
      fs.write_file("/dev/null", "x", { sync = true })
      fs.write_file(dir .. "a", "x", { sync = true })
      assert.equal("x", read(dir .. "a"))
      assert.is_true(is_error(raised(fs.write_file, "/dev/full", "x"), "ENOSPC", "write_file", "/dev/full"))
      assert.is_true(is_error(raised(fs.write_file, "/dev/null", "x", { atomic = true }), "ENOTSUP"))
    end)
  end)
end)

describe("append_file", function()
  it("adds to the end of a file, and makes one", function()
    within(function(dir)
      fs.append_file(dir .. "a", "one ", { permissions = "640" })
      fs.append_file(dir .. "a", 2, { sync = true })
      assert.equal("one 2", read(dir .. "a"))
      assert.equal("rw-r-----", fs.stat(dir .. "a").permissions)
      local err = raised(fs.append_file, dir .. "b/c", "x")
      assert.is_true(is_error(err, "ENOENT", "append_file", dir .. "b/c"))
    end)
  end)

  it("puts whole pieces behind each other, when many tasks add at once", function()
    within(function(dir)
      cohort.group(function(g)
        for i = 1, 50 do g:spawn(fs.append_file, dir .. "log", ("%02d%s\n"):format(i, ("."):rep(500))) end
      end)
      local count = 0
      for line in read(dir .. "log"):gmatch "[^\n]+" do
        count = count + 1
        assert.matches("^%d%d%.+$", line)
        assert.equal(502, #line)
      end
      assert.equal(50, count)
    end)
  end)
end)

describe("copy", function()
  it("copies what is in a file and its permissions, and replaces what is in another", function()
    within(function(dir)
      for _, size in ipairs { 0, 1, 100000, 5000000 } do
        for _, atomic in ipairs { false, true } do
          local text = ("0123456789abcde\n"):rep(size // 16 + 1):sub(1, size)
          write(dir .. "a", text)
          fs.chmod(dir .. "a", "640")
          write(dir .. "b", ("longer"):rep(1000))
          fs.copy(dir .. "a", dir .. "b", { atomic = atomic })
          assert.is_true(text == read(dir .. "b"))
          fs.copy(dir .. "a", dir .. "c", { atomic = atomic })
          assert.is_true(text == read(dir .. "c"))
          assert.equal("rw-r-----", fs.stat(dir .. "c").permissions)
          fs.remove(dir .. "c")
          assert.equal("a b", files.names(dir))
        end
      end
    end)
  end)

  it("copies from one file system to another, and what does not know its size", function()
    within(function(dir)
      fs.copy("/proc/self/status", dir .. "status")
      assert.matches("^Name:", read(dir .. "status"))
      fs.copy(dir .. "status", "/dev/null")
      local other <close> = fs.temp_dir { dir = "/dev/shm" }
      fs.copy(dir .. "status", other.path .. "/status")
      assert.equal(read(dir .. "status"), read(other.path .. "/status"))
    end)
  end)

  it("raises SystemError with both paths", function()
    within(function(dir)
      local err = raised(fs.copy, dir .. "none", dir .. "b")
      assert.is_true(is_error(err, "ENOENT", "copy", dir .. "none"))
      assert.equal(dir .. "b", err.to)
      write(dir .. "a", "x")
      err = raised(fs.copy, dir .. "a", dir .. "none/b")
      assert.is_true(is_error(err, "ENOENT"))
      local message = ("copy %sa to %snone/b: no such file or directory (ENOENT)"):format(dir, dir)
      assert.equal(message, err.message)
      assert.is_true(is_error(raised(fs.copy, dir, dir .. "b"), "EISDIR"))
      assert.is_true(is_error(raised(fs.copy, dir .. "a", dir), "EISDIR"))
      write(dir .. "b", "y")
      assert.is_true(is_error(raised(fs.copy, dir .. "a", dir .. "b", { exclusive = true }), "EEXIST"))
      assert.equal("y", read(dir .. "b"))
    end)
  end)

  it("does not lose a file that is copied onto itself, by whatever name", function()
    within(function(dir)
      write(dir .. "a", "precious")
      fs.symlink("a", dir .. "b")
      fs.link(dir .. "a", dir .. "c")
      for _, name in ipairs { "a", "b", "c" } do
        for _, atomic in ipairs { false, true } do
          assert.is_true(is_error(raised(fs.copy, dir .. "a", dir .. name, { atomic = atomic }), "EINVAL"))
        end
      end
      assert.equal("precious", read(dir .. "a"))
    end)
  end)
end)
