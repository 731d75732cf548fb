-- cohort.defer: clean-up where a block ends. What it shares with finally is in try_spec.lua.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"

local raised = tasks.raised

describe("defer", function()
  it("calls its function with its arguments and no others where the block ends, the last first", function()
    local log = {}
    local function note(...) log[#log + 1] = table.pack(...) end
    local function block()
      local _ <close> = cohort.defer(note, "first", nil)
      local _ <close> = cohort.defer(note)
      note "body"
      return "result"
    end
    assert.equal("result", block())
    assert.same({ { n = 1, "body" }, { n = 0 }, { n = 2, "first" } }, log)
  end)

  it("calls it when the block is left by break, by an error, and by a cancellation", function()
    local log = {}
    local function note(what) log[#log + 1] = what end
    cohort.run(function()
      for i = 1, 3 do
        local _ <close> = cohort.defer(note, "turn " .. i)
        if i == 2 then break end
      end
      assert.equal("no", raised(function()
        local _ <close> = cohort.defer(note, "error")
        error("no", 0)
      end))
      assert.is_false(cohort.move_on_after(0, function()
        local _ <close> = cohort.defer(note, "cancelled")
        cohort.sleep_forever()
      end))
    end)
    assert.same({ "turn 1", "turn 2", "error", "cancelled" }, log)
  end)

  it("shields it: it waits to its end in a cancelled task", function()
    local said
    tasks.virtual(function()
      assert.is_false(cohort.move_on_after(1, function()
        local _ <close> = cohort.defer(function()
          cohort.sleep(5)
          said = cohort.now()
        end)
        cohort.sleep_forever()
      end))
    end)
    assert.equal(6, said)
  end)

  it("is a checkpoint neither where it is made nor where it ends", function()
    cohort.run(function()
      local order = {}
      cohort.group(function(g)
        g:spawn(function() order[#order + 1] = "task" end)
        do
          local _ <close> = cohort.defer(function() order[#order + 1] = "deferred" end)
        end
        order[#order + 1] = "body"
      end)
      assert.same({ "deferred", "body", "task" }, order)
    end)
  end)

  it("raises what it raises; an error on its way is joined by it, a cancellation gives way to it", function()
    cohort.run(function()
      local first, second = cohort.Error "first", cohort.Error "second"
      local function block(body)
        local _ <close> = cohort.defer(error, second)
        body()
      end
      assert.equal(second, raised(block, function() end))
      assert.same({ first, second }, tasks.shape(raised(block, function() error(first) end)))
      assert.equal(second, raised(block, function() error(second) end))
      assert.equal(second, raised(cohort.move_on_after, 0, block, cohort.sleep_forever))
    end)
  end)

  it("shows its function in the traceback by its place, and nothing of the library", function()
    local function late() error "late" end
    local eg = raised(cohort.run, cohort.group, function(g)
      g:spawn(function()
        local _ <close> = cohort.defer(late)
      end)
    end)
    local place = ("%s:%d"):format("spec/defer_spec.lua", debug.getinfo(late, "S").linedefined)
    local lines = "global 'error'\n *%s: in function <%s>\n *spec/defer_spec.lua:%%d+: in function <"
    assert.matches(lines:format(place, place), tostring(eg))
  end)

  it("loses no error to a Cancelled that it raises itself", function()
    cohort.run(function()
      local real = cohort.Error "real"
      local eg = raised(cohort.group, function(g)
        g:spawn(function()
          local _ <close> = cohort.defer(function()
            cohort.scope(function(scope)
              scope:cancel()
              cohort.checkpoint()
            end)
          end)
          error(real)
        end)
      end)
      assert.same({ real }, tasks.shape(eg))
    end)
  end)

  it("works outside of tasks, in other coroutines, and where nothing can wait", function()
    local log = {}
    local function note(what) log[#log + 1] = what end
    local function block(what) local _ <close> = cohort.defer(note, what) end
    block "no task"
    coroutine.wrap(block) "a coroutine"
    cohort.run(function()
      coroutine.wrap(block) "a coroutine in a task"
      table.sort({ 1, 2 }, function(a, b)
        block "sort"
        return a < b
      end)
      local co = coroutine.create(function()
        local _ <close> = cohort.defer(note, "closed")
        coroutine.yield()
      end)
      coroutine.resume(co)
      coroutine.close(co)
    end)
    assert.same({ "no task", "a coroutine", "a coroutine in a task", "sort", "closed" }, log)
  end)

  it("makes the call without a shield when there is no memory for one", function()
    local made = 0
    testing.fail_everywhere(function()
      local a, b
      local _ <close> = cohort.defer(function()
        if a then made = made + 1 end
        if a then a:close() end
        if b then b:close() end
      end)
      a, b = net.pair()
      cohort.checkpoint()
    end)
    assert.is_true(made > 1)
  end)

  it("runs once, whoever closes it again", function()
    local count = 0
    local deferred = cohort.defer(function() count = count + 1 end)
    local close = getmetatable(deferred).__close
    close(deferred)
    close(deferred)
    assert.equal(1, count)
    assert.matches("^deferred call of .*defer_spec.lua:%d+ %(begun%)$", tostring(deferred))
  end)

  it("warns when it is collected without having run", function()
    local result = child.run [[
      local cohort = require "cohort"
      do local _ <close> = cohort.defer(print, "ran") end
      cohort.defer(print, "never")
      collectgarbage()
      collectgarbage()
    ]]
    assert.equal("ran\n", result.out)
    assert.matches("what was deferred at [^:]+:3 never ran: write 'local _ <close> = cohort.defer%(f, ...%)'",
      result.err)
    assert.equal(1, select(2, result.err:gsub("deferred", "")))
  end)

  it("expects a function", function()
    assert.matches("defer expects a function, got nil: write defer%(f, ...%) and not defer%(f%(...%)%)",
      raised(cohort.defer))
    assert.matches("nothing can be assigned", raised(function() cohort.defer(function() end).f = 1 end))
  end)
end)
