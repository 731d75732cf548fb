--- For busted: every `it` is a task, in virtual time, watched and checked for leaks.
---
---     lua5.4 /usr/bin/busted --ignore-lua --helper=cohort.testing.busted
---
--- A test with its `before_each`, `after_each` and `finally` runs in one runtime, kept open from the first of
--- these functions to the last, so a stream that `before_each` opens is still open in the test; each function
--- is a task, one after the other. `setup` and `teardown` have a runtime of their own. A test marked with
--- `testing.plain` is called while no runtime is open, because it opens some itself. Nothing of busted is
--- replaced: functions are wrapped when they are registered, and the place of an error is supplied where
--- busted asks for it. Options, as `-Xhelper name=value`: `watchdog` (real seconds that one function may
--- take, 10; 0 is no limit), `leaks` ("check" or "ignore"), `memory` ("ignore", or "check": the function of
--- each test is called eight times, and the test fails when memory grew each time).
local busted = require "busted"
local core = require "cohort.core"
local leaks = require "cohort.testing.leaks"
local plain = require "cohort.testing.plain"
require "cohort.net"  -- before busted insulates files, so that there is only one of it

local options = { watchdog = "10", leaks = "check", memory = "ignore" }
local words = { check = true, ignore = true }
for _, word in ipairs(arg) do
  local name, value = word:match "^(%w+)=(.*)$"
  if not options[name] then
    error(("cohort.testing.busted has no option '%s': there are watchdog=SECONDS, leaks=ignore and "
      .. "memory=check"):format(word), 0)
  end
  if name ~= "watchdog" and not words[value] then
    error(("cohort.testing.busted: option '%s' expects check or ignore, got '%s'"):format(name, value), 0)
  end
  options[name] = value
end

local watchdog = tonumber(options.watchdog) or -1
if watchdog < 0 then error("cohort.testing.busted: watchdog expects seconds, got " .. options.watchdog, 0) end
if watchdog == 0 then watchdog = math.huge end

---------------------------------------------------------------------------
-- Where an error happened. busted looks at the stack on which its handler is called, which is that of the
-- code that runs the tasks. So the place is recorded in the task, and supplied when busted asks.

local place = {}  -- info, raised: of the latest error in a task; err: what its run raised for that

local function folder_of(path) return "@" .. path:match "^(.*[/\\])" end

local own_folder = debug.getinfo(1, "S").source:gsub("testing[/\\]busted%.lua$", "")
local busted_folder = folder_of(package.searchpath("busted.core", package.path))

