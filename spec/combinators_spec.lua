-- gather, map, race and any, and what they have in common with as_completed: order, failures, losers.
local cohort = require "cohort"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local raised, errors_of = tasks.raised, tasks.errors_of
local after, fail, crash, victim = tasks.after, tasks.fail, tasks.fail_when_cancelled, tasks.victim

local ValueError = cohort.error_type "ValueError"

-- A claim about tasks: its body runs as the root task.
local function task_it(name, main)
  it(name, function() tasks.virtual(main) end)
end

-- Ends by its own cancellation.
local function quit()
  cohort.current_task():cancel "enough"
  cohort.checkpoint()
end

local shared = { "gather", "race", "any", "as_completed" }

-- Calls a combinator to its end.
local function call(name, functions)
  if name ~= "as_completed" then return cohort[name](functions) end
  for _ in cohort.as_completed(functions) do end  -- luacheck: ignore 542
end

describe("every combinator", function()
  task_it("cancels and waits for what it started when its caller is cancelled, and lets that out", function()
    for _, name in ipairs(shared) do
      local log = {}
      local ok = cohort.move_on_after(1, call, name, { victim(log, "a"), victim(log, "b") })
      assert.is_false(ok, name)
      assert.same({ "a", "b" }, log, name)
    end
    local log = {}
    assert.is_false(cohort.move_on_after(1, cohort.map, { "a", "b" }, function(s) victim(log, s)() end))
    assert.same({ "a", "b" }, log)
  end)

  task_it("leaves a hand on what it was given: a later change of the list changes nothing", function()
    for _, name in ipairs(shared) do
      local functions = {}
      functions[1] = function()
        functions[1], functions[2], functions[3] = nil, nil, error
        cohort.checkpoint()
        return 1
      end
      functions[2] = after(1, 2)
      call(name, functions)
    end
    assert.is_nil(cohort.cancelled() or nil)
  end)

  task_it("takes what can be called, also when its metatable is hidden", function()
    local callable = setmetatable({}, { __call = function() return "called" end, __metatable = false })
    assert.same({ "called", n = 1 }, cohort.gather { callable })
    assert.equal("called", cohort.race { callable })
    assert.same({ "called", n = 1 }, cohort.map({ 1 }, callable))
  end)

  task_it("raises Aborted in a group for a function whose task was cancelled on its own", function()
    for _, name in ipairs(shared) do
      local errors = errors_of(call, name, { quit })
      assert.equal(1, #errors, name)
      assert.is_true(cohort.is(errors[1], cohort.Aborted), name)
      assert.equal("enough", errors[1].reason.text, name)
    end
    assert.is_true(cohort.is(errors_of(cohort.map, { 1 }, quit)[1], cohort.Aborted))
  end)

  task_it("ends also when a function leaves a scope open behind it", function()
    local function careless()
      cohort.open_scope()
      quit()
    end
    for _, name in ipairs(shared) do
      assert.equal(1, #errors_of(call, name, { careless }), name)
    end
  end)
end)

describe("gather", function()
  task_it("gives the first results in order, nils included, with their number in n", function()
    local results = cohort.gather { after(3, "a", "x"), after(1), after(2, "c") }
    assert.same({ n = 3, [1] = "a", [3] = "c" }, results)
    assert.equal(3, cohort.now())
  end)

  task_it("gives an empty list for an empty one, in both forms", function()
    assert.same({ n = 0 }, cohort.gather {})
    assert.same({ n = 0 }, cohort.gather({ settle = true }, {}))
  end)

  task_it("runs a function that is there twice, twice", function()
    local count = 0
    local function f() count = count + 1 return count end
    assert.same({ 1, 2, n = 2 }, cohort.gather { f, f })
  end)

  task_it("cancels the rest at the first failure, and raises all errors as they happened", function()
    local log = {}
    local errors = errors_of(cohort.gather, { crash "second", victim(log, "b"), fail("first", 1) })
    assert.same({ "first", "second" }, errors)
    assert.same({ "b" }, log)
  end)

  task_it("tells in the error which function failed, and where", function()
    local eg = raised(cohort.gather, { after(1), function() error(ValueError "bad") end })
    local err, details = eg:leaves()()
    assert.equal("bad", err.message)
    assert.equal("gather 2", details.task)
    assert.matches("combinators_spec.lua:%d+: in function", details.traceback)
  end)

  task_it("settles: a record for each, of values, nil, errors and a task that was cancelled", function()
    local bad = ValueError "bad"
    local list = cohort.gather({ settle = true },
      { after(2, "a", "x"), after(1), fail(bad, 1), fail(false, 1), fail(nil, 1), quit })
    assert.equal(6, list.n)
    assert.same({ ok = true, value = "a" }, list[1])
    assert.same({ ok = true }, list[2])
    assert.same({ ok = false, error = bad }, list[3])
    assert.same({ ok = false, error = false }, list[4])
    assert.is_false(list[5].ok)
    assert.is_true(list[5].error.boxed)
    assert.is_true(cohort.is(list[6].error, cohort.Aborted))
  end)

  task_it("settles nothing when its caller is cancelled, also when functions failed", function()
    for _, f in ipairs { after(9), crash "late", fail("early", 1) } do
      assert.is_false(cohort.move_on_after(2, cohort.gather, { settle = true }, { f, after(9) }))
    end
  end)

  task_it("keeps an error group that a function raised as one error", function()
    local eg = cohort.error_group("inner", { "a", "b" })
    local list = cohort.gather({ settle = true }, { fail(eg, 0) })
    assert.is_true(rawequal(eg, list[1].error))
    assert.is_true(rawequal(eg, errors_of(cohort.gather, { fail(eg, 0) })[1]))
  end)
end)

describe("map", function()
  task_it("calls f with item and index, and keeps the order of the list", function()
    local results = cohort.map({ 3, 1, 2 }, function(s, i)
      cohort.sleep(s)
      if i ~= 2 then return s * 10, "dropped" end
    end)
    assert.same({ n = 3, [1] = 30, [3] = 20 }, results)
  end)

  task_it("runs at most limit at once, in order", function()
    local now, most, started = 0, 0, {}
    cohort.map({ limit = 2 }, { 2, 1, 1, 1 }, function(s, i)
      now, started[#started + 1] = now + 1, i
      most = math.max(most, now)
      cohort.sleep(s)
      now = now - 1
    end)
    assert.equal(2, most)
    assert.same({ 1, 2, 3, 4 }, started)
    assert.equal(3, cohort.now())
  end)

  task_it("takes math.huge as no limit", function()
    assert.same({ 1, 2, n = 2 }, cohort.map({ limit = math.huge }, { 1, 2 }, function(v) return v end))
    assert.same({ 1, 2, n = 2 }, cohort.map({ limit = 1e0 }, { 1, 2 }, function(v) return v end))
  end)

  task_it("takes a list of results, whose nils count", function()
    local list = cohort.gather { after(0), after(0, 2), after(0) }
    assert.same({ -1, 2, -3, n = 3 }, cohort.map(list, function(v, i) return v or -i end))
    assert.same({ n = 0 }, cohort.map({}, error))
  end)

  task_it("starts nothing more after a failure", function()
    local started = 0
    local errors = errors_of(cohort.map, { limit = 1 }, { 1, 2, 3 }, function()
      started = started + 1
      error("bad", 0)
    end)
    assert.same({ "bad" }, errors)
    assert.equal(1, started)
  end)
end)

describe("race", function()
  task_it("gives all results of the first to end, and waits for the others' end", function()
    local log = {}
    local results = table.pack(cohort.race { victim(log, "b"), after(1, "a", nil, "c") })
    assert.same({ "a", nil, "c", n = 3 }, results)
    assert.same({ "b" }, log)
    assert.equal(2, cohort.now())
  end)

  it("is no checkpoint: in a cancelled scope what need not wait wins, and what waits is Cancelled", function()
    tasks.virtual(function()
      for _, first in ipairs { cohort.race, cohort.any } do
        local value, ended
        assert.is_false(cohort.scope(function(scope)
          scope:cancel()
          value = first { cohort.sleep_forever, function() return 7 end }
          first { cohort.sleep_forever, cohort.sleep_forever }
          ended = true
        end))
        assert.equal(7, value)
        assert.is_nil(ended)
      end
    end)
  end)

  task_it("raises a group when the first to end failed, with what crashed after it", function()
    assert.same({ "bad" }, errors_of(cohort.race, { after(2, "a"), fail("bad", 1) }))
    assert.same({ "bad", "worse" }, errors_of(cohort.race, { crash "worse", fail("bad", 1) }))
  end)

  task_it("raises the failure of the first to end, whatever others return when they are cancelled", function()
    local function swallow() return pcall(cohort.sleep_forever) end
    assert.same({ "bad" }, errors_of(cohort.race, { swallow, fail("bad", 1) }))
    assert.same({ "bad" }, errors_of(cohort.race, { after(1, "in the same pass"), fail("bad", 1) }))
  end)

  task_it("raises the crash of a loser, and not the value of the winner", function()
    assert.same({ "worse" }, errors_of(cohort.race, { after(1, "a"), crash "worse" }))
  end)

  task_it("takes the first in the list of those that end in the same pass", function()
    assert.equal(1, cohort.race { function() return 1 end, function() return 2 end })
    assert.equal(1, cohort.race { after(1, 1), after(1, 2) })
  end)

  it("takes the first in the list also when the second was woken before it", function()
    local clock = testing.clock()
    assert.equal("first", cohort.run({ clock = clock }, function()
      return cohort.race {
        after(2, "first"), after(1, "second"),
        function()
          cohort.checkpoint()
          clock:jump(5)
          cohort.sleep_forever()
        end,
      }
    end))
  end)

  task_it("gives the value when the cancellation came after the win", function()
    local value
    assert.is_false(cohort.move_on_after(1.5, function()
      value = cohort.race { after(1, "won"), victim({}, "b") }
      cohort.checkpoint()
    end))
    assert.equal("won", value)
  end)
end)

describe("any", function()
  task_it("gives the first success, and forgets failures before it", function()
    assert.same({ "a", nil, n = 2 },
      table.pack(cohort.any { fail("bad", 1), after(2, "a", nil), after(3, "late"), quit }))
    assert.equal(2, cohort.now())
  end)

  task_it("raises a group of all failures, in the order they happened", function()
    assert.same({ "b", "a" }, errors_of(cohort.any, { fail("a", 2), fail("b", 1) }))
  end)

  task_it("raises the crash of a loser, and none of the failures before the win", function()
    assert.same({ "worse" }, errors_of(cohort.any, { fail("bad", 1), crash "worse", after(2, "a") }))
  end)

  task_it("whose caller is cancelled lets that out, and forgets failures before it", function()
    local attempts = { fail("refused", 1), after(9, "late") }
    assert.is_false(cohort.move_on_after(2, cohort.any, attempts))
    assert.is_true(cohort.is(raised(cohort.fail_after, 2, cohort.any, attempts), cohort.Timeout))
    assert.same({ "worse" },
      errors_of(cohort.move_on_after, 2, cohort.any, { fail("refused", 1), crash "worse" }))
  end)

  task_it("gives a success though its caller is cancelled, and forgets failures before it", function()
    local function late()
      pcall(cohort.sleep_forever)
      cohort.shield(cohort.sleep, 1)
      return "late"
    end
    local attempts = { fail("refused", 1), crash "worse", late }
    assert.same({ true, "late" }, { cohort.move_on_after(2, cohort.any, attempts) })
  end)

  task_it("whose last function fails in the pass in which its caller is cancelled raises them all", function()
    cohort.scope(function(scope)
      assert.same({ "bad", "last" }, errors_of(cohort.any, { fail("bad", 2), function()
        cohort.sleep(2)
        scope:cancel()
        error("last", 0)
      end }))
    end)
  end)

  it("takes the first in the list of those that succeed in the same pass", function()
    local clock = testing.clock()
    assert.equal("second", cohort.run({ clock = clock }, function()
      return cohort.any {
        fail("bad", 3), after(2, "second"), after(1, "third"),
        function()
          cohort.checkpoint()
          clock:jump(5)
          cohort.sleep_forever()
        end,
      }
    end))
  end)
end)
