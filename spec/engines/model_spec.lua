-- The model engine bites: it finds what is planted in cohort, and says what it found so that it can be read.
local census = require "engines.model.census"
local check = require "engines.model.check"
local cohort = require "cohort"
local model = require "engines.model.cohort"

-- Faults, each a cohort with some calls replaced by wrong ones.
local function group_with(change)
  return function(options, body)
    local other = { limit = options.limit, on_error = options.on_error }
    change(other)
    return cohort.group(other, body)
  end
end

local function never_mind() end

local faults = {
  ["a shield that does not hold"] = { shield = function(f, ...) return f(...) end },
  ["a group that does not cancel siblings"] = {
    group = group_with(function(options) options.on_error = "collect" end),
  },
  ["a group that cancels siblings though it collects"] = {
    group = group_with(function(options) options.on_error = "cancel" end),
  },
  ["a limit that is off by one"] = {
    group = group_with(function(options) options.limit = options.limit and options.limit + 1 end),
  },
  ["a timeout that is swallowed"] = {
    fail_after = function(...) return select(2, cohort.move_on_after(...)) end,
  },
  ["a time limit that is never due"] = {
    move_on_after = function(_, ...) return cohort.move_on_after(math.huge, ...) end,
  },
  ["an attempt that catches a cancellation"] = { attempt = pcall },
  ["a checkpoint that does not switch"] = { checkpoint = never_mind },
  ["clean-up whose error replaces another"] = {
    finally = function(body, last)
      local ok, value = pcall(body)
      last()
      if not ok then error(value, 0) end
      return value
    end,
  },
  ["a lock that two have at once"] = {
    lock = function()
      return { acquire = never_mind, release = never_mind, try_acquire = function() return true end,
        with = function(_, f, ...) return f(...) end }
    end,
  },
  ["an event that is forgotten"] = {
    event = function() return { set = never_mind, wait = cohort.sleep_forever } end,
  },
}

local programs_max = 3000

describe("the model engine finds", function()
  for name, replaced in pairs(faults) do
    it(name, function()
      local agreed, report = check.seeds(1, programs_max, model.runner(replaced), never_mind)
      assert.is_string(report)
      assert.is_true(agreed < programs_max)
    end)
  end

  it("an order that is not first in, first out", function()
    assert.is_string(select(2, check.seeds(1, programs_max, model.runner({}, { seed = 1 }), never_mind)))
  end)
end)

describe("a report of the model engine", function()
  local _, report = check.seeds(1, programs_max, model.runner { attempt = pcall }, never_mind)

  it("has the seed, the program, both traces and where they part", function()
    assert.matches("^seed %d+: ", report)
    assert.matches("cohort.attempt(function()", report, 1, true)
    assert.matches("\nthe reference:\n   1  at ", report, 1, true)
    assert.matches("\ncohort:\n   1  at ", report, 1, true)
    assert.matches("they part in line %d+:\n  the reference: at .*\n  cohort:        at ", report)
  end)

  it("shows no more of the program than it needs", function()
    local program = report:match("\n\n(.-)\n\nthe reference:")
    assert.is_true(select(2, program:gsub("%-%- %d+\n", "")) <= 8, program)
  end)
end)

describe("the model engine without faults", function()
  local counted = census.new()

  it("agrees with the reference", function()
    local agreed, report = check.seeds(1, 1000, model.run, function(trace) counted:add(trace) end)
    assert.is_nil(report)
    assert.are.equal(1000, agreed)
  end)

  it("tells what never happened: a kind of step, and an outcome", function()
    local few = census.new()
    local line = { kind = "sleep", outcome = "raised Cancelled", has_waited = true }
    few:add { line, { kind = "fail", outcome = "returned absent" },
      { kind = "receive", outcome = "returned nil" } }
    local missing = {}
    for _, text in ipairs(few:missing()) do missing[text] = true end
    assert.is_true(missing["no step of this kind was taken: fail"])
    assert.is_nil(missing["no step of this kind was taken: sleep"])
    assert.is_true(missing["this never happened: an item was handed to a receiver"])
    assert.is_nil(missing["this never happened: a receiver was told of the end"])
    assert.is_nil(missing["this never happened: a wait was cancelled"])
    few = census.new()
    line.has_waited = false
    few:add { line }
    assert.equal("this never happened: a wait was cancelled",
      table.concat(few:missing(), "\n"):match "this never happened: a wait was cancelled")
  end)

  it("tells what never happened in too few programs", function()
    local few = census.new()
    check.seeds(1, 3, model.run, function(trace) few:add(trace) end)
    assert.is_true(#few:missing() > 10)
    assert.is_true(#few:missing() > #counted:missing())
  end)
end)
