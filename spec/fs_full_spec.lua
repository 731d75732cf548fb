-- A disk that is full: a small tmpfs of this spec's own.
local cohort = require "cohort"
local fs = require "cohort.fs"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, is_error = tasks.raised, files.is_error
local names, read = files.names, files.read

-- Calls body(folder) with a folder that has room for a MiB, or as `options` of a tmpfs say; or says that it
-- cannot be made.
local function on_small_disk(body, options)
  local mounted = true
  files.within(function(dir)
    local small = dir .. "small"
    fs.mkdir(small)
    local mount = ("mount -t tmpfs -o %s tmpfs %s 2>/dev/null"):format(options or "size=1m", small)
    mounted = os.execute(mount) == true
    if not mounted then return end
    local ok, err = cohort.attempt(body, small .. "/")
    assert(os.execute("umount " .. small))
    if not ok then error(err, 0) end
  end)
  if not mounted then return pending "only root may mount a small disk" end
end

local big = ("x"):rep(2 << 20)

describe("a full disk", function()
  it("raises ENOSPC, and removes what was new", function()
    on_small_disk(function(dir)
      assert.is_true(is_error(raised(fs.write_file, dir .. "a", big), "ENOSPC", "write_file", dir .. "a"))
      assert.equal("", names(dir))
      local source <close> = fs.temp_file()
      source:write(big)
      for _, atomic in ipairs { false, true } do
        local err = raised(fs.copy, source.path, dir .. "a", { atomic = atomic })
        assert.is_true(is_error(err, "ENOSPC", "copy", source.path))
        assert.equal("", names(dir))
      end
    end)
  end)

  it("leaves the old file as it was, when the write is atomic", function()
    on_small_disk(function(dir)
      fs.write_file(dir .. "a", "old")
      local err = raised(fs.write_file, dir .. "a", big, { atomic = true })
      assert.is_true(is_error(err, "ENOSPC", "write_file", dir .. "a"))
      assert.equal("old", read(dir .. "a"))
      assert.equal("a", names(dir))
    end)
  end)

  it("leaves an open file with what could be written, and it goes on when there is room", function()
    on_small_disk(function(dir)
      fs.write_file(dir .. "ballast", ("x"):rep(700000))
      local file <close> = fs.open(dir .. "a", "w+")
      assert.is_true(is_error(raised(file.write, file, big), "ENOSPC", "write", dir .. "a"))
      local written = file:seek()
      assert.is_true(written > 0 and written < 1 << 20)
      assert.equal(written, file:stat().size)
      fs.remove(dir .. "ballast")
      file:write "end"
      file:seek("end", -3)
      assert.equal("end", file:read "a")
      file:sync()
    end)
  end)

  it("takes what has room when many write at once, each whole or not at all", function()
    on_small_disk(function(dir)
      local written = 0
      cohort.group(function(g)
        for i = 1, 20 do
          g:spawn(function()
            local ok, err = cohort.attempt(fs.write_file, dir .. i, ("x"):rep(100000))
            if ok then
              written = written + 1
            else
              assert.is_true(is_error(err, "ENOSPC", "write_file", dir .. i))
            end
          end)
        end
      end)
      local _, count = names(dir):gsub("%d+", "")
      assert.equal(written, count)
      assert.is_true(written > 0 and written < 20)
      for name in fs.scandir(dir) do assert.equal(100000, fs.stat(dir .. name).size) end
    end)
  end)

  it("raises ENOSPC when there is room, but none for another name; what is there can be used on", function()
    on_small_disk(function(dir)
      fs.write_file(dir .. "a", "text")
      local made = 0
      while cohort.attempt(fs.mkdir, dir .. "dir" .. made) do made = made + 1 end
      assert.is_true(made > 1)
      local before = names(dir)
      for operation, call in pairs {
        mkdir = function() fs.mkdir(dir .. "b") end,
        symlink = function() fs.symlink("a", dir .. "b") end,
        open = function() fs.open(dir .. "b", "w") end,
        write_file = function() fs.write_file(dir .. "b", "x") end,
        append_file = function() fs.append_file(dir .. "b", "x") end,
        copy = function() fs.copy(dir .. "a", dir .. "b") end,
        temp_file = function() fs.temp_file { dir = dir } end,
        temp_dir = function() fs.temp_dir { dir = dir } end,
      } do
        assert.is_true(is_error(raised(call), "ENOSPC", operation), operation)
      end
      assert.is_true(is_error(raised(fs.write_file, dir .. "a", "new", { atomic = true }), "ENOSPC"))
      assert.equal(before, names(dir))
      fs.append_file(dir .. "a", "!")
      assert.equal("text!", read(dir .. "a"))
      fs.rename(dir .. "dir0", dir .. "moved")
      fs.remove(dir .. "moved")
      fs.write_file(dir .. "b", "x")
    end, "size=1m,nr_inodes=10")
  end)

  it("keeps what had room of a piece that is added, and nothing of a file that was to be new", function()
    on_small_disk(function(dir)
      fs.write_file(dir .. "a", "begin")
      assert.is_true(is_error(raised(fs.append_file, dir .. "a", big), "ENOSPC", "append_file", dir .. "a"))
      assert.is_truthy(read(dir .. "a"):find "^beginx+$")
      fs.remove(dir .. "a")
      assert.is_true(is_error(raised(fs.append_file, dir .. "a", big), "ENOSPC", "append_file", dir .. "a"))
      assert.equal("", names(dir))
    end)
  end)
end)
