-- The coroutines of tasks themselves, which Lua's own library closes or resumes.
local cohort = require "cohort"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local virtual, collect = tasks.virtual, tasks.collect

local taken = "the coroutine of this task was closed or resumed by hand: only cohort may do that; "
  .. "task:cancel() ends a task"

local by_hand = { closed = coroutine.close, resumed = coroutine.resume }

describe("a task's own coroutine", function()
  for _, stage in ipairs { "waits for the lock", "waits for the condition", "was notified" } do
    it("may be closed just when a lock breaks, with which it " .. stage .. ": that is collected", function()
      virtual(function()
        local co
        local opened = cohort.event()
        local function wait(lock, c)
          co = coroutine.running()
          lock:acquire()
          if stage ~= "waits for the lock" then c:wait() end
        end
        local function take(lock, c)
          lock:acquire()
          if stage == "was notified" then c:notify() end
        end
        local function hold(...)
          if stage ~= "waits for the lock" then cohort.checkpoint() end
          take(...)
          return opened:wait()  -- in place of this call, and of what it was given
        end
        local function begin(g)
          local lock = cohort.lock()
          local c = cohort.condition(lock)
          local first, second = wait, hold
          if stage == "waits for the lock" then first, second = hold, wait end
          g:spawn(first, lock, c)
          g:spawn(second, lock, c)
        end
        local ok = pcall(cohort.group, function(g)
          begin(g)
          testing.wait_all_blocked()
          g:spawn(function()
            opened:wait()
            coroutine.close(co)
            co = nil
            collect()
          end)
          testing.wait_all_blocked()
          opened:set()
        end)
        assert.is_false(ok)
      end)
    end)
  end

  it("that is closed by hand leaves a scope that has ended with it", function()
    virtual(function()
      local scope, co
      pcall(cohort.group, function(g)
        g:spawn(function()
          scope, co = cohort.current_scope(), coroutine.running()
          cohort.sleep(1)
        end)
        testing.wait_all_blocked()
        coroutine.close(co)
        cohort.sleep(2)
      end)
      assert.matches("%(ended%)$", tostring(scope))
      assert.matches("this scope has ended", tasks.raised(function() scope.deadline = 1 end))
      scope:cancel()
    end)
  end)

  it("that is closed by hand may be that of a task nobody has, whose handle is collected", function()
    local kept
    virtual(function()
      local ok = pcall(cohort.group, function(g)
        for i = 1, 20 do
          local co
          local task = g:spawn(function()
            co = coroutine.running()
            cohort.sleep(1)
          end)
          cohort.checkpoint()
          coroutine.close(co)
          if i == 20 then kept = task end
        end
        collect()
        assert.equal("waiting", kept:status())
        cohort.sleep(2)
      end)
      assert.is_false(ok)
      assert.equal("failed", kept:status())
      assert.equal(taken, kept:error())
      assert.equal(taken, select(2, pcall(kept.join, kept)))
      assert.equal("ended", cohort.select { { kept, function() return "ended" end } })
    end)
    assert.equal("failed", kept:status())
  end)
end)

for done, act in pairs(by_hand) do
  it("the coroutine of the root task that waits is " .. done .. " by hand: the run says so", function()
    local ok, err = pcall(cohort.run, { signals = false }, function()
      local root = coroutine.running()
      cohort.group(function(g)
        g:spawn(function()
          for _ = 1, 2 do act(root) end
        end)
      end)
    end)
    assert.same({ false, taken }, { ok, err })
  end)

  it("the coroutine of a task that has yet to begin in one used before, and is " .. done
    .. " by hand: that task fails", function()
    virtual(function()
      local co, handle
      local ran = false
      cohort.group(function(g) g:spawn(function() co = coroutine.running() end) end)
      local ok, err = pcall(cohort.group, function(g)
        handle = g:spawn(function() ran = true end, "an argument")
        act(co)
      end)
      assert.same({ false, false }, { ok, ran })
      assert.equal(taken, err:sole())
      assert.same({ "failed", taken }, { handle:status(), handle:error() })
      cohort.group(function(g) g:spawn(cohort.checkpoint) end)
    end)
  end)
end

for done, act in pairs(by_hand) do
  it("the coroutine of a task that has failed, and is " .. done .. " by hand: its error is lost", function()
    virtual(function()
      local co, handle
      local function fail()
        co = coroutine.running()
        error("why", 0)
      end
      local ok, err = pcall(cohort.group, function(g)
        handle = g:spawn(fail)
        pcall(cohort.sleep, 1)
        act(co)
      end)
      assert.is_false(ok)
      assert.matches("^the error of this task is lost: its coroutine was closed or resumed", err:sole())
      assert.equal("why", handle:error())
      cohort.group(function(g)
        for _ = 1, 3 do g:spawn(cohort.checkpoint) end
      end)
    end)
  end)
end

it("the coroutine of a task that has yet to begin is resumed by hand: nothing of it runs", function()
  virtual(function()
    local co, results
    local ran = false
    cohort.group(function(g) g:spawn(function() co = coroutine.running() end) end)
    local ok, err = pcall(cohort.group, function(g)
      g:spawn(function() ran = true end)
      results = table.pack(coroutine.resume(co))
    end)
    assert.same({ false, false, taken }, { ok, ran, err:sole() })
    assert.same({ false, 2 }, { results[1], results.n })
    assert.equal("attempt to call a userdata value", results[2])
  end)
end)

it("the coroutine of a task is closed by hand, and again while its groups end: it says the same", function()
  virtual(function()
    local co
    local ok, err = pcall(cohort.group, function(g)
      g:spawn(function()
        co = coroutine.running()
        cohort.open_group():spawn(cohort.shield, cohort.sleep, 2)
        cohort.sleep(1.2)
      end)
      cohort.sleep(1)
      coroutine.close(co)
      pcall(cohort.sleep, 0.5)
      coroutine.close(co)
    end)
    assert.same({ false, taken }, { ok, err:sole() })
  end)
end)

it("the coroutine of a task that has left a group open is closed by hand: its handle says so", function()
  local handle
  virtual(function()
    local co
    local ok = pcall(cohort.group, function(g)
      handle = g:spawn(function()
        co = coroutine.running()
        cohort.group(function(inner) inner:spawn(cohort.shield, cohort.sleep, 1) end)
      end)
      testing.wait_all_blocked()
      coroutine.close(co)
    end)
    assert.is_false(ok)
  end)
  assert.equal("failed", handle:status())
end)

it("the coroutine of a task that was ended by force is resumed by hand: that is an error", function()
  virtual(function()
    local co, handle, told
    local ok = pcall(cohort.group, function(g)
      handle = g:spawn(function()
        co = coroutine.running()
        while true do xpcall(cohort.sleep, print, 1) end
      end)
      cohort.checkpoint()
      handle:cancel()
      handle:wait()
      told = { coroutine.resume(co) }
      assert.is_true(cohort.is(handle:error(), cohort.Stubborn))
    end)
    assert.same({ false, false }, { ok, told[1] })
  end)
end)
