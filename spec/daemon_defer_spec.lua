-- Daemons and deferred functions: when they are cancelled or run, what their errors do.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, fail_when_cancelled, wait_and_log = tasks.is_cancelled, tasks.fail_when_cancelled,
  tasks.wait_and_log

describe("a daemon", function()
  it("is cancelled when body and all ordinary tasks have ended, and not before", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn_daemon(function()
          while true do
            cohort.sleep(1)
            log[#log + 1] = cohort.now()
          end
        end)
        g:spawn(cohort.sleep, 2.5)
        cohort.sleep(3.5)
      end)
      assert.same({ 1, 2, 3 }, log)
      assert.equal(3.5, cohort.now())
    end)
  end)

  it("is still waited for", function()
    virtual(function()
      cohort.group(function(g)
        g:spawn_daemon(function()
          local _ <close> = setmetatable({}, { __close = function() cohort.shield(cohort.sleep, 5) end })
          cohort.sleep_forever()
        end)
        cohort.checkpoint()
      end)
      assert.equal(5, cohort.now())
    end)
  end)

  it("does not change what the group returns", function()
    virtual(function()
      assert.equal("result", cohort.group(function(g)
        g:spawn_daemon(cohort.sleep_forever)
        return "result"
      end))
      cohort.checkpoint()
    end)
  end)

  it("that has ended by itself lets the group go on", function()
    virtual(function()
      local task
      cohort.group(function(g)
        task = g:spawn_daemon(function() return "value" end)
        cohort.sleep(1)
      end)
      assert.equal("value", task:result())
    end)
  end)

  it("that fails cancels body and siblings like every task", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function(g)
        g:spawn(wait_and_log, log, "task")
        g:spawn_daemon(fail("daemon", 1))
        wait_and_log(log, "body")
      end)
      assert.same({ "daemon" }, shape(err))
      assert.equal(2, #log)
    end)
  end)

  it("that fails while it is cancelled at the end fails the group", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn_daemon(fail_when_cancelled("clean-up"))
        cohort.checkpoint()
      end)
      assert.same({ "clean-up" }, shape(err))
    end)
  end)

  it("runs to its first checkpoint also when nothing else lives", function()
    virtual(function()
      local log = {}
      cohort.group(function(g) g:spawn_daemon(wait_and_log, log, "ran") end)
      assert.same({ "ran" }, log)
    end)
  end)

  it("may spawn ordinary tasks while it lives, who keep it alive", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn_daemon(function()
          cohort.sleep(1)
          g:spawn(function()
            cohort.sleep(2)
            log[#log + 1] = "ordinary"
          end)
          cohort.sleep(1.5)
          log[#log + 1] = "daemon"
          cohort.sleep_forever()
        end)
        g:spawn(cohort.sleep, 1.2)
      end)
      assert.same({ "daemon", "ordinary" }, log)
      assert.equal(3, cohort.now())
    end)
  end)

  it("may spawn while it is cancelled, and that is waited for", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn_daemon(function()
          pcall(cohort.sleep_forever)
          g:spawn(function()
            cohort.sleep(1)
            log[#log + 1] = "ordinary"
          end)
          g:spawn_daemon(wait_and_log, log, "second daemon")
        end)
        cohort.checkpoint()
      end)
      table.sort(log)
      assert.same({ "ordinary", "second daemon" }, log)
    end)
  end)

  it("spawned by an ordinary task after the body has ended lives as long as that", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          cohort.sleep(1)
          g:spawn_daemon(wait_and_log, log, "daemon")
          cohort.sleep(1)
          log[#log + 1] = "ordinary"
        end)
      end)
      assert.same({ "ordinary", "daemon" }, log)
    end)
  end)

  it("spawned by a deferred function is cancelled at once when nobody else is left", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:defer(function()
          g:spawn_daemon(wait_and_log, log, "daemon")
          cohort.sleep(1)
          log[#log + 1] = "deferred"
        end)
      end)
      assert.same({ "daemon", "deferred" }, log)
    end)
  end)

  it("spawned by a deferred function lives as long as a task, though others were cancelled before", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn_daemon(wait_and_log, log, "first daemon")
        g:defer(function()
          g:spawn(function()
            cohort.sleep(1)
            log[#log + 1] = "ordinary"
          end)
          g:spawn_daemon(wait_and_log, log, "daemon")
        end)
      end)
      assert.same({ "first daemon", "ordinary", "daemon" }, log)
    end)
  end)

  it("is not cancelled while a start is pending", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        local target
        outer:spawn(cohort.group, function(g)
          target = g
          g:spawn_daemon(wait_and_log, log, "daemon")
          cohort.sleep(1)
        end)
        cohort.checkpoint()
        target:start(function(started)
          cohort.sleep(5)
          log[#log + 1] = "started"
          started()
          cohort.sleep(1)
          log[#log + 1] = "member"
        end)
      end)
      assert.same({ "started", "member", "daemon" }, log)
    end)
  end)

  it("is told that it is shut down", function()
    virtual(function()
      local task
      cohort.group(function(g)
        task = g:spawn_daemon(cohort.sleep_forever)
        cohort.checkpoint()
      end)
      assert.equal("shutdown", task:error().reason.kind)
      assert.is_false(is_cancelled(task:error()))
    end)
  end)

  it("in a group cancelled from outside is cut with the rest", function()
    virtual(function()
      local log = {}
      local whole = cohort.move_on_after(1, cohort.group, function(g)
        g:spawn_daemon(wait_and_log, log, "daemon")
        g:spawn(cohort.sleep_forever)
      end)
      assert.is_false(whole)
      assert.same({ "daemon" }, log)
    end)
  end)

  it("cut from outside while the group ends raises Cancelled", function()
    virtual(function()
      local whole = cohort.move_on_after(1, cohort.group, function(g)
        g:spawn_daemon(function()
          local _ <close> = setmetatable({}, { __close = function() cohort.shield(cohort.sleep, 5) end })
          cohort.sleep_forever()
        end)
      end)
      assert.is_false(whole)
      assert.equal(5, cohort.now())
    end)
  end)
