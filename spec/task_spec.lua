-- The task object in every state: its status, results and errors, waiting for it, cancelling it.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, fail_when_cancelled = tasks.is_cancelled, tasks.fail_when_cancelled

--- Runs `f` as a task of a collecting group and returns it when it has ended.
local function ended(f, ...)
  local task
  local arguments = table.pack(...)
  pcall(cohort.group, { on_error = "collect" }, function(g)
    task = g:spawn(f, table.unpack(arguments, 1, arguments.n))
  end)
  return task
end

--- The same, and it is cancelled by hand after its first step.
local function cancelled(f, reason)
  local task
  pcall(cohort.group, function(g)
    task = g:spawn(f)
    cohort.checkpoint()
    task:cancel(reason)
  end)
  return task
end

describe("task:status", function()
  it("tells ready, running, waiting, done", function()
    virtual(function()
      local inside
      local task
      cohort.group(function(g)
        task = g:spawn(function()
          inside = task:status()
          cohort.sleep(1)
        end)
        assert.equal("ready", task:status())
        cohort.checkpoint()
        assert.equal("waiting", task:status())
      end)
      assert.equal("running", inside)
      assert.equal("done", task:status())
    end)
  end)

  it("tells failed and cancelled", function()
    virtual(function()
      assert.equal("failed", ended(fail("x")):status())
      assert.equal("cancelled", cancelled(cohort.sleep_forever):status())
      assert.equal("done", cancelled(function() pcall(cohort.sleep_forever) end):status())
      assert.equal("failed", cancelled(fail_when_cancelled("x")):status())
      local task
      cohort.group(function(g)
        task = g:spawn(cohort.sleep_forever)
        g:cancel()
      end)
      assert.equal("cancelled", task:status())
    end)
  end)
end)

describe("task:result", function()
  it("gives what the function returned, as often as one asks", function()
    virtual(function()
      for _, values in ipairs {
        { n = 0 }, { n = 1, nil }, { n = 1, false }, { n = 1, "x" }, { n = 3, nil, 2, nil }, { n = 1, { 1 } },
      } do
        local task = ended(table.unpack, values, 1, values.n)
        for _ = 1, 2 do assert.same(values, table.pack(task:result())) end
        assert.is_nil(task:error())
      end
      local many = table.pack(ended(table.unpack, {}, 1, 250):result())
      assert.equal(250, many.n)
    end)
  end)

  it("raises the very error of a task that failed, and error() returns it", function()
    virtual(function()
      for _, err in ipairs { "text", false, 7, {} } do
        local task = ended(fail(err))
        local ok, same = pcall(task.result, task)
        assert.is_false(ok)
        assert.is_true(rawequal(err, same))
        assert.is_true(rawequal(err, task:error()))
      end
    end)
  end)

  it("raises Aborted with the reason when the task was cancelled, and error() returns one", function()
    virtual(function()
      local task = cancelled(cohort.sleep_forever, "not needed")
      for _, err in ipairs { raised(task.result, task), raised(task.join, task), task:error() } do
        assert.is_true(cohort.is(err, cohort.Aborted))
        assert.is_false(is_cancelled(err))
        assert.equal("cancel", err.reason.kind)
        assert.equal("not needed", err.reason.text)
        assert.matches("^spec/task_spec.lua:%d+$", err.reason.task)
        assert.equal("the task was cancelled (" .. tostring(err.reason) .. ")", err.message)
      end
    end)
  end)

  it("says all that the canceller said, a NUL and what follows too", function()
    virtual(function()
      local err = cancelled(cohort.sleep_forever, "one\0two"):error()
      assert.matches("^the task was cancelled %(cancel by [^\n]*: one\0two%)$", err.message)
      assert.matches(": one\0two$", tostring(err.reason))
    end)
  end)

  it("tells the reason of whoever cancelled the group or the scope around it", function()
    virtual(function()
      local by_group, by_scope, by_failure, by_deadline
      cohort.group(function(g)
        by_group = g:spawn(cohort.sleep_forever)
        cohort.checkpoint()
        g:cancel("enough")
      end)
      cohort.scope(function(s)
        cohort.group(function(g)
          by_scope = g:spawn(cohort.sleep_forever)
          cohort.checkpoint()
          s:cancel("closing")
        end)
      end)
      pcall(cohort.group, function(g)
        by_failure = g:spawn(cohort.sleep_forever)
        error "x"
      end)
      cohort.move_on_after(1, cohort.group, function(g) by_deadline = g:spawn(cohort.sleep_forever) end)
      assert.equal("enough", by_group:error().reason.text)
      assert.equal("closing", by_scope:error().reason.text)
      assert.equal("failure", by_failure:error().reason.kind)
      assert.equal("deadline", by_deadline:error().reason.kind)
      assert.equal("cancelled", by_deadline:status())
    end)
  end)

  it("is misuse before the task has ended, as is error", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 1)
        for _ = 1, 2 do
          for _, verb in ipairs { "result", "error" } do
            local err = raised(function() task[verb](task) end)
            assert.matches("^spec/task_spec.lua:%d+: " .. verb .. ": the task has not ended yet", err)
          end
          cohort.checkpoint()
        end
      end)
    end)
  end)

  it("has nothing of who cancelled the task in vain", function()
    virtual(function()
      local task = cancelled(function() pcall(cohort.sleep_forever) end, "in vain")
      assert.equal(0, select("#", task:result()))
      assert.is_nil(task:error())
    end)
  end)

  it("is not touched by a cancel that comes too late", function()
    virtual(function()
      local scope
      local task = ended(function()
        scope = cohort.current_scope()
        return 42
      end)
      task:cancel("late")
      scope:cancel("later")
      assert.equal(42, task:result())
      assert.equal("done", task:status())
      local failed = ended(fail("x"))
      failed:cancel("late")
      assert.equal("x", failed:error())
    end)
  end)

  it("has a failed task's error also when the group was waited for by nobody else", function()
    virtual(function()
      local task
      local err = raised(cohort.group, function(g) task = g:spawn(fail("x")) end)
      assert.same({ "x" }, shape(err))
      assert.equal("x", task:error())
    end)
  end)
