-- What locks, semaphores, limiters and conditions have in common: acquire, try_acquire, release, with, hold.
local core = require "cohort.core"
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

-- Each can be had by one task at a time.
local makers = {
  lock = cohort.lock,
  semaphore = function() return cohort.semaphore(1, 1) end,
  limiter = function() return cohort.limiter(1) end,
  condition = cohort.condition,
}

-- Can a task that has nothing acquire it without waiting? It is free afterwards if it was before.
local function is_free(o)
  local free
  cohort.group(function(g)
    g:spawn(function()
      free = o:try_acquire()
      if free then o:release() end
    end)
  end)
  return free
end

-- What acquires and releases around f(), in each way that there is.
local ways = {
  acquire = function(o, f)
    o:acquire()
    f()
    o:release()
  end,
  with = function(o, f) o:with(f) end,
  hold = function(o, f)
    local _ <close> = o:hold()
    f()
  end,
}

for noun, make in pairs(makers) do
  describe("a " .. noun, function()
    it("serves first in first out, in every way of acquiring", function()
      virtual(function()
        local o, log = make(), {}
        cohort.group(function(g)
          local i = 0
          for _ = 1, 3 do
            for _, name in ipairs { "acquire", "with", "hold" } do
              i = i + 1
              g:spawn(function(place)
                ways[name](o, function()
                  log[#log + 1] = place
                  cohort.sleep(1)
                end)
              end, i)
            end
          end
        end)
        assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, log)
        assert.equal(9, cohort.now())
        assert.is_true(is_free(o))
      end)
    end)

    it("that is released is handed to the first waiter, and nobody comes in between", function()
      virtual(function()
        local o, log = make(), {}
        cohort.group(function(g)
          o:acquire()
          g:spawn(function()
            o:acquire()
            log[#log + 1] = "first"
            cohort.sleep(1)
            o:release()
          end)
          cohort.checkpoint()
          o:release()
          assert.is_false(o:try_acquire())
          o:acquire()
          log[#log + 1] = "main"
          o:release()
          assert.is_true(o:try_acquire())
          o:release()
        end)
        assert.same({ "first", "main" }, log)
      end)
    end)

    it("goes round among tasks that want it again and again", function()
      virtual(function()
        local o, log = make(), {}
        cohort.group(function(g)
          for i = 1, 3 do
            g:spawn(function()
              for _ = 1, 5 do
                o:acquire()
                log[#log + 1] = i
                cohort.checkpoint()
                o:release()
              end
            end)
          end
        end)
        assert.equal(("123"):rep(5), table.concat(log))
      end)
    end)

    it("forgets a waiter that was cancelled, and keeps the order of the others", function()
      virtual(function()
        local o, log, list = make(), {}, {}
        cohort.group(function(g)
          o:acquire()
          for i = 1, 4 do
            list[i] = g:spawn(function()
              o:with(function() log[#log + 1] = i end)
            end)
          end
          cohort.checkpoint()
          list[1]:cancel()
          list[3]:cancel()
          if noun ~= "condition" then assert.matches("2 waiting", tostring(o)) end
          o:release()
        end)
        assert.same({ 2, 4 }, log)
        assert.is_true(is_free(o))
      end)
    end)

    it("stays with a waiter that it was handed to and that is cancelled in the same pass", function()
      virtual(function()
        local o, got = make(), nil
        cohort.group(function(g)
          o:acquire()
          local task = g:spawn(function()
            o:acquire()
            got = true
            local _ <close> = setmetatable({}, { __close = function() o:release() end })
            cohort.checkpoint()
            got = "went on"
          end)
          cohort.checkpoint()
          o:release()
          task:cancel()
          task:wait()
          assert.equal("cancelled", task:status())
        end)
        assert.is_true(got)
        assert.is_true(is_free(o))
      end)
    end)

    it("is not handed to a waiter that was cancelled before", function()
      virtual(function()
        local o, err = make(), nil
        cohort.group(function(g)
          o:acquire()
          local task = g:spawn(function()
            err = raised(o.acquire, o)
            error(err, 0)
          end)
          cohort.checkpoint()
          task:cancel()
          o:release()
          assert.is_true(o:try_acquire())
          o:release()
        end)
        assert.is_true(tasks.is_cancelled(err))
        assert.is_true(is_free(o))
      end)
    end)

    it("is a checkpoint to acquire, also when it is free, and then nothing was acquired", function()
      for name, way in pairs(ways) do
        virtual(function()
          local o, entered = make(), false
          cohort.scope(function(scope)
            scope:cancel()
            assert.is_true(tasks.is_cancelled(raised(way, o, function() entered = true end)), name)
          end)
          assert.is_false(entered)
          assert.is_true(is_free(o))
        end)
      end
    end)

    it("is acquired without a switch when it is free, and never for ever without one", function()
      virtual(function()
        local o, others = make(), 0
        cohort.group(function(g)
          g:spawn(function() others = others + 1 end)
          for _ = 1, 10 do ways.acquire(o, function() end) end
          assert.equal(0, others)
          for _ = 1, 100 do ways.acquire(o, function() end) end
          assert.equal(1, others)
        end)
      end)
    end)

    it("may be tried and released in a cancelled scope: neither tests nor switches", function()
      virtual(function()
        local o = make()
        cohort.scope(function(scope)
          scope:cancel()
          assert.is_true(o:try_acquire())
          o:release()
        end)
        assert.is_true(is_free(o))
      end)
    end)

    it("can be made outside of a run, and used in one after the other", function()
      local o = make()
      for _ = 1, 2 do
        virtual(function()
          assert.is_true(o:try_acquire())
          cohort.move_on_after(1, cohort.group, function(g) g:spawn(o.acquire, o) end)
          o:release()
        end)
      end
    end)

    it("is released by with and hold however the block ends", function()
      virtual(function()
        local o, e = make(), {}
        assert.same({ 1, nil, 3, n = 3 }, table.pack(o:with(function(...) return ... end, 1, nil, 3)))
        assert.is_true(is_free(o))
        for name in pairs { with = 1, hold = 1 } do
          assert.equal(e, raised(ways[name], o, function() error(e) end))
          assert.is_true(is_free(o), name)
          assert.is_false(cohort.move_on_after(1, ways[name], o, cohort.sleep_forever))
          assert.is_true(is_free(o), name)
          assert.equal(e, raised(ways[name], o, function()
            cohort.checkpoint()
            error(e)
          end))
          assert.is_true(is_free(o), name)
        end
        while true do
          local _ <close> = o:hold()
          if not is_free(o) then break end
        end
        assert.is_true(is_free(o))
      end)
    end)

    it("passes an error of with on with the place where it happened", function()
      local err = raised(virtual, function()
        cohort.group(function(g)
          g:spawn(function()
            local o = make()
            o:with(function()
              local function deep_inside() error "boom" end
              deep_inside()
            end)
          end)
        end)
      end)
      assert.matches("in .*'deep_inside'", tostring(err))
    end)

    it("has guards that release once", function()
      virtual(function()
        local o = make()
        local guard = o:hold()
        assert.matches("^guard 0x%x+ %(of a %l+%)$", tostring(guard))
        getmetatable(guard).__close(guard)
        assert.matches("^guard 0x%x+ %(closed%)$", tostring(guard))
        o:acquire()
        getmetatable(guard).__close(guard)
        assert.is_false(is_free(o))
        o:release()
      end)
    end)

    it("that was released inside of with or hold is told at the end, unless an error passes", function()
      virtual(function()
        for name in pairs { with = 1, hold = 1 } do
          local o = make()
          assert.matches("the end of " .. name, raised(ways[name], o, function() o:release() end))
          assert.equal("x", raised(ways[name], o, function()
            o:release()
            error("x", 0)
          end))
          assert.is_true(is_free(o))
        end
      end)
    end)

    it("can be tried where Lua cannot wait, and not waited for", function()
      virtual(function()
        local o, order = make(), {}
        table.sort({ 2, 1 }, function(a, b)
          assert.is_true(o:try_acquire())
          order[#order + 1] = a
          o:release()
          return a < b
        end)
        assert.is_true(#order > 0)
        table.sort({ 2, 1 }, function(a, b)
          assert.matches("cannot wait inside a function called by 'sort'", raised(o.with, o, error))
          return a < b
        end)
        assert.is_true(is_free(o))
      end)
    end)

    it("that was handed to a task which is closed by force before it runs goes to the next", function()
      virtual(function()
        local o, was_handed = make(), false
        pcall(cohort.group, function(g)
          local deaf = g:spawn(tasks.outrun, function()
            o:acquire()
            o:release()
          end)
          g:spawn(cohort.shield, function()
            while deaf:status() ~= "failed" do
              o:with(cohort.sleep, 1)
            end
            was_handed = true
          end)
          cohort.checkpoint()
          g:cancel()
        end)
        assert.is_true(was_handed)
        assert.is_true(is_free(o))
      end)
    end)

    it("keeps no memory of ten thousand waiters that were cancelled", function()
      virtual(function()
        local o = make()
        local function round()
          cohort.move_on_after(1, cohort.group, function(g)
            for _ = 1, 100 do g:spawn(o.acquire, o) end
          end)
          collectgarbage()
          collectgarbage()
          return collectgarbage "count", core.debug_counts().bytes
        end
        o:acquire()
        round()
        local before, bytes = round()
        local after, bytes_after
        for _ = 1, 100 do after, bytes_after = round() end
        assert.is_true(after < before + 8, after - before)
        assert.equal(bytes, bytes_after)
        o:release()
      end)
    end)
  end)
end

describe("with", function()
  it("can be nested 5,000 deep, and hold as well", function()
    virtual(function()
      local locks = {}
      for i = 1, 5000 do locks[i] = cohort.lock() end
      local function nest(i)
        if i > #locks then return cohort.now() end
        return locks[i]:with(nest, i + 1)
      end
      assert.equal(0, nest(1))
      local function deep(i)
        if i > 150 then error "deep" end
        local _ <close> = locks[i]:hold()
        deep(i + 1)
      end
      assert.matches("deep", raised(deep, 1))
      for _, lock in ipairs(locks) do assert.is_true(lock:try_acquire()) end
    end)
  end)
end)
