-- Mistakes of those who know another library, or have not read on: each is told with the call that is meant.
-- More of them are in bad_input_spec.lua, and names that are not there in lua/names_spec.lua.
local cohort = require "cohort"
local meta = require "tools.meta"
local samples = require "tools.samples"
local bad_input = require "spec.support.bad_input"
local tasks = require "spec.support.tasks"

local definitions = meta.read "lua/cohort/meta"

-- Makes each call, which is misuse, in a function of its own, and looks for what is told, at its line.
local function tell(rows_of)
  bad_input.load_all(cohort)
  samples.with(definitions, function(x)
    for _, row in ipairs(rows_of(x)) do
      local function call() row[2](table.unpack(row, 3)) end
      local err = tasks.raised(call)
      assert.matches("^spec/mistakes_spec.lua:%d+: ", err)
      assert.matches(row[1], err, 1, true)
    end
  end)
end

describe("a mistake is told with what is meant", function()
  it("of tasks where functions belong", function()
    tell(function(x)
      local join = "it runs already, so write task:join(), or select{{task, f}, ...} for the first one"
      return {
        { "gather expects a list of functions, got cohort.Task at 1: " .. join, cohort.gather, { x.task } },
        { "gather expects a list of functions, got cohort.Task: " .. join, cohort.gather, x.task, x.task },
        { "race expects a list of functions, got cohort.Task at 1: " .. join, cohort.race, { x.task } },
        { "any expects a list of functions, got cohort.Task: " .. join, cohort.any, x.task },
        { "got cohort.Task at 2: " .. join, cohort.as_completed, { print, x.task } },
        { "got cohort.Event at 1: write the function itself", cohort.gather, { x.event } },
      }
    end)
  end)

  it("of what select would wait for, in place of a case", function()
    tell(function(x)
      return {
        { "got cohort.Task: write {task, f}", cohort.select, { x.task } },
        { "got cohort.Event: write {event, f}", cohort.select, { x.event } },
        { "got cohort.Sender: write {send, value, f}", cohort.select, { x.sender } },
        { "got cohort.Receiver: write {receive, f}", cohort.select, { x.receiver } },
      }
    end)
  end)

  it("of what opens no block, though its body was left out", function()
    tell(function()
      local rest = "; for the rest of a block, local s <close> = cohort.open_scope"
      return {
        { "not group(f(...)); for the rest of a block, local g <close> = cohort.open_group()", cohort.group },
        { "for the rest of a block, local g <close> = cohort.open_group()", cohort.group, { limit = 3 } },
        { "not fail_after(seconds, f(...))" .. rest .. "{timeout = seconds}", cohort.fail_after, 5 },
        { rest .. "{timeout = seconds}", cohort.move_on_after, 5 },
        { rest .. "{deadline = time}", cohort.move_on_at, 5 },
        { rest .. "{...}", cohort.scope, { timeout = 5 } },
      }
    end)
  end)

  it("of a number, or a function, where options belong", function()
    tell(function()
      return {
        { "got number: write retry({attempts = 3}, f, ...)", cohort.retry, 3, print },
        { "got number: write open_scope{timeout = 5}", cohort.open_scope, 5 },
        { "got number: it has 'name', 'limit', 'on_error'", cohort.open_group, 5 },
        { "got number: for a time limit, write cohort.fail_after(seconds, net.connect, host, port)",
          cohort.net.connect, "127.0.0.1", 1, 5 },
        { "open_scope takes no body: write cohort.scope(function(scope) ... end)", cohort.open_scope, print },
      }
    end)
  end)

  it("of a port that is text, or stands behind the host", function()
    tell(function()
      return {
        { 'got "80": write net.connect(host, 80), or tonumber(port)', cohort.net.connect, "127.0.0.1", "80" },
        { 'got "http": write net.connect(host, port)', cohort.net.connect, "127.0.0.1", "http" },
        { 'got nil: write net.connect("localhost", 80)', cohort.net.connect, "localhost:80" },
        { 'got nil: write net.listen("0.0.0.0", 80)', cohort.net.listen, "0.0.0.0:80" },
        { "got nil: write net.connect(host, port)", cohort.net.connect, "::1" },
      }
    end)
  end)

  it("but not of false where nothing waits, nor where no line of the caller's has it", function()
    samples.with(definitions, function(x)
      for _, name in ipairs { "lock", "semaphore", "limiter" } do
        local object = x[name]
        assert.is_true(object:try_acquire(false))
        object:release(false)
        assert.is_true((cohort.move_on_after(1, object.acquire, object, false)))
        object:release()
      end
    end)
  end)

  it("of a loop over a sender, and of a field that only methods change", function()
    tell(function(x)
      return {
        { "send expects one value, got two nils: a loop is over the other end, for v in receive do",
          function() for item in x.sender do print(item) end end },
        { "a field of this semaphore: its methods change it", function() x.semaphore.available = 5 end },
      }
    end)
  end)
end)
