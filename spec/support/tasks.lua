--- What specs about tasks share: a run under a clock that jumps, and ways to look at errors.
local cohort = require "cohort"
local testing = require "cohort.testing"

local tasks = {}

--- Runs `main` as the root task under a virtual clock that moves by itself.
function tasks.virtual(main, ...)
  return cohort.run({ clock = testing.clock { autojump = true } }, main, ...)
end

--- What `f(...)` raised; fails when it returned.
function tasks.raised(f, ...)
  local ok, err = pcall(f, ...)
  if ok then error("nothing was raised", 2) end
  return err
end

function tasks.is_cancelled(err) return cohort.is(err, cohort.Cancelled) end

function tasks.is_group(err) return cohort.is(err, cohort.ErrorGroup) end

--- The errors of the group that `f(...)` raised.
function tasks.errors_of(f, ...)
  local err = tasks.raised(f, ...)
  assert(tasks.is_group(err), err)
  return err.errors
end

--- A group of errors as nested lists of the errors themselves; another error as it is.
function tasks.shape(err)
  if not tasks.is_group(err) then return err end
  local list = {}
  for i, member in ipairs(err.errors) do list[i] = tasks.shape(member) end
  return list
end

--- A function that returns the rest after `seconds`.
function tasks.after(seconds, ...)
  local results = table.pack(...)
  return function()
    cohort.sleep(seconds)
    return table.unpack(results, 1, results.n)
  end
end

--- A function that waits for ever; when it is cancelled, `name` is added to `log` a second later.
function tasks.victim(log, name)
  return function()
    local _ <close> = setmetatable({}, { __close = function()
      cohort.shield(cohort.sleep, 1)
      log[#log + 1] = name
    end })
    cohort.sleep_forever()
  end
end

--- A function that raises `err`, as it is, after `seconds` when they are given.
function tasks.fail(err, seconds)
  return function()
    if seconds then cohort.sleep(seconds) end
    error(err, 0)
  end
end

--- A function that sleeps until it is cancelled, and then raises `err` instead.
function tasks.fail_when_cancelled(err)
  return function()
    pcall(cohort.sleep_forever)
    error(err, 0)
  end
end

--- Catches every cancellation, and after each calls `operation()` under a shield, until nothing is left but
--- to close its coroutine by force: the deeper it gets the less the hook that unwinds a task finds it. That
--- comes when it would go on after a wait in there, so `operation` must wait each time.
function tasks.outrun(operation)
  local function down(n)
    if n == 0 then
      pcall(cohort.checkpoint)
      cohort.shield(operation)
      n = 50
    end
    down(n - 1)
  end
  for _ = 1, 999 do pcall(cohort.checkpoint) end
  down(50)
end

--- Waits for ever behind a `<close>` variable that appends `word` to `log`.
function tasks.wait_and_log(log, word)
  local _ <close> = setmetatable({}, { __close = function() log[#log + 1] = word end })
  cohort.sleep_forever()
end

--- Collects twice: what has a finalizer is freed the second time.
function tasks.collect()
  for _ = 1, 2 do collectgarbage() end
end

local function grow(t)
  for i = #t + 1, #t + (1 << 17) do t[i] = i end
end

--- Lets the collector, which is generational, run `f` when the next object is made. That it owes a collection
--- comes of a table that grows, which is no occasion for one.
function tasks.at_next_object(f)
  collectgarbage()
  collectgarbage "stop"
  setmetatable({}, { __gc = f })
  local t = {}
  grow(t)
  collectgarbage "restart"
  grow(t)
end

return tasks
