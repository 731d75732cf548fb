-- Spawning: when a task starts and in which order, into which groups, whose cancellation it obeys.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail, wait_and_log = tasks.virtual, tasks.raised, tasks.shape, tasks.fail,
  tasks.wait_and_log

describe("spawn", function()
  it("does not run the task, which starts when the spawner waits", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function() log[#log + 1] = "task" end)
        log[#log + 1] = "spawner"
        cohort.checkpoint()
        log[#log + 1] = "back"
      end)
      assert.same({ "spawner", "task", "back" }, log)
    end)
  end)

  it("starts tasks first in, first out, across groups", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        cohort.group(function(h)
          for i = 1, 6 do
            (i % 2 == 0 and g or h):spawn(function() log[#log + 1] = i end)
          end
        end)
      end)
      assert.same({ 1, 2, 3, 4, 5, 6 }, log)
    end)
  end)

  it("from a task starts in a later pass: a pass runs what was ready when it began", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          g:spawn(function() log[#log + 1] = "spawned" end)
          log[#log + 1] = "a"
        end)
        g:spawn(function() log[#log + 1] = "b" end)
        cohort.checkpoint()
        log[#log + 1] = "body"
      end)
      assert.same({ "a", "b", "body", "spawned" }, log)
    end)
  end)

  it("lets two tasks take turns", function()
    virtual(function()
      local log = {}
      local function turn(name)
        for _ = 1, 3 do
          log[#log + 1] = name
          cohort.checkpoint()
        end
      end
      cohort.group(function(g)
        g:spawn(turn, "a")
        g:spawn(turn, "b")
      end)
      assert.equal("ababab", table.concat(log))
    end)
  end)

  it("hands on all arguments, and calls what can be called", function()
    virtual(function()
      local callable = setmetatable({}, { __call = function(_, ...) return select("#", ...), ... end })
      local a, b, c
      cohort.group(function(g)
        a = g:spawn(function(...) return select("#", ...), ... end, nil, 2, nil)
        b = g:spawn(callable, "x")
        c = g:spawn(select, "#", table.unpack({}, 1, 240))
      end)
      assert.same({ n = 4, 3, nil, 2, nil }, table.pack(a:result()))
      assert.same({ 1, "x" }, { b:result() })
      assert.equal(240, c:result())
    end)
  end)

  it("refuses what cannot be called, at the caller's line, and spawns nothing", function()
    virtual(function()
      cohort.group(function(g)
        for _, verb in ipairs { "spawn", "spawn_daemon", "start", "defer" } do
          for _, value in ipairs { 1, "f", {}, g } do
            local err = raised(function() g[verb](g, value) end)
            assert.matches("^spec/spawn_spec.lua:%d+: " .. verb .. " expects a function", err)
          end
          assert.matches("got no value", raised(function() g[verb](g) end))
          assert.matches("write g:" .. verb, raised(function() g[verb](print) end))
        end
        assert.equal(0, #g)
      end)
    end)
  end)

  it("never waits and never raises in a cancelled scope", function()
    virtual(function()
      local ran = false
      cohort.group(function(g)
        cohort.scope(function(s)
          s:cancel()
          g:spawn(function() ran = true end)
        end)
      end)
      assert.is_true(ran)
    end)
  end)
end)

describe("a task of a group whose body has ended", function()
  it("may spawn siblings, who are waited for, and so may they", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        local function again(n)
          cohort.sleep(1)
          log[#log + 1] = n
          if n > 1 then
            for _ = 1, 2 do g:spawn(again, n - 1) end
          end
        end
        g:spawn(again, 3)
      end)
      assert.same({ 3, 2, 2, 1, 1, 1, 1 }, log)
      assert.equal(3, cohort.now())
    end)
  end)

  it("may fail the group that way", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(function()
          cohort.sleep(1)
          g:spawn(fail("late", 1))
        end)
        return "lost"
      end)
      assert.same({ "late" }, shape(err))
    end)
  end)

  it("may spawn with its last step", function()
    virtual(function()
      local ran = 0
      cohort.group(function(g)
        local function last(n)
          ran = ran + 1
          if n > 0 then g:spawn(last, n - 1) end
        end
        g:spawn(last, 10)
      end)
      assert.equal(11, ran)
    end)
  end)
end)

describe("a group in which nobody lives any more", function()
  it("takes tasks until its host goes on", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        local inner
        outer:spawn(cohort.checkpoint)
        outer:spawn(function()
          cohort.group(function(g)
            inner = g
            g:spawn(function() end)
          end)
          log[#log + 1] = "host"
        end)
        cohort.checkpoint()
        cohort.checkpoint()
        assert.equal(0, #inner)
        inner:spawn(function() log[#log + 1] = "late" end)
      end)
      assert.same({ "late", "host" }, log)
    end)
  end)
end)

describe("a finished group", function()
  it("takes no tasks: spawn, spawn_daemon and start say that it has ended, defer too", function()
    virtual(function()
      local ended = {}
      ended[1] = cohort.group(function(g) return g end)
      raised(cohort.group, function(g)
        ended[2] = g
        error "body"
      end)
      do
        local g <close> = cohort.open_group()
        ended[3] = g
      end
      for _, g in ipairs(ended) do
        for _, verb in ipairs { "spawn", "spawn_daemon", "start", "defer" } do
          local err = raised(function() g[verb](g, function() error "ran" end) end)
          assert.matches("^spec/spawn_spec.lua:%d+: " .. verb .. ": this group has ended", err)
        end
        assert.equal(0, #g)
      end
      cohort.checkpoint()
    end)
  end)

  it("is still finished for another task", function()
    virtual(function()
      local g = cohort.group(function(g) return g end)
      local err = raised(cohort.group, function(h) h:spawn(function() g:spawn(print) end) end)
      assert.matches("has ended", err.errors[1])
    end)
  end)
end)

describe("spawning into a cancelled group", function()
  it("runs the task to its first checkpoint", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:cancel()
        g:spawn(function(resource)
          log[#log + 1] = "has " .. resource
          cohort.checkpoint()
          log[#log + 1] = "never"
        end, "resource")
      end)
      assert.same({ "has resource" }, log)
    end)
  end)

  it("by a task that cleans up works, and by that one", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          pcall(cohort.sleep_forever)
          g:spawn(function()
            pcall(cohort.checkpoint)
            g:spawn(wait_and_log, log, "second")
            log[#log + 1] = "first"
          end)
        end)
        cohort.checkpoint()
        g:cancel()
      end)
      assert.same({ "first", "second" }, log)
    end)
  end)

  it("after a failure works too, and what fails there is collected", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        pcall(cohort.group, fail("x"))
        g:spawn(fail("first"))
        pcall(cohort.sleep_forever)
        g:spawn(fail("second"))
      end)
      assert.same({ "first", "second" }, shape(err))
    end)
  end)
end)

describe("a task cancelled before its first step", function()
  it("runs to its first checkpoint", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        local task = g:spawn(wait_and_log, log, "released")
        task:cancel()
        assert.equal("ready", task:status())
      end)
      assert.same({ "released" }, log)
    end)
  end)
end)

