-- Users' own coroutines in tasks that end: by close, by cancellation at any point, by force, with the state.
local cohort = require "cohort"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"
local testing = require "cohort.testing"

local co = cohort.coroutine
local raised, virtual = tasks.raised, tasks.virtual

local function on_close(f) return setmetatable({}, { __close = f }) end

describe("closing a generator in a task", function()
  it("runs the closes around calls of ours that pass errors on", function()
    cohort.run(function()
      local lock, log = cohort.lock(), {}
      local c = co.create(function()
        local _ <close> = on_close(function() log[#log + 1] = "outer" end)
        lock:with(function()
          local _ <close> = on_close(function() log[#log + 1] = "inner" end)
          cohort.attempt(co.yield)
        end)
      end)
      co.resume(c)
      assert.is_true((co.close(c)))
      assert.same({ "inner", "outer" }, log)
    end)
  end)

  it("lets its closes wait, innermost first, past its own pcalls, and returns when they have", function()
    virtual(function()
      local log = {}
      local function closer(word)
        return on_close(function(_, err)
          cohort.sleep(1)
          log[#log + 1] = word .. tostring(err)
        end)
      end
      local c = co.create(function()
        local _ <close> = closer "a"
        while true do
          pcall(function()
            local _ <close> = closer "b"
            pcall(function()
              local _ <close> = closer "c"
              co.yield()
              log[#log + 1] = "beyond"
            end)
            log[#log + 1] = "beyond"
          end)
          log[#log + 1] = "beyond"
        end
      end)
      co.resume(c)
      assert.same({ n = 1, true }, table.pack(co.close(c)))
      assert.same({ "cnil", "bnil", "anil" }, log)
      assert.equal(3, cohort.now())
      assert.equal("dead", co.status(c))
      assert.same({ n = 1, true }, table.pack(co.close(c)))
    end)
  end)

  it("returns what a finally clause in it raises", function()
    virtual(function()
      local c = co.create(function()
        cohort.try(co.yield, cohort.finally(function()
          cohort.sleep(1)
          error("lost", 0)
        end))
      end)
      co.resume(c)
      assert.same({ false, "lost" }, { co.close(c) })
      assert.equal(1, cohort.now())
    end)
  end)

  it("lets finally clauses and scopes in it run to their end", function()
    virtual(function()
      local log = {}
      local c = co.create(function()
        cohort.try(function() co.yield() end, cohort.finally(function()
          cohort.sleep(1)
          log[#log + 1] = "finally"
        end))
        log[#log + 1] = "beyond"
      end)
      co.resume(c)
      assert.is_true(co.close(c))
      assert.same({ "finally" }, log)
    end)
  end)

  it("refuses a yield in a close, and others go on meanwhile", function()
    virtual(function()
      cohort.group(function(g)
        local turns, err = 0, nil
        g:spawn(function()
          for _ = 1, 3 do
            cohort.sleep(0.2)
            turns = turns + 1
          end
        end)
        local c = co.create(function()
          local _ <close> = on_close(function()
            err = raised(co.yield, 1)
            cohort.sleep(1)
          end)
          co.yield()
        end)
        co.resume(c)
        assert.is_true(co.close(c))
        assert.equal(3, turns)
        assert.matches("coroutine.yield in a coroutine that is being closed", err)
      end)
    end)
  end)

  it("is forgotten when who does it is closed by hand: others yield as ever", function()
    virtual(function()
      cohort.group(function(g)
        local closer
        g:spawn(function()
          local c = co.create(function()
            local _ <close> = on_close(function() cohort.sleep(1) end)
            co.yield()
          end)
          co.resume(c)
          closer = co.create(function() co.close(c) end)
          co.resume(closer)
        end)
        testing.wait_all_blocked()
        coroutine.close(closer)
      end)
      collectgarbage()
      local others = {}  -- one of them is where the closed one was
      for i = 1, 200 do
        others[i] = co.create(function() co.yield "yielded" end)
        assert.equal("yielded", select(2, co.resume(others[i])))
      end
    end)
  end)

  it("in a cancelled task runs the closes, and gives their Cancelled back", function()
    virtual(function()
      local closed
      cohort.scope(function(scope)
        local c = co.create(function()
          local _ <close> = on_close(function()
            closed = true
            cohort.sleep(1)
          end)
          co.yield()
        end)
        co.resume(c)
        scope:cancel()
        local ok, err = co.close(c)
        assert.is_false(ok)
        assert.is_true(tasks.is_cancelled(err))
        assert.equal("dead", co.status(c))
      end)
      assert.is_true(closed)
    end)
  end)

  it("where nothing can wait tells the closes so", function()
    virtual(function()
      local function make(create)
        local c = create(function()
          local _ <close> = on_close(function() cohort.sleep(1) end)
          co.yield()
        end)
        return c
      end
      local c = make(co.create)
      co.resume(c)
      local result
      table.sort({ 2, 1 }, function(a, b)
        result = { co.close(c) }
        return a < b
      end)
      assert.is_false(result[1])
      assert.matches("cannot wait in a '<close>' variable of this coroutine", result[2])
      c = make(co.create)
      coroutine.resume(c)  -- nothing of ours is below it
      result = { co.close(c) }
      assert.is_false(result[1])
      assert.matches("cannot wait in a '<close>' variable of this coroutine", result[2])
    end)
  end)

  it("leaves no hook behind in coroutines that were made meanwhile", function()
    virtual(function()
      local made
      local c = co.create(function()
        local _ <close> = on_close(function()
          made = co.create(function()
            co.yield(1)
            return 2
          end)
          co.resume(made)
          cohort.sleep(1)
        end)
        co.yield()
      end)
      co.resume(c)
      assert.is_true(co.close(c))
      assert.same({ true, 2 }, { co.resume(made) })
      assert.is_nil((debug.gethook(made)))
    end)
  end)
end)

describe("coroutine.yield", function()
  local forms = {
    ["a scope of a function form"] = { "scope", function(f) cohort.move_on_after(5, f) end },
    ["a shield"] = { "scope", function(f) cohort.shield(f) end },
    ["a group's body"] = { "group", function(f) cohort.group(f) end },
    ["the block of a scope"] = { "scope", function(f)
      local _ <close> = cohort.open_scope()
      f()
    end },
    ["the block of a group"] = { "group", function(f)
      local _ <close> = cohort.open_group()
      f()
    end },
  }
  for name, form in pairs(forms) do
    it(("inside %s that was opened in the coroutine is an error that says so"):format(name), function()
      virtual(function()
        local err, line
        local c = co.create(function()
          form[2](function()
            line = debug.getinfo(1, "l").currentline + 1
            err = raised(function() co.yield(1) end)
          end)
          co.yield "outside"
        end)
        assert.same({ true, "outside" }, { co.resume(c) })
        local expected = "coroutine_close_spec.lua:%d: coroutine.yield inside a %s that is still open"
        assert.matches(expected:format(line, form[1]), err)
        assert.matches("cohort.stream", err, 1, true)
      end)
    end)
  end

  it("names where a block was opened, also after a wait inside it", function()
    virtual(function()
      local line
      local err = raised(co.wrap(function()
        line = debug.getinfo(1, "l").currentline + 1
        local _ <close> = cohort.open_scope { timeout = 5 }
        cohort.sleep(1)
        co.yield(1)
      end))
      assert.matches(("opened at [^)]*coroutine_close_spec.lua:%d%%)"):format(line), err)
    end)
  end)

  it("inside scopes that were open before the coroutine was resumed is as ever", function()
    virtual(function()
      local step = co.wrap(function()
        while true do
          cohort.checkpoint()
          co.yield(cohort.current_deadline())
        end
      end)
      cohort.fail_after(5, function()
        assert.equal(5, step())
        cohort.fail_after(2, function() assert.equal(2, step()) end)
      end)
      assert.equal(math.huge, step())
    end)
  end)

  it("out of a task is an error at its line", function()
    virtual(function()
      local line = debug.getinfo(1, "l").currentline + 1
      local err = raised(function() co.yield(1) end)
      assert.matches(("coroutine_close_spec.lua:%d: coroutine.yield out of a task"):format(line), err)
      assert.is_false(co.isyieldable())
      assert.is_true(co.wrap(co.isyieldable)())
    end)
  end)
end)

describe("generators under cancellation", function()
  it("close everything wherever it comes", function()
    for at = 0, 14 do
      virtual(function()
        local opened, closed = 0, 0
        local function open()
          opened = opened + 1
          return on_close(function()
            cohort.shield(cohort.checkpoint)
            closed = closed + 1
          end)
        end
        local function inner()
          local _ <close> = open()
          for i = 1, 3 do
            cohort.checkpoint()
            co.yield(i)
          end
        end
        local function outer()
          local _ <close> = open()
          local c = co.create(inner)
          local _ <close> = on_close(function() co.close(c) end)
          while true do
            local ok, value = co.resume(c)
            if not ok then error(value, 0) end
            if value == nil then return end
            cohort.checkpoint()
            co.yield(value)
          end
        end
        cohort.group(function(g)
          local task = g:spawn(function()
            local c = co.create(outer)
            local _ <close> = on_close(function() co.close(c) end)
            repeat
              local ok, value = co.resume(c)
              if not ok then error(value, 0) end
              cohort.checkpoint()
            until value == nil
          end)
          for _ = 1, at do cohort.checkpoint() end
          task:cancel()
        end)
        assert.equal(opened, closed)
      end)
    end
  end)
end)

describe("a task that does not listen", function()
  local shapes_of_stubbornness = {
    ["in a generator"] = function()
      for _ in co.wrap(function()
        while true do pcall(cohort.sleep, 1) end
      end) do end
    end,
    ["around a generator"] = function()
      while true do
        pcall(function() for _ in co.wrap(function() cohort.sleep(1) end) do end end)
      end
    end,
    ["around resume"] = function()
      while true do co.resume(co.create(cohort.sleep), 1) end
    end,
    ["in two generators"] = function()
      co.wrap(function()
        while true do
          pcall(co.wrap(function()
            while true do pcall(cohort.sleep, 1) end
          end))
        end
      end)()
    end,
  }
  for name, f in pairs(shapes_of_stubbornness) do
    it(("%s is unwound all the same, and its closes may wait"):format(name), function()
      local log, eg = {}, nil
      virtual(function()
        eg = raised(cohort.group, function(g)
          g:spawn(function()
            local _ <close> = on_close(function()
              cohort.shield(cohort.sleep, 1)
              log[#log + 1] = "closed"
            end)
            f()
          end)
          cohort.sleep(0.5)
          g:cancel()
        end)
      end)
      assert.is_true(cohort.is(eg:sole(), cohort.Stubborn))
      assert.same({ "closed" }, log)
    end)
  end
end)

describe("install", function()
  it("puts it in place of the global and of what require gives, once, and can be undone", function()
    local stock = coroutine
    local uninstall = co.install()
    assert.equal(co, coroutine)
    assert.equal(co, require "coroutine")
    assert.equal(uninstall, co.install())
    uninstall()
    uninstall()
    assert.equal(stock, coroutine)
    assert.equal(stock, require "coroutine")
  end)

  it("is what the launcher does for scripts", function()
    local result = child.run([[
      local cohort = require "cohort"
      assert(coroutine == cohort.coroutine)
      for v in coroutine.wrap(function() cohort.sleep(0.001) coroutine.yield(5) end) do print(v) end
    ]], "bin/cohort")
    assert.same({ 0, "5\n", "" }, { result.code, result.out, result.err })
  end)
end)

describe("closing the state", function()
  for where, act in pairs {
    ["while generators wait"] = "cohort.sleep(0.001) os.exit(5, true)",
    ["inside of one"] = "co.wrap(function() cohort.checkpoint() os.exit(5, true) end)()",
    ["inside of one that is being closed"] = [[
      local c = co.create(function()
        local _ <close> = on_close(function() cohort.checkpoint() os.exit(5, true) end)
        co.yield()
      end)
      co.resume(c) co.close(c)]],
    ["while one is being closed elsewhere"] = [[
      g:spawn(function()
        local c = co.create(function()
          local _ <close> = on_close(function() cohort.sleep(5) end)
          co.yield()
        end)
        co.resume(c) co.close(c)
      end)
      cohort.checkpoint() cohort.checkpoint() os.exit(5, true)]],
  } do
    it(where .. " leaves nothing behind", function()
      local result = child.run([[
        local cohort = require "cohort"
        local co = cohort.coroutine
        local function on_close(f) return setmetatable({}, { __close = f }) end
        cohort.run(function()
          cohort.group(function(g)
            for i = 1, 3 do
              g:spawn(function()
                local _ <close> = on_close(function() co.wrap(function() pcall(cohort.checkpoint) end)() end)
                for _ in co.wrap(function()
                  local _ <close> = on_close(function() io.write "closed " end)
                  co.wrap(function()
                    local _ <close> = on_close(function() pcall(cohort.sleep, 1) end)
                    cohort.sleep(5)
                  end)()
                end) do end
              end)
            end
            cohort.checkpoint()
            ]] .. act .. [[
          end)
        end)]])
      assert.same({ 5, ("closed "):rep(3), "" }, { result.code, result.out, result.err })
    end)
  end
end)
