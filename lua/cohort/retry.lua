--- Trying again, and keeping time: retry and ticker.
---
--- Both are loops that every script writes, and where cancellation is easy to get wrong: here it always comes
--- out at once.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local match = require "cohort.match"
local object = require "cohort.object"
local option = require "cohort.option"
local try = require "cohort.try"

local retry = {}

local expects = option.expects

local is_callable, is_cancelled, is_error_group = core.is_callable, core.is_cancelled, core.is_error_group
local raise = core.raise
local info_of = debug and debug.getinfo  -- a host may give no debug library

---------------------------------------------------------------------------
-- Options

local delay_max = 1e9  -- seconds; many factors multiply to infinity, which times a delay of 0 is NaN

local defaults = { attempts = 3, delay = 0.1, factor = 2, max_delay = delay_max, jitter = 0 }

local function expects_number(least, most, expected, describe)
  return function(value)
    local is = type(value) == "number" and value >= least and value <= most and value < math.huge
    if not is then return expected, describe and describe(value) end
  end
end

local describe_seconds = option.describe_seconds

local known = option.known {
  attempts = expects.limit,
  delay = expects_number(0, math.huge, "zero or more seconds", describe_seconds),
  factor = expects_number(1, math.huge, "a number of 1 or more"),
  max_delay = function(value)
    if expects.seconds(value) then return "zero or more seconds, or math.huge", describe_seconds(value) end
  end,
  jitter = expects_number(0, 1, "a number from 0 to 1"),
  on = function(value) match.check(value, "option 'on'") end,
}

-- Refuses options behind the function, if that has no parameter for them; `call` is the function and its
-- arguments.
local function check_options_first(call)
  local f, last = call[1], call.n > 1 and call[call.n]
  if type(f) ~= "function" or type(last) ~= "table" or is_callable(last) or not info_of then return end
  local info, first = info_of(f, "u"), next(last)
  if first == nil or info.isvararg or info.nparams >= call.n - 1 then return end
  for name in next, last do
    if not known.expects[name] then return end
  end
  misuse("retry takes its options first, got them behind the function: write retry({%s = ...}, f)", first)
end

-- Reads the options, and completes them by the defaults.
local function read_options(options)
  local plan = option.read("retry", options, known)
  for name, value in next, defaults do
    if plan[name] == nil then plan[name] = value end
  end
  return plan
end

---------------------------------------------------------------------------
-- retry

-- Does all of an error match, in a group every error?
local function matches(err, on)
  if is_cancelled(err) then return false end
  if on == nil then on = core.Error end
  if not is_error_group(err) then return match.matches(err, on) end
  local _, rest = match.split(err, on)
  return rest == nil
end

-- Calls `f` in a scope of its own, so that everything it left open is closed before the next attempt.
local function attempt(f, ...)
  return core.move_on_after(math.huge, f, ...)
end

-- The seconds to wait after attempt number `n`.
local function delay_after(plan, n)
  local most = math.min(plan.max_delay, delay_max)
  local seconds = plan.delay == 0 and 0 or math.min(plan.delay * plan.factor ^ (n - 1), most)
  if plan.jitter > 0 then seconds = seconds * (1 - plan.jitter * core.random()) end
  return seconds
end

-- Waits for the next attempt, or raises the error that ends it. `errors` are those of the attempts so far,
-- with their details.
local function await_next(plan, errors, n, err)
  if not try.ask(matches, err, plan.on) then raise(err) end
  if plan.attempts < math.huge then
    errors[n] = core.error_box(err)
    errors.details[n] = core.details(errors[n]) or false
  end
  if n < plan.attempts then return core.sleep(delay_after(plan, n)) end
  local message = n == 1 and "1 attempt failed" or ("%d attempts failed"):format(n)
  error(core.error_compose(message, errors, errors.details), 0)
end

local try_again

-- Returns the results of attempt number `n`, or those of the next.
local function settle(plan, errors, n, call, ok, ...)
  if ok then return select(2, ...) end
  await_next(plan, errors, n, (...))
  return try_again(plan, errors, n + 1, call)
end

function try_again(plan, errors, n, call)
  return settle(plan, errors, n, call, xpcall(attempt, core.note, table.unpack(call, 1, call.n)))
end

--- Calls `f(...)` until it succeeds, and returns its results.
---
--- After a failure that matches it waits, longer each time, and tries again. An error that does not match
--- comes out at once, unchanged, and so does a cancellation. When all attempts have failed, raises an
--- `ErrorGroup` of their errors.
--- @param options cohort.RetryOptions  may be left out
--- @param f fun(...): ...
--- @param ... any
--- @return any ...
function retry.retry(options, f, ...)
  local call
  if type(options) == "table" and not is_callable(options) then
    call = table.pack(f, ...)
  else
    call, options = table.pack(options, f, ...), {}
    if f == nil and select("#", ...) == 0 then call.n = 1 end
  end
  local plan = read_options(options)
  if not is_callable(call[1]) then
    local is_count = type(call[1]) == "number" and is_callable(call[2])
    local first = is_count and ("{attempts = %.14g}"):format(call[1]) or "options"
    misuse("retry expects a function, got %s: write retry(%s, f, ...)", type(call[1]), first)
  end
  check_options_first(call)
  object.check_task "retry"
  return try_again(plan, { details = {} }, 1, call)
end

---------------------------------------------------------------------------
-- ticker

local TICKS_MAX = 2 ^ 53  -- with a tiny interval there are more ticks than a number can count

--- Returns an iterator over the numbers of ticks, each `interval` seconds after the one before.
---
--- Tick `n` is due `n` intervals after the call, however long the loop takes in between. A step waits for the
--- next tick; if ticks were missed meanwhile, it gives the number of the latest at once.
--- @param interval number  seconds
--- @return fun(): integer
function retry.ticker(interval, ...)
  if is_callable((...)) then misuse "ticker takes no function: write for n in cohort.ticker(seconds) do" end
  if type(interval) ~= "number" or not (interval > 0 and interval < math.huge) then
    misuse("ticker expects more than zero seconds, got %s", describe_seconds(interval))
  end
  object.check_task "ticker"
  local begun, last = core.now(), 0
  return function()
    local before
    repeat  -- another task may have taken that tick meanwhile
      before = last
      core.sleep_until(begun + (last + 1) * interval)
    until last == before
    last = math.max(last + 1, math.floor(math.min((core.now() - begun) / interval + 1e-6, TICKS_MAX)))
    return last
  end
end

return retry
