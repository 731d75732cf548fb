-- Names and directories: stat and its kin, making, listing, walking; what is temporary.
local cohort = require "cohort"
local fs = require "cohort.fs"
local child = require "spec.support.child"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local make, names, write = files.make, files.names, files.write

-- All paths below a folder, relative to it, a "/" behind directories.
local function walked(dir, options)
  local list = {}
  for path, kind in fs.walk(dir, options) do
    list[#list + 1] = path:sub(#dir + 1) .. (kind == "directory" and "/" or "")
  end
  return list
end

describe("stat", function()
  it("tells type, size, permissions and times", function()
    within(function(dir)
      local before = os.time()
      write(dir .. "a", "12345")
      fs.chmod(dir .. "a", "640")
      local stat = fs.stat(dir .. "a")
      assert.equal("file", stat.type)
      assert.equal(5, stat.size)
      assert.equal("rw-r-----", stat.permissions)
      assert.equal(1, stat.links)
      assert.is_true(stat.mtime >= before - 1 and stat.mtime <= os.time() + 1)
      for _, name in ipairs { "uid", "gid", "inode", "device" } do
        assert.equal("integer", math.type(stat[name]), name)
      end
      for _, name in ipairs { "atime", "mtime", "ctime" } do
        assert.equal("float", math.type(stat[name]), name)
      end
    end)
  end)

  it("tells the same whether it is at hand or a thread asks for it", function()
    within(function(dir)
      write(dir .. "a", "12345")
      fs.symlink("a", dir .. "link")
      local expected = fs.stat(dir .. "a")
      assert.same(expected, fs.stat(dir .. "a"))
      assert.same(expected, fs.stat(dir .. "link"))
      local file <close> = fs.open(dir .. "a")
      assert.same(expected, file:stat())
    end)
  end)

  it("names every type", function()
    within(function(dir)
      make(dir, "folder/", "a")
      fs.symlink("a", dir .. "link")
      os.execute("mkfifo " .. dir .. "fifo")
      local _ <close> = cohort.net.listen_unix(dir .. "socket")
      local expected = { a = "file", folder = "directory", link = "link", fifo = "fifo", socket = "socket" }
      local listed = {}
      for name, kind in fs.scandir(dir) do listed[name] = kind end
      assert.same(expected, listed)
      for name, kind in pairs(expected) do assert.equal(kind, fs.lstat(dir .. name).type) end
      assert.equal("file", fs.stat(dir .. "link").type)
      assert.equal("character", fs.stat("/dev/null").type)
    end)
  end)

  it("raises for what is not there; exists tells it", function()
    within(function(dir)
      make(dir, "a")
      fs.symlink("none", dir .. "broken")
      for _, name in ipairs { "none", "broken" } do
        assert.is_true(is_error(raised(fs.stat, dir .. name), "ENOENT", "stat", dir .. name))
        assert.is_false(fs.exists(dir .. name))
      end
      assert.is_true(is_error(raised(fs.lstat, dir .. "none"), "ENOENT", "lstat", dir .. "none"))
      assert.equal("link", fs.lstat(dir .. "broken").type)
      assert.is_false(fs.exists(dir .. "a/b"))
      assert.is_true(fs.exists(dir .. "a"))
      assert.is_true(fs.exists(dir))
      assert.is_true(is_error(raised(fs.exists, dir .. ("x"):rep(300)), "ENAMETOOLONG"))
    end)
  end)
end)

describe("names", function()
  it("are changed, doubled and pointed to", function()
    within(function(dir)
      make(dir, "a")
      fs.rename(dir .. "a", dir .. "b")
      fs.link(dir .. "b", dir .. "c")
      fs.symlink("c", dir .. "d")
      assert.equal("b c d", names(dir))
      assert.equal(2, fs.stat(dir .. "b").links)
      assert.equal("c", fs.readlink(dir .. "d"))
      assert.equal(fs.realpath(dir) .. "/c", fs.realpath(dir .. "./../" .. dir:match "([^/]+)/$" .. "/d"))
      write(dir .. "e", "other")
      fs.rename(dir .. "b", dir .. "e")
      assert.equal("a", files.read(dir .. "e"))
    end)
  end)

  it("raise SystemError with both paths", function()
    within(function(dir)
      make(dir, "a")
      local err = raised(fs.rename, dir .. "none", dir .. "b")
      assert.is_true(is_error(err, "ENOENT", "rename", dir .. "none"))
      assert.equal(dir .. "b", err.to)
      assert.is_true(is_error(raised(fs.link, dir .. "a", dir .. "a"), "EEXIST", "link", dir .. "a"))
      err = raised(fs.symlink, "x", dir .. "a")
      assert.is_true(is_error(err, "EEXIST", "symlink", dir .. "a"))
      assert.is_true(is_error(raised(fs.readlink, dir .. "a"), "EINVAL", "readlink", dir .. "a"))
      assert.is_true(is_error(raised(fs.realpath, dir .. "none"), "ENOENT", "realpath", dir .. "none"))
    end)
  end)

  it("have times and permissions that can be set", function()
    within(function(dir)
      make(dir, "a")
      fs.utime(dir .. "a", 1000.25, 2000.5)
      local stat = fs.stat(dir .. "a")
      assert.equal(1000.25, stat.atime)
      assert.equal(2000.5, stat.mtime)
      fs.utime(dir .. "a", -1.5)
      assert.equal(-1.5, fs.stat(dir .. "a").mtime)
      local before = os.time()
      fs.utime(dir .. "a")
      assert.is_true(fs.stat(dir .. "a").mtime >= before - 1)
      local forms = { ["600"] = "rw-------", ["0755"] = "rwxr-xr-x", ["r-xr-----"] = "r-xr-----" }
      for text, expected in pairs(forms) do
        fs.chmod(dir .. "a", text)
        assert.equal(expected, fs.stat(dir .. "a").permissions)
      end
      assert.is_true(is_error(raised(fs.chmod, dir .. "none", "644"), "ENOENT", "chmod", dir .. "none"))
      assert.is_true(is_error(raised(fs.utime, dir .. "none"), "ENOENT", "utime", dir .. "none"))
    end)
  end)
end)

describe("mkdir", function()
  it("makes one directory, and what is above it when it is told to", function()
    within(function(dir)
      fs.mkdir(dir .. "a", { permissions = "700" })
      assert.equal("rwx------", fs.stat(dir .. "a").permissions)
      assert.is_true(is_error(raised(fs.mkdir, dir .. "a"), "EEXIST", "mkdir", dir .. "a"))
      assert.is_true(is_error(raised(fs.mkdir, dir .. "b/c"), "ENOENT", "mkdir", dir .. "b/c"))
      fs.mkdir(dir .. "b/c//d/", { parents = true })
      fs.mkdir(dir .. "b/c/d", { parents = true })
      assert.same({ "a/", "b/", "b/c/", "b/c/d/" }, walked(dir))
      write(dir .. "file", "x")
      assert.is_true(is_error(raised(fs.mkdir, dir .. "file", { parents = true }), "EEXIST"))
      assert.is_true(is_error(raised(fs.mkdir, dir .. "file/a/b", { parents = true }), "ENOTDIR"))
      fs.mkdir("/", { parents = true })
    end)
  end)

  it("does not mind others who make the same", function()
    within(function(dir)
      cohort.group(function(g)
        for i = 1, 20 do g:spawn(fs.mkdir, dir .. "a/b/c/d/" .. i % 3, { parents = true }) end
      end)
      assert.equal("0 1 2", names(dir .. "a/b/c/d"))
    end)
  end)
end)

describe("scandir", function()
  it("gives names in their order, and does not change while one loops", function()
    within(function(dir)
      make(dir, "b", "a", "c", "Z", "a b", "10", "9", ".hidden")
      local list = {}
      for name in fs.scandir(dir) do
        list[#list + 1] = name
        fs.remove(dir .. name)
        write(dir .. name .. "x", "")
      end
      assert.same({ ".hidden", "10", "9", "Z", "a", "a b", "b", "c" }, list)
    end)
  end)

  it("gives thousands, and nothing of an empty one", function()
    within(function(dir)
      assert.is_nil(fs.scandir(dir)())
      for i = 1, 3000 do write(dir .. ("%05d"):format(i), "") end
      local count = 0
      for name in fs.scandir(dir) do
        count = count + 1
        if name ~= ("%05d"):format(count) then error(name) end
      end
      assert.equal(3000, count)
    end)
  end)

  it("raises SystemError", function()
    within(function(dir)
      make(dir, "a")
      assert.is_true(is_error(raised(fs.scandir, dir .. "none"), "ENOENT", "scandir", dir .. "none"))
      assert.is_true(is_error(raised(fs.scandir, dir .. "a"), "ENOTDIR", "scandir", dir .. "a"))
    end)
  end)
end)

describe("walk", function()
  it("gives all that is below, a directory before what is in it, in the order of names", function()
    within(function(dir)
      make(dir, "b/", "b/x", "b/deep/er/", "b/deep/er/y", "a", "c/", "z")
      fs.symlink(dir, dir .. "c/loop")
      local expected = { "a", "b/", "b/deep/", "b/deep/er/", "b/deep/er/y", "b/x", "c/", "c/loop", "z" }
      assert.same(expected, walked(dir))
      local path = fs.walk(dir:sub(1, -2))()
      assert.equal(dir .. "a", path)
    end)
  end)

  it("goes on where paths are longer than the system takes them, but not from one of those", function()
    within(function(dir)
      files.make_deep(dir .. "tree", 3000)
      local count, last = 0, nil
      for path in fs.walk(dir .. "tree") do count, last = count + 1, path end
      assert.equal(3000, count)
      assert.equal(dir .. "tree" .. ("/d"):rep(3000), last)
      assert.is_true(is_error(raised(fs.stat, last), "ENAMETOOLONG", "stat", last))
      for _, f in ipairs { fs.scandir, walked } do
        assert.is_true(is_error(raised(f, last), "ENAMETOOLONG", "scandir", last))
      end
      local names_of_255 = dir .. ("/" .. ("x"):rep(255)):rep(16)
      assert.is_true(is_error(raised(walked, names_of_255), "ENAMETOOLONG", "scandir"))
    end, "/dev/shm")
  end)

  it("takes no call for each name of each path", function()
    within(function(dir)
      if not files.without_threads(dir) then return pending("the kernel has no openat2") end
      files.make_deep(dir .. "tree", 200)
      local result = child.run_behind("opens", ([[
        local cohort, fs = require "cohort", require "cohort.fs"
        cohort.run(function()
          for _ in fs.walk(%q) do end
        end)
      ]]):format(dir .. "tree"))
      if not result then return pending("a sanitizer stands before the system already") end
      assert.equal("", result.err)
      assert.is_true(tonumber(result.out) >= 200 and tonumber(result.out) < 300, result.out)
    end)
  end)

  it("leaves out what it is told to", function()
    within(function(dir)
      make(dir, "a/", "a/x", "b/", "b/y", "c")
      local asked = {}
      assert.same({ "a/", "b/", "b/y", "c" }, walked(dir, { descend = function(path)
        asked[#asked + 1] = path:sub(#dir + 1)
        return not path:find "/a$"
      end }))
      assert.same({ "a", "b" }, asked)
    end)
  end)

  it("passes over what vanishes or is replaced while it walks", function()
    within(function(dir)
      make(dir, "a/", "a/x", "b/", "b/y", "c/", "c/z", "d/")
      local list = {}
      for path in fs.walk(dir) do
        local name = path:sub(#dir + 1)
        list[#list + 1] = name
        if name == "a" then fs.remove(path, { recursive = true }) end
        if name == "b" then
          fs.remove(path, { recursive = true })
          write(path, "a file by now")
        end
        if name == "c/z" then make(dir, "d/new") end
      end
      assert.same({ "a", "b", "c", "c/z", "d", "d/new" }, list)
    end)
  end)

  it("raises what else goes wrong, or tells it and goes on", function()
    within(function(dir)
      assert.is_true(is_error(raised(walked, dir .. "none/"), "ENOENT", "scandir", dir .. "none/"))
      local told = {}
      assert.same({}, walked(dir .. "none/", { on_error = function(err) told[#told + 1] = err.code end }))
      assert.same({ "ENOENT" }, told)
      local mistake = cohort.Error "a mistake"
      assert.equal(mistake, raised(walked, dir .. "none/", { on_error = function() error(mistake) end }))
      assert.equal("ENOENT", mistake.context.code)
    end)
  end)

  it("lets what descend raises out, and is done afterwards", function()
    within(function(dir)
      make(dir, "a/", "a/x")
      local walk = fs.walk(dir, { descend = function() error("no", 0) end })
      walk()
      assert.equal("no", raised(walk))
      assert.is_nil(walk())
    end)
  end)

  it("that is cut loses nothing: the directory is read by the next step", function()
    within(function(dir)
      make(dir, "a/", "a/x", "b/", "b/c/", "b/c/y")
      local list = {}
      local walk = fs.walk(dir, { descend = function()
        cohort.checkpoint()
        return true
      end })
      for n = 1, 50 do
        local path
        cohort.scope(function(scope)  -- cut when it has begun to read, and every other time before
          cohort.group(function(g)
            g:spawn_daemon(function() scope:cancel() end)
            if n % 2 == 0 then scope:cancel() end
            path = walk()
          end)
        end)
        path = path or walk()
        if not path then break end
        list[#list + 1] = path:sub(#dir + 1)
      end
      assert.same({ "a", "a/x", "b", "b/c", "b/c/y" }, list)
    end)
  end)

  it("sees at each step that its task was cancelled", function()
    within(function(dir)
      make(dir, "a", "b")
      local walk = fs.walk(dir)
      assert.equal(dir .. "a", walk())
      assert.is_false(cohort.move_on_after(0, walk))
      assert.equal(dir .. "b", walk())
      assert.is_false(cohort.move_on_after(0, walk))
      assert.is_nil(walk())
    end)
  end)

  it("goes on when Lua's own library has closed a coroutine in the middle of a step", function()
    within(function(dir)
      make(dir, "a/", "a/x")
      local walk = fs.walk(dir)
      pcall(cohort.group, function(g)
        local co
        g:spawn(function()
          co = cohort.coroutine.create(walk)
          cohort.coroutine.resume(co)
        end)
        cohort.checkpoint()
        coroutine.close(co)
      end)
      assert.equal(dir .. "a", walk())
      assert.equal(dir .. "a/x", walk())
      assert.is_nil(walk())
    end)
  end)

  it("whose descend takes a step of it is told", function()
    within(function(dir)
      make(dir, "a/")
      local walk
      walk = fs.walk(dir, { descend = function() return walk() end })
      walk()
      assert.matches("'descend' and 'on_error' cannot take a step", raised(walk))
      assert.is_nil(walk())
    end)
  end)

  it("may be shared by tasks, each of which is given what the others are not", function()
    within(function(dir)
      make(dir, "a/", "a/x", "b/", "b/y", "c")
      local walk, list, ended = fs.walk(dir), {}, 0
      cohort.group(function(g)
        for _ = 1, 3 do
          g:spawn(function()
            for path in walk do
              list[#list + 1] = path:sub(#dir + 1)
              cohort.checkpoint()
            end
            ended = ended + 1
            assert.equal(5, #list)
          end)
        end
      end)
      assert.same({ "a", "a/x", "b", "b/y", "c" }, list)
      assert.equal(3, ended)
    end)
  end)
end)

describe("temp_dir", function()
  it("that is forgotten is told of, with its path and the line that made it", function()
    within(function(dir)
      local result = child.run(([[
        local cohort, fs = require "cohort", require "cohort.fs"
        cohort.run(function()
          local used <close> = fs.temp_dir { dir = %q }
          fs.temp_dir({ dir = %q }):remove()
          fs.remove(fs.temp_dir({ dir = %q }).path)
          fs.temp_dir { dir = %q, prefix = "forgotten-" }
          collectgarbage() collectgarbage()
        end)
      ]]):format(dir, dir, dir, dir))
      assert.matches("tempdir %S+/forgotten%-%S+ made at %S+:6 was collected and is still there", result.err)
      local _, count = result.err:gsub("collected", "")
      assert.equal(1, count)
    end)
  end)

  it("is there in its block, for its user alone, and gone behind it with all that is in it", function()
    within(function(dir)
      local path
      do
        local temp <close> = fs.temp_dir { dir = dir, prefix = "x-" }
        path = temp.path
        assert.equal(dir .. "/x-", path:sub(1, #dir + 3))
        assert.equal("rwx------", fs.stat(path).permissions)
        assert.equal("tempdir " .. path, tostring(temp))
        make(path .. "/", "a", "b/c/", "b/c/d")
      end
      assert.is_false(fs.exists(path))
      assert.is_true(is_error(raised(fs.temp_dir, { dir = dir .. "none" }), "ENOENT", "temp_dir"))
    end)
  end)

  it("goes also when its block fails or is cancelled", function()
    within(function(dir)
      pcall(function()
        local temp <close> = fs.temp_dir { dir = dir }
        make(temp.path .. "/", "a/", "a/b")
        error "no"
      end)
      cohort.move_on_after(1, function()
        local temp <close> = fs.temp_dir { dir = dir }
        make(temp.path .. "/", "a/", "a/b")
        cohort.sleep_forever()
      end)
      assert.equal("", names(dir))
    end)
  end)

  it("goes also where nothing can wait", function()
    within(function(dir)
      local co = coroutine.create(function(temp)
        local _ <close> = temp
        coroutine.yield()
      end)
      local temp = fs.temp_dir { dir = dir }
      make(temp.path .. "/", "a/", "a/b")
      coroutine.resume(co, temp)
      coroutine.close(co)
      assert.equal("", names(dir))
    end)
  end)

  it("of a relative folder goes also when the process is elsewhere by then, and nothing there", function()
    files.elsewhere(function(change, here)
      do
        local temp <close> = fs.temp_dir { dir = "there", prefix = "x-" }
        assert.equal(here .. "/there/x-", temp.path:match "^.*/x%-")
        make(temp.path .. "/", "a")
        change "there"
        make("./", temp.path:match "there/.*" .. "/b")
      end
      assert.equal("there", names ".")
      assert.not_equal("", names "there")
      local temp <close> = fs.temp_dir { dir = "." }
      change "there"
      temp:remove()
      assert.equal("there", names "..")
      change "/"
      local top <close> = fs.temp_dir { dir = "tmp" }
      assert.matches("^/tmp/", top.path)
    end)
  end)

  it("goes where the path of its folder is longer than the system tells", function()
    files.elsewhere(function(change)
      files.go_deep(change)
      do
        local temp <close> = fs.temp_dir { dir = "." }
        assert.equal(temp.path, "./" .. names ".")
      end
      assert.equal("", names ".")
    end)
  end)

  it("may be removed before, more than once, and by others", function()
    within(function(dir)
      local temp <close> = fs.temp_dir { dir = dir }
      temp:remove()
      temp:remove()
      assert.equal("tempdir " .. temp.path .. " (removed)", tostring(temp))
      local other <close> = fs.temp_dir { dir = dir }
      fs.remove(other.path)
      other:remove()
      local third <close> = fs.temp_dir { dir = dir }
      fs.remove(third.path)
      assert.is_false(pcall(function() third.path = "/" end))
    end)
  end)
end)
