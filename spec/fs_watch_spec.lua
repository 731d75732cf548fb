-- Watching files and directories.
local cohort = require "cohort"
local fs = require "cohort.fs"
local child = require "spec.support.child"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, within, is_error = tasks.raised, files.within, files.is_error
local is = cohort.is

-- The next change of `name`, of whatever kind it must be.
local function next_of(watcher, name, kind)
  while true do
    local got_kind, got_name = watcher()
    if got_name == name and (not kind or kind == got_kind) then return got_kind end
  end
end

-- All that a watcher gives while `change()` is done, up to its end.
local function told_to_the_end(watcher, change)
  local told = {}
  cohort.fail_after(5, cohort.group, function(g)
    g:spawn(function()
      for kind, name in watcher do told[#told + 1] = kind .. " " .. name end
    end)
    cohort.checkpoint()
    change()
  end)
  return told
end

describe("watch", function()
  it("tells what comes, changes and goes in a directory", function()
    within(function(dir)
      fs.exists(dir)
      local watcher <close> = fs.watch(dir)
      fs.write_file(dir .. "a", "x")
      assert.equal("rename", next_of(watcher, "a"))
      assert.equal("change", next_of(watcher, "a"))
      fs.append_file(dir .. "a", "y")
      assert.equal("change", next_of(watcher, "a"))
      fs.rename(dir .. "a", dir .. "b")
      assert.equal("rename", next_of(watcher, "a", "rename"))
      assert.equal("rename", next_of(watcher, "b"))
      fs.remove(dir .. "b")
      assert.equal("rename", next_of(watcher, "b"))
    end)
  end)

  it("tells changes of a file", function()
    within(function(dir)
      files.write(dir .. "log", "one\n")
      local watcher <close> = fs.watch(dir .. "log")
      fs.append_file(dir .. "log", "two\n")
      local kind, name = watcher()
      assert.equal("change log", kind .. " " .. name)
    end)
  end)

  it("of a file tells that another takes its place, and ends", function()
    within(function(dir)
      local path = dir .. "config"
      for i = 1, 20 do  -- a number of a file is used again: of two that take turns too
        fs.write_file(path, "old")
        local watcher = fs.watch(path)
        local told = told_to_the_end(watcher, function() fs.write_file(path, "new", { atomic = true }) end)
        assert.equal("rename config", told[#told], i)
        assert.is_nil((watcher()))
        assert.equal(("watcher %s (ended)"):format(path), tostring(watcher))
        told = told_to_the_end(fs.watch(path), function()
          fs.remove(path)
          fs.write_file(path, "newer")
        end)
        assert.equal("rename config", told[#told], i)
      end
    end)
  end)

  it("of a file that is removed or moved ends, also while somebody has it open", function()
    within(function(dir)
      local path = dir .. "file"
      for _, change in ipairs { fs.remove, function() fs.rename(path, dir .. "other") end } do
        for _, is_open in ipairs { false, true } do
          files.write(path, "x")
          local file = is_open and io.open(path)
          local told = told_to_the_end(fs.watch(path), function() change(path) end)
          assert.equal("rename file", told[#told])
          if file then file:close() end
        end
      end
    end)
  end)

  it("of a file goes on when nothing but its contents or attributes change", function()
    within(function(dir)
      local path = dir .. "file"
      files.write(path, "x")
      local watcher <close> = fs.watch(path)
      for _, change in ipairs {
        function() fs.chmod(path, "600") end, function() fs.link(path, dir .. "link") end,
        function() fs.remove(dir .. "link") end, function() files.write(path, "") end,
      } do
        change()
        assert.equal("change", next_of(watcher, "file"))
        assert.is_false(cohort.move_on_after(0.01, watcher))
      end
    end)
  end)

  it("of a file goes on when another name of it is moved", function()
    within(function(dir)
      files.write(dir .. "log", "")
      local watcher <close> = fs.watch(dir .. "log")
      fs.link(dir .. "log", dir .. "new")
      fs.rename(dir .. "new", dir .. "kept")
      assert.equal("rename", next_of(watcher, "log", "rename"))
      fs.append_file(dir .. "log", "text")
      assert.equal("change log", table.concat({ watcher() }, " "))
      local told = told_to_the_end(watcher, function() fs.remove(dir .. "log") end)
      assert.equal("rename log", told[#told])
    end)
  end)

  it("of a directory ends when that is removed or moved, and goes on with an entry of its name", function()
    within(function(dir)
      local path = dir .. "folder"
      for _, change in ipairs { fs.remove, function() fs.rename(path, dir .. "other") end } do
        fs.mkdir(path)
        local watcher = fs.watch(path)
        fs.mkdir(path .. "/folder")
        assert.equal("rename", next_of(watcher, "folder"))
        fs.remove(path .. "/folder")
        assert.equal("rename", next_of(watcher, "folder"))
        assert.is_false(cohort.move_on_after(0.01, watcher))
        local told = told_to_the_end(watcher, function() change(path) end)
        assert.equal("rename folder", told[#told])
      end
    end)
  end)

  it("of a file that changes hundreds of times gives each change to one of the tasks that wait", function()
    within(function(dir)
      files.write(dir .. "file", "x")
      local watcher, count = fs.watch(dir .. "file"), 0
      local send, receive = cohort.channel(math.huge)
      cohort.fail_after(20, cohort.group, function(g)
        for _ = 1, 3 do
          g:spawn(function()
            for kind in watcher do send(kind) end
          end)
        end
        for _ = 1, 300 do
          fs.append_file(dir .. "file", "y")
          if receive() == "change" then count = count + 1 end
        end
        fs.remove(dir .. "file")
      end)
      assert.equal(300, count)
    end)
  end)

  it("tells its own name of what another watches by another name, and ends", function()
    within(function(dir)
      fs.mkdir(dir .. "folder")
      fs.symlink("folder", dir .. "link")
      files.write(dir .. "one", "")
      fs.link(dir .. "one", dir .. "two")
      local other <close> = fs.watch(dir .. "one")
      for _, path in ipairs { dir .. "link", dir .. "folder/" } do
        local name = path:match "[^/]*$"
        local first <close>, watcher = fs.watch(dir .. "folder"), fs.watch(path)
        fs.mkdir(dir .. "folder/folder")  -- which is no news of the folder itself
        assert.equal("folder", select(2, watcher()))
        fs.remove(dir .. "folder/folder")
        assert.equal("rename folder", table.concat({ watcher() }, " "))
        local told = told_to_the_end(watcher, function() fs.remove(dir .. "folder") end)
        assert.equal("rename " .. name, told[#told])
        assert.equal(path, watcher.path)
        assert.equal("rename folder", table.concat({ first() }, " "))
        fs.mkdir(dir .. "folder")
      end
      local watcher <close> = fs.watch(dir .. "two")
      fs.append_file(dir .. "one", "text")
      assert.equal("change two", table.concat({ watcher() }, " "))
      local told = told_to_the_end(watcher, function() fs.remove(dir .. "two") end)
      assert.equal("rename two", told[#told])
      assert.equal("change one", table.concat({ other() }, " "))
    end)
  end)

  it("that ends tells every task that waits", function()
    within(function(dir)
      files.write(dir .. "file", "x")
      local watcher, ended = fs.watch(dir .. "file"), 0
      cohort.fail_after(5, cohort.group, function(g)
        for _ = 1, 3 do
          g:spawn(function()
            repeat until not watcher()
            ended = ended + 1
          end)
        end
        cohort.checkpoint()
        fs.remove(dir .. "file")
      end)
      assert.equal(3, ended)
    end)
  end)

  it("waits until something happens, and is an iterator", function()
    within(function(dir)
      local watcher <close> = fs.watch(dir)
      local seen
      cohort.group(function(g)
        local task = g:spawn(function()
          for kind, name in watcher do
            seen = (seen or "") .. kind .. " " .. name
            if name == "new" then break end
          end
        end)
        cohort.checkpoint()
        cohort.checkpoint()
        assert.equal("waiting", task:status())
        assert.is_nil(seen)
        fs.mkdir(dir .. "new")
      end)
      assert.equal("rename new", seen)
    end)
  end)

  it("keeps changes that nobody asks for, up to a bound, then says that it has forgotten some", function()
    within(function(dir)
      local watcher <close> = fs.watch(dir)
      local long = ("x"):rep(200)
      for i = 1, 600 do
        files.write(("%s%s%d"):format(dir, long, i), "")
        if i % 50 == 0 then files.settle() end
      end
      files.settle()
      local count = 0
      repeat count = count + 1 until watcher() == "overflow"
      assert.is_true(count > 200 and count < 400, count)
      files.write(dir .. "z", "")
      assert.equal("rename", next_of(watcher, "z"))
    end)
  end)

  it("that is cancelled loses nothing", function()
    within(function(dir)
      local watcher <close> = fs.watch(dir)
      assert.is_false(cohort.move_on_after(1, watcher))
      fs.mkdir(dir .. "a")
      files.settle()
      assert.is_false(cohort.move_on_after(0, watcher))
      assert.equal("rename", next_of(watcher, "a"))
    end)
  end)

  it("that is closed wakes who waits with Closed, and raises it afterwards", function()
    within(function(dir)
      local watcher = fs.watch(dir)
      assert.equal("watcher " .. dir, tostring(watcher))
      assert.equal(dir, watcher.path)
      cohort.group(function(g)
        local task = g:spawn(function() return raised(watcher) end)
        cohort.checkpoint()
        watcher:close()
        watcher:close()
        assert.is_true(is(task:join(), cohort.Closed))
      end)
      assert.is_true(is(raised(watcher), cohort.Closed))
      assert.equal("watcher " .. dir .. " (closed)", tostring(watcher))
      assert.equal(dir, watcher.path)
    end)
  end)

  it("that fails tells every task that waits, and each that comes later", function()
    within(function(dir)
      local result = child.run_behind("watches", ([[
        local cohort, fs = require "cohort", require "cohort.fs"
        local dir = %q
        cohort.run(function()
          local watcher <close> = fs.watch(dir)
          cohort.group(function(g)
            local waiting = {}
            for i = 1, 3 do waiting[i] = g:spawn(pcall, watcher) end
            cohort.checkpoint()
            io.open(dir .. "broken", "w"):close()
            for i = 1, 3 do
              cohort.move_on_after(5, waiting[i].wait, waiting[i])
              print(waiting[i]:status())
            end
            g:cancel()
          end)
          local ok, err = pcall(watcher)
          print(ok, cohort.is(err, cohort.SystemError), err.code, err.operation, err.path == dir)
        end)
      ]]):format(dir))
      if not result then return pending("a sanitizer stands before the system already") end
      local expected = ("done\n"):rep(3) .. "false\ttrue\tEIO\twatch\ttrue\n"
      assert.same({ code = 0, out = expected, err = "" }, result)
    end)
  end)

  it("sees that its task was cancelled after it was woken, when another took the event", function()
    within(function(dir)
      fs.write_file(dir .. "a", "x")
      local watcher, status = fs.watch(dir), nil
      cohort.group(function(g)
        local task = g:spawn(function() watcher() end)
        cohort.checkpoint()
        local file = io.open(dir .. "a", "a")
        file:write "y"
        file:close()
        repeat cohort.checkpoint() until task:status() == "ready"
        assert.equal("change", (watcher()))
        task:cancel()
        for _ = 1, 3 do cohort.checkpoint() end
        status = task:status()
        watcher:close()
      end)
      assert.equal("cancelled", status)
    end)
  end)

  it("gives an event as it is though a finalizer closes the watcher just then", function()
    within(function(dir)
      local result = child.run(([[
        local cohort, fs = require "cohort", require "cohort.fs"
        local dir, name = %q, ("name"):rep(16)
        local function close_within(watcher)
          setmetatable({}, { __gc = function()
            if debug.getinfo(2, "f").func == debug.getmetatable(watcher).__call then watcher:close()
            else close_within(watcher) end
          end })
        end
        cohort.run(function()
          fs.write_file(dir .. name, "")
          local watcher, other = fs.watch(dir), fs.watch(dir)
          fs.append_file(dir .. name, "x")
          other()  -- so it has come to the first one too
          other:close()
          collectgarbage("incremental", 1, 0, 63)  -- no pause, and a step is a whole collection
          collectgarbage "restart"
          close_within(watcher)
          local kind, got = watcher()  -- neither string is there before
          assert(kind:find "^chang" and got == name, got)
          assert(tostring(watcher):find "closed")
        end)
      ]]):format(dir))
      assert.equal(0, result.code, result.err)
    end)
  end)

  it("raises SystemError for what is not there, and leaves nothing open", function()
    within(function(dir)
      assert.is_true(is_error(raised(fs.watch, dir .. "none"), "ENOENT", "watch", dir .. "none"))
    end)
  end)

  it("is closed when it is collected, with a warning", function()
    local result = child.run([[
      local cohort, fs = require "cohort", require "cohort.fs"
      cohort.run(function()
        fs.watch "/tmp"
        collectgarbage() collectgarbage()
      end)
    ]])
    assert.matches("a watcher opened at .*:3 was collected without close", result.err)
  end)
end)
