-- Removing: files, directories and trees, deep ones, and such as others change at the same time.
local cohort = require "cohort"
local core = require "cohort.core"
local fs = require "cohort.fs"
local child = require "spec.support.child"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local make, names = files.make, files.names

describe("remove", function()
  it("removes a file, an empty directory, and of a link the link", function()
    within(function(dir)
      make(dir, "a", "folder/", "full/", "full/x")
      fs.symlink("full", dir .. "link")
      fs.remove(dir .. "a")
      fs.remove(dir .. "folder")
      fs.remove(dir .. "link", { recursive = true })
      assert.equal("full", names(dir))
      assert.equal("x", names(dir .. "full"))
      assert.is_true(is_error(raised(fs.remove, dir .. "full"), "ENOTEMPTY", "remove", dir .. "full"))
      assert.is_true(is_error(raised(fs.remove, dir .. "none"), "ENOENT", "remove", dir .. "none"))
      local err = raised(fs.remove, dir .. "none", { recursive = true })
      assert.is_true(is_error(err, "ENOENT", "remove", dir .. "none"))
      for _, recursive in ipairs { false, true } do
        err = raised(fs.remove, "/proc/version", { recursive = recursive })
        assert.is_true(is_error(err, "EPERM", "remove", "/proc/version"))
      end
      assert.matches("got another string", raised(fs.chmod, dir .. "full", "644\0"))
    end)
  end)

  it("removes a tree, and nothing that links lead to", function()
    within(function(dir)
      make(dir, "kept/", "kept/x", "tree/a/b/c/", "tree/a/y", "tree/z")
      fs.symlink("../../kept", dir .. "tree/a/link")
      fs.symlink(dir .. "kept", dir .. "tree/link")
      fs.symlink("none", dir .. "tree/broken")
      fs.remove(dir .. "tree", { recursive = true })
      assert.equal("kept", names(dir))
      assert.equal("x", names(dir .. "kept"))
    end)
  end)

  it("removes directories that may not be read when nothing is in them, as rm does", function()
    local unprivileged = "$(test $(id -u) = 0 && command -v setpriv >/dev/null && " ..
      "echo setpriv --bounding-set=-dac_override,-dac_read_search)"
    local result = child.run([[
      local cohort, fs = require "cohort", require "cohort.fs"
      cohort.run(function()
        local dir <close> = fs.temp_dir()
        local function make(path)
          fs.mkdir(dir.path .. path)
          fs.chmod(dir.path .. path, "000")
        end
        local function remove(path)
          local ok, err = cohort.attempt(fs.remove, dir.path .. path, { recursive = true })
          print(path, ok or err.code)
        end
        make "/alone"
        local can_read = cohort.attempt(fs.scandir, dir.path .. "/alone")
        remove "/alone"
        fs.mkdir(dir.path .. "/tree")
        make "/tree/a"
        make "/tree/b"
        remove "/tree"
        fs.mkdir(dir.path .. "/full")
        fs.write_file(dir.path .. "/full/x", "")
        fs.chmod(dir.path .. "/full", "000")
        if not can_read then remove "/full" end
        fs.chmod(dir.path .. "/full", "755")
        print(can_read)
      end)]], unprivileged .. " " .. (os.getenv "LUA" or "lua5.4"))
    if result.out:find "true\n$" then return pending "nobody keeps root from reading a directory" end
    assert.equal("/alone\ttrue\n/tree\ttrue\n/full\tEACCES\nfalse\n", result.out)
  end)

  it("removes a tree that others remove, and fill, at the same time", function()
    within(function(dir)
      for i = 1, 20 do
        local place = ("tree/%d/"):format(i)
        make(dir, place .. "a/", place .. "a/x", place .. "y")
      end
      cohort.group(function(g)
        for _ = 1, 4 do
          g:spawn(function()
            local ok, err = cohort.attempt(fs.remove, dir .. "tree", { recursive = true })
            if not ok and not is_error(err, "ENOENT") then error(err, 0) end
          end)
        end
        for i = 1, 20 do
          g:spawn(cohort.attempt, fs.write_file, ("%stree/%d/late"):format(dir, i), "x")
        end
      end)
      assert.is_false(fs.exists(dir .. "tree"))
    end)
  end)

  it("removes a tree that is deeper than there are descriptors, and longer than a path can be", function()
    local result = child.run_clean([[
      local cohort, fs = require "cohort", require "cohort.fs"
      local files = require "spec.support.files"
      local dir
      cohort.run(function()
        local temp <close> = fs.temp_dir { dir = "/dev/shm" }
        dir = temp.path
        files.make_deep(dir .. "/tree/a", 2500)
        files.make_deep(dir .. "/tree/b", 60, function(folder) files.make(folder, "x", "full/", "full/y") end)
        fs.remove(dir .. "/tree", { recursive = true })
        print(files.names(dir) == "")
        files.make_deep(dir .. "/left", 2500)
      end)
      print(io.open(dir) == nil)
      cohort.run(function()
        local co = coroutine.create(function()
          local temp <close> = cohort.shield(fs.temp_dir, { dir = "/dev/shm" })
          dir = temp.path
          files.make_deep(dir .. "/left", 2500)
          coroutine.yield()
        end)
        coroutine.resume(co)
        coroutine.close(co)  -- where nothing can wait
      end)
      print(io.open(dir) == nil)
    ]], "ulimit -n 32; lua5.4 -W")
    assert.same({ code = 0, out = ("true\n"):rep(3), err = "" }, result)
  end)

  it("that is cancelled stops in the middle of a deep tree, without reading on", function()
    within(function(dir)
      files.make_deep(dir .. "tree", 20000)
      local before = core.count_descriptors()
      cohort.group(function(g)
        local task = g:spawn(fs.remove, dir .. "tree", { recursive = true })
        repeat cohort.checkpoint() until core.count_descriptors() > before + 1
        task:cancel()
        task:wait()
        assert.equal("cancelled", task:status())
      end)
      assert.is_true(fs.exists(dir .. "tree"))
      fs.remove(dir .. "tree", { recursive = true })
      assert.equal("", names(dir))
    end, "/dev/shm")
  end)

  -- Removes "tree", of 60 levels; when "trigger", in the last one, goes, the twentieth goes to "elsewhere".
  -- The same with another `level`; level 0 goes when it has been looked at.
  local function moved(dir, replace, level)
    local from = dir .. "tree" .. ("/d"):rep(level or 20)
    local result = child.run_behind("moves", ([[
      local cohort, fs = require "cohort", require "cohort.fs"
      cohort.run(fs.remove, %q, { recursive = true })
    ]]):format(dir .. "tree"), ("MOVES_FROM=%s MOVES_TO=%selsewhere %s"):format(from, dir, replace or ""))
    if result then assert.same({ code = 0, out = "", err = "" }, result) end
    return result
  end

  it("follows no part of a tree that is moved elsewhere meanwhile, and no link in its place", function()
    within(function(dir)
      files.make_deep(dir .. "tree", 60)
      make(dir, "tree" .. ("/d"):rep(60) .. "/trigger", "kept/x", "beside")
      if not moved(dir, "MOVES_LINK=" .. dir .. "kept") then
        return pending("a sanitizer stands before the system already")
      end
      assert.equal("beside elsewhere kept", names(dir))
      assert.equal("", names(dir .. "elsewhere"))  -- emptied, as that had begun
      assert.equal("x", names(dir .. "kept"))
    end)
  end)

  it("removes a link that takes the place of the tree itself", function()
    within(function(dir)
      make(dir, "tree/x", "kept/x")
      if not moved(dir, "MOVES_LINK=" .. dir .. "kept", 0) then
        return pending("a sanitizer stands before the system already")
      end
      assert.equal("elsewhere kept", names(dir))
      assert.equal("x", names(dir .. "elsewhere"))
      assert.equal("x", names(dir .. "kept"))
    end)
  end)

  it("removes what has taken the place of a part that was moved", function()
    within(function(dir)
      files.make_deep(dir .. "tree", 60)
      make(dir, "tree" .. ("/d"):rep(60) .. "/trigger", "other/x", "other/d/d/d/")
      if not moved(dir, "MOVES_OTHER=" .. dir .. "other") then
        return pending("a sanitizer stands before the system already")
      end
      assert.equal("elsewhere", names(dir))
    end)
  end)
end)

