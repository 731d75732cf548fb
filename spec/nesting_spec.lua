-- Scopes nest strictly: out of order is an error that corrupts nothing, and depth costs no C stack.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function nothing() end

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function close(object, err) return getmetatable(object).__close(object, err) end

describe("a scope that was never closed", function()
  it("is an error that names its line, where the scope around it ends", function()
    virtual(function()
      local s, line
      local err = raised(cohort.scope, function()
        line = debug.getinfo(1, "l").currentline + 1
        s = cohort.open_scope()
      end)
      assert.truthy(err:find("nesting_spec.lua:" .. line .. ": this scope was never closed"))
      assert.truthy(err:find("local s <close> = cohort.open_scope", 1, true))
      assert.is_true(s.cancel_called)
      assert.equal("misnesting", s.reason.kind)
      close(s)  -- silent
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("is an error of its task", function()
    virtual(function()
      local eg = raised(cohort.group, function(g)
        g:spawn(function() cohort.open_scope() end)
      end)
      assert.truthy(eg:sole():find("was never closed"))
    end)
    assert.truthy(raised(virtual, function() cohort.open_scope() end):find("was never closed"))
  end)

  it("never hides a real error", function()
    virtual(function()
      assert.equal("real", raised(cohort.scope, function()
        cohort.open_scope()
        error("real", 0)
      end))
    end)
  end)
end)

describe("leaving out of order", function()
  it("is an error to who leaves, and cancels what was abandoned", function()
    virtual(function()
      local inner, middle
      local err = raised(function()
        local outer <close> = cohort.open_scope()
        middle = cohort.open_scope()
        inner = cohort.open_scope()
        close(outer)
      end)
      assert.truthy(err:find("nesting_spec.lua:%d+: this scope was never closed"))
      assert.same({ true, true }, { inner.cancel_called or middle.cancel_called, middle.cancel_called })
      close(inner)
      close(middle)
      assert.equal(math.huge, cohort.current_deadline())
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("cancels and waits for the tasks of a group that was abandoned", function()
    virtual(function()
      local ended
      raised(function()
        local outer <close> = cohort.open_scope()
        local g = cohort.open_group()
        g:spawn(function()
          cohort.group(function(deeper)
            deeper:spawn(function()
              local _ <close> = setmetatable({}, { __close = function()
                cohort.shield(cohort.sleep, 2)
                ended = true
              end })
              cohort.sleep_forever()
            end)
          end)
        end)
        cohort.checkpoint()
        close(outer)
      end)
      assert.is_true(ended)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("from another task is an error and changes nothing", function()
    virtual(function()
      cohort.group(function(g)
        local s
        g:spawn(function()
          local own <close> = cohort.open_scope()
          s = own
          cohort.sleep(1)
          assert.is_false(own.cancel_called)
        end)
        cohort.checkpoint()
        assert.truthy(raised(close, s):find("closed by the task that opened it"))
        assert.is_false(s.cancel_called)
      end)
    end)
    assert.truthy(raised(virtual, function()
      local s <close> = cohort.open_scope()
      cohort.group(function(g) g:spawn(function() close(s) end) end)
    end))
  end)

  it("twice, or the scope of a function form, is refused", function()
    virtual(function()
      local s = cohort.open_scope()
      close(s)
      close(s)
      cohort.scope(function(own)
        assert.truthy(raised(close, own):find("only open_scope goes with <close>"))
        assert.equal(own, cohort.current_scope())
      end)
    end)
  end)
end)

describe("5,000 scopes in each other", function()
  local depth = 5000

  local function down(n, bottom)
    if n == 0 then return bottom() end
    return select(2, cohort.move_on_after(1000, down, n - 1, bottom))
  end

  it("of the function form return their results", function()
    virtual(function()
      assert.equal("deep", down(depth, function()
        cohort.sleep(1)
        return "deep"
      end))
      assert.equal("deep", down(depth, function() return "deep" end))
    end)
  end)

  it("of the function form let an error through", function()
    virtual(function()
      local err = {}
      assert.is_true(rawequal(err, raised(down, depth, function() error(err) end)))
      assert.is_true(rawequal(err, raised(down, depth, function()
        cohort.sleep(1)
        error(err)
      end)))
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("of the function form let Cancelled through", function()
    virtual(function()
      assert.is_false(cohort.scope(function(s)
        down(depth, function()
          s:cancel()
          cohort.checkpoint()
        end)
      end))
      assert.is_false(cohort.move_on_after(1, down, depth, cohort.sleep_forever))
    end)
  end)

  it("of every other function form work as well", function()
    virtual(function()
      for _, form in ipairs {
        cohort.shield, cohort.group,
        function(f, ...) return cohort.fail_after(1000, f, ...) end,
      } do
        local reached
        local function nest(n)
          if n == 0 then reached = true else form(function() return nest(n - 1) end) end
        end
        nest(1000)
        assert.is_true(reached)
      end
    end)
  end)

  local function block(n, bottom)
    local _ <close> = cohort.open_scope { timeout = 1000 }
    if n == 0 then return bottom() end
    local results = table.pack(block(n - 1, bottom))
    return table.unpack(results, 1, results.n)
  end

  it("of the block form return their results", function()
    virtual(function()
      assert.equal("deep", block(depth, function()
        cohort.sleep(1)
        return "deep"
      end))
      assert.equal(math.huge, cohort.current_deadline())
    end)
  end)

  it("of the block form let errors and Cancelled through", function()
    virtual(function()
      local err = {}
      assert.is_true(rawequal(err, raised(block, depth, function()
        cohort.sleep(1)
        error(err)
      end)))
      assert.is_false(cohort.move_on_after(1, block, depth, cohort.sleep_forever))
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("are cancelled without a deep C stack, and tell their deadline", function()
    virtual(function()
      cohort.scope(function(s)
        block(depth, function()
          assert.equal(1000, cohort.current_deadline())
          s:cancel()
          assert.equal(-math.huge, cohort.current_deadline())
        end)
      end)
    end)
  end)
end)

describe("a recursion without an end fails soon, and says what it is:", function()
  it("of groups", function()
    virtual(function()
      local count = 0
      local function visit()
        count = count + 1
        cohort.group(visit)
      end
      local eg = raised(visit)
      assert.equal(2001, count)
      assert.matches("nesting_spec.lua:%d+: this task is in 2000 groups, one in the other: is", eg:sole())
      assert.equal("other", cohort.group(function() return "other" end))
    end)
  end)

  it("of scopes", function()
    virtual(function()
      local count = 0
      local function visit()
        count = count + 1
        if count % 2 == 0 then cohort.scope(visit) else cohort.fail_after(1, visit) end
      end
      local err = raised(visit)
      assert.equal(8001, count)
      assert.matches("nesting_spec.lua:%d+: this task is in 8000 scopes, one in the other: is", err)
      assert.is_true(cohort.scope(function() end))
    end)
  end)
end)

describe("very many deferred functions", function()
  it("need no more of the C stack than one", function()
    virtual(function()
      local ran = 0
      local function count() ran = ran + 1 end
      cohort.group(function(g)
        for _ = 1, 100000 do g:defer(count) end
      end)
      assert.equal(100000, ran)
    end)
  end)
end)

describe("nested pcalls", function()
  it("keep Lua's own limit, in a task too, and do no harm", function()
    virtual(function()
      local function nest(n) return n == 0 and "bottom" or select(2, pcall(nest, n - 1)) end
      assert.equal("bottom", nest(150))
      assert.truthy(tostring(nest(1000)):find("overflow"))
      assert.is_true(pcall(cohort.sleep, 1))
      cohort.scope(nothing)
    end)
  end)
end)

describe("a real error", function()
  it("is never replaced by a Cancelled raised while it unwinds", function()
    local err = cohort.Error "real"
    local function fail() error(err) end
    for name, unwind in pairs {
      finally = function() cohort.try(fail, cohort.finally(cohort.checkpoint)) end,
      ["a scope's block"] = function()
        local s <close> = cohort.open_scope()
        s:cancel()
        fail()
      end,
      ["a scope's function"] = function()
        cohort.scope(function(s)
          s:cancel()
          fail()
        end)
      end,
      ["a group's block"] = function()
        cohort.unwrap(function()
          local g <close> = cohort.open_group()
          g:spawn(cohort.sleep_forever)
          fail()
        end)
      end,
      ["a group's function"] = function()
        cohort.unwrap(cohort.group, function(g)
          g:spawn(cohort.sleep_forever)
          fail()
        end)
      end,
    } do
      virtual(function()
        local same
        cohort.scope(function(s)
          s:cancel()
          same = raised(unwind)
        end)
        assert.same({ name, true }, { name, rawequal(err, same) })
      end)
    end
  end)
end)
