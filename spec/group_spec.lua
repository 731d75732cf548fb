-- The function form of a group: what it waits for, how failures and cancellation end it, what comes out.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, fail_when_cancelled, wait_and_log = tasks.is_cancelled, tasks.fail_when_cancelled,
  tasks.wait_and_log
local ValueError = cohort.error_type "ValueError"

describe("group", function()
  it("returns what its body returned", function()
    virtual(function()
      assert.same({ n = 3, 1, nil, 3 }, table.pack(cohort.group(function() return 1, nil, 3 end)))
      assert.equal(0, select("#", cohort.group(function() end)))
      assert.equal(3, cohort.group(function(g, a, b) return #g + a + b end, 1, 2))
      local many = table.pack(cohort.group(function(g)
        g:spawn(cohort.sleep, 1)
        return table.unpack({}, 1, 500)
      end))
      assert.equal(500, many.n)
    end)
  end)

  it("takes a callable as its body, never as its options", function()
    virtual(function()
      local callable = setmetatable({}, { __call = function(_, g, a) return #g, a end })
      assert.same({ 0, "a" }, { cohort.group(callable, "a") })
      assert.same({ 0, "a" }, { cohort.group({ name = "n" }, callable, "a") })
    end)
  end)

  it("waits for every task when its body has returned", function()
    virtual(function()
      local ended = {}
      local result = cohort.group(function(g)
        for i = 3, 1, -1 do
          g:spawn(function()
            cohort.sleep(i)
            ended[#ended + 1] = i
          end)
        end
        return "result"
      end)
      assert.equal("result", result)
      assert.same({ 1, 2, 3 }, ended)
      assert.equal(3, cohort.now())
    end)
  end)

  it("waits for every task when its body has raised, whatever they do while they are cancelled", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        for i = 1, 3 do
          g:spawn(function()
            pcall(cohort.sleep_forever)
            cohort.shield(cohort.sleep, i)
          end)
        end
        cohort.checkpoint()
        error("body", 0)
      end)
      assert.same({ "body" }, shape(err))
      assert.equal(3, cohort.now())
    end)
  end)

  it("waits for every task when it was cancelled from outside", function()
    virtual(function()
      local whole = cohort.move_on_after(1, cohort.group, function(g)
        g:spawn(function()
          local _ <close> = setmetatable({}, { __close = function() cohort.shield(cohort.sleep, 5) end })
          cohort.sleep_forever()
        end)
      end)
      assert.is_false(whole)
      assert.equal(6, cohort.now())
    end)
  end)

  it("cannot be opened outside a task, and changes nothing when that is tried", function()
    for _, open in ipairs { cohort.group, cohort.open_group } do
      assert.matches("inside cohort.main", raised(open, function() end))
    end
    assert.is_true(virtual(function() return true end))
  end)

  it("refuses what is not its use, at the caller's line", function()
    virtual(function()
      for text, call in pairs {
        ["group expects a function"] = function() cohort.group(1) end,
        ["group expects a function, got no value"] = function() cohort.group({}) end,
        ["did you mean 'limit'"] = function() cohort.group({ limits = 1 }, print) end,
        ["'limit'"] = function() cohort.group({ limit = 0 }, print) end,
        ["on_error"] = function() cohort.group({ on_error = "ignore" }, print) end,
        ["'name'"] = function() cohort.group({ name = 5 }, print) end,
        ["open_group takes no body"] = function() cohort.open_group(print) end,
        ["got boolean"] = function() cohort.open_group(true) end,
      } do
        local err = raised(call)
        assert.is_string(err)
        assert.matches(text, err, 1, true)
        assert.matches("^spec/group_spec.lua:%d+: ", err)
      end
      cohort.checkpoint()  -- nothing was left open
    end)
  end)

  it("nests 500 deep, and the innermost may wait", function()
    virtual(function()
      local function nest(depth)
        if depth == 0 then return cohort.sleep(1) or "bottom" end
        return cohort.group(function(g)
          g:spawn(cohort.checkpoint)
          return nest(depth - 1)
        end)
      end
      assert.equal("bottom", nest(500))
      assert.equal(1, cohort.now())
    end)
  end)
end)

describe("the first failure in a group", function()
  it("of a task cancels the body and all siblings", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function(g)
        g:spawn(wait_and_log, log, "a")
        g:spawn(fail("failure", 1))
        g:spawn(wait_and_log, log, "b")
        wait_and_log(log, "body")
      end)
      assert.same({ "failure" }, shape(err))
      table.sort(log)
      assert.same({ "a", "b", "body" }, log)
      assert.equal(1, cohort.now())
    end)
  end)

  it("of the body cancels all tasks", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function(g)
        g:spawn(wait_and_log, log, "a")
        g:spawn(wait_and_log, log, "b")
        cohort.checkpoint()
        error("failure", 0)
      end)
      assert.same({ "failure" }, shape(err))
      assert.same({ "a", "b" }, log)
    end)
  end)

  it("of a task whose body has returned cancels the siblings", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(fail("failure", 1))
        g:spawn(cohort.sleep, 10)
        return "lost"
      end)
      assert.same({ "failure" }, shape(err))
      assert.equal(1, cohort.now())
    end)
  end)

  it("is told as its reason to those it cancels", function()
    virtual(function()
      local reasons = {}
      local function wait()
        local ok, err = pcall(cohort.sleep_forever)
        reasons[#reasons + 1] = not ok and err.reason.kind
        error(err, 0)
      end
      raised(cohort.group, function(g)
        g:spawn(wait)
        g:spawn(fail("failure", 1))
        wait()
      end)
      assert.same({ "failure", "failure" }, reasons)
    end)
  end)

  it("reaches tasks of groups inside, however deep", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function(g)
        g:spawn(function()
          cohort.group(function(h)
            h:spawn(function()
              cohort.group(function(i) i:spawn(wait_and_log, log, "deep") end)
            end)
          end)
        end)
        g:spawn(fail("failure", 1))
      end)
      assert.same({ "failure" }, shape(err))
      assert.same({ "deep" }, log)
    end)
  end)
