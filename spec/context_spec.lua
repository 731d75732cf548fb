-- Task-locals: values that follow a task.
local core = require "cohort.core"
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

local function on_close(f) return setmetatable({}, { __close = f }) end

describe("a context", function()
  it("gives its default, or the value of the innermost with, and hands on arguments and results", function()
    local c, none = cohort.context "default", cohort.context()
    local function look(...) return c:get(), none:get(), ... end
    for _, run in ipairs { function(f) return f() end, virtual } do
      run(function()
        assert.same({ n = 2, "default" }, table.pack(look()))
        assert.same({ n = 5, "outer", nil, 1, nil, 3 }, table.pack(c:with("outer", look, 1, nil, 3)))
        c:with("outer", function()
          none:with(5, function()
            assert.same({ n = 2, "inner", 5 }, table.pack(c:with("inner", look)))
            assert.same({ n = 2, nil, 5 }, table.pack(c:with(nil, look)))
            assert.same({ n = 2, "outer", 5 }, table.pack(look()))
          end)
        end)
        assert.equal("default", c:get())
      end)
    end
  end)

  it("has its value back however with ends, and lets errors through as they are", function()
    local c = cohort.context(0)
    local value = {}
    local function check()
      for _, err in ipairs { value, "text", false } do
        assert.equal(err, raised(c.with, c, 1, error, err, 0))
        assert.equal(0, c:get())
      end
      c:with(1, function()
        pcall(c.with, c, 2, error)
        assert.equal(1, c:get())
      end)
    end
    check()
    virtual(function()
      check()
      assert.is_false((cohort.move_on_after(1, c.with, c, 1, cohort.sleep_forever)))
      assert.equal(0, c:get())
      local _ <close> = on_close(function() assert.equal(0, c:get()) end)
      c:with(1, function()
        local _ <close> = on_close(function()
          cohort.sleep(1)
          assert.equal(1, c:get())
        end)
        cohort.sleep(1)
      end)
    end)
  end)

  it("keeps its value across waits, in each task its own", function()
    virtual(function()
      local c, log = cohort.context(), {}
      cohort.group(function(g)
        for i = 1, 3 do
          g:spawn(function()
            c:with(i, function()
              cohort.sleep(i)
              c:with(i * 10, cohort.sleep, 5)
              log[#log + 1] = c:get()
            end)
            assert.is_nil(c:get())
          end)
        end
        cohort.sleep(2.5)
        assert.is_nil(c:get())
      end)
      assert.same({ 1, 2, 3 }, log)
    end)
  end)

  it("is inherited by a snapshot: later changes of either side are not seen by the other", function()
    virtual(function()
      local c, log = cohort.context "none", {}
      cohort.group(function(g)
        c:with("parent", function()
          g:spawn(function()
            cohort.sleep(2)
            log[#log + 1] = c:get()
            c:with("child", function()
              cohort.sleep(2)
              g:spawn(function() log[#log + 1] = c:get() end)
            end)
          end)
          c:with("later", cohort.sleep, 1)
          log[#log + 1] = c:get()
        end)
        log[#log + 1] = c:get()
      end)
      assert.same({ "parent", "none", "parent", "child" }, log)
    end)
  end)

  it("comes from who spawns, not from the group's host", function()
    virtual(function()
      local c, seen = cohort.context(), nil
      cohort.group(function(outer)
        c:with("host", function()
          cohort.group(function(g)
            local ready
            outer:spawn(function() ready = g end)
            g:spawn(cohort.sleep, 2)
            cohort.sleep(1)
            assert.equal(g, ready)
            outer:spawn(function() assert.equal("host", c:get()) end)
            c:with("other", g.spawn, g, function() seen = c:get() end)
          end)
        end)
      end)
      assert.equal("other", seen)
    end)
  end)

  it("is inherited in every way to start a task", function()
    virtual(function()
      local c, log = cohort.context(), {}
      local function look(...)
        log[#log + 1] = c:get()
        return ...
      end
      c:with("v", function()
        cohort.group(function(g)
          g:spawn_daemon(look)
          g:start(function(started)
            look()
            started()
            cohort.checkpoint()
            look()
          end)
          cohort.gather { look, look }
          cohort.map({ 1 }, look)
          cohort.race { look }
          for _ in cohort.as_completed { look } do look() end
          for _ in cohort.stream(function(emit) emit(1) look() end) do look() end
          cohort.retry(look)
        end)
        cohort.group({ limit = 1 }, function(g)
          g:spawn(cohort.sleep, 1)
          g:spawn(look)
        end)
      end)
      for i = 1, 13 do assert.equal("v", log[i]) end
      assert.equal(13, #log)
    end)
  end)

  it("is kept for a deferred function as it was when it was deferred", function()
    virtual(function()
      local c, d, log = cohort.context "none", cohort.context "d", {}
      local function look(word)
        cohort.checkpoint()
        log[#log + 1] = word .. c:get() .. d:get()
        d:with("changed", cohort.checkpoint)
      end
      c:with("around", function()
        cohort.group(function(g)
          g:defer(look, 1)
          c:with("inside", g.defer, g, look, 2)
          d:with("D", function() g:defer(look, 3) end)
        end)
        assert.equal("around", c:get())
      end)
      cohort.group(function(g)
        c:with("only then", g.defer, g, look, 4)
        g:defer(look, 5)
      end)
      assert.same({ "3aroundD", "2insided", "1aroundd", "5noned", "4only thend" }, log)
      assert.equal("none", c:get())
      assert.equal("d", d:get())
    end)
  end)

  it("of a coroutine is that of who resumes it", function()
    virtual(function()
      local co = cohort.coroutine
      local c, log = cohort.context(0), {}
      local step = c:with(1, co.wrap, function()
        while true do
          cohort.checkpoint()
          log[#log + 1] = c:get()
          c:with("own", cohort.checkpoint)
          co.yield()
        end
      end)
      step()
      c:with(2, step)
      cohort.group(function(g) c:with(3, g.spawn, g, step) end)
      assert.same({ 0, 2, 3 }, log)
    end)
  end)

  it("refuses a yield inside a with that was opened in the coroutine", function()
    virtual(function()
      local co = cohort.coroutine
      local c = cohort.context(0)
      local function generator() return co.wrap(function()
        co.yield(c:get())
        c:with(2, function()
          cohort.checkpoint()
          co.yield "never"
        end)
      end) end
      c:with(1, function()
        local step = generator()
        assert.equal(1, step())
        assert.matches("coroutine.yield inside a context's 'with' that was opened in this", raised(step))
        assert.equal(1, c:get())
      end)
    end)
  end)

  it("of a stock coroutine that never goes on is put right at the end of the with around it", function()
    for _, run in ipairs { function(f) return f() end, virtual } do
      run(function()
        local c = cohort.context(0)
        c:with(1, function()
          coroutine.wrap(function() c:with(2, coroutine.yield) end)()
        end)
        assert.equal(0, c:get())
      end)
    end
  end)

  it("outside of tasks is seen by the run inside, and not the other way round", function()
    local c = cohort.context "none"
    c:with("outside", function()
      virtual(function()
        assert.equal("outside", c:get())
        cohort.group(function(g) g:spawn(function() assert.equal("outside", c:get()) end) end)
        c:with("inside", cohort.checkpoint)
      end)
      assert.equal("outside", c:get())
    end)
    virtual(function() assert.equal("none", c:get()) end)
  end)

  it("may be nested by thousands", function()
    virtual(function()
      local c = cohort.context(0)
      local function nest()
        if c:get() == 3000 then return c:get() end
        return (c:with(c:get() + 1, nest))
      end
      assert.equal(3000, nest())
      assert.equal(0, c:get())
    end)
  end)

  it("keeps nothing alive when it is over", function()
    local held = setmetatable({}, { __mode = "k" })
    virtual(function()
      local c = cohort.context()
      cohort.group(function(g)
        for _ = 1, 50 do
          local value = {}
          held[value] = true
          c:with(value, g.spawn, g, cohort.checkpoint)
        end
      end)
      collectgarbage()
      collectgarbage()
      assert.is_nil(next(held))
    end)
  end)

  it("costs tasks that have none nothing: no memory", function()
    virtual(function()
      cohort.context()
      local function bytes() return core.debug_counts().bytes end
      local before = bytes()
      cohort.context(1):get()
      assert.equal(before, bytes())
    end)
  end)

  it("tells its value, and has no fields", function()
    local c = cohort.context "text"
    assert.equal("context (text)", tostring(c))
    assert.equal("context (5)", c:with(5, tostring, c))
    local err = raised(function() c.value = 1 end)
    assert.matches("context_spec.lua:%d+: a context has no fields to assign", err)
    assert.matches("a context has no .value.", raised(function() return c.value end))
  end)
end)