describe("the cancellation of a task", function()
  it("comes from its group, not from who called spawn", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        cohort.move_on_after(1, function()
          outer:spawn(function()
            cohort.sleep(5)
            log[#log + 1] = "went on"
          end)
          cohort.group(function(inner)
            inner:spawn(function() outer:spawn(function() cohort.sleep(4) log[#log + 1] = "too" end) end)
            inner:spawn(wait_and_log, log, "cut")
          end)
        end)
      end)
      assert.same({ "cut", "too", "went on" }, log)
    end)
  end)

  it("passes a scope or a shield that its host or spawner opened later", function()
    virtual(function()
      local log = {}
      cohort.move_on_after(1, cohort.group, function(g)
        cohort.shield(function()
          g:spawn(wait_and_log, log, "cut")
          cohort.group(function(h) h:spawn(function() cohort.sleep(2) log[#log + 1] = "shielded" end) end)
        end)
      end)
      assert.same({ "cut", "shielded" }, log)
    end)
  end)

  it("comes from a scope around the group", function()
    virtual(function()
      local log = {}
      cohort.move_on_after(1, function()
        cohort.group(function(g) g:spawn(wait_and_log, log, "cut") end)
      end)
      assert.same({ "cut" }, log)
    end)
  end)
end)

describe("a task of another group", function()
  it("may spawn into this one, by handle", function()
    virtual(function()
      local log = {}
      cohort.group(function(a)
        a:spawn(function()
          cohort.sleep(1)
          cohort.group(function(b)
            a:spawn(function() cohort.sleep(5) log[#log + 1] = "a" end)
            b:spawn(function() cohort.sleep(1) log[#log + 1] = "b" end)
          end)
          log[#log + 1] = "b ended"
        end)
      end)
      assert.same({ "b", "b ended", "a" }, log)
      assert.equal(6, cohort.now())
    end)
  end)
end)

describe("memory", function()
  -- Kilobytes after a full collection.
  local function held()
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end

  it("follows live tasks, not tasks ever spawned", function()
    virtual(function()
      cohort.group(function(g)
        local function wave(n)
          for _ = 1, n do g:spawn(function() end) end
          cohort.checkpoint()
        end
        wave(1000)
        local before = held()
        for _ = 1, 100 do wave(1000) end
        assert.equal(0, #g)
        assert.is_true(held() - before < 100)
      end)
    end)
  end)

  it("gives back the coroutines of a wave that was larger than what is kept", function()
    virtual(function()
      local before = held()
      for _ = 1, 2 do
        cohort.group(function(g)
          for _ = 1, 20000 do g:spawn(cohort.checkpoint) end
        end)
      end
      assert.is_true(held() - before < 5000)
    end)
  end)

  it("holds results in handles alone", function()
    virtual(function()
      local weak = setmetatable({}, { __mode = "v" })
      cohort.group(function(g)
        weak.kept = {}
        local task = g:spawn(function()
          weak.result = {}
          return weak.result
        end)
        g:spawn(function() return { weak } end)
        cohort.sleep(1)
        collectgarbage()
        assert.is_table(weak.result)
        assert.is_true(rawequal(weak.result, task:result()))
        task = task:status()
        assert.equal("done", task)
        collectgarbage()
        collectgarbage()
        assert.is_nil(weak.result)
      end)
    end)
  end)

  it("is let go of by a group that has ended", function()
    virtual(function()
      local weak = setmetatable({}, { __mode = "v" })
      local kept = cohort.group(function(g)
        weak.argument = {}
        g:spawn(function() end, weak.argument)
        g:defer(function() end, weak.argument)
        return g
      end)
      raised(cohort.group, function(g)
        weak.error = {}
        g:spawn(fail(weak.error))
      end)
      collectgarbage()
      collectgarbage()
      assert.is_nil(weak.argument)
      assert.is_nil(weak.error)
      assert.equal(0, #kept)
    end)
  end)
end)
