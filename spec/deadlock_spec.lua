-- Every task waits and nothing can wake one: run says so.
local child = require "spec.support.child"
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function deadlock(main)
  local ok, err = pcall(virtual, main)
  assert.is_false(ok)
  assert.is_true(cohort.is(err, cohort.Deadlock))
  return err
end

local function on_close(f) return setmetatable({}, { __close = f }) end

describe("a deadlock", function()
  it("is raised by run, with the reason", function()
    local err = deadlock(cohort.sleep_forever)
    assert.equal("deadlock", err.reason.kind)
    assert.truthy(err.message:find("every task waits, and nothing can wake one"))
  end)

  it("lists each task, indented by its group, with what it waits for and where", function()
    local line
    local err = deadlock(function()
      cohort.current_task().name = "main"
      line = debug.getinfo(1, "l").currentline
      cohort.group(function(g)
        local first = g:spawn(function()
          cohort.sleep_forever()
        end)
        first.name = "first"
        g:spawn(function()
          first:wait()
        end).name = "second"
      end)
    end)
    local text = { err.message:match("\n(.*)\n(.*)\n(.*)$") }
    local at = " at .*deadlock_spec.lua:"
    assert.truthy(text[1]:find("^task 'main' waits for the end of a group" .. at .. line + 1 .. "$"))
    assert.truthy(text[2]:find("^  task 'first' sleeps for ever" .. at .. line + 3 .. "$"))
    assert.truthy(text[3]:find("^  task 'second' waits for the end of a task" .. at .. line + 7 .. "$"))
  end)

  it("tells no place of a task that runs the library's own code alone", function()
    local err = deadlock(function()
      cohort.group(function(g) g:spawn(cohort.sleep_forever) end)
    end)
    assert.equal("  task 'cohort.sleep_forever' sleeps for ever", err.message:match "[^\n]*$")
  end)

  it("lets clean-up run, which may wait", function()
    local log = {}
    deadlock(function()
      local _ <close> = on_close(function()
        cohort.shield(cohort.sleep, 2)
        log[#log + 1] = "main " .. cohort.now()
      end)
      cohort.group(function(g)
        g:spawn(function()
          local _ <close> = on_close(function()
            cohort.shield(cohort.sleep, 1)
            log[#log + 1] = "task " .. cohort.now()
          end)
          cohort.sleep_forever()
        end)
      end)
    end)
    assert.same({ "task 1.0", "main 3.0" }, log)
  end)

  it("with clean-up that is stuck again is raised all the same", function()
    local log = {}
    deadlock(function()
      local _ <close> = on_close(function() log[#log + 1] = "outer" end)
      local _ <close> = on_close(function() cohort.shield(cohort.sleep_forever) end)
      cohort.sleep_forever()
    end)
    assert.same({ "outer" }, log)
  end)

  it("of tasks that are stuck again and again ends them", function()
    local closed, rounds = 0, 0
    deadlock(function()
      cohort.group(function(g)
        for _ = 1, 3 do
          g:spawn(function()
            local _ <close> = on_close(function() closed = closed + 1 end)
            while true do
              pcall(cohort.shield, cohort.sleep_forever)
              rounds = rounds + 1
            end
          end)
        end
      end)
    end)
    assert.equal(3, closed)
    assert.is_true(rounds < 50)
  end)

  it("has the error of main as its cause, if that failed in its clean-up", function()
    local cause = cohort.Error "clean-up"
    local err = deadlock(function()
      local _ <close> = on_close(function() error(cause) end)
      cohort.sleep_forever()
    end)
    assert.is_true(rawequal(cause, err.cause))
  end)

  it("is raised though main swallowed the cancellation and returned", function()
    deadlock(function()
      pcall(cohort.sleep_forever)
      return "value"
    end)
  end)

  it("is none while a deadline or a sleep is ahead", function()
    assert.is_nil(virtual(function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep_forever)
        cohort.sleep(1)
        task:cancel()
      end)
      assert.is_false(cohort.move_on_after(1, cohort.sleep_forever))
    end))
  end)

  it("is found under a clock that stands still as well", function()
    local ok, err = pcall(cohort.run, { clock = testing.clock() }, cohort.sleep, 1)
    assert.is_false(ok)
    assert.is_true(cohort.is(err, cohort.Deadlock))
    assert.truthy(err.message:find("waits for sleep"))
  end)

  it("of those who wait for a time on a clock that stands still says how it moves", function()
    local hint = "the virtual clock stands still: move it with clock:advance(seconds), or make it with "
      .. "testing.clock{autojump = true}"
    for _, wait in ipairs { cohort.sleep, function(s) cohort.fail_after(s, cohort.sleep_forever) end } do
      local _, err = pcall(cohort.run, { clock = testing.clock() }, wait, 1)
      assert.equal(hint, err.message:match "[^\n]*$")
    end
    local _, err = pcall(cohort.run, { clock = testing.clock() }, cohort.sleep_forever)
    assert.is_nil(err.message:find(hint, 1, true))
    assert.is_nil(deadlock(cohort.sleep_forever).message:find(hint, 1, true))
  end)

  it("names the value, the subscription or the broadcast that is waited for", function()
    local names = {}
    local text = deadlock(function()
      local value, broadcast = cohort.value(1), cohort.broadcast()
      local changes, subscription = value:changes(), broadcast:subscribe()
      names.a, names.b, names.c, names.d = changes, value, subscription, broadcast
      cohort.group(function(g)
        g:spawn(function() while changes() do end end).name = "a"
        g:spawn(value.wait_for, value, function(v) return v == 2 end).name = "b"
        g:spawn(function() while subscription() do end end).name = "c"
        g:spawn(function()
          local _ <close> = broadcast:subscribe()
          broadcast:send(1)
        end).name = "d"
      end)
    end).message
    for task, object in pairs(names) do
      local what = text:match(("task '%s' waits for (%%a+ [^ ]+)"):format(task))
      assert.equal(tostring(object):match "^%a+ [^ ]+", what)
    end
  end)

  it("is found on the real clock, though Ctrl-C is watched for", function()
    local result = child.run [[
      local cohort = require "cohort"
      local ok, err = pcall(cohort.run, cohort.sleep_forever)
      print(ok, cohort.is(err, cohort.Deadlock))
    ]]
    assert.same({ 0, "false\ttrue\n", "" }, { result.code, result.out, result.err })
  end)

  it("leaves nothing behind: run works again", function()
    for _ = 1, 3 do deadlock(cohort.sleep_forever) end
    assert.equal(7, virtual(function()
      cohort.sleep(1)
      return 7
    end))
  end)
end)
