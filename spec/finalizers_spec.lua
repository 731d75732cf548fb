-- What is made while the collector runs a finalizer that uses the same things.
local cohort = require "cohort"
local fs = require "cohort.fs"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local at_next_object = tasks.at_next_object

describe("a finalizer that runs", function()
  local mode
  before_each(function() mode = collectgarbage "generational" end)
  after_each(function() collectgarbage(mode) end)

  it("while a channel makes room for its first item may send on it: both come out", function()
    tasks.virtual(function()
      local send, receive = cohort.channel(10)
      local items = {}
      at_next_object(function() send:offer "of the finalizer" end)
      send "of the task"
      while #receive > 0 do items[receive()] = true end
      assert.same({ ["of the finalizer"] = true, ["of the task"] = true }, items)
    end)
  end)

  it("while a deferred function becomes a task may spawn: both run", function()
    tasks.virtual(function()
      local ran = {}
      pcall(cohort.group, function(g)  -- it fails, because a group in it is forgotten
        local co
        g:spawn(function()
          co = coroutine.running()
          cohort.sleep(1)
        end)
        cohort.checkpoint()
        coroutine.close(co)  -- its place for a task has no coroutine any more
        cohort.checkpoint()
        g:spawn(function()
          cohort.open_group():defer(function() ran.deferred = true end)
          at_next_object(function()
            g:spawn(function() ran.spawned = true end)
          end)
        end)
      end)
      assert.same({ deferred = true, spawned = true }, ran)
    end)
  end)

  it("while the error of a group is made may spawn and defer: both run before the group ends", function()
    tasks.virtual(function()
      local ran = {}
      local ok, err = pcall(cohort.group, function(g)
        g:spawn(error, "why", 0)
        pcall(cohort.sleep, 1)
        at_next_object(function()
          g:spawn(function() ran.spawned = true end)
          g:defer(function() ran.deferred = true end)
        end)
      end)
      assert.same({ false, "why" }, { ok, err:sole() })
      assert.same({ spawned = true, deferred = true }, ran)
    end)
  end)

  it("while the error of a group is made and leaves a scope open: the group's error tells of both", function()
    tasks.virtual(function()
      local ok, err = pcall(cohort.group, function(g)
        g:spawn(error, "why", 0)
        pcall(cohort.sleep, 1)
        at_next_object(function() cohort.open_scope() end)
      end)
      assert.is_false(ok)
      assert.equal("why", err.errors[1])
      assert.matches("this scope was never closed", tostring(err.errors[2]))
    end)
  end)

  it("while a function of the end of a group keeps its error may leave a scope open", function()
    tasks.virtual(function()
      local ok, err = pcall(cohort.group, function(g)
        g:defer(function()
          at_next_object(function() cohort.open_scope() end)
          error("why", 0)
        end)
      end)
      assert.is_false(ok)
      assert.matches("why", tostring(err))
    end)
  end)

  for form, limited in pairs {
    ["this scope was never closed"] = function(body) cohort.fail_after(0, body) end,
    ["timed out"] = function(body)
      local _ <close> = cohort.open_scope { timeout = 0 }
      body()
    end,
  } do
    it("while the Timeout is made may leave a scope open, which is closed: " .. form, function()
      tasks.virtual(function()
        local ok, err = pcall(limited, function()
          at_next_object(function() cohort.open_scope() end)
          cohort.checkpoint()
        end)
        assert.is_false(ok)
        assert.matches(form, tostring(err))
        cohort.checkpoint()  -- nothing is cancelled
      end)
    end)
  end

  it("while the error of a forgotten group is made opens and spawns nothing there", function()
    tasks.virtual(function()
      local refused = {}
      local ok, err = pcall(cohort.scope, function()
        local g = cohort.open_group()
        at_next_object(function()
          refused.spawn = select(2, pcall(g.spawn, g, cohort.checkpoint))
          refused.defer = select(2, pcall(g.defer, g, cohort.checkpoint))
          refused.scope = select(2, pcall(cohort.open_scope))
          refused.group = select(2, pcall(cohort.open_group))
          refused.form = select(2, pcall(cohort.group, print))
        end)
      end)
      assert.is_false(ok)
      assert.matches("this group was never closed", tostring(err))
      assert.matches("spawn: this group has ended", tostring(refused.spawn))
      assert.matches("defer: this group has ended", tostring(refused.defer))
      assert.matches("open_scope: not in a finalizer that runs while", tostring(refused.scope))
      assert.matches("open_group: not in a finalizer that runs while", tostring(refused.group))
      assert.matches("group: not in a finalizer that runs while", tostring(refused.form))
    end)
  end)

  it("while the first function is deferred may defer another: both run", function()
    tasks.virtual(function()
      local ran = {}
      cohort.group(function(g)
        at_next_object(function() g:defer(function() ran.inner = true end) end)
        g:defer(function() ran.outer = true end)
      end)
      assert.same({ inner = true, outer = true }, ran)
    end)
  end)

  for what, object in pairs { task = cohort.current_task, scope = cohort.current_scope } do
    it("while the object of what runs is made may ask for it, and gets the same: " .. what, function()
      tasks.virtual(cohort.scope, function()
        cohort.move_on_after(1, function()
          local inner
          at_next_object(function() inner = object() end)
          local outer = object()
          assert.is_true(inner ~= nil and rawequal(inner, outer))
        end)
      end)
    end)
  end

  for _, verb in ipairs { "spawn", "spawn_daemon", "start", "defer" } do
    it("while a group is to get something may close it, which is told then: " .. verb, function()
      tasks.virtual(function()
        local g = cohort.open_group()
        local ran = false
        local function task(started)
          ran = true
          if started then started() end
        end
        at_next_object(function() getmetatable(g).__close(g) end)
        local ok, err = pcall(g[verb], g, task)
        assert.same({ false, false }, { ok, ran })
        assert.matches(verb .. ": this group has ended", tostring(err))
        cohort.group(function(other) assert.equal(0, #other) end)
      end)
    end)
  end

  it("while the values for started are kept may call it: who comes second is told", function()
    tasks.virtual(cohort.group, function(g)
      local told
      local handle, value = g:start(function(started)
        at_next_object(function() started "of the finalizer" end)
        local ok, err = pcall(started, "of the task")
        told = not ok and tostring(err)
      end)
      handle:wait()
      assert.equal("of the finalizer", value)
      assert.matches("started was called already", told)
    end)
  end)

  for verb, hold in pairs {
    hold = function(lock) return lock:hold() end,
    with = function(lock) return lock:with(function() end) end,
  } do
    it("while a guard is made may take the lock, which is told then: " .. verb, function()
      tasks.virtual(function()
        local lock = cohort.lock()
        at_next_object(function() lock:try_acquire() end)
        local ok, err = pcall(hold, lock)
        assert.is_false(ok)
        assert.matches("this task holds the lock already", tostring(err))
        lock:release()
      end)
    end)
  end

  it("while a place of a limiter is made may cancel who wants it, who does not wait then", function()
    tasks.virtual(function()
      local limiter = cohort.limiter(0)
      local in_time = cohort.scope(function(scope)
        at_next_object(function() scope:cancel() end)
        limiter:acquire()
      end)
      assert.is_false(in_time)
    end)
  end)

  it("and waits is told so, and what to do", function()
    tasks.virtual(cohort.scope, function()
      local told
      at_next_object(function() told = select(2, pcall(cohort.sleep, 0)) end)
      local _ = {}
      assert.matches("finalizers_spec.lua:%d+: cannot wait in a finalizer %(__gc%)", told)
    end)
  end)

  it("while an end of a channel is cloned may close it, which is told then", function()
    tasks.virtual(function()
      local send = cohort.channel(1)
      at_next_object(function() send:close() end)
      local ok, err = pcall(send.clone, send)
      assert.is_false(ok)
      assert.is_true(cohort.is(err, cohort.Closed))
    end)
  end)

  it("waits until the tree of tasks is written: it may end what is in there", function()
    tasks.virtual(function()
      cohort.group(function(g)
        for _ = 1, 100 do g:spawn(cohort.sleep_forever) end
        cohort.checkpoint()
        local left = cohort.open_group()
        local written, ended = false, nil
        at_next_object(function()
          getmetatable(left).__close(left)
          ended = written and "after" or "meanwhile"
        end)
        local tree = cohort.testing.task_tree()
        written = true
        local _, lines = tree:gsub("\n", "")
        assert.same({ 100, "after" }, { lines, ended })
        g:cancel()
      end)
    end)
  end)

  it("while a task ends that has lost its coroutine is in no task", function()
    tasks.virtual(function()
      local limiter, event = cohort.limiter(1), cohort.event()
      local co, told
      local ok = pcall(cohort.group, function(g)
        g:spawn(function()
          limiter:acquire()  -- what is not given back is told of, with the name of the task
          co = coroutine.running()
          event:wait()
        end)
        cohort.checkpoint()
        coroutine.close(co)
        event:set()
        at_next_object(function() told = cohort.current_task() or "none" end)
        cohort.checkpoint()
      end)
      assert.is_false(ok)
      assert.equal("none", told)
    end)
  end)

  it("while a runner begins or ends a function may not close it", function()
    local function told_by(arm)
      local told = "nothing"
      local runner <close> = testing.open_runner()
      local function close() told = select(2, pcall(runner.close, runner)) end
      local ok, err = arm(runner, close)
      return ok, err, told
    end
    local refusal = "close cannot be called by what the runner runs"
    local ok, err, told = told_by(function(runner, close)
      at_next_object(close)
      return pcall(runner.run, runner, error, "x")
    end)
    assert.same({ false, "x" }, { ok, err })
    assert.matches(refusal, told)
    ok, err, told = told_by(function(runner, close)
      return pcall(runner.run, runner, function()
        local why = cohort.Error "x"
        at_next_object(close)
        error(why)
      end)
    end)
    assert.same({ false, "x" }, { ok, err.message })
    assert.matches(refusal, told)
  end)

  it("while it is told what a file is, or why it cannot be read, may close it", function()
    tasks.virtual(function()
      for _ = 1, 10 do
        local file = fs.temp_file()
        file:write("text")
        at_next_object(function() file:close() end)
        local size = file:stat().size
        assert.equal(4, size)
        assert.matches("closed", tostring(file))

        local memory = fs.open("/proc/self/mem")
        at_next_object(function() memory:close() end)
        local ok, err = pcall(memory.read, memory, 1)
        assert.same({ false, "EIO" }, { ok, err.code })
        assert.matches("closed", tostring(memory))
      end
    end)
  end)
end)

describe("a debug hook", function()
  it("that closes a file just as a thread has read from it ends the read with Closed", function()
    tasks.virtual(function()
      for calls = 1, 40 do  -- some are of busted
        local file <close> = fs.open "/proc/self/status"  -- which is read in a thread
        local read, n = file.read, 0
        debug.sethook(function()
          n = n + 1
          if n == calls then file:close() end
        end, "c")
        local ok, text = pcall(read, file, "a")
        debug.sethook()
        if ok then assert.matches("^Name:", text) else assert.is_true(cohort.is(text, cohort.Closed)) end
      end
    end)
  end)
end)
