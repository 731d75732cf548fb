-- Barriers: a number of tasks wait for each other.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

describe("a barrier", function()
  it("takes one party or more", function()
    virtual(function()
      assert.matches("whole number of 1 or more, got 0", raised(cohort.barrier, 0))
      assert.equal(1, cohort.barrier(1):wait())
    end)
  end)

  it("lets all go on when the last has come, each with its place; the last does not wait", function()
    virtual(function()
      local barrier, places, log = cohort.barrier(3), {}, {}
      cohort.group(function(g)
        for i = 1, 3 do
          g:spawn(function()
            cohort.sleep(4 - i)
            places[i] = barrier:wait()
            log[#log + 1] = i
            assert.equal(3, cohort.now())
          end)
        end
        cohort.sleep(2.5)
        assert.matches("^barrier 0x%x+ %(of 3, 2 waiting%)$", tostring(barrier))
      end)
      assert.same({ 3, 2, 1 }, places)
      assert.same({ 1, 3, 2 }, log)
    end)
  end)

  it("can be used again at once, by the same tasks and by others, and mixes no rounds", function()
    virtual(function()
      local barrier, rounds = cohort.barrier(2), {}
      cohort.group(function(g)
        for _ = 1, 4 do
          g:spawn(function()
            for _ = 1, 3 do
              local place = barrier:wait()
              rounds[#rounds + 1] = place
            end
          end)
        end
      end)
      local count = { 0, 0 }
      for _, place in ipairs(rounds) do count[place] = count[place] + 1 end
      assert.same({ 6, 6 }, count)
      assert.matches("%(of 2%)$", tostring(barrier))
    end)
  end)

  it("forgets a waiter that was cancelled: the others wait on, and get places of their own", function()
    virtual(function()
      local barrier, places = cohort.barrier(3), {}
      cohort.group(function(g)
        local list = {}
        for i = 1, 3 do
          if i == 3 then
            cohort.checkpoint()
            list[1]:cancel()
          end
          list[i] = g:spawn(function() places[i] = barrier:wait() end)
        end
        cohort.sleep(1)
        assert.same({}, places)
        assert.matches("2 waiting", tostring(barrier))
        places[0] = barrier:wait()
      end)
      assert.same({ [0] = 3, [2] = 1, [3] = 2 }, places)
    end)
  end)

  it("takes whoever comes before those that it let go have run into the next round", function()
    virtual(function()
      local barrier, places = cohort.barrier(2), {}
      cohort.group(function(g)
        g:spawn(function() places[1] = barrier:wait() end)
        cohort.checkpoint()
        places[2] = barrier:wait()
        assert.matches("%(of 2%)$", tostring(barrier))
        assert.is_nil(places[1])
        g:spawn(function() places[4] = barrier:wait() end)
        places[3] = barrier:wait()
      end)
      assert.same({ 1, 2, 1, 2 }, places)
    end)
  end)

  it("that a party fails to come to lets go of the others with their group, and can be used again", function()
    virtual(function()
      local barrier = cohort.barrier(3)
      assert.same({ "lost" }, tasks.shape(raised(cohort.group, function(g)
        g:spawn(barrier.wait, barrier)
        g:spawn(barrier.wait, barrier)
        g:spawn(tasks.fail("lost", 1))
      end)))
      assert.matches("%(of 3%)$", tostring(barrier))
      local function come() return barrier:wait() end
      assert.same({ 1, 2, 3, n = 3 }, cohort.gather { come, come, come })
    end)
  end)

  it("that has opened lets a wait return, though it is cancelled then", function()
    virtual(function()
      local barrier, place = cohort.barrier(2), nil
      cohort.group(function(g)
        local task = g:spawn(function() place = barrier:wait() end)
        cohort.checkpoint()
        barrier:wait()
        task:cancel()
      end)
      assert.equal(1, place)
    end)
  end)

  it("is a checkpoint also for the last, who has not come when it was cancelled", function()
    virtual(function()
      local barrier = cohort.barrier(1)
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(tasks.is_cancelled(raised(barrier.wait, barrier)))
      end)
    end)
  end)

  it("can be made outside of a run", function()
    local barrier = cohort.barrier(2)
    virtual(function() cohort.move_on_after(1, barrier.wait, barrier) end)
    virtual(function()
      cohort.group(function(g)
        g:spawn(barrier.wait, barrier)
        assert.equal(2, (function()
          cohort.checkpoint()
          return barrier:wait()
        end)())
      end)
    end)
  end)
end)
