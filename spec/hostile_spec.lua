-- What a hostile or unlucky script does: error values that bite, metamethods called by hand, very many
-- values, stacks and memory that run out. Nothing here may crash, hang or leak.
local core = require "cohort.core"
local cohort = require "cohort"
local testing = require "cohort.testing"

local function raise() error "a metamethod was called" end

local cyclic = {}
cyclic.cause, cyclic.message = cyclic, cyclic
setmetatable(cyclic, cyclic).__index = cyclic

-- Error values by name. nil is apart: no list can hold it.
local values = {
  ["false"] = false,
  ["true"] = true,
  integer = 7,
  ["not a number"] = 0 / 0,
  ["an empty string"] = "",
  ["a string with NUL"] = "a\0b",
  ["a table"] = {},
  ["a cyclic table"] = cyclic,
  ["a table that raises"] = setmetatable({}, {
    __index = raise, __newindex = raise, __eq = raise, __tostring = raise, __concat = raise, __len = raise,
    __call = raise, __name = 5, __lt = raise, __close = raise,
  }),
  ["a table with a hidden metatable"] = setmetatable({}, { __metatable = false, __tostring = raise }),
  ["a table whose text is no string"] = setmetatable({}, { __tostring = function() return {} end }),
  ["an odd Error"] = cohort.Error { message = setmetatable({}, { __tostring = raise }), where = {} },
  ["a coroutine"] = coroutine.create(print),
  ["a file"] = io.stdout,
  ["a light userdata"] = debug.upvalueid(function() return raise end, 1),
  ["a function"] = print,
  ["an error type"] = cohort.Error,
  ["the module"] = cohort,
}

local function run(main)
  return cohort.run({ clock = testing.clock { autojump = true }, signals = false }, main)
end

local function same(a, b)
  return rawequal(a, b) or a ~= a and b ~= b
end

local function raiser(value)
  return function()
    cohort.sleep(1)
    error(value, 0)
  end
end

