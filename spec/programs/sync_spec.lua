-- examples/programs/sync.lua, over trees that change, on disks that fill up, with files that vanish.
local cohort = require "cohort"
local fs = require "cohort.fs"
local files = require "spec.support.files"
local programs = require "spec.support.programs"

local path = "examples/programs/sync.lua"

-- Calls body(from, to) with a directory, and the name of one that is not there yet.
local function within(body)
  programs.within(function()
    local dir <close> = fs.temp_dir()
    fs.mkdir(dir.path .. "/from")
    body(dir.path .. "/from", dir.path .. "/to", dir.path .. "/")
  end)
end

-- Makes what is named: "a/" is a directory, a file is filled with its name.
local function make(dir, ...)
  for _, name in ipairs { ... } do
    local place = dir .. "/" .. name
    fs.mkdir(place:match "^(.*)/", { parents = true })
    if not name:find "/$" then fs.write_file(place, name) end
  end
end

-- Runs it. Its last line, what stood before that in the order of names, its errors, its exit status.
local function run(words)
  local program <close> = programs.start(words)
  local code, out, err = program:wait()
  local lines = {}
  for line in out:gmatch "[^\n]+" do lines[#lines + 1] = line end
  local last = table.remove(lines)
  table.sort(lines)
  return last, table.concat(lines, " "), err, code
end

local function counts(...)
  return ("%d copied, %d removed, %d unchanged, %d failed"):format(...)
end

local function sync(...)
  return run { "cohort", path, ... }
end

-- Fails unless the two trees are the same, in all that a synchroniser copies.
local function assert_same(from, to)
  local function describe(dir)
    local list = {}
    for name, type in fs.walk(dir) do
      local stat = fs.lstat(name)
      local what = type == "file" and ("%s %s %.2f"):format(fs.read_file(name), stat.permissions, stat.mtime)
        or type == "link" and fs.readlink(name) or ""
      list[#list + 1] = ("%s %s %s"):format(name:sub(#dir + 1), type, what)
    end
    return table.concat(list, "\n")
  end
  assert.equal(describe(from), describe(to))
end

-- Has a copy of more than a MiB begun in the directory?
local function holds_a_part(dir)
  for name in fs.scandir(dir) do
    local ok, stat = cohort.attempt(fs.stat, dir .. "/" .. name)
    if ok and stat.size > 1 << 20 then return true end
  end
  return false
end

describe("the file synchroniser", function()
  it("copies all that there is, and a second time nothing", function()
    within(function(from, to)
      make(from, "a", "b/", "c/d/e", "c/f", ".hidden", "with space", "-n")
      fs.write_file(from .. "/empty", "")
      fs.write_file(from .. "/large", ("0123456789"):rep(300000))
      fs.write_file(from .. "/script", "x", { permissions = "755" })
      fs.symlink("a", from .. "/link")
      fs.symlink("/none", from .. "/c/broken")
      local last, lines = sync(from, to)
      assert.equal(counts(14, 0, 0, 0), last)
      assert.equal("copied -n copied .hidden copied a copied b copied c copied c/broken copied c/d "
        .. "copied c/d/e copied c/f copied empty copied large copied link copied script "
        .. "copied with space", lines)
      assert_same(from, to)
      assert.same({ counts(0, 0, 14, 0), "", "", 0 }, { sync(from .. "/", to .. "/") })
    end)
  end)

  it("copies what has changed, whatever it was before, and removes what is there no more", function()
    within(function(from, to)
      make(from, "same", "longer", "newer", "gone", "gone.d/x/y")
      make(from, "file to dir", "dir to file/x", "file to link")
      fs.symlink("same", from .. "/other")
      sync(from, to)
      fs.append_file(from .. "/longer", "!")
      fs.write_file(from .. "/newer", "NEWER")
      fs.utime(from .. "/newer", 1e9)
      fs.chmod(from .. "/newer", "640")
      for _, name in ipairs { "gone", "gone.d", "file to dir", "dir to file", "file to link", "other" } do
        fs.remove(from .. "/" .. name, { recursive = true })
      end
      make(from, "file to dir/y", "dir to file")
      fs.symlink("same", from .. "/file to link")
      fs.symlink("longer", from .. "/other")
      local last, lines = sync(from, to)
      assert.equal(counts(7, 2, 1, 0), last)
      assert.equal("copied dir to file copied file to dir copied file to dir/y copied file to link "
        .. "copied longer copied newer copied other removed gone removed gone.d", lines)
      assert_same(from, to)
    end)
  end)

  it("takes a file that vanishes meanwhile as an error of that file only", function()
    within(function(from, to)
      make(from, "a", "vanishes", "z")
      local removing = [[
        local fs = require "cohort.fs"
        local copy = fs.copy
        function fs.copy(from, ...)
          if from:find "vanishes" then fs.remove(from) end
          return copy(from, ...)
        end
      ]]
      local last, lines, err, code = run { "cohort", "-e", removing, path, from, to }
      assert.same({ counts(2, 0, 0, 1), "copied a copied z", 1 }, { last, lines, code })
      assert.matches("^sync: copy .*/vanishes: no such file or directory", err)
      assert.equal("a z", files.names(to))
    end)
  end)

  it("keeps to its limit", function()
    within(function(from, to, dir)
      for i = 1, 20 do make(from, tostring(i)) end
      local counting = [[
        local fs = require "cohort.fs"
        local copy, now = fs.copy, 0
        function fs.copy(...)
          now = now + 1
          io.stderr:write(now, "\n")
          copy(...)
          now = now - 1
        end
      ]]
      for _, limit in ipairs { 1, 3 } do
        local last, _, err = run { "cohort", "-e", counting, path, from, to .. limit, tostring(limit) }
        assert.equal(counts(20, 0, 0, 0), last)
        local most = 0
        for count in err:gmatch "%d+" do most = math.max(most, tonumber(count)) end
        assert.equal(limit, most)
      end
      assert.equal("from to1 to3", files.names(dir))
    end)
  end)

  it("removes nothing when a directory cannot be read", function()
    within(function(from, to)
      make(from, "a/x", "b/y")
      sync(from, to)
      make(to, "other")
      fs.chmod(from .. "/a", "000")
      -- Of root's powers all but that of reading anything.
      local last, _, err, code = run { "sh", "-c", 'test $(id -u) != 0 || exec setpriv '
        .. '--bounding-set=-dac_override,-dac_read_search "$@"; exec "$@"', "sh", "cohort", path, from, to }
      assert.same({ counts(0, 0, 3, 1), 1 }, { last, code })
      assert.matches("^sync: scandir .*/from/a: permission denied", err)
      assert.equal("a b other", files.names(to))
      fs.chmod(from .. "/a", "755")
      assert.equal(counts(0, 1, 4, 0), (sync(from, to)))
    end)
  end)

  it("leaves nothing half done when it is interrupted, and goes on the next time", function()
    within(function(_, to)
      local from <close> = fs.temp_dir { dir = "/dev/shm" }  -- another disk: there is no short cut
      make(from.path, "a")
      make(to, "endless")
      files.write_endless(from.path .. "/endless")
      local watcher <close> = fs.watch(to)
      local program <close> = programs.example("sync", from.path, to)
      repeat watcher() until holds_a_part(to)
      program:signal "INT"
      local code, _, err = program:wait()
      assert.equal(130, code)
      assert.matches("Interrupted", err)
      assert.is_false(holds_a_part(to))
      assert.equal("endless", fs.read_file(to .. "/endless"))
      fs.remove(from.path .. "/endless")
      sync(from.path, to)
      assert_same(from.path, to)
    end)
  end)

  it("tells of a disk that is full, file by file", function()
    local mounted
    within(function(from, to)
      fs.mkdir(to)
      mounted = os.execute(("mount -t tmpfs -o size=1m tmpfs %s 2>/dev/null"):format(to)) == true
      if not mounted then return end
      local ok, problem = cohort.attempt(function()
        make(from, "a", "z")
        fs.write_file(from .. "/large", ("x"):rep(2 << 20))
        local last, lines, err, code = sync(from, to, 1)
        assert.equal(counts(2, 0, 0, 1), last)
        assert.same({ "copied a copied z", 1 }, { lines, code })
        assert.matches("^sync: copy .*/large: no space left on device", err)
        assert.equal("a z", files.names(to))
      end)
      assert(os.execute("umount " .. to))
      if not ok then error(problem, 0) end
    end)
    if not mounted then return pending "only root may mount a small disk" end
  end)

  it("refuses directories of which one is in the other, and says how it is used", function()
    within(function(from, to, dir)
      make(from, "sub/x")
      for _, pair in ipairs { { from, from .. "/sub" }, { from .. "/sub", from }, { from, from } } do
        local _, _, err, code = sync(pair[1], pair[2])
        assert.equal(1, code)
        assert.matches("one of the directories is in the other", err)
      end
      local _, _, err, code = sync(dir .. "none", to)
      assert.equal(1, code)
      assert.matches("realpath .*none: no such file or directory", err)
      assert.is_false(fs.exists(to))
      _, _, err, code = sync(from)
      assert.same({ "usage: sync.lua FROM TO [LIMIT]\n", 2 }, { err, code })
    end)
  end)
end)
