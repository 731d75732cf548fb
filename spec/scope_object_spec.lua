-- The scope object: its fields in each state, proxies of groups and tasks, and misuse.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function nothing() end

describe("a scope object", function()
  it("tells its state while it is open, and after its end", function()
    virtual(function()
      local s
      cohort.scope({ name = "work", timeout = 3, shield = true }, function(own)
        s = own
        assert.same({ 3, true, false, false }, { s.deadline, s.shield, s.cancel_called, s.cancelled_caught })
        assert.is_nil(s.reason)
        assert.equal("scope 'work' (open)", tostring(s))
        cohort.sleep(5)
      end)
      assert.same({ 3, true, true, true }, { s.deadline, s.shield, s.cancel_called, s.cancelled_caught })
      assert.equal("deadline", s.reason.kind)
      assert.equal("work", s.name)
      assert.equal("scope 'work' (ended, cancelled)", tostring(s))
      assert.is_nil(s.nonsense)
    end)
  end)

  it("reports a deadline that has passed though no pass looked, and that never reverts", function()
    local clock = testing.clock()
    cohort.run({ clock = clock }, function()
      cohort.scope({ timeout = 1 }, function(s)
        clock:jump(2)
        assert.is_true(s.cancel_called)
        s.deadline = 10
        assert.is_true(s.cancel_called)
        assert.equal("deadline", s.reason.kind)
        assert.is_true(cohort.cancelled())
      end)
    end)
  end)

  it("that has ended takes a cancel and nothing else", function()
    virtual(function()
      local s
      assert.is_true(cohort.scope(function(own) s = own end))
      assert.is_false(pcall(function() s.deadline = 1 end))
      assert.is_false(pcall(function() s.shield = true end))
      s:cancel("late")
      assert.is_true(s.cancel_called)
      assert.is_false(s.cancelled_caught)
      assert.equal("late", s.reason.text)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("refuses fields and values it does not have", function()
    virtual(function()
      cohort.scope(function(s)
        local function refused(pattern, f)
          local ok, err = pcall(f)
          assert.is_false(ok)
          assert.truthy(err:find("scope_object_spec.lua:%d+: .*" .. pattern))
        end
        refused("no field 'deadlin' to assign", function() s.deadlin = 1 end)
        refused("no field 'cancel_called'", function() s.cancel_called = true end)
        refused("scope.shield expects true or false, got number", function() s.shield = 1 end)
        refused("scope.deadline expects a time", function() s.deadline = "soon" end)
        refused("scope.deadline expects a time .*got nan", function() s.deadline = 0 / 0 end)
        assert.same({ math.huge, false }, { s.deadline, s.shield })
      end)
    end)
  end)

  it("is what current_scope gives, the same one each time", function()
    virtual(function()
      cohort.scope(function(s)
        assert.equal(s, cohort.current_scope())
        cohort.move_on_after(5, function()
          local inner = cohort.current_scope()
          assert.equal(inner, cohort.current_scope())
          assert.equal(5, inner.deadline)
          inner:cancel()
          assert.is_true(inner.cancel_called)
        end)
        assert.equal(s, cohort.current_scope())
        assert.is_false(s.cancel_called)
      end)
    end)
  end)

  it("of a group or a task stands for it, also after its end", function()
    virtual(function()
      local of_task, of_group
      cohort.group(function(g)
        local task = g:spawn(function()
          of_task = cohort.current_scope()
          cohort.sleep_forever()
        end)
        cohort.checkpoint()
        of_task:cancel("enough")
        task:wait()
        assert.equal("cancelled", task:status())
        assert.equal("enough", task:error().reason.text)
        of_group = g.scope
        assert.same({ math.huge, false }, { of_group.deadline, of_group.shield })
        assert.is_false(of_group.cancel_called)
        cohort.current_scope():cancel("all")
        assert.is_true(of_group.cancel_called)
        cohort.checkpoint()
      end)
      assert.same({ true, true }, { of_task.cancel_called, of_task.cancelled_caught })
      assert.same({ true, true }, { of_group.cancel_called, of_group.cancelled_caught })
      assert.equal("all", of_group.reason.text)
      assert.truthy(tostring(of_group):find("^scope 0x%x+ %(ended, cancelled%)$"))
    end)
  end)

  it("of a group takes a deadline", function()
    virtual(function()
      cohort.group(function(g)
        g.scope.deadline = 2
        g:spawn(cohort.sleep, 5)
      end)
      assert.equal(2, cohort.now())
    end)
  end)

  it("needs a task", function()
    for _, f in ipairs {
      cohort.current_scope, cohort.current_deadline, cohort.open_scope, cohort.cancelled,
      function() cohort.scope(nothing) end, function() cohort.shield(nothing) end,
      function() cohort.fail_after(1, nothing) end,
    } do
      local ok, err = pcall(f)
      assert.is_false(ok)
      assert.truthy(err:find("inside cohort.run"))
    end
  end)

  it("takes options by name, and a callable for a body", function()
    virtual(function()
      local function misuse(pattern, ...)
        local ok, err = pcall(function(...) cohort.scope(...) end, ...)
        assert.is_false(ok)
        assert.truthy(err:find("scope_object_spec.lua:%d+: .*" .. pattern))
      end
      misuse("no option 'timout': did you mean 'timeout'", { timout = 1 }, nothing)
      misuse("'timeout' or 'deadline', not both", { timeout = 1, deadline = 1 }, nothing)
      misuse("'timeout' expects zero or more seconds", { timeout = -1 }, nothing)
      misuse("'shield' expects true or false", { shield = 1 }, nothing)
      misuse("scope expects a function, got no value")
      misuse("scope expects a function, got no value", {})
      local body = setmetatable({}, { __call = function(_, s, a) return s == cohort.current_scope(), a end })
      assert.same({ true, true, 7 }, { cohort.scope(body, 7) })
    end)
  end)
end)
