-- Semaphores: permits that belong to nobody in particular.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

describe("a semaphore", function()
  it("starts with zero or more permits, written as an integer or as a float that is one", function()
    for _, n in ipairs { 0, 1, 2.0, 1 << 53 } do
      assert.equal(n, cohort.semaphore(n).available)
      assert.equal("integer", math.type(cohort.semaphore(n).available))
    end
    assert.matches("whole number of 0 or more, got %-1", raised(cohort.semaphore, -1))
    assert.matches("whole number of 0 or more, got string", raised(cohort.semaphore, "1"))
    assert.matches("not below the 3 it starts with, got 2", raised(cohort.semaphore, 3, 2))
    assert.equal(1, cohort.semaphore(1, math.huge).available)
  end)

  it("that is released above its maximum says so, and is as it was", function()
    virtual(function()
      local s = cohort.semaphore(1, 2)
      s:release()
      assert.matches("release: all 2 permits of this semaphore are there", raised(s.release, s))
      assert.equal(2, s.available)
      assert.matches("^semaphore 0x%x+ %(2 of 2 available%)$", tostring(s))
      local unbounded = cohort.semaphore(0)
      for _ = 1, 5 do unbounded:release() end
      assert.matches("%(5 available%)$", tostring(unbounded))
    end)
  end)

  it("lets as many in as it has permits", function()
    virtual(function()
      local s, inside, most = cohort.semaphore(3), 0, 0
      cohort.group(function(g)
        for _ = 1, 9 do
          g:spawn(s.with, s, function()
            inside = inside + 1
            most = math.max(most, inside)
            cohort.sleep(1)
            inside = inside - 1
          end)
        end
      end)
      assert.same({ 3, 3, 3 }, { most, cohort.now(), s.available })
    end)
  end)

  it("hands what is released to the first waiter, and is not counted up", function()
    virtual(function()
      local s, log = cohort.semaphore(0), {}
      cohort.group(function(g)
        for i = 1, 3 do
          g:spawn(function()
            s:acquire()
            log[#log + 1] = i
          end)
        end
        cohort.checkpoint()
        s:release()
        s:release()
        assert.equal(0, s.available)
        assert.is_false(s:try_acquire())
        assert.matches("%(0 available, 1 waiting%)$", tostring(s))
        s:release()
        s:release()
        assert.equal(1, s.available)
      end)
      assert.same({ 1, 2, 3 }, log)
    end)
  end)

  it("may be released by another task than the one that acquired it, and outside of tasks", function()
    local s = cohort.semaphore(1, 1)
    virtual(function()
      s:acquire()
      cohort.group(function(g) g:spawn(s.release, s) end)
      s:acquire()
    end)
    s:release()
    assert.is_true(s:try_acquire())
  end)

  it("loses no permit, whatever is cancelled when", function()
    for first = 0, 4 do
      for second = 0, 4 do
        virtual(function()
          local s = cohort.semaphore(1, 1)
          cohort.group(function(g)
            local list = {}
            for i = 1, 4 do
              list[i] = g:spawn(s.with, s, function()
                cohort.checkpoint()
                cohort.checkpoint()
              end)
            end
            for pass = 0, 4 do
              if pass == first then list[1]:cancel() end
              if pass == second then list[2]:cancel() end
              cohort.checkpoint()
            end
          end)
          assert.equal(1, s.available)
        end)
      end
    end
  end)
end)
