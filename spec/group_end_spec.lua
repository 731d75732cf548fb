-- The end of a group as a point in the schedule, where Lua cannot wait, and what run raises with which text.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, shape, fail = tasks.virtual, tasks.raised, tasks.shape, tasks.fail
local is_cancelled, wait_and_log = tasks.is_cancelled, tasks.wait_and_log

describe("the end of a group", function()
  -- Calls `f` while another task is ready, and tells whether that one ran meanwhile.
  local function switches(f)
    local ran = false
    local during
    cohort.group(function(g)
      g:spawn(function() ran = true end)
      f()
      during = ran
    end)
    return during
  end

  local function block_of(f)
    return function()
      local g <close> = cohort.open_group()
      f(g)
    end
  end

  it("does not switch when nothing was spawned, in both forms", function()
    virtual(function()
      for _, body in ipairs {
        function() end, function(g) g:cancel() end, function(g) g:defer(function() end) end,
      } do
        assert.is_false(switches(function() cohort.group(body) end))
        assert.is_false(switches(block_of(body)))
      end
      assert.is_false(switches(function() pcall(cohort.group, fail("x")) end))
    end)
  end)

  it("switches when something was spawned, also when all of that has ended", function()
    virtual(function()
      local function spawn(g) g:spawn(function() end) end
      local function ended(g)
        local task = g:spawn(function() end)
        while task:status() ~= "done" do cohort.checkpoint() end
      end
      assert.is_true(switches(function() cohort.group(spawn) end))
      assert.is_true(switches(block_of(spawn)))
      local log = {}
      cohort.group(function(g)
        cohort.group(function(h)
          ended(h)
          g:spawn(function() log[#log + 1] = "other" end)
        end)
        log[#log + 1] = "after"
      end)
      assert.same({ "other", "after" }, log)
    end)
  end)

  it("switches when what a start began has failed", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        cohort.group(function(h)
          pcall(h.start, h, fail("x"))
          g:spawn(function() log[#log + 1] = "other" end)
        end)
        log[#log + 1] = "after"
      end)
      assert.same({ "other", "after" }, log)
    end)
  end)

  it("is no cancel point: where nothing was interrupted no Cancelled appears", function()
    virtual(function()
      for _, body in ipairs { function() end, function(g) g:spawn(function() end) end } do
        local scope
        local whole = cohort.scope(function(s)
          scope = s
          s:cancel()
          cohort.group(body)
          block_of(body)()
        end)
        assert.is_true(whole)
        assert.is_false(scope.cancelled_caught)
      end
    end)
  end)

  it("of one that was cancelled while its tasks ended by themselves raises nothing", function()
    virtual(function()
      local log = {}
      cohort.scope(function(s)
        cohort.group(function(g)
          g:spawn(function()
            s:cancel()
          end)
        end)
        log[1] = "after"
        cohort.checkpoint()
        log[2] = "never"
      end)
      assert.same({ "after" }, log)
    end)
  end)

  it("leaves the group's name and state readable", function()
    virtual(function()
      local kept = cohort.group({ name = "feeds" }, function(g)
        g:spawn(function() end)
        assert.equal("group 'feeds' (1 task)", tostring(g))
        g:spawn_daemon(function() end)
        assert.equal("group 'feeds' (2 tasks)", tostring(g))
        g:cancel()
        assert.equal("group 'feeds' (2 tasks, cancelled)", tostring(g))
        assert.equal(2, #g)
        return g
      end)
      assert.equal("group 'feeds' (ended)", tostring(kept))
      assert.equal("feeds", kept.name)
      assert.equal(0, #kept)
      assert.matches("a group has no 'nonsense'", raised(function() return kept.nonsense end))
      assert.is_string(tostring(kept.scope))
      local unnamed = cohort.group(function(g) return g end)
      assert.matches("^spec/group_end_spec.lua:%d+$", unnamed.name)
    end)
  end)
end)

describe("where Lua cannot wait", function()
  -- Calls `f` inside a comparator of table.sort.
  local function in_sort(f)
    table.sort({ 1, 2 }, function(a, b)
      f()
      return a < b
    end)
  end

  it("an empty group works", function()
    virtual(function()
      local results = {}
      in_sort(function()
        results[1] = cohort.group(function() return "function" end)
        local g <close> = cohort.open_group()
        g:defer(function() results[2] = "block" end)
      end)
      assert.same({ "function", "block" }, results)
      assert.same({ "x" }, shape(raised(in_sort, function() cohort.group(fail("x")) end)))
    end)
  end)

  it("a group with tasks ends in an error that says what is in the way and what becomes of it", function()
    virtual(function()
      for _, f in ipairs {
        function() cohort.group(function(g) g:spawn(function() end) end) end,
        function()
          local g <close> = cohort.open_group()
          g:spawn(function() end)
        end,
      } do
        local err = raised(in_sort, f)
        assert.matches("cannot wait inside a function called by 'sort'", err)
        assert.matches("the tasks of this group were cancelled", err)
      end
    end)
  end)

  it("its tasks are cancelled, and joined by what is around it", function()
    virtual(function()
      local log = {}
      cohort.group(function()
        raised(in_sort, function()
          cohort.group(function(g)
            g:spawn(function()
              local _ <close> = setmetatable({}, { __close = function()
                cohort.shield(cohort.sleep, 3)
                log[#log + 1] = "joined"
              end })
              cohort.sleep_forever()
            end)
          end)
        end)
        log[#log + 1] = "body"
      end)
      assert.same({ "body", "joined" }, log)
      assert.equal(3, cohort.now())
    end)
  end)

  it("the host goes on uncancelled after that, whatever the tasks raise and spawn", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function()
        local inner = raised(in_sort, function()
          cohort.group({ limit = 1 }, function(g)
            g:spawn(function()
              pcall(cohort.sleep_forever)
              g:spawn(wait_and_log, log, "late")
              g:spawn_daemon(wait_and_log, log, "late daemon")
              error("task", 0)
            end)
            error("body", 0)
          end)
        end)
        assert.equal("body", inner.errors[1])
        assert.is_false(cohort.cancelled())
        cohort.sleep(1)
        log[#log + 1] = "went on"
      end)
      assert.same({ { "task" } }, shape(err))
      assert.same({ "late", "late daemon", "went on" }, log)
    end)
  end)

  it("the error of the body is told beside that", function()
    virtual(function()
      local err = raised(in_sort, function()
        cohort.group(function(g)
          g:spawn(function() end)
          error("mine", 0)
        end)
      end)
      assert.equal("mine", err.errors[1])
      assert.matches("cannot wait", err.errors[2])
      assert.is_nil(err.errors[3])
    end)
  end)

  it("what its tasks raise comes out of what joins them", function()
    virtual(function()
      local err = raised(cohort.group, function()
        raised(in_sort, function()
          cohort.group(function(g) g:spawn(fail("task")) end)
        end)
      end)
      assert.same({ { "task" } }, shape(err))
    end)
  end)

  it("what it had deferred still runs", function()
    virtual(function()
      local log = {}
      cohort.group(function()
        raised(in_sort, function()
          cohort.group(function(g)
            g:spawn(wait_and_log, log, "task")
            g:defer(function(word)
              cohort.sleep(1)
              log[#log + 1] = word
            end, "first")
            g:defer(function() log[#log + 1] = "last" end)
          end)
        end)
      end)
      assert.same({ "task", "last", "first" }, log)
    end)
  end)

  it("a coroutine that was closed says so, and the tasks are joined by its task", function()
    virtual(function()
      local log = {}
      local function body()
        local co = coroutine.create(function()
          local g <close> = cohort.open_group()
          g:spawn(wait_and_log, log, "task")
          coroutine.yield()
        end)
        coroutine.resume(co)
        local closed, err = coroutine.close(co)
        assert.is_false(closed)
        assert.matches("cannot wait inside a coroutine that Lua.s own coroutine library resumed", err)
        log[#log + 1] = "closed"
      end
      cohort.group(function(g) g:spawn(body) end)
      assert.same({ "closed", "task" }, log)
    end)
  end)

  it("an error in a stock coroutine is kept beside that, and the tasks are joined", function()
    virtual(function()
      local log = {}
      cohort.group(function()
        local err = raised(coroutine.wrap(function()
          local g <close> = cohort.open_group()
          g:spawn(wait_and_log, log, "task")
          error("mine", 0)
        end))
        assert.equal("mine", err.errors[1])
        assert.matches("cannot wait inside a coroutine", err.errors[2])
        log[#log + 1] = "went on"
      end)
      assert.same({ "went on", "task" }, log)
    end)
  end)

  it("a coroutine that never goes on has its group closed, with an error that names the line", function()
    virtual(function()
      local log = {}
      local line
      local err = raised(cohort.group, function(g)
        g:spawn(function()
          local co = coroutine.create(function()
            line = debug.getinfo(1, "l").currentline + 1
            local h <close> = cohort.open_group()
            h:spawn(wait_and_log, log, "task")
            coroutine.yield()
          end)
          coroutine.resume(co)
        end)
      end)
      assert.matches(("group_end_spec.lua:%d: this group was never closed"):format(line), err.errors[1])
      assert.same({ "task" }, log)
    end)
  end)
end)

describe("run", function()
  it("gives back main's values as they are", function()
    local function give(...) return ... end
    assert.same({ n = 4, 1, nil, false, nil }, table.pack(virtual(give, 1, nil, false, nil)))
    assert.equal(0, select("#", virtual(function() end)))
  end)

  it("raises main's error as it is, nil too", function()
    local v = cohort.error_type "V" "v"
    local hostile = setmetatable({}, { __tostring = error, __index = error })
    for _, err in ipairs { v, "text", 7, false, hostile, print } do
      assert.is_true(rawequal(err, raised(virtual, fail(err))))
    end
    assert.same({ n = 2, false, nil }, table.pack(pcall(virtual, fail(nil))))
  end)

  it("raises main's group of errors as it is", function()
    local inner
    local err = raised(virtual, function()
      local ok
      ok, inner = pcall(cohort.group, fail("x"))
      assert(not ok)
      error(inner, 0)
    end)
    assert.is_true(rawequal(inner, err))
    assert.is_false(is_cancelled(err))
  end)

  it("cannot be called inside run", function()
    virtual(function()
      assert.matches("^spec/group_end_spec.lua:%d+: run cannot be called inside run",
        raised(function() cohort.run(print) end))
    end)
  end)

  it("may be called again afterwards, also after an error", function()
    assert.equal("x", raised(virtual, fail("x")))
    assert.equal(1, virtual(function() return 1 end))
  end)
end)

describe("the printed error of a run", function()
  -- The line after the one where this is called.
  local function next_line() return debug.getinfo(2, "l").currentline + 1 end

  it("has the failing line, each spawned function's line and each group's line up to the root", function()
    local lines = {}
    local function root()
      lines.outer = next_line()
      cohort.group({ name = "outer" }, function(a)
        a:spawn(function()
          lines.middle = next_line()
          cohort.group({ name = "middle" }, function(b)
            b:spawn(function()
              lines.inner = next_line()
              cohort.group({ name = "inner" }, function(c)
                c:spawn(function()
                  cohort.sleep(1)
                  lines.fails = next_line()
                  error "it failed"
                end).name = "worker"
              end)
            end)
          end)
        end)
      end)
    end
    local text = tostring(raised(virtual, root))
    for _, name in ipairs { "fails", "inner", "middle", "outer" } do
      assert.matches(("group_end_spec.lua:%d: in "):format(lines[name]), text)
    end
    for _, offset in ipairs { lines.outer + 1, lines.middle + 1 } do
      assert.matches(("task 'spec/group_end_spec.lua:%d'"):format(offset), text)
    end
    assert.matches("task 'worker': spec/group_end_spec.lua:%d+: it failed", text)
    for _, name in ipairs { "outer", "middle", "inner" } do
      assert.matches("group '" .. name .. "' failed", text)
    end
  end)

  it("also has the lines above when it is printed in a task far below the root", function()
    local lines = {}
    local text
    virtual(function()
      lines.root = next_line()
      cohort.group(function(g)
        g:spawn(function()
          lines.host = next_line()
          cohort.group(function(h)
            h:spawn(function()
              lines.inner = next_line()
              local _, err = pcall(cohort.group, fail("x"))
              text = tostring(err)
            end)
          end)
        end)
      end)
    end)
    for _, line in pairs(lines) do assert.matches(("group_end_spec.lua:%d: in "):format(line), text) end
  end)

  it("has for each error the traceback of that one: body, task and deferred functions", function()
    local lines = {}
    local err = raised(virtual, function()
      cohort.group(function(g)
        g:defer(function()
          lines["deferred 1"] = next_line()
          error "deferred 1"
        end)
        g:defer(function()
          lines["deferred 2"] = next_line()
          error "deferred 2"
        end)
        g:spawn(function()
          pcall(cohort.sleep_forever)
          lines.task = next_line()
          error "task"
        end)
        cohort.checkpoint()
        lines.body = next_line()
        error "body"
      end)
    end)
    local count = 0
    for leaf, details in err:leaves() do
      count = count + 1
      assert.matches(("group_end_spec.lua:%d: in "):format(lines[leaf:match(": (.*)")]), details.traceback)
      for name, line in pairs(lines) do
        if name ~= leaf:match(": (.*)") then
          assert.not_matches(("group_end_spec.lua:%d: in "):format(line), details.traceback)
        end
      end
    end
    assert.equal(4, count)
  end)

  it("has each frame of a task once, however many groups are open in it, and those of other tasks", function()
    local function inner() cohort.group(function(g) g:spawn(error, "e") end) end
    local function down(depth)
      cohort.group(function(g) g:spawn(depth == 0 and error or down, depth - 1) end)
    end
    local function frames(f)
      local _, details = raised(virtual, f):leaves()()
      return select(2, details.traceback:gsub("group_end_spec.lua:%d+: in ", ""))
    end
    assert.equal(1, frames(inner))
    assert.equal(3, frames(function() cohort.group(function() inner() end) end))
    assert.equal(4, frames(function() cohort.group(function() cohort.group(function() inner() end) end) end))
    assert.equal(5, frames(function() down(3) end))
    assert.equal(4, frames(function()
      cohort.group(function() cohort.retry(function() inner() end) end)  -- whose group has no place
    end))
  end)

  it("names the task of every error, by name or by the line of its function", function()
    local line
    local err = raised(virtual, function()
      cohort.group({ on_error = "collect" }, function(g)
        g:spawn(fail("named")).name = "feed"
        line = next_line()
        g:spawn(function() error("unnamed", 0) end)
      end)
    end)
    local names = {}
    for leaf, details in err:leaves() do names[leaf] = details.task end
    assert.same({ named = "feed", unnamed = "spec/group_end_spec.lua:" .. line }, names)
  end)

  it("sets the traceback of an error value where it leaves the task", function()
    local V = cohort.error_type "V"
    local line
    local err = raised(virtual, function()
      cohort.group(function(g)
        g:spawn(function()
          line = next_line()
          error(V "v")
        end)
      end)
    end)
    assert.matches(("group_end_spec.lua:%d: in "):format(line), err.errors[1].traceback)
  end)
end)