end)

describe("the errors of a group", function()
  it("come as a group also when there is one, of the body or of a task", function()
    virtual(function()
      local v = ValueError "v"
      for _, body in ipairs {
        fail(v),
        function(g) g:spawn(fail(v)) end,
        function(g) g:spawn(fail(v, 1)) cohort.sleep_forever() end,
        function(g) g:spawn_daemon(fail(v)) cohort.checkpoint() cohort.checkpoint() end,
        function(g) g:defer(fail(v)) end,
      } do
        local err = raised(cohort.group, body)
        assert.equal(1, #err.errors)
        assert.is_true(rawequal(v, err.errors[1]))
        assert.is_true(cohort.is(err, cohort.ErrorGroup))
      end
    end)
  end)

  it("are in the order they happened, the body's among them", function()
    virtual(function()
      local err = raised(cohort.group, { on_error = "collect" }, function(g)
        g:spawn(fail("third", 3))
        g:spawn(fail("first", 1))
        g:spawn(fail("late", 4))
        cohort.sleep(2)
        error("body", 0)
      end)
      assert.same({ "first", "body" }, shape(err))
      err = raised(cohort.group, function(g)
        g:spawn(fail_when_cancelled("third"))
        g:spawn(fail("first", 1))
        g:spawn(function()
          pcall(cohort.sleep_forever)
          cohort.shield(cohort.sleep, 1)
          error("fourth", 0)
        end)
        pcall(cohort.sleep_forever)
        error("second", 0)
      end)
      local order = shape(err)
      assert.equal("first", order[1])
      assert.equal("fourth", order[4])
      table.sort(order)
      assert.same({ "first", "fourth", "second", "third" }, order)
    end)
  end)

  it("follow run order within one pass", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        for i = 1, 5 do g:spawn(fail(i)) end
      end)
      assert.same({ 1, 2, 3, 4, 5 }, shape(err))
    end)
  end)

  it("have both the body's and a task's", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(fail_when_cancelled("task"))
        cohort.checkpoint()
        error("body", 0)
      end)
      assert.same({ "body", "task" }, shape(err))
    end)
  end)

  it("have those that happened while unwinding from the cancellation, never dropped", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        for i = 1, 5 do g:spawn(fail_when_cancelled(i)) end
        g:spawn(fail("first", 1))
      end)
      local seen = shape(err)
      assert.equal("first", table.remove(seen, 1))
      table.sort(seen)
      assert.same({ 1, 2, 3, 4, 5 }, seen)
    end)
  end)

  it("replace the Cancelled of the task that raised them", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(function()
          local _ <close> = setmetatable({}, { __close = function() error("clean-up", 0) end })
          cohort.sleep_forever()
        end)
        g:spawn(fail("first", 1))
      end)
      assert.same({ "first", "clean-up" }, shape(err))
    end)
  end)

  it("never have a Cancelled in them", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(cohort.sleep_forever)
        g:spawn(function() cohort.group(function(h) h:spawn(cohort.sleep_forever) end) end)
        g:spawn(fail("failure", 1))
        cohort.sleep_forever()
      end)
      assert.same({ "failure" }, shape(err))
    end)
  end)

  it("of two layers of groups stay two layers", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(function()
          cohort.group(function(h) h:spawn(fail("inner", 1)) end)
        end)
        g:spawn(fail_when_cancelled("outer"))
      end)
      assert.same({ { "inner" }, "outer" }, shape(err))
      err = raised(cohort.group, function()
        cohort.group(function() cohort.group(fail("deep")) end)
      end)
      assert.same({ { { "deep" } } }, shape(err))
    end)
  end)

  it("have nothing of an inner group that was only cancelled", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(fail("failure", 1))
        cohort.group(function(h) h:spawn(cohort.sleep_forever) end)
      end)
      assert.same({ "failure" }, shape(err))
    end)
  end)

  it("keep every kind of value as it is, and nil as an Error that says so", function()
    virtual(function()
      local hostile = setmetatable({}, {
        __tostring = function() error "no text" end,
        __index = function() error "no field" end,
        __eq = function() return true end,
        __name = 7,
        __gc = 1,
      })
      for _, value in ipairs { "text", 5, 2.5, false, hostile, print, coroutine.create(print), {} } do
        for _, body in ipairs { fail(value), function(g) g:spawn(fail(value, 1)) end,
          function(g) g:defer(fail(value)) end } do
          local err = raised(cohort.group, body)
          assert.is_true(rawequal(value, err.errors[1]))
          assert.is_string(tostring(err))
        end
      end
      for _, body in ipairs {
        fail(nil), function(g) g:spawn(fail(nil, 1)) end, function(g) g:defer(fail(nil)) end,
      } do
        local err = raised(cohort.group, body)
        assert.equal("nil", err.errors[1].message)
        assert.is_true(err.errors[1].boxed)
      end
    end)
  end)

  it("are no cause and no context of each other", function()
    virtual(function()
      local v = ValueError "v"
      local err = raised(cohort.group, function(g) g:spawn(fail(v)) end)
      assert.is_nil(err.cause)
      assert.is_nil(err.context)
      assert.is_nil(v.cause)
      assert.is_nil(rawget(v, "context"))
    end)
  end)

  it("may be one value raised in several tasks", function()
    virtual(function()
      local v = ValueError "v"
      local err = raised(cohort.group, function(g)
        for _ = 1, 3 do g:spawn(fail(v)) end
      end)
      assert.equal(3, #err.errors)
      assert.is_string(tostring(err))
    end)
  end)

  it("do not keep what belongs to the tasks that raised them", function()
    virtual(function()
      local weak = setmetatable({}, { __mode = "k" })
      local err = raised(cohort.group, function(g)
        for i = 1, 10 do
          local held = {}
          weak[held] = true
          g:spawn(function() return error(i, 0), held end)
        end
      end)
      collectgarbage()
      collectgarbage()
      assert.equal(10, #err.errors)
      assert.is_nil((next(weak)))
    end)
  end)
end)

describe("a Cancelled raised by hand where nothing is cancelled", function()
  it("is an error that says so", function()
    virtual(function()
      local kept
      cohort.move_on_after(1, function()
        kept = select(2, pcall(cohort.sleep_forever))
        error(kept, 0)
      end)
      local err = raised(cohort.group, function(g) g:spawn(fail(kept)) end)
      assert.equal(1, #err.errors)
      assert.is_false(is_cancelled(err.errors[1]))
      assert.matches("where nothing is cancelled", err.errors[1].message)
    end)
  end)
end)
