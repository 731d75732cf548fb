-- Values that tasks watch: a cell, and those who wait for what is in it.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, is_cancelled = tasks.virtual, tasks.raised, tasks.is_cancelled

local function in_group(f)
  return virtual(cohort.group, f)
end

local function equals(expected)
  return function(v) return v == expected end
end

describe("a value", function()
  it("is read and replaced, outside tasks too", function()
    local value = cohort.value "a"
    assert.equal("a", value:get())
    value:set(false)
    assert.equal(false, value:get())
  end)

  it("refuses nil with a hint, and keeps what it has", function()
    local value = cohort.value(1)
    assert.matches("value_spec.lua:%d+: set expects a value that is not nil.*take false",
      raised(function() value:set(nil) end))
    assert.matches("value_spec.lua:%d+: value expects a value that is not nil",
      raised(function() cohort.value() end))
    assert.equal(1, value:get())
  end)

  it("shows what is in it", function()
    assert.matches("^value 0x%x+ %(3%)$", tostring(cohort.value(3)))
    assert.matches("^value 0x%x+ %(table%)$", tostring(cohort.value {}))
    assert.equal("cohort.Value", getmetatable(cohort.value(1)).__name)
  end)
end)

describe("value:wait_for", function()
  it("returns at once what fits already, and otherwise when it does", function()
    in_group(function(g)
      local value = cohort.value(1)
      assert.equal(1, value:wait_for(equals(1)))
      assert.equal(0, cohort.now())
      local task = g:spawn(function() return value:wait_for(equals(3)), cohort.now() end)
      for i = 2, 4 do
        cohort.sleep(1)
        value:set(i)
      end
      assert.same({ 3, 2.0 }, { task:join() })
    end)
  end)

  it("wakes all whose predicate holds, in the order in which they came", function()
    in_group(function(g)
      local value = cohort.value(0)
      local log = {}
      for i = 1, 4 do
        g:spawn(function()
          value:wait_for(function(v) return v >= i % 2 + 1 end)
          log[#log + 1] = i
        end)
      end
      cohort.checkpoint()
      value:set(1)
      cohort.checkpoint()
      assert.same({ 2, 4 }, log)
      value:set(2)
      cohort.checkpoint()
      assert.same({ 2, 4, 1, 3 }, log)
    end)
  end)

  it("gives what holds when it returns: what was replaced before its task ran was never there", function()
    in_group(function(g)
      local value = cohort.value(0)
      local seen = {}
      local task = g:spawn(function()
        return value:wait_for(function(v)
          seen[#seen + 1] = v
          return v > 0 and v % 2 == 0
        end)
      end)
      cohort.checkpoint()
      value:set(2)
      value:set(3)
      cohort.checkpoint()
      assert.equal("waiting", task:status())
      value:set(4)
      assert.equal(4, task:join())
      assert.same({ 0, 3, 4 }, seen)
    end)
  end)

  it("looks again when its predicate waits, and the value changes meanwhile", function()
    in_group(function(g)
      local value = cohort.value(1)
      local task = g:spawn(function()
        return value:wait_for(function(v)
          cohort.sleep(1)
          return v == 2
        end)
      end)
      cohort.sleep(0.5)
      value:set(2)
      assert.equal(2, task:join())
      assert.equal(2, cohort.now())
    end)
  end)

  it("raises what its predicate raises, in the task that waits", function()
    in_group(function(g)
      local value = cohort.value(1)
      local err
      g:spawn(function()
        err = raised(value.wait_for, value, function(v) if v == 2 then error("why", 0) end end)
      end)
      cohort.checkpoint()
      value:set(2)
      cohort.checkpoint()
      assert.equal("why", err)
    end)
  end)

  it("brings what comes once to all who wait and who come later, whoever is cancelled meanwhile", function()
    virtual(function()
      local answer, got = cohort.value(false), {}
      local function ask() return answer:wait_for(function(v) return v end) end
      cohort.group(function(g)
        for i = 1, 3 do g:spawn(function() got[i] = ask() end) end
        local hasty = g:spawn(ask)
        cohort.sleep(1)
        hasty:cancel()
        answer:set(42)
      end)
      assert.same({ 42, 42, 42, 42 }, { got[1], got[2], got[3], ask() })
    end)
  end)

  it("lets others run, and can be cut, when its predicate sets the value each time", function()
    in_group(function(g)
      local value = cohort.value(0)
      local task = g:spawn(value.wait_for, value, function(v)
        value:set(v + 1)
        return false
      end)
      cohort.checkpoint()
      local before = value:get()
      cohort.checkpoint()
      assert.is_true(value:get() > before)
      task:cancel()
      cohort.checkpoint()
      assert.equal("cancelled", task:status())
    end)
  end)

  it("is a checkpoint, and leaves nothing behind when it is cancelled", function()
    in_group(function(g)
      local value = cohort.value(1)
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(is_cancelled(raised(value.wait_for, value, equals(1))))
        value:set(2)
      end)
      assert.is_false((cohort.move_on_after(1, value.wait_for, value, equals(3))))
      local task = g:spawn(value.wait_for, value, equals(3))
      value:set(3)
      assert.equal(3, task:join())
    end)
  end)

  it("lets nobody starve though it need not wait", function()
    in_group(function(g)
      local value, others = cohort.value(1), 0
      g:spawn_daemon(function()
        while true do
          others = others + 1
          cohort.checkpoint()
        end
      end)
      for _ = 1, 1000 do value:wait_for(equals(1)) end
      assert.is_true(others > 10)
    end)
  end)
end)

describe("value:changes", function()
  it("gives what is there at once, then what is there after each change", function()
    in_group(function(g)
      local value, got = cohort.value "a", {}
      local task = g:spawn(function()
        for v in value:changes() do
          got[#got + 1] = v .. cohort.now()
          if v == "d" then return end
        end
      end)
      for _, v in ipairs { "b", "c", "d" } do
        cohort.sleep(1)
        value:set(v)
      end
      task:join()
      assert.same({ "a0.0", "b1.0", "c2.0", "d3.0" }, got)
    end)
  end)

  it("has no backlog: who comes late sees the latest, once", function()
    in_group(function()
      local value = cohort.value(0)
      local it <close> = value:changes()
      assert.equal(0, it())
      for i = 1, 100 do value:set(i) end
      assert.equal(100, it())
      assert.is_false((cohort.move_on_after(1, it)))
    end)
  end)

  it("sees no change when the same is set again", function()
    in_group(function()
      local content = {}
      local value = cohort.value(content)
      local it = value:changes()
      it()
      value:set(content)
      assert.is_false((cohort.move_on_after(1, it)))
      value:set {}
      assert.is_true((cohort.move_on_after(1, it)))
    end)
  end)

  it("are as many iterators as are asked for, each with a place of its own", function()
    in_group(function(g)
      local value = cohort.value(0)
      local a, b = value:changes(), value:changes()
      assert.equal(0, a())
      value:set(1)
      assert.same({ 1, 1 }, { a(), b() })
      local first, second = g:spawn(a), g:spawn(b)
      cohort.checkpoint()
      value:set(2)
      assert.same({ 2, 2 }, { first:join(), second:join() })
    end)
  end)

  it("end when they are closed: Closed, in who waits too, and nobody else notices", function()
    in_group(function(g)
      local value = cohort.value(0)
      local it, other = value:changes(), value:changes()
      it()
      other()
      local err
      g:spawn(function() err = raised(it) end)
      local task = g:spawn(other)
      cohort.checkpoint()
      it:close()
      it:close()
      cohort.checkpoint()
      assert.is_true(cohort.is(err, cohort.Closed))
      assert.is_true(cohort.is(raised(it), cohort.Closed))
      assert.equal("waiting", task:status())
      value:set(1)
      assert.equal(1, task:join())
    end)
  end)

  it("are a checkpoint at each step", function()
    in_group(function()
      local value = cohort.value(0)
      local it = value:changes()
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(is_cancelled(raised(it)))
      end)
      assert.equal(0, it())
    end)
  end)
end)
