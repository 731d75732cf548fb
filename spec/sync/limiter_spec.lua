-- Limiters: places that belong to tasks, and a total that may be changed while they are taken.
local child = require "spec.support.child"
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

-- Spawns n tasks that take a place of the limiter and have it until `done` is set, or for ever.
local function borrow(g, limiter, n, log)
  local list = {}
  for i = 1, n do
    list[i] = g:spawn(limiter.with, limiter, function()
      log[#log + 1] = i
      cohort.sleep_forever()
    end)
  end
  cohort.checkpoint()
  return list
end

describe("a limiter", function()
  it("gives a task one place at most, and takes back only what the task has", function()
    virtual(function()
      local limiter = cohort.limiter(2)
      limiter:acquire()
      for _, verb in ipairs { "acquire", "try_acquire", "hold" } do
        local err = raised(limiter[verb], limiter)
        assert.matches(verb .. ": this task has its place of the limiter already", err)
      end
      assert.equal(1, limiter.available)
      cohort.group(function(g)
        g:spawn(function()
          assert.matches("release: this task has no place of the limiter", raised(limiter.release, limiter))
        end)
      end)
      limiter:release()
      assert.matches("release: this task has no place", raised(limiter.release, limiter))
      assert.equal(2, limiter.available)
    end)
  end)

  it("has a total that is a whole number or math.huge, zero too, which lets nobody in", function()
    virtual(function()
      assert.equal(math.huge, cohort.limiter(math.huge).total)
      assert.equal(math.huge, cohort.limiter(math.huge).available)
      assert.equal(2, cohort.limiter(2.0).total)
      local limiter, log = cohort.limiter(0), {}
      assert.is_false(limiter:try_acquire())
      cohort.move_on_after(1, cohort.group, function(g) borrow(g, limiter, 2, log) end)
      assert.same({}, log)
      limiter.total = math.huge
      for _, wrong in ipairs { "1", -1, 1.5, 0 / 0, -math.huge, {}, true } do
        assert.matches("limiter.total expects a whole number of 0 or more",
          raised(function() limiter.total = wrong end))
      end
      assert.matches("'total' can be", raised(function() limiter.available = 1 end))
      assert.matches("'total' can be", raised(function() limiter[1] = 1 end))
      assert.equal(math.huge, limiter.total)
    end)
  end)

  it("that is raised lets in at once as many as there are new places", function()
    virtual(function()
      local limiter, log = cohort.limiter(2), {}
      cohort.group(function(g)
        borrow(g, limiter, 5, log)
        assert.same({ 1, 2 }, log)
        limiter.total = 4
        assert.matches("^limiter 0x%x+ %(4 of 4 taken, 1 waiting%)$", tostring(limiter))
        assert.is_false(limiter:try_acquire())
        cohort.checkpoint()
        assert.same({ 1, 2, 3, 4 }, log)
        limiter.total = math.huge
        cohort.checkpoint()
        assert.same({ 1, 2, 3, 4, 5 }, log)
        assert.matches("%(5 taken%)$", tostring(limiter))
        g:cancel()
      end)
      assert.equal(math.huge, limiter.available)
    end)
  end)

  it("that is lowered takes nobody's place: as many must go as it is over before one comes", function()
    virtual(function()
      local limiter, log = cohort.limiter(4), {}
      cohort.group(function(g)
        local list = borrow(g, limiter, 5, log)
        limiter.total = 1
        assert.equal(0, limiter.available)
        for i = 1, 3 do
          list[i]:cancel()
          list[i]:wait()
          assert.equal(4, #log)
        end
        assert.matches("%(1 of 1 taken, 1 waiting%)$", tostring(limiter))
        list[4]:cancel()
        list[4]:wait()
        cohort.checkpoint()
        assert.same({ 1, 2, 3, 4, 5 }, log)
        g:cancel()
      end)
      assert.equal(1, limiter.available)
    end)
  end)

  it("that is lowered and raised again gives only what is free", function()
    virtual(function()
      local limiter, log = cohort.limiter(3), {}
      cohort.group(function(g)
        borrow(g, limiter, 6, log)
        limiter.total = 1
        limiter.total = 2
        cohort.checkpoint()
        assert.same({ 1, 2, 3 }, log)
        limiter.total = 4
        cohort.checkpoint()
        assert.same({ 1, 2, 3, 4 }, log)
        g:cancel()
      end)
    end)
  end)

  it("is taken when it is handed over: nobody comes in before the waiter runs", function()
    virtual(function()
      local limiter = cohort.limiter(1)
      cohort.group(function(g)
        limiter:acquire()
        g:spawn(limiter.with, limiter, cohort.sleep, 1)
        cohort.checkpoint()
        limiter:release()
        assert.is_false(limiter:try_acquire())
        limiter.total = 2
        assert.is_true(limiter:try_acquire())
        limiter:release()
      end)
      assert.equal(2, limiter.available)
    end)
  end)

  it("has places apart from those of another", function()
    virtual(function()
      local a, b = cohort.limiter(1), cohort.limiter(1)
      a:with(b.with, b, function()
        assert.same({ 0, 0 }, { a.available, b.available })
      end)
      assert.same({ 1, 1 }, { a.available, b.available })
    end)
  end)

  it("takes back the place of a task that ends with it, and warns with the task's name", function()
    local result = child.run [[
      local cohort = require "cohort"
      warn "@on"
      cohort.run(function()
        local limiter = cohort.limiter(1)
        cohort.group(function(g)
          g:spawn(limiter.acquire, limiter).name = "forgetful"
          g:spawn(limiter.with, limiter, print, "has it")
        end)
        print(limiter.available)
      end)
    ]]
    assert.equal("has it\n1\n", result.out)
    assert.matches("task 'forgetful' ended and had a place of a limiter", result.err)
    assert.matches("limiter:with%(f, ...%)", result.err)
  end)

  it("in a deadlock is named with how many places are taken", function()
    local err = raised(virtual, function() cohort.limiter(0):acquire() end)
    assert.matches("waits for a limiter %(0 of 0 taken, 1 waiting%)", err.message)
  end)
end)
