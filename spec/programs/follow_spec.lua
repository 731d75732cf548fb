-- examples/programs/follow.lua, over files that grow, are moved, truncated and removed.
local cohort = require "cohort"
local fs = require "cohort.fs"
local programs = require "spec.support.programs"

-- Adds lines to a file until the program prints one of them: it has begun to look.
local function begin(program, path, prefix)
  cohort.group(function(g)
    g:spawn_daemon(function()
      while true do
        fs.append_file(path, "begin\n")
        cohort.sleep(0.01)
      end
    end)
    assert.equal(prefix .. "begin", program:line())
  end)
  fs.append_file(path, "begun\n")
  local line
  repeat line = program:line() until line ~= prefix .. "begin"
  assert.equal(prefix .. "begun", line)
end

-- Calls body(program, dir, path) with one that follows `path`, a log in a folder.
local function following(body)
  programs.within(function()
    local dir <close> = fs.temp_dir()
    local path = dir.path .. "/log"
    fs.write_file(path, "of old\n")
    local program <close> = programs.example("follow", path)
    begin(program, path, "")
    body(program, dir.path .. "/", path)
  end)
end

-- Has the program end. What it printed meanwhile, and what it noted.
local function stop(program)
  program:signal "TERM"
  local code, out, err = program:wait()
  assert.equal(0, code)
  return out, err
end

