-- gather, map, race, any and as_completed: order, failures, losers, and loops that are left early.
local cohort = require "cohort"
local testing = require "cohort.testing"
local child = require "spec.support.child"

local ValueError = cohort.error_type "ValueError"

-- What main raises, or its results, under a clock that jumps by itself.
local function run(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

-- A claim about tasks: its body runs as the root task.
local function task_it(name, main)
  it(name, function() run(main) end)
end

local function raised(f, ...)
  local results = table.pack(pcall(f, ...))
  assert.is_false(results[1])
  return results[2]
end

-- After s seconds, returns the rest.
local function after(s, ...)
  local results = table.pack(...)
  return function()
    cohort.sleep(s)
    return table.unpack(results, 1, results.n)
  end
end

-- After s seconds, fails.
local function fail_after(s, err)
  return function()
    cohort.sleep(s)
    error(err, 0)
  end
end

-- Waits for ever; what happens to it when it is cancelled is noted in `log`, a little later.
local function victim(log, name)
  return function()
    local _ <close> = setmetatable({}, { __close = function()
      cohort.shield(cohort.sleep, 1)
      log[#log + 1] = name
    end })
    cohort.sleep_forever()
  end
end

-- Fails with `err` while it is being cancelled.
local function crash(err)
  return function()
    pcall(cohort.sleep_forever)
    error(err, 0)
  end
end

-- Ends by its own cancellation.
local function quit()
  cohort.current_task():cancel "enough"
  cohort.checkpoint()
end

-- The errors of the group that `f(...)` raises.
local function errors_of(f, ...)
  local eg = raised(f, ...)
  assert.is_true(cohort.is(eg, cohort.ErrorGroup))
  return eg.errors
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
    local errors = errors_of(cohort.gather, { crash "second", victim(log, "b"), fail_after(1, "first") })
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
      { after(2, "a", "x"), after(1), fail_after(1, bad), fail_after(1, false), fail_after(1, nil), quit })
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
    for _, f in ipairs { after(9), crash "late", fail_after(1, "early") } do
      assert.is_false(cohort.move_on_after(2, cohort.gather, { settle = true }, { f, after(9) }))
    end
  end)

  task_it("keeps an error group that a function raised as one error", function()
    local eg = cohort.error_group("inner", { "a", "b" })
    local list = cohort.gather({ settle = true }, { fail_after(0, eg) })
    assert.is_true(rawequal(eg, list[1].error))
    assert.is_true(rawequal(eg, errors_of(cohort.gather, { fail_after(0, eg) })[1]))
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
    run(function()
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
    assert.same({ "bad" }, errors_of(cohort.race, { after(2, "a"), fail_after(1, "bad") }))
    assert.same({ "bad", "worse" }, errors_of(cohort.race, { crash "worse", fail_after(1, "bad") }))
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
      table.pack(cohort.any { fail_after(1, "bad"), after(2, "a", nil), after(3, "late"), quit }))
    assert.equal(2, cohort.now())
  end)

  task_it("raises a group of all failures, in the order they happened", function()
    assert.same({ "b", "a" }, errors_of(cohort.any, { fail_after(2, "a"), fail_after(1, "b") }))
  end)

  task_it("raises the crash of a loser, and none of the failures before the win", function()
    assert.same({ "worse" }, errors_of(cohort.any, { fail_after(1, "bad"), crash "worse", after(2, "a") }))
  end)

  task_it("whose caller is cancelled lets that out, and forgets failures before it", function()
    local attempts = { fail_after(1, "refused"), after(9, "late") }
    assert.is_false(cohort.move_on_after(2, cohort.any, attempts))
    assert.is_true(cohort.is(raised(cohort.fail_after, 2, cohort.any, attempts), cohort.Timeout))
    assert.same({ "worse" },
      errors_of(cohort.move_on_after, 2, cohort.any, { fail_after(1, "refused"), crash "worse" }))
  end)

  task_it("whose last function fails in the pass in which its caller is cancelled raises them all", function()
    cohort.scope(function(scope)
      local function fail()
        cohort.sleep(2)
        scope:cancel()
        error("last", 0)
      end
      assert.same({ "bad", "last" }, errors_of(cohort.any, { fail_after(2, "bad"), fail }))
    end)
  end)

  it("takes the first in the list of those that succeed in the same pass", function()
    local clock = testing.clock()
    assert.equal("second", cohort.run({ clock = clock }, function()
      return cohort.any {
        fail_after(3, "bad"), after(2, "second"), after(1, "third"),
        function()
          cohort.checkpoint()
          clock:jump(5)
          cohort.sleep_forever()
        end,
      }
    end))
  end)
end)

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
        after(1), fail_after(2, "bad"), victim(log, "c"),
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
      local it <close> = cohort.as_completed { fail_after(1, "bad"), crash "worse" }
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
    assert.matches("combinators_spec.lua:%d+: as_completed goes on only in the task that made it", err)
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
