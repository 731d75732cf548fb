-- as_completed: the order of results, failures, steps that are cut, and loops that are left early.
local cohort = require "cohort"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"

local raised, errors_of = tasks.raised, tasks.errors_of
local after, fail, crash, victim = tasks.after, tasks.fail, tasks.fail_when_cancelled, tasks.victim

local ValueError = cohort.error_type "ValueError"

-- A claim about tasks: its body runs as the root task.
local function task_it(name, main)
  it(name, function() tasks.virtual(main) end)
end

describe("as_completed", function()
  -- What a loop sees, as a list of words.
  local function seen(it)
    local words = {}
    for i, v in it do words[#words + 1] = ("%d:%s"):format(i, tostring(v)) end
    return words
  end

  task_it("gives index and first result as each ends, nil too", function()
    local it = cohort.as_completed { after(3, "a", "x"), after(1), after(2, "c") }
    assert.matches("0 of 3 taken", tostring(it))
    assert.same({ "2:nil", "3:c", "1:a" }, seen(it))
    assert.equal(3, cohort.now())
    assert.is_nil(it())
  end)

  task_it("gives nothing for an empty list, which needs no closing", function()
    assert.same({}, seen(cohort.as_completed {}))
    cohort.as_completed {}
  end)

  task_it("is a checkpoint at each step, also after the last", function()
    local it = cohort.as_completed { after(0) }
    local function cancelled_step()
      local err
      cohort.scope(function(scope)
        scope:cancel()
        err = raised(it)
      end)
      return cohort.is(err, cohort.Cancelled)
    end
    assert.is_true(cancelled_step())
    assert.same({ "1:nil" }, seen(it))
    assert.is_true(cancelled_step())
  end)

  task_it("raises a failure at the next step, and cancels the rest at once", function()
    local log, cancelled_at = {}, nil
    local steps = 0
    local err = raised(function()
      for _ in cohort.as_completed {
        after(1), fail("bad", 2), victim(log, "c"),
        function()
          pcall(cohort.sleep_forever)
          cancelled_at = cohort.now()
        end,
      } do
        steps = steps + 1
        cohort.sleep(9)
      end
    end)
    assert.same({ "bad" }, err.errors)
    assert.equal(1, steps)
    assert.equal(2, cancelled_at)
    assert.same({ "c" }, log)
    assert.equal(10, cohort.now())
  end)

  task_it("is left early with <close>: the rest is cancelled and waited for", function()
    local log = {}
    do
      local it <close> = cohort.as_completed { after(1, "a"), victim(log, "b") }
      local _, v = it()
      assert.equal("a", v)
    end
    assert.same({ "b" }, log)
  end)

  task_it("lets an error of the loop out as it is, or in a group with what crashed", function()
    local bad = ValueError "bad"
    local function leave(other)
      local it <close> = cohort.as_completed { after(1), other }
      for _ in it do error(bad) end
    end
    assert.is_true(rawequal(bad, raised(leave, after(9))))
    assert.same({ bad, "worse" }, errors_of(leave, crash "worse"))
    assert.is_true(rawequal(bad, raised(cohort.move_on_after, 1.5, leave, victim({}, "late"))))
  end)

  task_it("that a cancellation leaves lets out what crashed, and nothing beside it", function()
    assert.same({ "worse" }, errors_of(cohort.move_on_after, 2, function()
      local it <close> = cohort.as_completed { after(1), crash "worse" }
      return it(), it()
    end))
  end)

  -- What a program warns of, whose loop over two functions has this body.
  local function warnings_of(body)
    local result = child.run(([[
      local cohort = require "cohort"
      cohort.run({ clock = cohort.testing.clock { autojump = true } }, cohort.move_on_after, 1, function()
        for _ in cohort.as_completed { cohort.now, cohort.sleep_forever } do %s end
      end)]]):format(body))
    assert.equal(0, result.code)
    return result.err
  end

  it("warns of a loop that was left early without <close>, and names its line", function()
    local text = warnings_of "break"
    assert.matches(":3: this as_completed loop was left early: write 'local it <close> = cohort", text)
    assert.is_nil(text:find("\n.", 1))
  end)

  it("warns of nothing when a cancellation left the loop", function()
    assert.equal("", warnings_of "cohort.checkpoint()")
  end)

  task_it("is a checkpoint at every step", function()
    local it <close> = cohort.as_completed { cohort.now, cohort.now }
    cohort.checkpoint()
    assert.is_false(cohort.move_on_after(0, it))
    assert.equal(1, (it()))
  end)

  task_it("can be stepped under a timeout, to its end", function()
    local it <close> = cohort.as_completed { after(3, "a"), after(1, "b") }
    local words = {}
    repeat
      local ok, i, v = cohort.move_on_after(1.5, it)
      words[#words + 1] = ("%s %s %s"):format(ok, i, v)
    until ok and i == nil
    assert.same({ "true 2 b", "false nil nil", "true 1 a", "true nil nil" }, words)
  end)

  task_it("raises a failure also out of a step under a timeout, once", function()
    local errors = errors_of(function()
      local it <close> = cohort.as_completed { fail("bad", 1), crash "worse" }
      cohort.fail_after(9, it)
    end)
    assert.same({ "bad", "worse" }, errors)
  end)

  task_it("goes on only in the task that made it", function()
    local it <close> = cohort.as_completed { after(1, "a") }
    local ok, err
    cohort.group(function(g)
      g:spawn(function() ok, err = pcall(function() return (it()) end) end)
    end)
    assert.is_false(ok)
    assert.matches("as_completed_spec.lua:%d+: as_completed goes on only in the task that made it", err)
    assert.same({ "1:a" }, seen(it))
  end)

  task_it("is usable inside a loop over another one", function()
    local words = {}
    for i in cohort.as_completed { after(1), after(2) } do
      for j in cohort.as_completed { after(2), after(1) } do words[#words + 1] = i .. j end
    end
    assert.same({ "12", "11", "22", "21" }, words)
  end)
end)