describe("the log follower", function()
  it("prints what is added, and not what was there", function()
    following(function(program, _, path)
      local lines = {}
      for i = 1, 3000 do lines[i] = ("line %d\n"):format(i) end
      fs.append_file(path, table.concat(lines))
      for i = 1, 3000 do assert.equal("line " .. i, program:line()) end
      assert.same({ "", "" }, { stop(program) })
    end)
  end)

  it("prints whole lines only, and at the end what there is", function()
    following(function(program, _, path)
      fs.append_file(path, "one\nin ")
      assert.equal("one", program:line())
      fs.append_file(path, "two ")
      fs.append_file(path, "parts\n\nlast")
      assert.equal("in two parts", program:line())
      assert.equal("", program:line())
      assert.same({ "last\n", "" }, { stop(program) })
    end)
  end)

  it("goes over to the new file when one is rotated, and misses nothing of the old one", function()
    following(function(program, dir, path)
      fs.append_file(path, "first of 0\n")
      for i = 1, 5 do
        assert.equal(("first of %d"):format(i - 1), program:line())
        fs.rename(path, dir .. "old")
        fs.append_file(dir .. "old", "late\nand ")
        assert.equal("late", program:line())
        fs.append_file(dir .. "old", "later")
        fs.write_file(path, ("first of %d\n"):format(i))
        assert.equal("and later", program:line())
      end
      assert.equal("first of 5", program:line())
      assert.same({ "", ("follow: %s is another file now\n"):format(path):rep(5) }, { stop(program) })
    end)
  end)

  it("misses nothing that comes between its reading and its look at the name", function()
    programs.within(function()
      local dir <close> = fs.temp_dir()
      local path = dir.path .. "/log"
      local rotating = [[
        local fs = require "cohort.fs"
        local stat = fs.stat
        function fs.stat(path)
          if os.remove(path .. ".now") then
            io.open(path, "a"):write("last words\n"):close()
            os.rename(path, path .. ".1")
            io.open(path, "w"):write("first\n"):close()
          end
          return stat(path)
        end
      ]]
      local script = "examples/programs/follow.lua"
      local program <close> = programs.start { "cohort", "-e", rotating, script, path }
      begin(program, path, "")
      fs.write_file(path .. ".now", "")
      assert.equal("last words", program:line())
      assert.equal("first", program:line())
      stop(program)
    end)
  end)

  it("begins again when a file is truncated", function()
    following(function(program, _, path)
      fs.append_file(path, "one\ntwo\nthr")
      assert.equal("one", program:line())
      assert.equal("two", program:line())
      fs.write_file(path, "1\n")
      assert.equal("1", program:line())
      assert.same({ "", ("follow: %s was truncated\n"):format(path) }, { stop(program) })
    end)
  end)

  it("waits for one that is removed, and takes what comes in its place", function()
    following(function(program, _, path)
      for i = 1, 3 do
        fs.append_file(path, i .. "\n")
        assert.equal(tostring(i), program:line())
        fs.remove(path)
      end
      fs.mkdir(path .. ".d")
      assert.equal("", (stop(program)))
    end)
  end)

  it("tells several files apart, and waits for those that are not there yet", function()
    programs.within(function()
      local dir <close> = fs.temp_dir()
      local a, b = dir.path .. "/a", dir.path .. "/b"
      fs.write_file(b, "of old\n")
      local program <close> = programs.example("follow", a, b)
      begin(program, b, b .. ": ")
      fs.write_file(a, "x\n")
      assert.equal(a .. ": x", program:line())
      fs.append_file(b, "y\n")
      assert.equal(b .. ": y", program:line())
      stop(program)
    end)
  end)

  it("opens all again at SIGHUP, and goes on where it was", function()
    programs.within(function()
      local dir <close> = fs.temp_dir()
      local folder = dir.path .. "/folder"
      fs.mkdir(folder)
      local program <close> = programs.example("follow", folder .. "/log")
      begin(program, folder .. "/log", "")
      fs.append_file(folder .. "/log", "one\ntw")
      assert.equal("one", program:line())
      program:signal "HUP"
      fs.append_file(folder .. "/log", "o\n")
      assert.equal("two", program:line())
      -- Nothing tells of another folder under the same name.
      fs.rename(folder, dir.path .. "/gone")
      fs.mkdir(folder)
      fs.write_file(folder .. "/log", "three\n")
      program:signal "HUP"
      assert.equal("three", program:line())
      fs.append_file(folder .. "/log", "four\n")
      assert.equal("four", program:line())
      stop(program)
    end)
  end)

  it("waits for a folder that is gone", function()
    programs.within(function()
      local dir <close> = fs.temp_dir()
      local folder = dir.path .. "/folder/"
      fs.mkdir(folder)
      local program <close> = programs.example("follow", folder .. "log")
      begin(program, folder .. "log", "")
      fs.rename(folder, dir.path .. "/gone")
      program:signal "HUP"
      local said = ("follow: %s is not there: SIGHUP looks again\n"):format(folder)
      while not program:errors():find(said, 1, true) do cohort.sleep(0.01) end
      fs.mkdir(folder)
      fs.write_file(folder .. "log", "one\n")
      program:signal "HUP"
      assert.equal("one", program:line())
      stop(program)
    end)
  end)

  it("ends at Ctrl-C", function()
    following(function(program, _, path)
      fs.append_file(path, "one\n")
      assert.equal("one", program:line())
      program:signal "INT"
      local code, out, err = program:wait()
      assert.same({ 130, "" }, { code, out })
      assert.equal("cohort: Interrupted: interrupted by Ctrl-C\n", err)
    end)
  end)

  it("ends at SIGTERM also when nobody reads what it prints", function()
    following(function(program, _, path)
      fs.append_file(path, ("0123456789\n"):rep(100000))
      assert.equal("0123456789", program:line())
      program:signal "TERM"
      assert.equal(0, (program.child:wait()))
    end)
  end)

  it("ends when whoever read what it prints has gone", function()
    following(function(program, _, path)
      program.child.stdout:close()
      fs.append_file(path, "one\n")
      assert.equal(0, (program.child:wait()))
      assert.equal("", program:errors())
    end)
  end)

  it("says what is wrong with its arguments", function()
    programs.within(function()
      local program <close> = programs.example "follow"
      local code, _, err = program:wait()
      assert.same({ 2, "usage: follow.lua FILE...\n" }, { code, err })
      local other <close> = programs.example("follow", "/none/log")
      code, _, err = other:wait()
      assert.equal(1, code)
      assert.matches("watch /none/: no such file or directory", err)
    end)
  end)
end)
