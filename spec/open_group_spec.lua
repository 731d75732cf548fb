-- The block form of a group: every way out of the block, failures and cancellation there, blocks left open.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, fail_when_cancelled, wait_and_log = tasks.is_cancelled, tasks.fail_when_cancelled,
  tasks.wait_and_log

--- Sleeps a second and appends to `log`.
local function late(log, word)
  cohort.sleep(1)
  log[#log + 1] = word
end

--- The line after the one where this is called.
local function next_line() return debug.getinfo(2, "l").currentline + 1 end

describe("a block with a group", function()
  it("that falls out waits for its tasks", function()
    virtual(function()
      local log = {}
      do
        local g <close> = cohort.open_group()
        g:spawn(late, log, "task")
        log[#log + 1] = "body"
      end
      log[#log + 1] = "after"
      assert.same({ "body", "task", "after" }, log)
    end)
  end)

  it("that returns waits, and keeps the results", function()
    virtual(function()
      local log = {}
      local function block(...)
        local g <close> = cohort.open_group()
        g:spawn(late, log, "task")
        return ...
      end
      assert.same({ n = 4, 1, nil, 3, nil }, table.pack(block(1, nil, 3, nil)))
      assert.equal(200, select("#", block(table.unpack({}, 1, 200))))
      assert.equal(2, #log)
    end)
  end)

  it("that is left by break, goto and the end of an iteration waits", function()
    virtual(function()
      local log = {}
      for i = 1, 9 do
        local g <close> = cohort.open_group()
        g:spawn(late, log, "break")
        if i == 1 then break end
      end
      for i = 1, 2 do
        do
          local g <close> = cohort.open_group()
          g:spawn(late, log, "goto " .. i)
          if i < 3 then goto next end
        end
        log[#log + 1] = "never"
        ::next::
        log[#log + 1] = "next"
      end
      for i = 1, 2 do
        local g <close> = cohort.open_group()
        g:spawn(late, log, "loop " .. i)
      end
      local n = 0
      repeat
        local g <close> = cohort.open_group()
        n = n + 1
        g:spawn(late, log, "repeat " .. n)
      until n == 2
      assert.equal("break, goto 1, next, goto 2, next, loop 1, loop 2, repeat 1, repeat 2",
        table.concat(log, ", "))
    end)
  end)

  it("that raises cancels its tasks and raises one group with every error", function()
    virtual(function()
      local log = {}
      local err = raised(function()
        local g <close> = cohort.open_group()
        g:spawn(wait_and_log, log, "cut")
        g:spawn(fail_when_cancelled("task"))
        cohort.checkpoint()
        error("body", 0)
      end)
      assert.same({ "body", "task" }, shape(err))
      assert.same({ "cut" }, log)
      assert.same({ "alone" }, shape(raised(function()
        local g <close> = cohort.open_group()
        error("alone", #g)
      end)))
    end)
  end)

  it("whose task fails interrupts the body; the group replaces the Cancelled at the end", function()
    virtual(function()
      local log = {}
      local err = raised(function()
        local g <close> = cohort.open_group()
        g:spawn(fail("task", 1))
        g:spawn(wait_and_log, log, "sibling")
        local ok, cut = pcall(cohort.sleep_forever)
        log[#log + 1] = not ok and is_cancelled(cut) and cut.reason.kind
        error(cut, 0)
      end)
      assert.same({ "task" }, shape(err))
      table.sort(log)
      assert.same({ "failure", "sibling" }, log)
      assert.is_false(cohort.cancelled())
    end)
  end)

  it("whose task fails while it closes raises that", function()
    virtual(function()
      local function block()
        local g <close> = cohort.open_group()
        g:spawn(fail("task", 1))
        g:spawn(cohort.sleep_forever)
        return "lost"
      end
      assert.same({ "task" }, shape(raised(block)))
      assert.equal(1, cohort.now())
    end)
  end)

  it("whose body swallows the interruption still raises the group", function()
    virtual(function()
      assert.same({ "task" }, shape(raised(function()
        local g <close> = cohort.open_group()
        g:spawn(fail("task", 1))
        pcall(cohort.sleep_forever)
      end)))
    end)
  end)

  it("collects with on_error: siblings and body go on", function()
    virtual(function()
      local log = {}
      local err = raised(function()
        local g <close> = cohort.open_group { on_error = "collect" }
        g:spawn(fail("a"))
        g:spawn(fail("b"))
        late(log, "body")
        g:spawn(late, log, "task")
      end)
      assert.same({ "a", "b" }, shape(err))
      assert.same({ "body", "task" }, log)
    end)
  end)

  it("cut from outside lets the one Cancelled through", function()
    virtual(function()
      local log = {}
      local seen
      local whole = cohort.move_on_after(1, function()
        local ok, err = pcall(function()
          local g <close> = cohort.open_group()
          g:spawn(wait_and_log, log, "task")
          wait_and_log(log, "body")
        end)
        seen = not ok and err
        error(err, 0)
      end)
      assert.is_false(whole)
      assert.is_true(is_cancelled(seen))
      table.sort(log)
      assert.same({ "body", "task" }, log)
    end)
  end)

  it("cut from outside while it closes raises Cancelled", function()
    virtual(function()
      local whole = cohort.move_on_after(1, function()
        local g <close> = cohort.open_group()
        g:spawn(cohort.sleep_forever)
      end)
      assert.is_false(whole)
    end)
  end)

  it("cut from outside with a failure raises the group, and the cancellation is still pending", function()
    virtual(function()
      local log = {}
      local whole = cohort.move_on_after(1, function()
        log[1] = shape(raised(function()
          local g <close> = cohort.open_group()
          g:spawn(fail_when_cancelled("clean-up"))
          cohort.sleep_forever()
        end))[1]
        cohort.checkpoint()
        log[2] = "never"
      end)
      assert.is_false(whole)
      assert.same({ "clean-up" }, log)
    end)
  end)

  it("with g:cancel cancels the tasks and not the body, and ends without an error", function()
    virtual(function()
      local log = {}
      do
        local g <close> = cohort.open_group()
        local task = g:spawn(wait_and_log, log, "task")
        cohort.checkpoint()
        g:cancel("enough")
        cohort.sleep(1)
        log[#log + 1] = "body"
        assert.equal("enough", task:error().reason.text)
        g:spawn(wait_and_log, log, "to its first checkpoint")
      end
      cohort.checkpoint()
      assert.same({ "task", "body", "to its first checkpoint" }, log)
    end)
  end)

  it("with g:cancel lets errors of clean-up out, and those interrupt the body", function()
    virtual(function()
      local err = raised(function()
        local g <close> = cohort.open_group()
        g:spawn(fail_when_cancelled("clean-up"))
        cohort.checkpoint()
        g:cancel()
        cohort.sleep_forever()
      end)
      assert.same({ "clean-up" }, shape(err))
    end)
  end)

  it("ends daemons with it", function()
    virtual(function()
      local log = {}
      do
        local g <close> = cohort.open_group()
        g:spawn_daemon(wait_and_log, log, "daemon")
        g:spawn(late, log, "ordinary")
      end
      assert.same({ "ordinary", "daemon" }, log)
    end)
  end)

  it("nests: inner blocks end first, two layers stay two", function()
    virtual(function()
      local log = {}
      local function block(last)
        local outer <close> = cohort.open_group()
        outer:spawn(wait_and_log, log, "outer")
        local inner <close> = cohort.open_group()
        inner:spawn(wait_and_log, log, "inner")
        cohort.checkpoint()
        last(inner, outer)
      end
      assert.same({ { "body" } }, shape(raised(block, fail("body"))))
      assert.same({ "inner", "outer" }, log)
      assert.same({ { "task" } }, shape(raised(block, function(inner)
        inner:spawn(fail("task"))
        cohort.sleep_forever()
      end)))
      assert.same({ "task" }, shape(raised(block, function(_, outer)
        outer:spawn(fail("task"))
        cohort.sleep_forever()
      end)))
    end)
  end)

  it("works inside the function form and around it", function()
    virtual(function()
      local err = raised(cohort.group, function(g)
        g:spawn(cohort.sleep_forever)
        local h <close> = cohort.open_group()
        cohort.group(function(i)
          i:spawn(fail("deep", 1))
          h:spawn(cohort.sleep_forever)
        end)
      end)
      assert.same({ { { "deep" } } }, shape(err))
    end)
  end)

  it("may be opened 200 times in a row", function()
    virtual(function()
      local ran = 0
      for _ = 1, 200 do
        local g <close> = cohort.open_group()
        g:spawn(function() ran = ran + 1 end)
      end
      assert.equal(200, ran)
      for i = 1, 200 do
        local ok = pcall(function()
          local g <close> = cohort.open_group()
          g:spawn(fail(i))
          cohort.sleep_forever()
        end)
        assert.is_false(ok)
      end
    end)
  end)

  it("may be 100 deep in one task", function()
    virtual(function()
      local ran = 0
      local function nest(depth)
        if depth == 0 then return error("bottom", 0) end
        local g <close> = cohort.open_group()
        g:spawn(function() ran = ran + 1 end)
        nest(depth - 1)
      end
      local err = raised(nest, 100)
      for _ = 1, 100 do err = err.errors[1] end
      assert.equal("bottom", err)
      assert.equal(100, ran)
    end)
  end)

  it("captures the variables of its loop", function()
    virtual(function()
      local log = {}
      for i, word in ipairs { "a", "b", "c" } do
        local g <close> = cohort.open_group()
        local n = i * 10
        g:spawn(function()
          cohort.sleep(1)
          log[#log + 1] = word .. i .. n
          i, word = 0, "x"
        end)
        g:spawn(function() log[#log + 1] = word end)
        if i == 3 then break end
      end
      assert.same({ "a", "a110", "b", "b220", "c", "c330" }, log)
    end)
  end)

  it("may wait in another variable's __close before and after it", function()
    virtual(function()
      local log = {}
      local function closing(word)
        return setmetatable({}, { __close = function() late(log, word) end })
      end
      do
        local _ <close> = closing "outer"
        local g <close> = cohort.open_group()
        local _ <close> = closing "inner"
        g:spawn(function() log[#log + 1] = "task" end)
      end
      assert.same({ "task", "inner", "outer" }, log)
    end)
  end)

  it("is named by its option, or by the line that opened it", function()
    virtual(function()
      local named <close> = cohort.open_group { name = "feeds" }
      local line = next_line()
      local unnamed <close> = cohort.open_group()
      assert.equal("feeds", named.name)
      assert.equal("spec/open_group_spec.lua:" .. line, unnamed.name)
      assert.equal("group 'feeds' (0 tasks)", tostring(named))
    end)
  end)

  it("says in its error where the failing line is and where the group was opened", function()
    local fails, opens
    local text = tostring(raised(virtual, function()
      opens = next_line()
      local g <close> = cohort.open_group()
      g:spawn(function()
        fails = next_line()
        error "x"
      end)
      cohort.sleep_forever()
    end))
    assert.matches(("open_group_spec.lua:%d: in "):format(fails), text)
    assert.matches(("group 'spec/open_group_spec.lua:%d' failed"):format(opens), text)
  end)
end)

describe("__close of a group", function()
  it("does nothing the second time, and nothing to one that has ended", function()
    virtual(function()
      local g = cohort.open_group()
      local close = getmetatable(g).__close
      close(g, nil)
      close(g, nil)
      local h <close> = g
      assert.equal("group", tostring(h):match("^group"))
      assert.equal(0, #h)
    end)
  end)

  it("refuses the group of the function form, and another task's", function()
    virtual(function()
      cohort.group(function(g)
        assert.matches("only open_group goes with <close>", raised(function()
          local again <close> = g
          assert.equal(0, #again)
        end))
        g:spawn(cohort.checkpoint)
      end)
      do
        local g <close> = cohort.open_group()
        g:spawn(function()
          assert.matches("closed by the task that opened it", raised(function()
            local other <close> = g
            assert.equal(1, #other)
          end))
        end)
      end
    end)
  end)

  it("out of order closes what is inside first, and says so", function()
    virtual(function()
      local log = {}
      local outer = cohort.open_group()
      local line = next_line()
      local inner = cohort.open_group()
      inner:spawn(wait_and_log, log, "inner")
      local err = raised(getmetatable(outer).__close, outer, nil)
      assert.matches(("open_group_spec.lua:%d: this group was never closed"):format(line), err.errors[1])
      assert.same({ "inner" }, log)
      assert.matches("has ended", raised(inner.spawn, inner, print))
      cohort.checkpoint()
    end)
  end)
end)
