-- What files must bear: directories that change under a walk, devices on which nobody answers.
local cohort = require "cohort"
local fs = require "cohort.fs"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local names, write = files.names, files.write

-- What a walk gives, without the directory itself, each as text; `on_step(path)` is called in between.
local function walked(dir, on_step)
  local list = {}
  for path in fs.walk(dir) do
    local name = path:sub(#dir + 1):gsub("^/", "")
    list[#list + 1] = name
    if on_step then on_step(name) end
  end
  return table.concat(list, " ")
end

local function make(dir, ...)
  for _, name in ipairs { ... } do
    fs.mkdir((dir .. name):match "^(.*)/", { parents = true })
    if not name:find "/$" then write(dir .. name, name) end
  end
end

describe("a directory that changes while it is walked", function()
  it("into a symbolic link is not followed", function()
    within(function(dir)
      make(dir, "tree/a/x", "tree/b/y", "elsewhere/secret")
      assert.equal("a a/x b", walked(dir .. "tree/", function(name)
        if name == "b" then
          fs.remove(dir .. "tree/b", { recursive = true })
          fs.symlink("../elsewhere", dir .. "tree/b")
        end
      end))
    end)
  end)

  it("into a symbolic link above where the walk is, is not followed either", function()
    within(function(dir)
      make(dir, "tree/a/b/x", "elsewhere/b/secret")
      assert.equal("a a/b", walked(dir .. "tree", function(name)
        if name == "a/b" then
          fs.rename(dir .. "tree/a", dir .. "tree/z")
          fs.symlink("../elsewhere", dir .. "tree/a")
        end
      end))
    end)
  end)

  it("is found through links above it, and by itself may be one", function()
    within(function(dir)
      make(dir, "real/tree/a/x")
      fs.symlink("real", dir .. "one")
      fs.symlink("one/tree", dir .. "two")
      for _, name in ipairs { "one/tree", "one/tree/", "two", "two//" } do
        assert.equal("a a/x", walked(dir .. name))
      end
    end)
  end)

  it("into a FIFO, a socket, or nothing is passed over", function()
    within(function(dir)
      make(dir, "a/x", "b/x", "c/x", "d")
      local change = {
        a = function() os.execute(("rm -r %sa && mkfifo %sa"):format(dir, dir)) end,
        b = function()
          fs.remove(dir .. "b", { recursive = true })
          cohort.net.listen_unix(dir .. "b"):close()  -- and its file with it
        end,
        c = function() fs.rename(dir .. "c", dir .. "z") end,
      }
      assert.equal("a b c d", walked(dir, function(name)
        if change[name] then change[name]() end
      end))
    end)
  end)

  it("by moving away is not followed: there is what had been read of it", function()
    within(function(dir)
      make(dir, "tree/a/b/c/x", "tree/a/z", "other/")
      assert.equal("a a/b a/z", walked(dir .. "tree/", function(name)
        if name == "a/b" then fs.rename(dir .. "tree/a", dir .. "other/a") end
      end))
    end)
  end)

  it("by being removed as a whole ends the walk", function()
    within(function(dir)
      make(dir, "tree/a/x", "tree/b/y", "tree/c/z")
      assert.equal("a a/x b c", walked(dir .. "tree/", function(name)
        if name == "a/x" then fs.remove(dir .. "tree", { recursive = true }) end
      end))
    end)
  end)

  it("by others all the time gives only what was there, each once, and what stayed in any case", function()
    within(function(dir)
      local stayed = {}
      for i = 1, 20 do
        make(dir, ("tree/%d/stays"):format(i))
        stayed[("%d/stays"):format(i)] = true
      end
      local script = [[
        cd "$1" || exit
        while test -e stop; do
          for i in 3 7 11 15; do
            mkdir -p $i/comes/deep; : > $i/comes/deep/x; : > $i/file
            mv $i/comes $i/goes; rm -r $i/goes $i/file
          done
        done
      ]]
      write(dir .. "tree/stop", "")
      write(dir .. "script", script)
      local others = assert(io.popen(("sh %sscript %stree 2>&1; echo done"):format(dir, dir)))
      for _ = 1, 30 do
        local seen, missing = {}, 0
        for path in fs.walk(dir .. "tree/") do
          local name = path:sub(#dir + 6)
          assert.is_nil(seen[name])
          seen[name] = true
        end
        for name in pairs(stayed) do missing = missing + (seen[name] and 0 or 1) end
        assert.equal(0, missing)
      end
      fs.remove(dir .. "tree/stop")
      assert.equal("done\n", others:read "a")
      others:close()
    end)
  end)

  it("may be removed, copied and listed by many at once, and nothing but what vanished is missed", function()
    within(function(dir)
      for i = 1, 30 do make(dir, ("tree/%d/x"):format(i)) end
      local missed = 0
      cohort.group(function(g)
        g:spawn(fs.remove, dir .. "tree", { recursive = true })
        for i = 30, 1, -1 do
          g:spawn(function()
            local ok, err = cohort.attempt(fs.copy, ("%stree/%d/x"):format(dir, i), ("%s%d"):format(dir, i))
            if ok then return end
            assert.is_true(is_error(err, "ENOENT", "copy"))
            missed = missed + 1
          end)
          g:spawn(cohort.attempt, fs.scandir, ("%stree/%d"):format(dir, i))
        end
      end)
      local _, count = names(dir):gsub("%d+", "")
      assert.equal(30, count + missed)
      assert.is_false(fs.exists(dir .. "tree"))
    end)
  end)
end)

describe("a device on which nobody answers", function()
  it("raises instead of waiting, and keeps no thread from others", function()
    within(function(dir)
      write(dir .. "a", "text")
      cohort.group(function(g)
        for _ = 1, 2 * files.threads do
          g:spawn(function()
            local terminal <close> = fs.open "/dev/ptmx"  -- at whose other end there is nobody
            local problem = raised(terminal.read, terminal, 1)
            assert.is_true(is_error(problem, "ESPIPE", "read"))
            assert.matches("for terminals see cohort.stdio", problem.message)
            local full <close> = fs.open("/dev/ptmx", "a")
            local err = raised(function() while true do full:write(("x\n"):rep(100000)) end end)
            assert.is_true(is_error(err, "EAGAIN", "write"))
            assert.is_true(is_error(raised(fs.write_file, "/dev/ptmx", ("x\n"):rep(100000)), "EAGAIN"))
            assert.is_true(is_error(raised(fs.read_file, "/dev/ptmx"), "ENOTSUP", "read_file"))
            assert.is_true(is_error(raised(fs.copy, "/dev/ptmx", dir .. "b"), "ENOTSUP", "copy"))
          end)
          g:spawn(function() assert.equal("text", fs.read_file(dir .. "a")) end)
        end
      end)
      assert.equal("a", names(dir))
    end)
  end)

  it("that has no places is appended to at as many bytes as were written", function()
    within(function()
      local terminal <close> = fs.open("/dev/ptmx", "a")
      terminal:write "abc"
      assert.equal(3, terminal:seek())
      terminal:write "de"
      assert.equal(5, terminal:seek())
    end)
  end)

  it("may be read and written where it has an answer", function()
    within(function()
      local zero <close> = fs.open "/dev/zero"
      assert.equal(("\0"):rep(100000), zero:read(100000))
      local null <close> = fs.open("/dev/null", "r+")
      null:write "x"
      assert.is_nil(null:read(1))
      fs.write_file("/dev/null", "x")
      assert.is_true(is_error(raised(fs.write_file, "/dev/full", "x"), "ENOSPC", "write_file"))
      assert.equal("character", fs.stat("/dev/null").type)
    end)
  end)
end)
