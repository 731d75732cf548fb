-- Conditions: wait inside a lock until another task has changed what it guards.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

-- Spawns n tasks that wait for the condition and then log their number.
local function waiters(g, c, n, log)
  local list = {}
  for i = 1, n do
    list[i] = g:spawn(c.with, c, function()
      c:wait()
      log[#log + 1] = i
    end)
  end
  cohort.checkpoint()
  return list
end

describe("a condition", function()
  it("wants its lock held by who waits or notifies, and says so before anything happens", function()
    virtual(function()
      cohort.current_task().name = "main"
      local c = cohort.condition()
      for _, verb in ipairs { "wait", "notify", "notify_all" } do
        assert.matches(verb .. ": this task does not hold the lock, which is free", raised(c[verb], c))
      end
      assert.matches("wait_for: this task does not hold", raised(c.wait_for, c, error))
      c:acquire()
      cohort.group(function(g)
        g:spawn(function()
          assert.matches("which is held by task 'main'", raised(c.wait, c))
          assert.matches("which is held by task 'main'", raised(c.notify, c))
        end)
      end)
      c:release()
    end)
  end)

  it("takes a lock that is given to it, which several may share, and nothing else", function()
    virtual(function()
      local lock, log = cohort.lock(), {}
      local a, b = cohort.condition(lock), cohort.condition(lock)
      assert.matches("condition expects a lock or nothing, got cohort.",
        raised(cohort.condition, cohort.semaphore(1)))
      cohort.group(function(g)
        waiters(g, a, 1, log)
        waiters(g, b, 1, log)
        lock:with(function()
          assert.matches("held by", tostring(a))
          assert.is_false(pcall(b.acquire, b))
          b:notify_all()
        end)
        cohort.checkpoint()
        assert.equal(1, #log)
        a:with(a.notify, a)
      end)
      assert.equal(2, #log)
    end)
  end)

  it("moves who is notified to the queue of the lock, to run one after the other", function()
    virtual(function()
      local c, log = cohort.condition(), {}
      cohort.group(function(g)
        waiters(g, c, 3, log)
        c:acquire()
        assert.matches("^condition 0x%x+ %(lock held by task '.*', 3 waiting%)$", tostring(c))
        c:notify(2)
        assert.matches("', 1 waiting%)$", tostring(c))
        cohort.checkpoint()
        assert.same({}, log)
        c:release()
        assert.is_false(c:try_acquire())
        cohort.sleep(1)
        assert.same({ 1, 2 }, log)
        c:with(c.notify, c)
      end)
      assert.same({ 1, 2, 3 }, log)
    end)
  end)

  it("that is notified with nobody waiting remembers nothing", function()
    virtual(function()
      local c = cohort.condition()
      c:acquire()
      c:notify()
      c:notify(5)
      c:notify(math.huge)
      c:notify(0)
      c:notify_all()
      assert.is_false(cohort.move_on_after(1, c.wait, c))
      c:release()
    end)
  end)

  it("has its lock again before a cancelled wait raises, when the lock is free", function()
    virtual(function()
      local c = cohort.condition()
      c:acquire()
      assert.is_false(cohort.move_on_after(1, function()
        local err = raised(c.wait, c)
        assert.is_true(tasks.is_cancelled(err))
        assert.matches("held by", tostring(c))
        error(err, 0)
      end))
      c:release()
      assert.matches("lock free", tostring(c))
    end)
  end)

  it("has its lock again before a cancelled wait raises, though another holds it; once is enough", function()
    virtual(function()
      local c, log = cohort.condition(), {}
      cohort.group(function(g)
        local task = g:spawn(function()
          local _ <close> = c:hold()
          cohort.move_on_after(1, function()
            local err = raised(c.wait, c)
            log[#log + 1] = cohort.now()
            assert.is_true(tasks.is_cancelled(err))
            error(err, 0)
          end)
        end)
        cohort.checkpoint()
        c:acquire()
        cohort.sleep(2)
        assert.same({}, log)
        task:cancel()
        g.scope:cancel()
        cohort.shield(cohort.sleep, 2)
        c:release()
        task:cancel()
      end)
      assert.same({ 4 }, log)
      assert.matches("lock free", tostring(c))
    end)
  end)

  it("tests for cancellation before it releases the lock", function()
    virtual(function()
      local c = cohort.condition()
      c:acquire()
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(tasks.is_cancelled(raised(c.wait, c)))
        c:notify()
        c:release()
      end)
    end)
  end)

  it("passes the notification of a waiter that is then cancelled to the next", function()
    for victims = 1, 2 do
      virtual(function()
        local c, log = cohort.condition(), {}
        cohort.group(function(g)
          local list = waiters(g, c, 3, log)
          c:acquire()
          c:notify(1)
          for i = 1, victims do list[i]:cancel() end
          c:release()
          cohort.sleep(1)
          assert.same({ victims + 1 }, log)
          assert.equal("cancelled", list[1]:status())
          g:cancel()
        end)
      end)
    end
  end)

  it("has its lock again before a wait that was notified and then cancelled raises", function()
    virtual(function()
      local c, log = cohort.condition(), {}
      cohort.group(function(g)
        local task = g:spawn(function()
          local _ <close> = c:hold()
          local err = raised(c.wait, c)
          log[#log + 1] = cohort.now()
          log[#log + 1] = tasks.is_cancelled(err)
          assert.matches("this task holds the lock already", raised(c.acquire, c))
          error(err, 0)
        end)
        cohort.checkpoint()
        c:acquire()
        c:notify()
        task:cancel()
        cohort.sleep(2)
        assert.same({}, log)
        c:release()
      end)
      assert.same({ 2, true }, log)
      assert.matches("lock free", tostring(c))
    end)
  end)

  it("passes it on though the waiters before were cancelled first, and in any order", function()
    for _, order in ipairs { { 1, 2 }, { 2, 1 } } do
      virtual(function()
        local c, log = cohort.condition(), {}
        cohort.group(function(g)
          local list = waiters(g, c, 4, log)
          c:acquire()
          c:notify(2)
          for _, i in ipairs(order) do list[i]:cancel() end
          c:release()
          cohort.sleep(1)
          assert.same({ 3, 4 }, log)
        end)
      end)
    end
  end)

  it("whose notified waiter has been handed the lock lets it return, though it is cancelled then", function()
    virtual(function()
      local c, log = cohort.condition(), {}
      cohort.group(function(g)
        local list = waiters(g, c, 2, log)
        c:acquire()
        c:notify()
        c:release()
        list[1]:cancel()
        cohort.sleep(1)
        assert.same({ 1 }, log)
        g:cancel()
      end)
    end)
  end)

  it("loses no notification, whoever is cancelled when", function()
    for pass = 0, 6 do
      for victim = 1, 3 do
        virtual(function()
          local c, items, taken = cohort.condition(), 0, 0
          cohort.group(function(g)
            local list = {}
            for i = 1, 3 do
              list[i] = g:spawn(c.with, c, function()
                while items == 0 do c:wait() end
                items, taken = items - 1, taken + 1
              end)
            end
            g:spawn(function()
              for _ = 1, 2 do
                c:with(function()
                  items = items + 1
                  cohort.checkpoint()
                  c:notify()
                  cohort.checkpoint()
                end)
              end
            end)
            for _ = 1, pass do cohort.checkpoint() end
            list[victim]:cancel()
            cohort.sleep(1)
            assert.is_true(items == 0 or taken == 2, ("%d items are left to nobody"):format(items))
            g:cancel()
          end)
        end)
      end
    end
  end)

  it("raises Cancelled with the reason of the one who cancelled, and no other", function()
    virtual(function()
      local c = cohort.condition()
      c:acquire()
      local _, text = cohort.scope(function(scope)
        cohort.group(function(g)
          g:spawn(function()
            cohort.sleep(1)
            scope:cancel "enough"
          end)
          local ok = pcall(c.wait, c)
          assert.is_false(ok)
          assert.equal("enough", scope.reason.text)
        end)
      end)
      assert.is_nil(text)
      assert.matches("timed out", raised(cohort.fail_after, 1, c.wait, c).message)
      c:release()
    end)
  end)

  it("waits for a predicate, which is asked with the lock held, and returns what that returned", function()
    virtual(function()
      local c, value, asked = cohort.condition(), nil, 0
      c:acquire()
      assert.equal("at once", c:wait_for(function() return "at once" end))
      cohort.group(function(g)
        g:spawn(function()
          for i = 1, 3 do
            cohort.sleep(1)
            c:with(function()
              if i == 3 then value = "ready" end
              c:notify_all()
            end)
          end
        end)
        assert.equal("ready", c:wait_for(function()
          asked = asked + 1
          assert.matches("held by", tostring(c))
          cohort.checkpoint()
          return value
        end))
      end)
      assert.same({ 4, 3 }, { asked, cohort.now() })
      assert.equal("x", raised(c.wait_for, c, function() error("x", 0) end))
      assert.is_false(cohort.move_on_after(1, c.wait_for, c, function() return false end))
      local err = raised(c.wait_for, c, function() c:release() end)
      assert.matches("wait_for: this task does not hold the lock", err)
    end)
  end)

  it("wakes all with Broken when the owner of the lock ends, notified or not", function()
    virtual(function()
      local lock = cohort.lock()
      local a, b, errors = cohort.condition(lock), cohort.condition(lock), {}
      local function broken(c)
        c:acquire()
        local err = raised(c.wait, c)
        errors[#errors + 1] = err
        c:release()
      end
      cohort.group(function(g)
        g:spawn(broken, a)
        g:spawn(broken, a)
        g:spawn(broken, b)
        g:spawn(function()
          lock:acquire()
          a:notify()
        end).name = "gone"
      end)
      assert.equal(3, #errors)
      for _, err in ipairs(errors) do
        assert.is_true(cohort.is(err, cohort.Broken))
        assert.equal("gone", err.owner)
      end
    end)
  end)

  it("in a deadlock is named with who holds its lock, notified or not, and ends all the same", function()
    local err = raised(virtual, function()
      local c = cohort.condition()
      cohort.group(function(g)
        for i = 1, 2 do
          g:spawn(function()
            c:acquire()
            c:wait()
          end).name = "waiter " .. i
        end
        cohort.checkpoint()
        cohort.current_task().name = "main"
        c:acquire()
        c:notify()
      end)
    end)
    local text = " %(lock held by task 'main', 1 waiting%)"
    assert.matches("task 'waiter 1' waits for the lock of a condition" .. text, err.message)
    assert.matches("task 'waiter 2' waits for a condition" .. text, err.message)
  end)
end)