-- The one error in the group that f(...) raises; its text is made as well.
local function sole_of(f, ...)
  local ok, eg = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(tostring(eg)))
  assert.equal("string", type("" .. tostring(eg:leaves())))
  assert.equal(1, #eg.errors)
  return eg.errors[1]
end

describe("an error that is", function()
  for name, value in pairs(values) do
    it(name .. " comes out of everything as it went in", function()
      local fail = raiser(value)
      run(function()
        assert.is_true(same(value, sole_of(cohort.group, function(g) g:spawn(fail) end)))
        assert.is_true(same(value, sole_of(cohort.group, fail)))
        assert.is_true(same(value, sole_of(cohort.group, function(g) g:defer(fail) end)))
        assert.is_true(same(value, sole_of(cohort.gather, { fail })))
        assert.is_true(same(value, sole_of(cohort.race, { fail, cohort.sleep_forever })))
        assert.is_true(same(value, sole_of(cohort.any, { fail })))
        assert.is_true(same(value, sole_of(cohort.map, { 1 }, fail)))
        assert.is_true(same(value, sole_of(function() cohort.as_completed { fail }() end)))
        assert.is_true(same(value, cohort.gather({ settle = true }, { fail })[1].error))
        for _, f in ipairs {
          function() cohort.shield(fail) end, function() cohort.fail_after(9, fail) end,
          function() cohort.scope(fail) end, function() local s <close> = cohort.open_scope(); fail(s) end,
          function() cohort.unwrap(cohort.group, fail) end, function() cohort.unwrap(fail) end,
          function() cohort.try(fail) end, function() cohort.try(fail, cohort.except("no such", print)) end,
          function() cohort.try(fail, cohort.finally(cohort.checkpoint)) end,
        } do
          local ok, err = pcall(f)
          assert.is_false(ok)
          assert.is_true(same(value, err))
        end
        local task
        pcall(cohort.group, function(g) task = g:spawn(fail) end)
        assert.is_true(same(value, task:error()))
        assert.is_true(same(value, select(2, pcall(task.result, task))))
        local ok, err = cohort.attempt(fail)
        assert.is_true(not ok and same(value, err))
        cohort.group(function(g)
          local started, failure = pcall(g.start, g, fail)
          assert.is_true(not started and same(value, failure))
        end)
      end)
      local ok, err = pcall(run, fail)
      assert.is_true(not ok and same(value, err))
    end)

    it(name .. " can be asked for and caught", function()
      local eg = cohort.error_group("m", { value })
      for _, matcher in ipairs { "x", { code = 1 }, cohort.Timeout, { cohort.Closed, "y" } } do
        assert.is_boolean(cohort.is(value, matcher))
        local matched, rest = eg:split(matcher)
        assert.is_true(matched ~= nil or rest ~= nil)
      end
      assert.is_false(cohort.is(value, cohort.ErrorGroup))
      assert.is_true(cohort.is(value, cohort.Error))
      local caught = cohort.try(function() error(value, 0) end, cohort.except(cohort.Error, function(group)
        assert.is_string(tostring(group))
        return group
      end))
      assert.is_true(same(value, caught:sole()))
    end)
  end

  it("nil comes out as an Error that says so", function()
    local fail = raiser(nil)
    run(function()
      for _, f in ipairs { cohort.group, function(...) return cohort.gather { ... } end, cohort.try } do
        local ok, err = pcall(f, fail)
        assert.is_false(ok)
        if core.is_error_group(err) then err = err:sole() end
        assert.is_true(err.boxed)
        assert.equal("nil", err.message)
      end
      assert.same({ false, nil, n = 2 }, table.pack(cohort.attempt(fail)))
    end)
    assert.same({ false, nil, n = 2 }, table.pack(pcall(run, fail)))
  end)

  it("raised while its text is made goes on making it", function()
    local depth = 0
    local err = setmetatable({}, { __tostring = function(self)
      depth = depth + 1
      return depth < 5 and tostring(cohort.error_group("again", { self })) or "end"
    end })
    assert.matches("end", tostring(cohort.error_group("m", { err })))
  end)
end)

describe("a metamethod called by hand", function()
  -- Everything we have, by name, in a task.
  local function with_objects(body)
    run(function()
      cohort.group(function(g)
        local group <close> = cohort.open_group()
        local scope <close> = cohort.open_scope()
        local it <close> = cohort.as_completed { cohort.checkpoint }
        body {
          group = g, block = group, scope = scope, task = g:spawn(cohort.sleep, 1), proxy = g.scope,
          clock = testing.clock(), error_group = cohort.error_group("m", { 1 }), err = cohort.Error "m",
          cancelled = core.CANCELLED, completed = it, clause = cohort.success(raise),
        }
      end)
    end)
  end

  it("with garbage raises, and harms nothing", function()
    with_objects(function(objects)
      local garbage = { false, 1, "x", {}, io.stdout, coroutine.create(raise), raise }
      for _, object in pairs(objects) do garbage[#garbage + 1] = object end
      for name, object in pairs(objects) do
        for key, method in next, debug.getmetatable(object) do
          if type(method) == "function" then
            pcall(method)
            for _, value in ipairs(garbage) do
              if value ~= object then
                pcall(method, value)
                pcall(method, value, value)
                pcall(method, value, key, value)
              end
              if key ~= "__close" then pcall(method, object, value) end
            end
          end
        end
        assert.is_string(tostring(object), name)
      end
      assert.equal("waiting", objects.task:wait() and "waiting")
    end)
  end)

  it("__close closes once, and only where it may", function()
    run(function()
      local group = cohort.open_group()
      local scope = cohort.open_scope()
      getmetatable(scope).__close(scope, nil)
      getmetatable(scope).__close(scope, "again")
      local task = group:spawn(cohort.sleep, 1)
      cohort.group(function(g)
        local ok, err = g:spawn(pcall, getmetatable(group).__close, group):join()
        assert.is_false(ok)
        assert.matches("by the task that opened it", err)
      end)
      getmetatable(group).__close(group)
      getmetatable(group).__close(group, {})
      assert.equal("done", task:status())
    end)
  end)

  it("of a task under another metatable take it for what it is, a task and nothing else", function()
    run(function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 1)
        local meta = debug.getmetatable(task)
        for _, other in ipairs { { __index = raise }, debug.getmetatable(g) } do
          debug.setmetatable(task, other)
          assert.matches("^task ", meta.__tostring(task))
          assert.is_false(pcall(g.spawn, task, print))
        end
        assert.is_false(pcall(tostring, task))
        debug.setmetatable(task, meta)
        assert.equal("ready", task:status())
      end)
    end)
  end)

  it("of all functions and strings, set by debug.setmetatable, is not taken for an answer", function()
    local before = debug.getmetatable(print)
    debug.setmetatable(print, { __index = raise, __call = raise, __tostring = raise, __name = {} })
    debug.setmetatable(nil, { __call = function() return "called" end, __index = raise })
    local ok, err = pcall(run, function()
      cohort.group(function(g) g:spawn(cohort.sleep, 1) end)
      assert.equal("called", cohort.shield(nil))
      return cohort.gather { function() return 1 end }
    end)
    debug.setmetatable(print, before)
    debug.setmetatable(nil, nil)
    assert.is_true(ok, tostring(err))
  end)
end)