local function is_of_a_framework(info)
  return info.what == "C" or info.short_src:match "luassert[/\\].*%.lua$" ~= nil
    or info.source:sub(1, #own_folder) == own_folder or info.source:sub(1, #busted_folder) == busted_folder
end

-- The message handler of every task.
local function take_place(err)
  local level = 2
  local info = debug.getinfo(level, "Sl")
  while info and is_of_a_framework(info) do
    level = level + 1
    info = debug.getinfo(level, "Sl")
  end
  if info then info.traceback = debug.traceback("", level) end
  place = { info = info, raised = err }
  return err
end

-- A file's own function that completes what busted found out about an error. Machine-readable outputs take no
-- userdata.
local function wrap_trace(get_trace)
  return function(name, info)
    if place.info and rawequal(info.message, place.err) then
      for key, value in pairs(place.info) do info[key] = value end
    end
    local err = info.message
    if core.is_error_group(err) or core.error_is(err, core.Error) then info.message = tostring(err) end
    return get_trace(name, info)
  end
end

---------------------------------------------------------------------------
-- Running a function as a task

local interrupted  -- the error of a Ctrl-C, after which nothing runs

local function open_runner()
  return core.open_runner { clock = core.clock { autojump = true }, watchdog = watchdog }
end

-- If the only error in a group is a failed assertion of busted, or a `pending`, returns that instead of the
-- group.
local function unwrap(err)
  local sole = core.is_error_group(err) and err:sole()
  local metatable = type(sole) == "table" and debug.getmetatable(sole)
  local kind = metatable and metatable.__type
  return (kind == "failure" or kind == "pending") and sole or err
end

-- A deadlock or the watchdog raises another error than the task did; it happened where it cut the task.
local function tell_where(err)
  if core.error_is(err, core.Interrupted) then interrupted = err end
  local stopped = core.error_is(err, core.Deadlock) or core.error_is(err, core.Timeout)
  local info = place.info
  if stopped and info and not rawequal(err, place.raised) then
    err.where = ("%s:%d"):format(info.short_src, info.currentline)
  end
end

-- Calls `f` as a task of this name; returns whether it returned, else also what it raised.
local function attempt(runner, name, f, ...)
  if interrupted then return false, interrupted end
  place = {}
  local ok, err = pcall(runner.run, runner, function(...)
    core.current_task().name = name
    local returned, raised = xpcall(f, take_place, ...)
    if not returned then core.raise(raised) end
  end, ...)
  if ok then return true end
  err = unwrap(err)
  tell_where(err)
  place.err = err
  return false, err
end

-- Runs a `setup` or `teardown`.
local function run_alone(name, f, ...)
  local runner <close> = open_runner()
  local ok, err = attempt(runner, name, f, ...)
  if not ok then error(err, 0) end
end

---------------------------------------------------------------------------
-- A test

--- @class cohort.BustedTest   private
--- @field runner cohort.Runner
--- @field before table         counts before the runtime was opened
--- @field inside table         counts when it was open
--- @field label string         "file:line: 'name'"; unknown before the test begins
--- @field to_come number       functions of the test still to run; unknown before it begins
--- @field over boolean?        what runs next belongs to another test, unless it is `after_each`
--- @field failed boolean?
--- @field repeated string|false|nil  name of the function that is called repeatedly
--- @field climb string?       how memory grew then
local test

local function open_test()
  local before = leaks.count()
  local runner = open_runner()
  test = { runner = runner, before = before, inside = leaks.count(), to_come = math.huge }
end

-- What is left behind: first handles, before anything is collected, because a stream that is collected was
-- not closed; then the rest, when everything is over. Handles that are being closed are gone once all is
-- quiet.
local function left_behind(ended)
  local left = {}
  ended.runner:run(core.wait_all_blocked)
  left[1] = leaks.handles(ended.inside)
  ended.runner:close()
  table.move(leaks.grown(ended.before), 1, 10, #left + 1, left)
  left[#left + 1] = ended.climb
  return left
end

-- A test that failed was interrupted, so it may leave things behind.
local function close_test()
  local ended, left = test, {}
  local _ <close> = ended.runner
  test = nil
  if not ended.failed and options.leaks ~= "ignore" then left = left_behind(ended) end
  if #left > 0 then busted.fail(ended.label .. " left behind: " .. table.concat(left, ", "), 0) end
end

-- Begins a test, with its first `before_each` or by itself. A previous test that is not closed yet had no
-- `after_each`.
local function begin()
  if test and test.over then close_test() end
  if not test then open_test() end
end

-- A function of the test has ended.
local function count_down()
  test.to_come = test.to_come - 1
  if test.to_come == 0 then close_test() end
end

-- Runs a function of the test that has passed repeatedly: does memory grow each time? A function that cannot
-- be repeated is not judged, nor is what that leaves behind.
local function check_memory(...)
  local arguments, ok = table.pack(...), true
  local climb = leaks.climb(function()
    ok = ok and attempt(test.runner, table.unpack(arguments, 1, arguments.n))
  end)
  if ok then test.climb = climb else test.failed = true end
end

-- Runs one function of the test.
local function run_in_test(name, f, ...)
  local ok, err = attempt(test.runner, name, f, ...)
  test.failed = test.failed or not ok
  if ok and name == test.repeated then check_memory(name, f, ...) end
  count_down()
  if not ok then error(err, 0) end
end

-- Closed where a plain test ends.
local Plain = {}

function Plain:__close(err)
  test.runner = open_runner()
  test.failed = test.failed or err ~= nil
  count_down()
end

-- Runs a plain test. No runtime is open meanwhile, so what comes after it has another one than what came
-- before.
local function run_plain(_, f, ...)
  if interrupted then error(interrupted, 0) end
  test.runner:close()
  local _ <close> = setmetatable({}, Plain)
  f(...)
end

local runs = {}

function runs.before_each(...)
  begin()
  test.over = true  -- unless it returns
  run_in_test(...)
  test.over = false
end

function runs.it(name, f, ...)
  test.over = true
  test.repeated = options.memory == "check" and name
  local run = plain.is_plain(f) and run_plain or run_in_test
  run(name, f, ...)
end

runs.after_each = run_in_test

for _, descriptor in ipairs { "strict_setup", "strict_teardown", "lazy_setup", "lazy_teardown" } do
  runs[descriptor] = run_alone
end

---------------------------------------------------------------------------
-- busted's events. A handler returns nil, and whether other handlers shall see the event too.

-- busted finds the environment of a spec's function in an upvalue of this name.
local function environment_of(f)
  for i = 1, 255 do
    local name, value = debug.getupvalue(f, i)
    if not name then return _G end
    if name == "_ENV" then return value end
  end
end

local function wrap(run, name, f)
  local _ENV = environment_of(f)
  return function(...)
    local _ = _ENV
    return run(name, f, ...)
  end
end

-- Registers what a spec registers again, wrapped, and hides the first registration.
local function wrap_registered(descriptor, run)
  local again = false
  busted.subscribe({ "register", descriptor }, function(name, f, ...)
    if again or type(f) ~= "function" then return nil, true end
    again = true
    local task_name = descriptor:gsub("^strict_", "") .. (name and " " .. name or "")
    busted.publish({ "register", descriptor }, name, wrap(run, task_name, f), ...)
    again = false
    return nil, false
  end, { priority = 1 })
end

for descriptor, run in pairs(runs) do wrap_registered(descriptor, run) end

-- "file:line: 'name'".
local function label_of(element)
  local trace = element.trace
  local where = trace and ("%s:%d: "):format(trace.short_src, trace.currentline) or ""
  return ("%s'%s'"):format(where, element.name)
end

local function count_after_each(element)
  local count, parent = 0, busted.parent(element)
  while parent do
    count = count + #(parent.after_each or {})
    parent = busted.parent(parent)
  end
  return count
end

busted.subscribe({ "test", "start" }, function(element)
  if element.descriptor ~= "it" then return nil, true end
  begin()
  test.to_come = 1 + count_after_each(element)
  test.label = label_of(element)
  local set_finally, expected = element.env.finally, false
  element.env.finally = function(f)
    if not expected then test.to_come = test.to_come + 1 end
    expected = true
    set_finally(wrap(run_in_test, "finally", f))
  end
  return nil, true
end, { priority = 1 })

local traced = {}  -- files whose function is wrapped; with --repeat they come again

busted.subscribe({ "file", "start" }, function(element)
  local file = element.run
  if not traced[file] then file.getTrace = wrap_trace(file.getTrace) end
  traced[file] = true
  return nil, true
end, { priority = 1 })

-- A test whose `before_each` failed is not known to be over, so it is closed here.
busted.subscribe({ "suite", "end" }, function()
  if test then close_test() end
  return nil, true
end, { priority = 1 })
