-- Groups with a limit: who waits for a place, who is queued, in which order, what cancellation does.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, wait_and_log = tasks.is_cancelled, tasks.wait_and_log

local function limited(limit, body) return cohort.group({ limit = limit }, body) end

--- A function that sleeps and keeps count of how many do at once.
local function counter()
  local count = { now = 0, most = 0, total = 0 }
  return count, function(seconds)
    count.now = count.now + 1
    count.total = count.total + 1
    count.most = math.max(count.most, count.now)
    cohort.sleep(seconds)
    count.now = count.now - 1
  end
end

describe("a group with a limit", function()
  it("never runs more tasks at once, and runs all of them", function()
    virtual(function()
      local count, work = counter()
      limited(3, function(g)
        for i = 1, 20 do g:spawn(work, i % 4) end
      end)
      assert.equal(3, count.most)
      assert.equal(20, count.total)
    end)
  end)

  it("makes its host wait in spawn until a place is free", function()
    virtual(function()
      local times = {}
      limited(2, function(g)
        for i = 1, 6 do
          g:spawn(cohort.sleep, 1)
          times[i] = cohort.now()
        end
      end)
      assert.same({ 0, 0, 1, 1, 2, 2 }, times)
      assert.equal(3, cohort.now())
    end)
  end)

  it("lets spawners from outside wait first in, first out", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        limited(1, function(g)
          g:spawn(cohort.sleep, 1)
          for i = 1, 4 do
            outer:spawn(function()
              g:spawn(function()
                log[#log + 1] = i
                cohort.sleep(1)
              end)
            end)
          end
          cohort.sleep(2)
        end)
      end)
      assert.same({ 1, 2, 3, 4 }, log)
      assert.equal(5, cohort.now())
    end)
  end)

  it("does not let a spawner barge in before one who waits", function()
    virtual(function()
      local log = {}
      local function add(word)
        log[#log + 1] = word
        cohort.sleep(1)
      end
      cohort.group(function(outer)
        limited(1, function(g)
          local first = g:spawn(add, "first")
          outer:spawn(function() g:spawn(add, "waited") end)
          first:wait()
          g:spawn(add, "late")
        end)
      end)
      assert.same({ "first", "waited", "late" }, log)
    end)
  end)

  it("does not wait in spawn while there is a place, not even to switch", function()
    virtual(function()
      local log = {}
      limited(2, function(g)
        g:spawn(function() log[#log + 1] = "a" end)
        g:spawn(function() log[#log + 1] = "b" end)
        log[#log + 1] = "body"
      end)
      assert.same({ "body", "a", "b" }, log)
    end)
  end)

  it("gives the place of a task that failed alone or was cancelled to the next", function()
    virtual(function()
      local log = {}
      pcall(cohort.group, { limit = 1, on_error = "collect" }, function(g)
        g:spawn(fail("x"))
        local task = g:spawn(cohort.sleep_forever)
        cohort.checkpoint()
        task:cancel()
        g:spawn(function() log[1] = "ran" end)
      end)
      assert.same({ "ran" }, log)
    end)
  end)

  it("gives back the places of its tasks, waves after waves", function()
    virtual(function()
      local count, work = counter()
      limited(7, function(g)
        for _ = 1, 500 do g:spawn(work, 0) end
      end)
      assert.equal(7, count.most)
      assert.equal(500, count.total)
    end)
  end)
end)

describe("a spawn that waits for a place", function()
  it("spawns nothing when it is cancelled, and takes no place", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        g:spawn(cohort.sleep, 2)
        assert.is_false(cohort.move_on_after(1, function() g:spawn(wait_and_log, log, "never") end))
        assert.equal(1, #g)
        g:spawn(function() log[#log + 1] = "next" end)
      end)
      assert.same({ "next" }, log)
    end)
  end)

  it("has spawned when it was granted a place before it was cancelled", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        local first = g:spawn(cohort.sleep, 1)
        local whole = cohort.scope(function(s)
          g:spawn(function() log[#log + 1] = "spawned" end, first:cancel(), s)
          log[#log + 1] = "returned"
        end)
        assert.is_true(whole)
      end)
      assert.same({ "returned", "spawned" }, log)
    end)
  end)

  it("raises Cancelled in a cancelled scope, without spawning, when there is no place", function()
    virtual(function()
      limited(1, function(g)
        g:spawn(cohort.sleep, 1)
        cohort.scope(function(s)
          s:cancel()
          assert.is_true(is_cancelled(raised(g.spawn, g, print)))
        end)
        assert.equal(1, #g)
      end)
    end)
  end)

  it("is interrupted by a failure in the group", function()
    virtual(function()
      local err = raised(limited, 1, function(g)
        g:spawn(fail("failure", 1))
        g:spawn(fail("never"))
      end)
      assert.same({ "failure" }, shape(err))
    end)
  end)

  it("keeps the group open, when it is another task's", function()
    virtual(function()
      local log = {}
      cohort.group(function(outer)
        limited(1, function(g)
          g:spawn(cohort.sleep, 1)
          outer:spawn(function() g:spawn(function() log[#log + 1] = "spawned" end) end)
          cohort.checkpoint()
        end)
        log[#log + 1] = "ended"
      end)
      assert.same({ "spawned", "ended" }, log)
    end)
  end)

  it("lets the group end when it is cancelled, when it is another task's", function()
    virtual(function()
      local ended
      cohort.group(function(outer)
        limited(1, function(g)
          g:spawn(cohort.sleep, 1)
          local spawner = outer:spawn(function() g:spawn(print) end)
          outer:spawn(function()
            cohort.checkpoint()
            spawner:cancel()
          end)
          cohort.checkpoint()
        end)
        ended = cohort.now()
      end)
      assert.equal(1, ended)
    end)
  end)

  it("keeps the place it was granted, though a start from inside takes one more before it runs", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        g:spawn(function()
          g:spawn_daemon(g.start, g, function(started)
            started()
            cohort.sleep(1)
            log[#log + 1] = "started"
          end)
        end)
        g:spawn(function() log[#log + 1] = "granted" end)
      end)
      assert.same({ "granted", "started" }, log)
    end)
  end)

  it("is refused where Lua cannot wait, but not while there is a place", function()
    virtual(function()
      limited(1, function(g)
        local errors = {}
        table.sort({ 1, 2, 3 }, function(a, b)
          local ok, err = pcall(g.spawn, g, cohort.checkpoint)
          errors[#errors + 1] = ok or err
          return a < b
        end)
        assert.is_true(errors[1])
        assert.matches("cannot wait inside a function called by 'sort'", errors[2])
        assert.equal(1, #g)
      end)
    end)
  end)
end)

describe("inside a full group", function()
  it("a task's spawn never waits: its new task is queued and starts when there is a place", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        g:spawn(function()
          for i = 1, 3 do
            local task = g:spawn(function()
              log[#log + 1] = i
              cohort.sleep(1)
            end)
            assert.equal("waiting", task:status())
          end
          log[#log + 1] = "spawner"
          assert.equal(4, #g)
        end)
      end)
      assert.same({ "spawner", 1, 2, 3 }, log)
      assert.equal(3, cohort.now())
    end)
  end)

  it("neither does that of a task below one, so a group cannot block itself", function()
    virtual(function()
      local ran = 0
      limited(1, function(g)
        g:spawn(function()
          cohort.group(function(h)
            h:spawn(function()
              for _ = 1, 3 do g:spawn(function() ran = ran + 1 end) end
            end)
          end)
        end)
      end)
      assert.equal(3, ran)
    end)
  end)

  it("queued tasks and waiting spawners are served in the order they came", function()
    virtual(function()
      local log = {}
      local function add(word)
        log[#log + 1] = word
        cohort.sleep(1)
      end
      limited(1, function(g)
        g:spawn(function()
          g:spawn(add, "queued 1")
          cohort.sleep(1)
          g:spawn(add, "queued 2")
        end)
        cohort.checkpoint()
        g:spawn(add, "waited")
      end)
      assert.same({ "queued 1", "waited", "queued 2" }, log)
    end)
  end)

  it("a queued task that is cancelled alone runs to its first checkpoint and gives no place away", function()
    virtual(function()
      local log = {}
      local count, work = counter()
      limited(1, function(g)
        g:spawn(function()
          local queued = g:spawn(wait_and_log, log, "released")
          for _ = 1, 3 do g:spawn(work, 1) end
          queued:cancel()
          cohort.sleep(1)
        end)
      end)
      assert.same({ "released" }, log)
      assert.equal(1, count.most)
      assert.equal(3, count.total)
    end)
  end)

  it("when it is cancelled all queued tasks start at once and run to their first checkpoint", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        g:spawn(function()
          for i = 1, 3 do g:spawn(wait_and_log, log, i) end
          pcall(cohort.sleep_forever)
          cohort.shield(cohort.sleep, 5)
          log[#log + 1] = "spawner"
        end)
        cohort.sleep(1)
        g:cancel()
      end)
      assert.same({ 1, 2, 3, "spawner" }, log)
    end)
  end)

  it("that is cancelled already spawn does not wait, and the task starts at once", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        g:spawn(function()
          pcall(cohort.sleep_forever)
          cohort.shield(cohort.sleep, 5)
        end)
        cohort.checkpoint()
        g:cancel()
        g:spawn(wait_and_log, log, "body's")
        cohort.shield(cohort.sleep, 1)
        log[#log + 1] = cohort.now()
      end)
      assert.same({ "body's", 1 }, log)
    end)
  end)

  it("a failure reaches queued tasks, and what they raise is collected", function()
    virtual(function()
      local err = raised(limited, 1, function(g)
        g:spawn(function()
          for i = 1, 2 do g:spawn(fail(i)) end
          error("first", 0)
        end)
      end)
      assert.same({ "first", 1, 2 }, shape(err))
    end)
  end)
end)

describe("a limit", function()
  it("does not count daemons, but # does", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        for i = 1, 3 do g:spawn_daemon(function() log[#log + 1] = i cohort.sleep_forever() end) end
        g:spawn(cohort.sleep, 1)
        assert.equal(4, #g)
        cohort.checkpoint()
        g:spawn_daemon(function() log[#log + 1] = 4 end)
        cohort.checkpoint()
      end)
      assert.same({ 1, 2, 3, 4 }, log)
    end)
  end)

  it("counts what start made, which waits like spawn", function()
    virtual(function()
      local times = {}
      limited(1, function(g)
        for i = 1, 3 do
          g:start(function(started)
            started()
            cohort.sleep(1)
          end)
          times[i] = cohort.now()
        end
      end)
      assert.same({ 0, 1, 2 }, times)
    end)
  end)

  it("gives back the place of a start that failed", function()
    virtual(function()
      limited(1, function(g)
        for _ = 1, 3 do pcall(g.start, g, fail("x")) end
        g:spawn(cohort.sleep, 1)
      end)
      assert.equal(1, cohort.now())
    end)
  end)

  it("does not make a start from inside a full group block itself", function()
    virtual(function()
      local value
      limited(1, function(g)
        g:spawn(function()
          value = select(2, g:start(function(started) started("up") end))
        end)
      end)
      assert.equal("up", value)
    end)
  end)

  it("of one runs tasks one after another in the order they were spawned", function()
    virtual(function()
      local log = {}
      limited(1, function(g)
        for i = 1, 5 do
          g:spawn(function()
            cohort.sleep(1)
            log[#log + 1] = i
          end)
        end
      end)
      assert.same({ 1, 2, 3, 4, 5 }, log)
    end)
  end)

  it("holds in the block form", function()
    virtual(function()
      local count, work = counter()
      do
        local g <close> = cohort.open_group { limit = 2 }
        for _ = 1, 6 do g:spawn(work, 1) end
      end
      assert.equal(2, count.most)
      assert.equal(6, count.total)
    end)
  end)
end)
