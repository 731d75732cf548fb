-- Locks know their owner, and break when it ends without releasing them.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

-- Runs f in a task of this name, and gives what it raised.
local function in_task(name, f, ...)
  local task
  pcall(cohort.group, { on_error = "collect" }, function(g, ...)
    task = g:spawn(f, ...)
    task.name = name
  end, ...)
  return task:error()
end

local function assert_broken(owner, err)
  assert.is_true(cohort.is(err, cohort.Broken))
  assert.equal(owner, err.owner)
  assert.matches("its owner, task '" .. owner .. "', ended without releasing it", tostring(err))
end

describe("a lock", function()
  it("is released by its owner only, and acquired by it once", function()
    virtual(function()
      cohort.current_task().name = "main"
      local lock = cohort.lock()
      assert.matches("release: this task does not hold the lock, which is free", raised(lock.release, lock))
      lock:acquire()
      for _, verb in ipairs { "acquire", "try_acquire", "hold" } do
        assert.matches(verb .. ": this task holds the lock already", raised(lock[verb], lock))
      end
      assert.matches("with: this task holds the lock already", raised(lock.with, lock, print))
      assert.matches("which is held by task 'main'", in_task("other", lock.release, lock))
      assert.matches("^lock 0x%x+ %(held by task 'main'%)$", tostring(lock))
      lock:release()
      assert.matches("^lock 0x%x+ %(free%)$", tostring(lock))
    end)
  end)

  it("belongs to the next owner from the release on, before that one runs", function()
    virtual(function()
      local lock = cohort.lock()
      cohort.group(function(g)
        lock:acquire()
        g:spawn(lock.with, lock, cohort.sleep, 1).name = "next"
        cohort.checkpoint()
        lock:release()
        assert.matches("held by task 'next'", tostring(lock))
        assert.matches("does not hold the lock, which is held by task 'next'", raised(lock.release, lock))
      end)
    end)
  end)

  local ends = {
    ["returns"] = function(lock) lock:acquire() end,
    ["fails"] = function(lock)
      lock:acquire()
      cohort.sleep(1)
      error "x"
    end,
    ["is cancelled"] = function(lock)
      lock:acquire()
      cohort.current_task():cancel()
      cohort.sleep(1)
    end,
    ["is ended by force"] = function(lock)
      lock:acquire()
      cohort.current_task():cancel()
      while true do pcall(cohort.checkpoint) end
    end,
    ["is closed by force"] = function(lock)
      lock:acquire()
      cohort.current_task():cancel()
      local function again()
        pcall(cohort.checkpoint)
        return again()
      end
      while true do pcall(pcall, pcall, again) end
    end,
    ["yields to nobody"] = function(lock)
      lock:acquire()
      coroutine.yield()
    end,
  }

  for what, f in pairs(ends) do
    it("breaks when its owner " .. what .. ": who waits and who comes later gets Broken", function()
      virtual(function()
        local lock, errors = cohort.lock(), {}
        cohort.group(function(g)
          g:spawn(in_task, "late", f, lock)
          for _ = 1, 3 do cohort.checkpoint() end
          for _, way in ipairs {
            function() lock:acquire() end,
            function() lock:with(print) end,
            function() local _ <close> = lock:hold() end,
          } do
            g:spawn(function()
              local err = raised(way)
              errors[#errors + 1] = err
            end)
          end
        end)
        assert.equal(3, #errors)
        for _, err in ipairs(errors) do assert_broken("late", err) end
        for _, verb in ipairs { "acquire", "try_acquire", "hold" } do
          assert_broken("late", raised(lock[verb], lock))
        end
        assert_broken("late", raised(lock.with, lock, print))
        assert.matches("^lock 0x%x+ %(broken%)$", tostring(lock))
      end)
    end)
  end

  it("that was handed to a task which ends before it runs on is broken by that one", function()
    virtual(function()
      local lock = cohort.lock()
      cohort.group(function(g)
        lock:acquire()
        local task = g:spawn(function()
          lock:acquire()
          cohort.checkpoint()
          lock:release()
        end)
        task.name = "heir"
        cohort.checkpoint()
        lock:release()
        task:cancel()
      end)
      assert_broken("heir", raised(lock.acquire, lock))
    end)
  end)

  it("that is broken stays so, and releasing it does nothing", function()
    virtual(function()
      local lock = cohort.lock()
      in_task("gone", lock.acquire, lock)
      lock:release()
      assert_broken("gone", raised(lock.acquire, lock))
      assert_broken("gone", raised(lock.acquire, lock))
    end)
  end)

  it("names an owner without a name by its function", function()
    virtual(function()
      local lock = cohort.lock()
      cohort.group(function(g) g:spawn(function() lock:acquire() end) end)
      assert.matches("lock_spec.lua:%d+", raised(lock.acquire, lock).owner)
    end)
  end)

  it("breaks at the end of the task, and a task may hold many", function()
    virtual(function()
      local locks = {}
      in_task("hoarder", function()
        for i = 1, 100 do
          locks[i] = cohort.lock()
          locks[i]:acquire()
        end
        for i = 1, 100, 2 do locks[i]:release() end
      end)
      for i = 1, 100 do
        if i % 2 == 1 then locks[i]:acquire()
        else assert_broken("hoarder", raised(locks[i].acquire, locks[i]))
        end
      end
    end)
  end)

  it("that was held at the end of a run is broken in the next", function()
    local lock = cohort.lock()
    virtual(function()
      cohort.current_task().name = "main"
      lock:acquire()
    end)
    virtual(function() assert_broken("main", raised(lock.acquire, lock)) end)
  end)

  it("that was held and forgotten is collected", function()
    virtual(function()
      local weak = setmetatable({}, { __mode = "k" })
      for _ = 1, 10 do
        local lock = cohort.lock()
        lock:acquire()
        weak[lock] = true
        local limiter = cohort.limiter(1)
        limiter:acquire()
        weak[limiter] = true
      end
      collectgarbage()
      collectgarbage()
      assert.is_nil(next(weak))
    end)
  end)

  it("in a deadlock is named with who holds it", function()
    local err = raised(virtual, function()
      local a, b = cohort.lock(), cohort.lock()
      cohort.group(function(g)
        for name, pair in pairs { one = { a, b }, two = { b, a } } do
          g:spawn(function()
            pair[1]:acquire()
            cohort.checkpoint()
            pair[2]:acquire()
          end).name = name
        end
      end)
    end)
    local text = "task '%s' waits for a lock %%(held by task '%s', 1 waiting%%) at .*lock_spec.lua:%%d+"
    assert.matches(text:format("one", "two"), err.message)
    assert.matches(text:format("two", "one"), err.message)
  end)
end)