end)

describe("task:wait and task:join", function()
  it("wait until the task has ended; wait returns the task, join what it returned", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(function()
          cohort.sleep(1)
          return 1, nil
        end)
        local first = task:wait()
        assert.is_true(rawequal(task, first))
        assert.equal(1, cohort.now())
        assert.same({ n = 2, 1, nil }, table.pack(task:join()))
      end)
    end)
  end)

  it("wake all who wait, in the order they came", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 1)
        for i = 1, 3 do
          g:spawn(function()
            task:wait()
            log[#log + 1] = i
          end)
        end
      end)
      assert.same({ 1, 2, 3 }, log)
    end)
  end)

  it("wait never raises the task's error, join raises it, and Aborted for a cancelled one", function()
    virtual(function()
      pcall(cohort.group, { on_error = "collect" }, function(g)
        local failing = g:spawn(fail("x", 1))
        local cut = g:spawn(cohort.sleep_forever)
        assert.is_true(rawequal(failing, failing:wait()))
        assert.equal("x", raised(failing.join, failing))
        cut:cancel("why")
        local err = raised(cut.join, cut)
        assert.is_true(cohort.is(err, cohort.Aborted))
        assert.equal("why", err.reason.text)
        assert.is_true(rawequal(cut, cut:wait()))
      end)
    end)
  end)

  it("already woken by a failure raise that, not the cancellation of the group that follows", function()
    virtual(function()
      local seen
      raised(cohort.group, function(g)
        local task = g:spawn(fail("x", 1))
        seen = raised(task.join, task)
      end)
      assert.equal("x", seen)
    end)
  end)

  it("are cancelled like every wait, and the task goes on", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(function()
          cohort.sleep(2)
          return "went on"
        end)
        assert.is_false(cohort.move_on_after(1, task.join, task))
        assert.is_false(cohort.move_on_after(0, task.wait, task))
        assert.equal("went on", task:join())
      end)
    end)
  end)

  it("test for cancellation also when the task has ended", function()
    virtual(function()
      local task = ended(function() return 1 end)
      assert.is_false(cohort.move_on_after(0, task.join, task))
      assert.is_false(cohort.move_on_after(0, task.wait, task))
    end)
  end)

  it("of oneself is misuse", function()
    virtual(function()
      for _, verb in ipairs { "wait", "join" } do
        local err = raised(cohort.group, function(g)
          g:spawn(function()
            local me = cohort.current_task()
            local _, ok, text = cohort.move_on_after(0, pcall, me[verb], me)  -- told before the test
            assert.is_false(ok)
            assert.matches("cannot wait for its own end", text)
            me[verb](me)
          end)
        end)
        assert.matches("cannot wait for its own end", err.errors[1])
      end
    end)
  end)

  it("two tasks for each other are a deadlock", function()
    local err = raised(virtual, function()
      cohort.group(function(g)
        local a, b
        a = g:spawn(function() b:wait() end)
        b = g:spawn(function() a:wait() end)
      end)
    end)
    assert.is_true(cohort.is(err, cohort.Deadlock))
  end)
end)

describe("task:cancel", function()
  it("is idempotent, the first reason stays, and it does nothing to one that has ended", function()
    virtual(function()
      local task
      cohort.group(function(g)
        task = g:spawn(cohort.sleep_forever)
        task:cancel("first")
        task:cancel("second")
      end)
      task:cancel("third")
      assert.equal("first", task:error().reason.text)
    end)
  end)

  it("is felt at every checkpoint until the task ends", function()
    virtual(function()
      local cuts = 0
      cancelled(function()
        for _ = 1, 5 do
          if not pcall(cohort.checkpoint) then cuts = cuts + 1 end
          if not pcall(cohort.sleep, 1) then cuts = cuts + 1 end
        end
      end)
      assert.equal(10, cuts)
    end)
  end)

  it("of oneself cuts at the next checkpoint", function()
    virtual(function()
      local log = {}
      local task = ended(function()
        cohort.current_task():cancel("had enough")
        log[1] = "goes on"
        cohort.checkpoint()
        log[2] = "never"
      end)
      assert.same({ "goes on" }, log)
      assert.equal("had enough", task:error().reason.text)
    end)
  end)
end)

describe("the end of a task", function()
  it("is told in this order: its lock, who waits for it, its group, its place, the host", function()
    virtual(function()
      local log, lock, full, last = {}, cohort.lock(), nil, nil
      local function noting(name, f, ...)
        pcall(f, ...)
        log[#log + 1] = name
      end
      cohort.group(function(g)
        g:spawn(noting, "host", cohort.group, { limit = 2 }, function(inner)
          full = inner
          inner:spawn(noting, "sibling", cohort.sleep_forever)
          last = inner:spawn(function()
            lock:acquire()
            cohort.sleep(1)
            error("x", 0)
          end)
        end)
        cohort.checkpoint()
        g:spawn(noting, "spawner", function() full:spawn(print) end)
        cohort.checkpoint()
        g:spawn(noting, "waiter", function() last:wait() end)
        cohort.checkpoint()
        g:spawn(noting, "lock", lock.acquire, lock)
      end)
      assert.same({ "lock", "waiter", "sibling", "spawner", "host" }, log)
    end)
  end)
end)