describe("very many values", function()
  for _, n in ipairs { 255, 10000, 200000 } do
    it(("go through every call, or are refused: %d"):format(n), function()
      local many = {}
      for i = 1, n do many[i] = i end
      local function check(...)
        assert.equal(n, select("#", ...))
        assert.equal(n, (select(n, ...)))
        return ...
      end
      local function pass(_, ...) return check(...) end
      local function all() return table.unpack(many, 1, n) end
      check(cohort.run(check, all()))
      run(function()
        check(cohort.group(pass, all()))
        check(select(2, cohort.scope(pass, all())))
        check(cohort.shield(check, all()))
        check(cohort.fail_after(1, check, all()))
        check(cohort.unwrap(check, all()))
        check(select(2, cohort.attempt(check, all())))
        cohort.group(function(g)
          check(g:spawn(check, all()):join())
          g:defer(check, all())
          local function start(started, ...) started(check(...)) end
          check(select(2, g:start(start, all())))
        end)
        local ok, eg = pcall(cohort.group, function(g)
          for i = 1, 300 do g:spawn(error, i, 0) end
        end)
        assert.is_false(ok)
        assert.equal(300, #eg.errors)
      end)
    end)
  end

  it("more than a stack can hold are an error, and everything goes on", function()
    run(function()
      local function too_many() return table.unpack({}, 1, 999000) end
      for _, f in ipairs { cohort.shield, cohort.scope, cohort.attempt } do
        pcall(f, too_many)
      end
      pcall(cohort.group, too_many)
      pcall(cohort.group, function(g) g:spawn(too_many) end)
      pcall(cohort.group, function(g) g:start(function(started) started(too_many()) end) end)
      assert.same({ 1, n = 1 }, cohort.gather { function() return 1 end })
    end)
  end)
end)

describe("a stack that overflows", function()
  local function deep(n)
    if n > 0 then return 1 + deep(n - 1) end
    cohort.sleep(1)
    return 0
  end
  local function endless() return 1 + endless() end

  it("in a task is its error, and the siblings' end", function()
    run(function()
      local other
      local err = sole_of(cohort.group, function(g)
        other = g:spawn(cohort.sleep_forever)
        g:spawn(endless)
      end)
      assert.matches("stack overflow", err)
      assert.equal("cancelled", other:status())
    end)
  end)

  it("is far from what recursion in a task needs", function()
    run(function()
      cohort.group(function(g) g:spawn(deep, 10000) end)
      assert.equal(10000, cohort.shield(function() return deep(10000) end))
    end)
  end)

  it("inside a thousand nested forms is their error", function()
    local function nest(form, n)
      return form(function() return n == 0 and endless() or nest(form, n - 1) end)
    end
    run(function()
      for _, form in ipairs { cohort.shield, cohort.scope, cohort.unwrap } do
        local ok, err = pcall(nest, form, form == cohort.unwrap and 50 or 1000)
        assert.is_false(ok)
        assert.matches("stack overflow", err)
        assert.is_true(pcall(cohort.checkpoint))
      end
    end)
  end)

  it("in a handler, a finally, or a __tostring is an error like another", function()
    run(function()
      assert.is_false(pcall(cohort.try, endless, cohort.except("overflow", endless), cohort.finally(endless)))
      local err = setmetatable({}, { __tostring = endless })
      assert.is_true(rawequal(err, sole_of(cohort.group, function() error(err) end)))
    end)
  end)
end)

describe("a collector", function()
  it("that steps in every callback finds everything alive", function()
    local function step(...)
      collectgarbage("step")
      return ...
    end
    run(function()
      cohort.group({ name = step "g" }, function(g)
        g:defer(step)
        local task = g:spawn(function() step(cohort.sleep(step(1))) return step(1, 2) end)
        g:start(function(started) step(started(step {})) cohort.sleep(1) step() end)
        step(task:join())
        step(g:spawn(step)):wait()
        cohort.move_on_after(1, function() step(cohort.sleep(5)) end)
        cohort.try(function() error(setmetatable({}, { __gc = step, __tostring = step })) end,
          cohort.except(step, step), cohort.except(cohort.Error, step), cohort.finally(step))
      end)
      for i in cohort.as_completed { step, function() cohort.sleep(1) step() end } do step(i) end
      assert.same({ 1, n = 1 }, cohort.gather { function() return step(1) end })
    end)
    assert.is_nil(cohort.current_task())
  end)

  it("finds what was forgotten in the middle of everything, and calls what may not wait", function()
    local seen
    run(function()
      do
        local _ = setmetatable({}, { __gc = function() seen = select(2, pcall(cohort.sleep, 1)) end })
      end
      collectgarbage()
      collectgarbage()
    end)
    assert.matches("cannot wait", seen)
  end)
end)

describe("a hook", function()
  it("that a task sets for itself is gone with it", function()
    run(function()
      local calls = 0
      cohort.group(function(g)
        g:spawn(function()
          debug.sethook(function() calls = calls + 1 end, "", 1)
          cohort.sleep(1)
        end)
      end)
      local before = calls
      cohort.group(function(g) for _ = 1, 5 do g:spawn(cohort.checkpoint) end end)
      assert.equal(before, calls)
    end)
  end)

  it("that raises, waits or yields is the task's own trouble", function()
    for _, f in ipairs { raise, function() cohort.sleep(1) end, coroutine.yield } do
      run(function()
        local ok, err = pcall(cohort.group, function(g)
          g:spawn(function()
            debug.sethook(f, "", 100)
            for i = 1, 1000 do local _ = i * 2 end
            debug.sethook()
          end)
        end)
        assert.is_true(ok or core.is_error_group(err))
        assert.is_true(pcall(cohort.checkpoint))
      end)
    end
  end)

  it("that a task takes away does not save it from being ended", function()
    run(function()
      local ok, err = pcall(cohort.group, function(g)
        g:spawn(function()
          while true do
            pcall(cohort.checkpoint)
            debug.sethook()
          end
        end)
        cohort.checkpoint()
        error("enough", 0)
      end)
      assert.is_false(ok)
      assert.is_true(cohort.is(err.errors[2], cohort.Stubborn))
    end)
  end)
end)

describe("a coroutine that is left inside a form", function()
  local forms = {
    shield = cohort.shield,
    scope = function(f) return cohort.scope(function() return f() end) end,
    group = function(f) return cohort.group(function() return f() end) end,
    full_group = function(f)
      return cohort.group(function(g)
        g:spawn(cohort.sleep, 1)
        return f()
      end)
    end,
    deferred = function(f) return cohort.group(function(g) g:defer(f) end) end,
    block = function(f)
      local _ <close> = cohort.open_group()
      return f()
    end,
  }
  for name, form in pairs(forms) do
    local function suspended()
      return coroutine.wrap(function() return form(coroutine.yield) end)
    end

    it("does no harm when it goes on after its end: " .. name, function()
      local late
      pcall(run, function()
        local co = suspended()
        pcall(cohort.scope, co)
        cohort.scope(function()
          pcall(co)
          cohort.checkpoint()
        end)
      end)
      pcall(run, function()
        late = suspended()
        late()
      end)
      pcall(late)
      assert.equal(1, run(function() return 1 end))
    end)

    it("does no harm when two are mixed, or another task goes on: " .. name, function()
      pcall(run, function()
        local a, b = suspended(), suspended()
        a()
        b()
        pcall(a)
        pcall(b)
      end)
      pcall(run, function()
        local co = suspended()
        cohort.group(function(g)
          g:spawn(co)
          g:spawn(co)
        end)
      end)
      assert.equal(1, run(function() return 1 end))
    end)
  end
end)
