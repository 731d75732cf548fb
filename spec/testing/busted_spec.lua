-- The helper for busted, seen from outside: busted runs in a process of its own on small files of specs.
local child = require "spec.support.child"

local lua = os.getenv("LUA") or "lua5.4"

-- What busted prints about one of the files in spec/support/busted.
local function busted(file, options)
  local command = "cd spec/support/busted && %s ../../../tools/specs.lua -o plainTerminal %s %s %s.lua"
  local source = command:format(lua, "--helper=cohort.testing.busted", options or "", file)
  return child.run(source, "env --default-signal=INT sh")
end

-- What is told about one spec: the lines from its name to the next empty one.
local function told_of(out, name)
  local from = out:find("\n" .. name .. "\n", 1, true)
  assert.is_truthy(from, "nothing is told of " .. name .. " in " .. out)
  return (out:sub(from + #name + 2) .. "\n\n"):match "^(.-)\n\n"
end

local function assert_told(out, name, text)
  local told = told_of(out, name)
  local message = ("'%s' is not in what is told of %s:\n%s"):format(text, name, told)
  assert.is_truthy(told:find(text, 1, true), message)
end

local function assert_has(out, text)
  assert.is_truthy(out:find(text, 1, true), ("'%s' is not in:\n%s"):format(text, out))
end

describe("the helper for busted", function()
  it("makes tasks in virtual time of all functions of a test, in one runtime", function()
    local result = busted "passing"
    assert_has(result.out, "6 successes / 0 failures / 0 errors / 2 pending")
    assert.equal(0, result.code)
    assert_has(result.out, "setup 5.0, after 3604.0, finally 13.0, after 14.0, after 4.0, after 4.75, " ..
      "after 4.0, teardown 7.0")
    assert_told(result.out, "a test may be left to later", "passing.lua:50: later")
  end)

  it("leaves busted's options as they are", function()
    local result = busted("passing", "--shuffle --seed=7 --repeat=3 -o TAP")
    assert.equal(0, result.code)
    local _, count = result.out:gsub("ok %d", "")
    assert.equal(3 * 8, count)
    assert_has(busted("passing", "--filter=outside").out, "1 success /")
    assert_has(busted("failing", "-o json --filter=two").out, "failing.lua:29: group 'failing.lua:29' failed")
    assert_has(busted("passing", "--list").out, "passing.lua:40: a test has a time of its own")
  end)

  it("tells of each failure with its line", function()
    local out = busted("failing").out
    local function told(name, text) assert_told(out, "a test that " .. name, "failing.lua:" .. text) end
    assert_has(out, "1 success / 2 failures / 6 errors / 0 pending")
    told("fails", "7: Expected objects to be equal.")
    told("raises a string", "12: oops")
    told("raises a table", "17: {\n  code = 7\n}")
    told("fails in a task", "23: Expected objects to be equal.")
    told("has two tasks that raise", "29: group 'failing.lua:29' failed (2 errors)")
    told("registers a test", "36: 'it' not supported inside current context")
    assert_told(out, "a before_each that before_each", "failing.lua:47: fails")
    assert_has(out, "after_each runs")
    assert.is_nil(out:find "unreachable")
    assert_told(out, "a finally that fails", "failing.lua:59: at last")
  end)

  it("shows the traceback of the task", function()
    local out = busted("failing", "--verbose --filter=string").out
    assert_has(out, "failing.lua:12: oops\n\n" ..
      "stack traceback:\n\tfailing.lua:12: in function <failing.lua:10>\n")
  end)

  it("calls a test that is marked as plain where no runtime is open", function()
    local out = busted("plain").out
    assert_has(out, "5 successes / 1 failure / 3 errors / 0 pending")
    assert_has(out, "before, after, before, finally, after")
    local function told(name, text) assert_told(out, "a plain test " .. name, "plain.lua:" .. text) end
    told("fails with its line", "38: Expected objects to be equal.")
    told("finds a lost update", "47: Error: explore: the function fails")
    told("after_each", "57: 'leaves a file open' left behind: 1 descriptor")
    local how = "call it outside of cohort.run, and with the helper for busted in it(name, testing.plain("
    assert_told(out, "a test that is none is told how", how)
  end)

  it("ends what hangs, with the tree of tasks, and goes on", function()
    local out = busted("hanging", "-Xhelper watchdog=0.3").out
    local function told(name, text) assert_told(out, "a test that " .. name, "hanging.lua:" .. text) end
    local late = "Timeout: stopped by the watchdog after 0.3 s of real time\n"
    assert_has(out, "1 success / 0 failures / 5 errors / 0 pending")
    told("is stuck", "10: Deadlock: every task waits, and nothing can wake one\n" ..
      "task 'it is stuck' waits for the end of a group at hanging.lua:10\n" ..
      "  task 'stuck' waits for an event (not set, 1 waiting) at hanging.lua:12")
    told("loops", "19: " .. late .. "task 'it loops' runs at hanging.lua:19")
    told("loops around pcall, deep in a task", "23: " .. late ..
      "task 'it loops around pcall, deep in a task' waits for the end of a group at hanging.lua:23\n" ..
      "  task 'looping' runs at hanging.lua:26")
    told("waits for the outside", "35: " .. late ..
      "task 'it waits for the outside' waits for accept at hanging.lua:35")
    told("waits for the outside under a shield", "40: " .. late)
    local _, count = out:gsub("after_each runs", "")
    assert.equal(6, count)
  end)

  it("fails a test that leaves something behind", function()
    local out = busted("leaking").out
    assert_has(out, "4 successes / 4 failures / 2 errors / 0 pending")
    local at = "leaking.lua:%d: '%s' left behind: "
    local function assert_left(line, name, what)
      assert_told(out, "a test " .. name, at:format(line, name) .. what)
    end
    assert_left(8, "with a stream that it keeps", "1 handle (a listener opened at leaking.lua:9)")
    assert_left(12, "with a stream that it forgets", "1 handle (a listener opened at leaking.lua:13)")
    assert_left(16, "with a file", "1 descriptor")
    assert_left(20, "with a value in the registry", "1 reference")
    assert_told(out, "a test with a stream, but it fails", "leaking.lua:32: oops")
    local where = at:format(43, "is where what it did not close is told")
    assert_told(out, "after_each after_each", where .. "1 handle (a listener opened at leaking.lua:44)")
  end)

  it("leaves leaks alone when it is told to", function()
    local out = busted("leaking", "-Xhelper leaks=ignore").out
    assert_has(out, "8 successes / 0 failures / 1 error / 0 pending")
  end)

  it("fails a test in which memory grows each time, when it is told to look", function()
    local out = busted("leaking", "-Xhelper memory=check --filter=memory").out
    assert_has(out, "1 success / 1 failure / 0 errors / 0 pending")
    local told = "'with memory that grows' left behind: %d+ bytes of memory or more each time"
    assert.matches(told, told_of(out, "a test with memory that grows"))
    assert_has(busted("leaking", "--filter=memory").out, "2 successes / 0 failures / 0 errors / 0 pending")
    local passing = busted("passing", "-Xhelper memory=check").out
    assert_has(passing, "6 successes / 0 failures / 0 errors / 2 pending")
  end)

  it("refuses options that it does not know", function()
    local function refused(option) return busted("passing", "-Xhelper " .. option).err end
    assert_has(refused "watchdgo=1", "cohort.testing.busted has no option 'watchdgo=1'")
    assert_has(refused "watchdog=soon", "watchdog expects seconds, got soon")
    assert_has(refused "leaks=no", "option 'leaks' expects check or ignore, got 'no'")
    assert_has(refused "memory=yes", "option 'memory' expects check or ignore, got 'yes'")
  end)

  it("runs nothing more after Ctrl-C", function()
    local out = busted("interrupted").out
    assert_has(out, "0 successes / 0 failures / 2 errors / 0 pending")
    assert_told(out, "is interrupted", "Interrupted: interrupted by Ctrl-C")
    assert_told(out, "comes after that", "Interrupted: interrupted by Ctrl-C")
    assert.is_nil(out:find "unreachable")
  end)
end)

describe("the helper of these specs", function()
  it("fails one that asserts nothing", function()
    local out = child.run(lua .. " tools/specs.lua spec/support/busted/empty.lua", "sh").out
    assert.matches("asserts nothing, so it proves nothing", out)
    assert.matches("\n1 passed, 1 failed\n$", out)
  end)
end)
