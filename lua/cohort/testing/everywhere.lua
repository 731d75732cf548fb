--- Cancels a program at every point where it can be cancelled, and makes each operation that can fail do so,
--- one at a time, and checks what is left.
---
--- A program is run once unchanged, and then again for each point: a trial. The schedule of the run finds the
--- points: each call that may wait is one, and so is each moment at which all tasks wait. The requirements
--- for a trial are the same for both: it ends, leaves nothing open, and has closed exactly once everything it
--- took from its `guard`; plus what the caller checks.
local core = require "cohort.core"
local leaks = require "cohort.testing.leaks"
local match = require "cohort.match"
local option = require "cohort.option"
local arguments = require "cohort.testing.arguments"

local everywhere = {}

local expects = option.expects

---------------------------------------------------------------------------
-- Guards: values that record whether they were closed

local Guard = { __name = "cohort.guard" }

function Guard:__close() self.closed = self.closed + 1 end

-- A function that makes guards and keeps them in `list`.
local function guard_maker(list)
  return function(name)
    local guard = setmetatable({ name = name or "guard", closed = 0 }, Guard)
    list[#list + 1] = guard
    return guard
  end
end

local function add_guards(findings, list)
  for _, guard in ipairs(list) do
    if guard.closed ~= 1 then
      findings[#findings + 1] = guard.closed == 0 and ("'%s' was never closed"):format(guard.name)
        or ("'%s' was closed %d times"):format(guard.name, guard.closed)
    end
  end
end

---------------------------------------------------------------------------
-- One trial

-- Where a task is, for people.
local function describe(task)
  local line = core.line_of(task)
  return ("task '%s' %s"):format(task.name, line == "?" and "had ended" or "was at " .. line)
end

-- Adds what has grown since `before`. Garbage counts: it was not closed.
local function add_growth(findings, before)
  local left = leaks.growth(before)
  if #left > 0 then findings[#findings + 1] = "left open: " .. table.concat(left, ", ") end
end

-- The root task: calls f in a scope of its own, and counts what is open when that has ended. Descriptors are
-- counted when the run is over, because a lookup that was left behind may have one until then.
local function main(trial, f, begin)
  core.current_task().name = "main"
  local before, guards = leaks.count(), {}
  before.descriptors = nil
  trial.ok, trial.err = pcall(core.scope, function(scope)
    trial.scope = scope
    if begin then begin() end
    f(guard_maker(guards))
  end)
  trial.scope = nil
  trial.failed, trial.failed_at = core.fault()
  core.set_fault(0)
  add_growth(trial.findings, before)
  add_guards(trial.findings, guards)
end

-- Runs f. `at_point(trial)` is called at each point; `trial.points` is its number, and `trial.task` the task
-- that has come to it.
local function run(f, at_point, begin)
  local trial, before = { points = 0, findings = {} }, leaks.count()
  local function schedule(tasks)
    if trial.scope then
      trial.points = trial.points + 1
      at_point(trial)
    end
    trial.task = tasks[1] or trial.task
  end
  local run_options = { clock = core.clock { autojump = true }, signals = false, schedule = schedule }
  local ok, err = pcall(core.run, run_options, main, trial, f, begin)
  if not ok then
    trial.ok, trial.err, trial.told = false, err, true
    trial.findings[#trial.findings + 1] = "it did not end by itself, but raised " .. core.text_of(err)
  end
  add_growth(trial.findings, before)
  return trial
end

-- Is everything in an error allowed?
local function is_allowed(err, allowed)
  if allowed == nil then return false end
  if not core.is_error_group(err) then return match.matches(err, allowed) end
  local _, rest = match.split(err, allowed)
  return rest == nil
end

-- Adds findings from the error of a trial and from the caller's check.
local function judge(trial, options, any_error)
  if not trial.ok and not trial.told and not any_error and not is_allowed(trial.err, options.allow) then
    trial.findings[#trial.findings + 1] = "raised " .. core.text_of(trial.err)
  end
  if not options.check then return end
  local ok, err = pcall(options.check)
  if not ok then trial.findings[#trial.findings + 1] = "check: " .. core.text_of(err) end
end

local function complain(who, trial, where, ...)
  local lines = { ("%s: " .. where):format(who, ...) }
  for _, finding in ipairs(trial.findings) do lines[#lines + 1] = "  " .. finding end
  error(core.Error { message = table.concat(lines, "\n"), cause = trial.err, at = trial.at }, 0)
end

-- The unchanged program must meet the requirements too.
local function run_plain(who, f, options)
  local trial = run(f, function() end)
  if not trial.ok then error(trial.err, 0) end
  judge(trial, options)
  if #trial.findings > 0 then complain(who, trial, "when nothing is done to it") end
  return trial
end

---------------------------------------------------------------------------
-- Cancelling

local RUNS = 1000

-- Cancels at point number `at`. With `later` it cancels only the task that has come there, and all that many
-- points after it.
local function cancel_at(f, at, later)
  return run(f, function(trial)
    if trial.points == at then
      trial.at, trial.place = at, describe(trial.task)
      if later then trial.task:cancel("alone") else trial.scope:cancel("everywhere") end
    elseif later and trial.points == at + later then
      trial.reached = true
      trial.scope:cancel("everywhere")
    end
  end)
end

-- One program: the runs so far, and how many came to their first cancellation.
local Sweep = {}
Sweep.__index = Sweep

local function deadlocks(trial) return not trial.ok and core.error_is(trial.err, core.Deadlock) end

-- Tries one cancellation, or two; returns whether the run came to the last of them. Before the second it may
-- deadlock, if the first alone makes it deadlock: whoever waits for that task may wait for ever.
function Sweep:try(at, later)
  local trial = cancel_at(self.f, at, later)
  self.runs = self.runs + 1
  if trial.at then self.cancelled = self.cancelled + 1 end
  if later and later > 1 and deadlocks(trial) and deadlocks(cancel_at(self.f, at, math.huge)) then
    return false
  end
  judge(trial, self.options, later)
  if #trial.findings > 0 then
    local how = not later and "cancelled" or later == 1 and "that task cancelled alone, then all,"
      or ("that task cancelled alone, then all %d checkpoints later,"):format(later)
    complain("cancel_everywhere", trial, "%s at checkpoint %d of %d, where %s", how, at, self.count,
      trial.place or "?")
  end
  return trial.reached
end

-- Cancels all at each point, and then the task alone with all at the next point. Returns the points whose run
-- went on to that.
function Sweep:near(first, last)
  local open = {}
  for at = first, last do
    self:try(at)
    if self:try(at, 1) then open[#open + 1] = at end
  end
  return open
end

-- Cancels all at each later point, the nearer ones first, until each run has ended before it or `runs` are
-- made. Returns whether everything was tried.
function Sweep:far(open, runs)
  local later = 2
  while #open > 0 do
    local still = {}
    for _, at in ipairs(open) do
      if self.runs >= runs then return false end
      if self:try(at, later) then still[#still + 1] = at end
    end
    open, later = still, later + 1
  end
  return true
end

local cancel_options = option.known {
  check = expects.callable, at = expects.count, runs = expects.count,
  allow = function(value) match.check(value, "option 'allow'") end,
}

--- Runs `f` with a cancellation at each checkpoint: see the reference.
--- @param options? {check: function?, allow: cohort.Matcher?, at: integer?, runs: integer?}
--- @param f async fun(guard: fun(name: string?): any)
--- @return {checkpoints: integer, runs: integer, cancelled: integer, exhaustive: boolean}
function everywhere.cancel_everywhere(options, f)
  options, f = arguments.read("cancel_everywhere", options, f, cancel_options)
  arguments.check_outside("cancel_everywhere")
  local count = run_plain("cancel_everywhere", f, options).points
  local sweep = setmetatable({ f = f, options = options, count = count, runs = 1, cancelled = 0 }, Sweep)
  local open = sweep:near(options.at or 1, options.at or count)
  local exhaustive = sweep:far(open, options.runs or RUNS) and not options.at
  return { checkpoints = count, runs = sweep.runs, cancelled = sweep.cancelled, exhaustive = exhaustive }
end

---------------------------------------------------------------------------
-- Failing

local function expects_code(value)
  local is = type(value) == "string" and core.has_code(value)
  if is then return nil end
  local got = type(value) == "string" and ("%q"):format(value)
  return 'the code of an error of the system, such as "EMFILE"', got
end

local fail_options = option.known { check = expects.callable, code = expects_code, at = expects.count }

local function at_place(place) return place ~= "" and " at " .. place or "" end

-- Makes the n-th operation that can fail do so; records where the task that ran then is.
local function fail_at(f, at, code)
  return run(f, function(trial)
    if not trial.place and core.fault() then trial.place = describe(trial.task) end
  end, function() core.set_fault(at, code) end)
end

--- Runs `f` with each failure that is possible: see the reference.
--- @param options? {check: function?, code: string?, at: integer?}
--- @param f async fun(guard: fun(name: string?): any)
--- @return {faults: integer, runs: integer, operations: table<string, integer>}
function everywhere.fail_everywhere(options, f)
  options, f = arguments.read("fail_everywhere", options, f, fail_options)
  arguments.check_outside("fail_everywhere")
  run_plain("fail_everywhere", f, options)
  local at, operations = options.at or 1, {}
  repeat
    local trial = fail_at(f, at, options.code)
    judge(trial, options, trial.failed ~= nil)
    trial.at = at
    if #trial.findings > 0 then
      local failed = trial.failed and trial.failed .. at_place(trial.failed_at) or "not reached"
      complain("fail_everywhere", trial, "when number %d of what can fail did, which was %s%s", at, failed,
        trial.place and "; after it " .. trial.place or "")
    end
    if trial.failed then operations[trial.failed] = (operations[trial.failed] or 0) + 1 end
    at = at + 1
  until not trial.failed or options.at
  local faults = at - (options.at or 1) - (options.at and 0 or 1)
  return { faults = faults, runs = faults + 2, operations = operations }
end

return everywhere