describe("a temporary directory that cannot be removed", function()
  -- Runs `f` in the block of one, and what is above it is a file at its end.
  local function block(dir, name, f)
    make(dir, name .. "/")
    local temp <close> = fs.temp_dir { dir = dir .. name }
    fs.rename(dir .. name, dir .. name .. ".moved")
    make(dir, name)
    f(temp)
  end

  it("is told at the end of its block, beside an error that was on its way", function()
    within(function(dir)
      local function is_kept(err) return is_error(err, "ENOTDIR", "remove") end
      assert.is_true(is_kept(raised(block, dir, "a", tostring)))
      local eg = raised(block, dir, "b", function() error("no", 0) end)
      assert.is_true(cohort.is(eg, cohort.ErrorGroup))
      assert.equal("no", eg.errors[1])
      assert.is_true(is_kept(eg.errors[2]))
      assert.equal(2, #eg.errors)
      assert.is_true(is_kept(raised(cohort.move_on_after, 1, block, dir, "c", cohort.sleep_forever)))
      local task
      cohort.group(function(g)
        task = g:spawn(block, dir, "d", function(temp)
          fs.remove(dir .. "d")
          fs.rename(dir .. "d.moved", dir .. "d")
          temp:remove()
        end)
      end)
      assert.equal("done", task:status())
    end)
  end)
end)
