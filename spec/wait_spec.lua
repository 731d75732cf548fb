-- Waiting where Lua cannot yield, and yielding where there is nobody to yield to.
local child = require "spec.support.child"
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("waiting inside", function()
  local calls = {
    ["table.sort"] = { "'sort'", function(wait)
      table.sort({ 3, 2, 1 }, function(a, b)
        wait()
        return a < b
      end)
    end },
    ["string.gsub"] = { "'gsub'", function(wait) string.gsub("abc", "b", wait) end },
    ["load's reader"] = { "'load'", function(wait)
      error(select(2, load(function()
        wait()
        return nil
      end)), 0)
    end },
    ["a metamethod called from C"] = { "'tostring'", function(wait)
      tostring(setmetatable({}, { __tostring = function()
        wait()
        return ""
      end }))
    end },
    ["table.concat of a proxy"] = { "'concat'", function(wait)
      table.concat(setmetatable({}, {
        __index = function()
          wait()
          return ""
        end,
        __len = function() return 1 end,
      }))
    end },
  }

  for name, call in pairs(calls) do
    it(name .. " names what is in the way and what to do", function()
      virtual(function()
        for _, wait in ipairs { cohort.checkpoint, cohort.sleep_forever, function() cohort.sleep(1) end } do
          local err = raised(call[2], function() wait() end)
          assert.truthy(err:find("wait_spec.lua:%d+: cannot wait inside a function called by " .. call[1]))
          assert.truthy(err:find("wait before or after it"))
        end
        assert.equal(0, cohort.now())
        assert.is_true(pcall(cohort.checkpoint))
      end)
    end)
  end

  it("a debug hook says so, and what to do", function()
    virtual(function()
      local told
      debug.sethook(function()
        debug.sethook()
        told = select(2, pcall(cohort.sleep, 0))
      end, "", 1)
      assert.matches("wait_spec.lua:%d+: cannot wait in a debug hook, which Lua runs in the middle", told)
    end)
  end)

  it("the top level of a required file says so", function()
    virtual(function()
      package.preload["spec.waits"] = function() cohort.sleep(1) end
      local err = raised(function() require "spec.waits" end)
      package.preload["spec.waits"] = nil
      assert.truthy(err:find("cannot wait at the top level of a file loaded by 'require': "
        .. "wait in a function that is called afterwards"))
    end)
  end)

  it("a stock coroutine names it, and the coroutine library that can", function()
    virtual(function()
      local co = coroutine.create(function() cohort.sleep(1) end)
      local ok, err = coroutine.resume(co)
      assert.is_false(ok)
      assert.truthy(err:find("wait_spec.lua:%d+: cannot wait inside a coroutine that Lua.s own"))
      assert.truthy(err:find("write cohort.coroutine in its place", 1, true))
      assert.truthy(err:find("wait outside of it", 1, true))
      assert.truthy(raised(coroutine.wrap(cohort.checkpoint)):find("cannot wait inside a coroutine"))
      assert.equal(0, cohort.now())
      cohort.sleep(1)
    end)
  end)

  it("a finalizer is an error of the finalizer, and nothing else", function()
    virtual(function()
      local message
      setmetatable({}, { __gc = function() message = raised(cohort.sleep, 1) end })
      collectgarbage()
      collectgarbage()
      assert.truthy(message:find("cannot wait"))
      cohort.sleep(1)
      assert.equal(1, cohort.now())
    end)
  end)

  it("a message handler is refused", function()
    virtual(function()
      local message
      xpcall(error, function() message = raised(cohort.sleep, 1) end)
      assert.truthy(message:find("cannot wait"))
    end)
  end)

  it("no task at all says where it works", function()
    for _, wait in ipairs { cohort.checkpoint, function() cohort.sleep(1) end, cohort.sleep_forever } do
      assert.truthy(raised(wait):find("no task runs here: call this inside cohort.main"))
    end
  end)

  it("what Lua can suspend works", function()
    virtual(function()
      local waits = function() cohort.sleep(1) end
      pcall(waits)
      xpcall(waits, print)
      local object = setmetatable({}, {
        __index = function() waits() return 1 end,
        __add = function() waits() return 2 end,
        __call = function() waits() return 3 end,
        __lt = function() waits() return true end,
        __concat = function() waits() return "4" end,
        __close = waits,
      })
      assert.same({ 1, 2, 3, true, "4" }, { object.x, object + 1, object(), object < object, object .. "" })
      do local _ <close> = object end
      for _ in function(_, i) waits() if not i then return 1 end end do waits() end
      assert.equal(11, cohort.now())
    end)
  end)

  it("what Lua cannot suspend is no obstacle for what need not wait", function()
    virtual(function()
      table.sort({ 2, 1 }, function(a, b)
        cohort.group(function() end)
        cohort.shield(function() end)
        assert.is_true(cohort.move_on_after(1, function() end))
        do local _ <close> = cohort.open_scope() end
        assert.is_false(cohort.cancelled())
        return a < b
      end)
    end)
  end)

  it("a group's end that cannot wait leaves its tasks to the scope around it", function()
    virtual(function()
      local ended
      local err = raised(cohort.scope, function()
        table.sort({ 2, 1 }, function(a, b)
          cohort.group(function(g)
            g:spawn(function()
              pcall(cohort.sleep_forever)
              ended = true
            end)
          end)
          return a < b
        end)
      end)
      assert.truthy(err:find("cannot wait"))
      assert.is_true(ended)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)
end)

describe("a plain coroutine.yield out of a task", function()
  it("is an error in that task, at its line", function()
    local line
    local function f()
      line = debug.getinfo(1, "l").currentline + 1
      coroutine.yield(1, 2, 3)
      line = "beyond"
    end
    virtual(function()
      local eg = raised(cohort.group, function(g) g:spawn(f) end)
      assert.truthy(eg:sole():find(("wait_spec.lua:%d: coroutine.yield out of a task"):format(line)))
      assert.truthy(eg:sole():find("cohort.checkpoint"))
    end)
  end)

  it("can be caught around it, and its closes run and may wait", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          local ok = pcall(function()
            local _ <close> = setmetatable({}, { __close = function()
              cohort.sleep(1)
              log[#log + 1] = "closed"
            end })
            coroutine.yield()
            log[#log + 1] = "beyond"
          end)
          log[#log + 1] = ok
          cohort.sleep(1)
          log[#log + 1] = "goes on"
        end)
      end)
      assert.same({ "closed", false, "goes on" }, log)
    end)
  end)

  it("in a tail call, through pcall, and as the task's function is one all the same", function()
    virtual(function()
      for _, f in ipairs {
        function() return coroutine.yield() end,
        coroutine.yield,
        function() return pcall(coroutine.yield) end,
        function() pcall(coroutine.yield) end,
        function()
          local x = coroutine.yield(1)
          return x
        end,
      } do
        local eg = raised(cohort.group, function(g) g:spawn(f, "argument") end)
        assert.truthy(eg:sole():find("coroutine.yield out of a task"))
      end
    end)
  end)

  it("does not disturb others", function()
    virtual(function()
      local slept = 0
      pcall(cohort.group, { on_error = "collect" }, function(g)
        for i = 1, 6 do
          g:spawn(function()
            if i % 2 == 0 then coroutine.yield() end
            cohort.sleep(i)
            slept = slept + 1
          end)
        end
      end)
      assert.equal(3, slept)
    end)
  end)
end)

describe("the coroutine of a waiting task", function()
  local waits = {
    sleep = function() cohort.sleep(3) end,
    join = function() cohort.group(function(g) g:spawn(cohort.sleep, 3) end) end,
    start = function(g) g:start(function(started) cohort.sleep(3) started() end) end,
    place = function()
      cohort.group({ limit = 1 }, function(g)
        g:spawn(cohort.sleep, 3)
        g:spawn(cohort.sleep, 3)
      end)
    end,
  }
  for name, wait in pairs(waits) do
    it("that is resumed by hand fails and says so, and nobody else suffers: " .. name, function()
      virtual(function()
        local co, said, other
        local ok, err = pcall(cohort.group, { on_error = "collect" }, function(g)
          g:spawn(function()
            co = coroutine.running()
            said = select(2, pcall(wait, g))
            error(said, 0)
          end)
          g:spawn(function()
            cohort.sleep(1)
            coroutine.resume(co)
            cohort.sleep(5)
            other = "ended"
          end)
        end)
        assert.matches(name == "place" and "belongs to another task" or "resumed by hand", said)
        assert.equal("ended", other)
        assert.is_false(ok)
        assert.equal(1, #err.errors)
      end)
    end)

    it("that is closed by hand fails, its closes cannot wait, and nobody else suffers: " .. name, function()
      virtual(function()
        local co, closed, other
        local ok, err = pcall(cohort.group, { on_error = "collect" }, function(g)
          g:spawn(function()
            co = coroutine.running()
            local _ <close> = setmetatable({}, { __close = function()
              closed = select(2, pcall(cohort.sleep, 1))
            end })
            wait(g)
          end)
          g:spawn(function()
            cohort.sleep(1)
            coroutine.close(co)
            cohort.sleep(5)
            other = "ended"
          end)
        end)
        assert.matches("cannot wait inside a coroutine that Lua's own coroutine library resumed", closed)
        assert.equal("ended", other)
        assert.is_false(ok)
        assert.matches("the coroutine of this task was closed or resumed by hand", err:sole())
      end)
    end)
  end

  it("that is closed by hand passes on what it is granted", function()
    virtual(function()
      local lock, log = cohort.lock(), {}
      pcall(cohort.group, { on_error = "collect" }, function(g)
        lock:acquire()
        local co
        g:spawn(function()
          co = coroutine.running()
          lock:acquire()
        end)
        g:spawn(function()
          cohort.checkpoint()
          log[1] = lock:with(cohort.now)
        end)
        cohort.sleep(1)
        coroutine.close(co)
        lock:release()
      end)
      assert.same({ 1 }, log)
    end)
  end)
end)

describe("a stock coroutine inside a task", function()
  it("works as ever when it does not wait", function()
    virtual(function()
      local generator = coroutine.wrap(function(a)
        for i = a, a + 2 do coroutine.yield(i) end
        return "end"
      end)
      assert.equal(5, generator(5))
      cohort.sleep(1)
      assert.same({ 6, 7, "end" }, { generator(), generator(), generator() })
      local co = coroutine.create(function() error "x" end)
      assert.is_false((coroutine.resume(co)))
      assert.equal("dead", coroutine.status(co))
    end)
  end)

  it("may open scopes and groups that need not wait", function()
    virtual(function()
      assert.is_true(coroutine.wrap(function()
        cohort.group(function() end)
        return (cohort.move_on_after(1, function() end))
      end)())
    end)
  end)

  it("that is dropped with a scope open leaves that to the scope around it", function()
    virtual(function()
      local generator
      local err = raised(cohort.scope, function()
        generator = coroutine.wrap(function()
          local _ <close> = cohort.open_scope { timeout = 5 }
          coroutine.yield(1)
        end)
        generator()
        assert.equal(5, cohort.current_deadline())
      end)
      assert.truthy(err:find("wait_spec.lua:%d+: this scope was never closed"))
      assert.equal(math.huge, cohort.current_deadline())
      generator = nil
    end)
  end)

  it("that is dropped with a scope of the function form open does no harm", function()
    virtual(function()
      local generator
      local err = raised(cohort.scope, function()
        generator = coroutine.wrap(function()
          cohort.move_on_after(5, coroutine.yield, 1)
        end)
        generator()
      end)
      assert.truthy(err:find("left open by a coroutine that will not go on"))
      collectgarbage()
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("with a group that could not be joined gets an error, and the tasks are joined", function()
    virtual(function()
      local ended, inner
      local err = raised(cohort.scope, function()
        assert.is_false(coroutine.resume(coroutine.create(function()
          cohort.scope(function()
            inner = coroutine.create(function()
              cohort.group(function(g)
                g:spawn(function()
                  pcall(cohort.sleep_forever)
                  ended = true
                end)
                coroutine.yield()
              end)
            end)
            coroutine.resume(inner)
          end)
        end)))
        local ok, message = coroutine.resume(inner)
        assert.is_false(ok)
        assert.truthy(message:find("this group was given up while its coroutine was suspended"))
      end)
      assert.truthy(err:find("left open"))
      assert.is_true(ended)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("that goes on after its scope was closed behind its back gets an error", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        for _, body in ipairs {
          function() cohort.move_on_after(5, coroutine.yield, 1) end,
          function() cohort.group(coroutine.yield) end,
          function() local _ <close> = cohort.open_scope() coroutine.yield(1) end,
          function() local _ <close> = cohort.open_group() coroutine.yield(1) end,
        } do
          local co
          local ok = pcall(cohort.scope, function()
            co = coroutine.create(body)
            coroutine.resume(co)
          end)
          local finished = coroutine.resume(co)
          cohort.move_on_after(1, cohort.checkpoint)
          print(finished, ok, coroutine.status(co))
        end
      end)
    ]]
    assert.equal(0, result.code)
    assert.equal("", result.err)
    assert.equal(("false\tfalse\tdead\n"):rep(2) .. ("true\tfalse\tdead\n"):rep(2), result.out)
  end)
end)