end)

describe("a deferred function", function()
  it("runs after body and all tasks have ended, last in first out, with its arguments", function()
    virtual(function()
      local log = {}
      local function add(...) log[#log + 1] = table.concat({ ... }, " ") end
      assert.equal("result", cohort.group(function(g)
        assert.equal(0, select("#", g:defer(add, "first", 1)))
        g:defer(add, "second")
        g:spawn(function()
          cohort.sleep(1)
          g:defer(add, "third")
          add "task"
        end)
        g:spawn_daemon(function()
          pcall(cohort.sleep_forever)
          add "daemon"
        end)
        add "body"
        return "result"
      end))
      assert.same({ "body", "task", "daemon", "third", "second", "first 1" }, log)
    end)
  end)

  it("adds nothing to the results of the group", function()
    virtual(function()
      local results = table.pack(cohort.group(function(g)
        g:defer(function() return "more" end)
        g:defer(cohort.sleep, 1)
        return 1, nil
      end))
      assert.same({ 1, nil, n = 2 }, results)
    end)
  end)

  it("runs when the body failed, when a task failed, when the group was cancelled", function()
    virtual(function()
      local ran = 0
      local function count() ran = ran + 1 end
      local endings = {
        fail("x"),
        function(g) g:spawn(fail("x")) end,
        function(g) g:cancel() cohort.checkpoint() end,
        function() cohort.current_scope():cancel() end,
      }
      for _, ending in ipairs(endings) do
        pcall(cohort.group, function(g)
          g:defer(count)
          ending(g)
        end)
      end
      cohort.move_on_after(1, cohort.group, function(g)
        g:defer(count)
        cohort.sleep_forever()
      end)
      assert.equal(5, ran)
    end)
  end)

  it("is shielded and may wait", function()
    virtual(function()
      local log = {}
      local whole = cohort.move_on_after(1, cohort.group, function(g)
        g:defer(function()
          assert.is_false(cohort.cancelled())
          cohort.sleep(2)
          log[1] = cohort.now()
          cohort.group(function(h) h:spawn(cohort.sleep, 1) end)
          log[2] = cohort.now()
        end)
        cohort.sleep_forever()
      end)
      assert.is_false(whole)
      assert.same({ 3, 4 }, log)
    end)
  end)

  it("may have a deadline of its own", function()
    virtual(function()
      cohort.group(function(g)
        g:cancel()
        g:defer(function() assert.is_false(cohort.move_on_after(1, cohort.sleep_forever)) end)
      end)
      assert.equal(1, cohort.now())
    end)
  end)

  it("runs though another one raised, and the errors join those of body and tasks", function()
    virtual(function()
      local ran = false
      local err = raised(cohort.group, function(g)
        g:defer(fail("deferred 1"))
        g:defer(function() ran = true end)
        g:defer(fail("deferred 2"))
        g:spawn(fail_when_cancelled("task"))
        cohort.checkpoint()
        error("body", 0)
      end)
      assert.same({ "body", "task", "deferred 2", "deferred 1" }, shape(err))
      assert.is_true(ran)
    end)
  end)

  it("that raises fails a group in which nothing else did", function()
    virtual(function()
      assert.same({ "x" }, shape(raised(cohort.group, function(g)
        g:defer(fail("x"))
        return "lost"
      end)))
      assert.same({ { "y" } }, shape(raised(cohort.group, function(g)
        g:defer(function() cohort.group(fail("y")) end)
      end)))
    end)
  end)

  it("may spawn: that task is waited for before the next one runs", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(cohort.checkpoint)
        g:defer(function() log[#log + 1] = "first" end)
        g:defer(function()
          g:spawn(function()
            cohort.sleep(1)
            log[#log + 1] = "task"
          end)
          log[#log + 1] = "second"
        end)
      end)
      assert.same({ "second", "task", "first" }, log)
    end)
  end)

  it("whose task fails fails the group, and the other deferred functions still run", function()
    virtual(function()
      local ran = false
      local err = raised(cohort.group, function(g)
        g:defer(function() ran = true end)
        g:defer(function() g:spawn(fail("task")) end)
      end)
      assert.same({ "task" }, shape(err))
      assert.is_true(ran)
    end)
  end)

  it("that raises has its error where it happened: before that of a task it spawned", function()
    virtual(function()
      local err = raised(cohort.group, { on_error = "collect" }, function(g)
        g:defer(fail("last"))
        g:defer(function()
          g:spawn(fail("task of deferred", 1))
          error("deferred", 0)
        end)
        g:spawn(fail("task"))
      end)
      assert.same({ "task", "deferred", "task of deferred", "last" }, shape(err))
    end)
  end)

  it("may defer, and that runs next", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:defer(function() log[#log + 1] = "first" end)
        g:defer(function()
          g:defer(function() log[#log + 1] = "inner" end)
          log[#log + 1] = "second"
        end)
      end)
      assert.same({ "second", "inner", "first" }, log)
    end)
  end)

  it("that leaves a group open has it closed, with an error that says so", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function(g)
        g:defer(function()
          local h = cohort.open_group()
          h:spawn(wait_and_log, log, "task")
        end)
      end)
      assert.matches("this group was never closed", err.errors[1])
      assert.same({ "task" }, log)
      err = raised(cohort.group, function(g)
        g:defer(function()
          cohort.open_group()
          error("mine", 0)
        end)
      end)
      assert.same({ "mine" }, shape(err))
    end)
  end)

  it("is called when it is a value that can be called", function()
    virtual(function()
      local given
      cohort.group(function(g)
        g:defer(setmetatable({}, { __call = function(_, a) given = a end }), "argument")
      end)
      assert.equal("argument", given)
    end)
  end)

  it("runs in the block form too, whatever ended the block", function()
    virtual(function()
      local log = {}
      local function block(last)
        local g <close> = cohort.open_group()
        g:defer(function(word)
          cohort.sleep(1)
          log[#log + 1] = word
        end, #log + 1)
        g:defer(fail("deferred"))
        return last(g)
      end
      assert.same({ "deferred" }, shape(raised(block, function() end)))
      assert.same({ "body", "deferred" }, shape(raised(block, fail("body"))))
      assert.same({ "task", "deferred" }, shape(raised(block, function(g)
        g:spawn(fail("task"))
        cohort.sleep_forever()
      end)))
      assert.same({ 1, 2, 3 }, log)
    end)
  end)
end)

describe("defer", function()
  it("never waits, and works in a cancelled scope", function()
    virtual(function()
      local ran = false
      cohort.group(function(g)
        cohort.scope(function(s)
          s:cancel()
          g:defer(function() ran = true end)
        end)
      end)
      assert.is_true(ran)
    end)
  end)

  it("works while only deferred functions are left, and by a task after the body has ended", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          cohort.sleep(1)
          g:defer(function() log[#log + 1] = "deferred" end)
          log[#log + 1] = "task"
        end)
      end)
      assert.same({ "task", "deferred" }, log)
    end)
  end)
end)
