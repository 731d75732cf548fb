--- Combinators: gather, race, any, map, as_completed.
---
--- Each is a group and a few lines of policy, made of the same public pieces that a script has. What they
--- start has ended when they return, however they return, and failures come out of the group itself, as an
--- `ErrorGroup`.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local option = require "cohort.option"

local combinators = {}

local is_callable, is_cancelled, is_error_group = core.is_callable, core.is_cancelled, core.is_error_group

---------------------------------------------------------------------------
-- Arguments

-- The length of a list, from its `n` or its keys; or nil and a description of another key.
local function length_of(list)
  local n = math.tointeger(rawget(list, "n")) or 0
  for key in next, list do
    if math.type(key) == "integer" and key >= 1 then
      n = math.max(n, key)
    elseif key ~= "n" then
      return nil, type(key) == "string" and ("'%s'"):format(key) or "that is a " .. type(key)
    end
  end
  return n
end

local wait_for_tasks = "it runs already, so write task:join(), or select{{task, f}, ...} for the first one"

-- Refuses something that is not a list of functions, such as a first function.
local function refuse_list(functions, who)
  local class = object.class_of(functions)
  local mend = class == "cohort.Task" and wait_for_tasks or ("write %s{f, g}"):format(who)
  misuse("%s expects a list of functions, got %s: %s", who, class or type(functions), mend)
end

local function refuse_member(f, i, who)
  local class = object.class_of(f)
  local mend = f == nil and "leave out what is nil" or class == "cohort.Task" and wait_for_tasks
    or "write the function itself, not a call of it"
  misuse("%s expects a list of functions, got %s at %d: %s", who, class or type(f), i, mend)
end

-- Returns the length of a list of functions; `more` is the argument behind it, if any.
local function check_functions(functions, who, least, more)
  if type(functions) ~= "table" or is_callable(functions) then refuse_list(functions, who) end
  local n, key = length_of(functions)
  if not n then
    local mend = who == "gather" and "options come before it, in a table" or who .. " takes no options"
    misuse("%s expects a list of functions, got a key %s: %s", who, key, mend)
  elseif more ~= nil then
    misuse("%s takes no options, and one list of functions: write %s{f, g}", who, who)
  end
  for i = 1, n do
    local f = rawget(functions, i)
    if not is_callable(f) then refuse_member(f, i, who) end
  end
  if n < least then misuse("%s expects at least one function, got none", who) end
  return n
end

-- Reads the options of a function that takes a list behind them. `usage` is how to call it.
local function read_options(options, who, known, usage)
  if type(options) ~= "table" or is_callable(options) then
    misuse("%s expects a table of options first, got %s: write %s", who, type(options), usage)
  end
  for key in next, options do
    if type(key) ~= "string" then
      misuse("%s expects options by name, got a key that is a %s: options come first, as in %s", who,
        type(key), usage)
    end
  end
  return option.read(who, options, known)
end

---------------------------------------------------------------------------
-- All of them: gather and map

local gather_options = option.known { settle = option.expects.boolean }

-- One group of the errors of tasks that have no result, or nil. It includes a task that was cancelled on its
-- own, which fails no group but has no result either.
local function failure_of(who, tasks)
  local errors = {}
  for _, task in ipairs(tasks) do
    local status = task:status()
    if status == "failed" or status == "cancelled" then errors[#errors + 1] = task:error() end
  end
  return #errors > 0 and core.error_group(("group '%s' failed"):format(who), errors) or nil
end

local function raise_failure(who, tasks)
  local eg = failure_of(who, tasks)
  if eg then error(eg, 0) end
end

-- The first results of the tasks, in order, nils included.
local function results_of(who, tasks)
  raise_failure(who, tasks)
  local results = { n = #tasks }
  for i, task in ipairs(tasks) do results[i] = task:result() end
  return results
end

-- What each task ended with, as a record.
local function records_of(tasks)
  local records = { n = #tasks }
  for i, task in ipairs(tasks) do
    local err = task:error()
    if err == nil and task:status() == "done" then
      records[i] = { ok = true, value = (task:result()) }
    else
      records[i] = { ok = false, error = err }
    end
  end
  return records
end

--- Runs all functions at once and returns a list of their first results, in order.
---
--- Returns when all have ended. The first failure cancels the rest and is raised as an `ErrorGroup`, with
--- those of the others. With `{settle = true}` in front nothing is cancelled: the list has `{ok = true, value
--- = v}` or `{ok = false, error = e}` for each. In both forms a cancellation of the caller cancels all and is
--- raised.
--- @async
--- @param options {settle: boolean}|(async fun(): any)[]
--- @param functions? (async fun(): any)[]
--- @return {n: integer, [integer]: any}
function combinators.gather(options, functions)
  local settle
  if functions == nil then
    functions = options
  else
    if is_callable(options) or object.class_of(options) then refuse_list(options, "gather") end
    settle = read_options(options, "gather", gather_options, "gather({settle = true}, {f, g})").settle
  end
  local n, tasks = check_functions(functions, "gather", 0), {}
  object.check_task "gather"
  local function spawn_all(g)
    for i = 1, n do
      tasks[i] = g:spawn(rawget(functions, i))
      tasks[i].name = "gather " .. i
    end
  end
  if not settle then
    core.group({ name = "gather" }, spawn_all)
    return results_of("gather", tasks)
  end
  local ok, err = pcall(core.group, { name = "gather", on_error = "collect" }, spawn_all)
  if not ok then
    if not is_error_group(err) or #tasks < n then error(err, 0) end
    if core.cancelled() then core.checkpoint() end  -- in a group errors beat a cancellation, but not here
  end
  return records_of(tasks)
end

local map_usage = "map({limit = 2}, list, f)"
local map_options = option.known { limit = option.expects.limit }

-- A list has no string keys; they were meant as options. Indices below 1, as in Lua's `arg`, do no harm.
local function check_items(list)
  for key in next, list do
    if type(key) == "string" and key ~= "n" then
      misuse("map expects a list, got a key '%s': options come before it, as in %s", key, map_usage)
    end
  end
end

--- Calls `f(item, i)` for each item of a list, at most `limit` at once.
---
--- Returns a list of the first results, in order, when all have ended. The first failure cancels the rest and
--- is raised as an `ErrorGroup`. A list with its length in `n`, as lists of results have it, may contain
--- nils.
--- @async
--- @generic T
--- @param options {limit: integer}|T[]
--- @param list T[]|async fun(item: T, i: integer): any
--- @param f? async fun(item: T, i: integer): any
--- @return {n: integer, [integer]: any}
function combinators.map(options, list, f)
  local limit
  if f == nil then
    list, f = options, list
  else
    if is_callable(list) then misuse("map takes options first: write %s", map_usage) end
    limit = read_options(options, "map", map_options, map_usage).limit
  end
  if type(list) ~= "table" then
    misuse("map expects a list, got %s: write map(list, f)", type(list))
  elseif not is_callable(f) then
    misuse("map expects a function after the list, got %s: write map(list, f)", type(f))
  end
  check_items(list)
  object.check_task "map"
  local n, tasks = math.type(list.n) == "integer" and list.n or #list, {}
  core.group({ name = "map", limit = limit }, function(g)
    for i = 1, n do
      tasks[i] = g:spawn(f, list[i], i)
      tasks[i].name = "map " .. i
    end
  end)
  return results_of("map", tasks)
end

---------------------------------------------------------------------------
-- The next of them: race, any and as_completed
--
-- A task that waits for the next end is woken in the pass after it. So everything that ended in one pass is
-- there to choose from, and the first in the list wins.

--- @class cohort.Runners   private
--- @field group cohort.Group
--- @field tasks cohort.Task[]     in the order of the list
--- @field ended integer[]         their numbers in the order they ended, then zeroes
--- @field count integer           how many have ended
--- @field begun boolean[]         does each report its end? With the number of those that do in `n`
--- @field waiting cohort.Scope?   around the wait for the next one
--- @field strict boolean?         a failure cancels the group, but not the task that waits
--- @field winner cohort.Task?
--- @field failed_before integer?  how many had failed when there was a winner, or when all was cancelled
--- @field cut boolean?            was the caller cancelled before there was a winner?

-- Reports the end of one function, as a to-be-closed variable. It needs no memory, because somebody waits for
-- the end.
local Ending = {}

function Ending:__close(err)
  local runners = self.runners
  runners.count = runners.count + 1
  runners.ended[runners.count] = self.i
  if runners.strict and not self.fine and not is_cancelled(err) then runners.group:cancel("one failed") end
  if runners.waiting then runners.waiting:cancel() end
end

local function note_success(ending, _, ...)
  ending.fine = true
  return ...
end

-- Calls `f` in a scope of its own, so that everything it left open is closed before its end is reported.
local function run(ending, f)
  local _ <close> = ending
  local begun = ending.runners.begun
  begun[ending.i] = true
  begun.n = begun.n + 1
  return note_success(ending, core.move_on_after(math.huge, f))
end

local function start(runners, group, who, functions, n)
  runners.group, runners.tasks, runners.ended, runners.count = group, {}, {}, 0
  runners.begun = { n = 0 }
  for i = 1, n do runners.ended[i], runners.begun[i] = 0, false end
  for i = 1, n do
    local ending = setmetatable({ runners = runners, i = i }, Ending)
    runners.tasks[i] = group:spawn(run, ending, rawget(functions, i))
    runners.tasks[i].name = ("%s %d"):format(who, i)
  end
end

local function park(scope, runners)
  runners.waiting = scope
  core.sleep_forever()
end

-- The tasks that have not ended, as cases for select.
local function live_cases(tasks)
  local cases = {}
  for _, task in ipairs(tasks) do
    local status = task:status()
    if status == "waiting" or status == "ready" then cases[#cases + 1] = { task } end
  end
  return cases
end

-- Counts the tasks that found no memory to begin, and so ended without an Ending.
local function count_unbegun(runners)
  for i, task in ipairs(runners.tasks) do
    local status = task:status()
    if not runners.begun[i] and (status == "failed" or status == "cancelled") then
      runners.begun[i] = true
      runners.count = runners.count + 1
      runners.ended[runners.count] = i
      runners.group:cancel "one failed"
    end
  end
end

-- Waits until more than `count` have ended; a checkpoint in any case. While some have not begun, it waits for
-- the tasks themselves.
local function await(runners, count)
  local all_begun = runners.begun.n == #runners.tasks
  if not all_begun then count_unbegun(runners) end
  if runners.count > count then
    if core.cancelled() then core.checkpoint() end
  elseif all_begun then
    core.scope(park, runners)
  else
    core.select(live_cases(runners.tasks))
    count_unbegun(runners)
  end
  runners.waiting = nil
end

-- The first in the list that has ended, or for `any` has succeeded; or nil. A cancelled one counts as having
-- ended by itself only when nothing around it was cancelled.
local function pick(who, tasks)
  local alone = who == "race" and not core.cancelled()
  for _, task in ipairs(tasks) do
    local status = task:status()
    if status == "done" or alone and status == "cancelled" then return task end
  end
end

local function count_failed(tasks)
  local count = 0
  for _, task in ipairs(tasks) do
    if task:status() == "failed" then count = count + 1 end
  end
  return count
end

-- Waits until one more has ended; false when all have. A cancellation does not end this wait, but ends what
-- it waits for. It waits for the tasks themselves, because one that found no memory to begin ends without an
-- Ending.
local function await_end(tasks)
  local cases = live_cases(tasks)
  if #cases > 0 then core.shield(core.select, cases) end
  return #cases > 0
end

-- The body of a group: waits for a winner and cancels the rest.
local function choose(group, runners, who, functions, n)
  start(runners, group, who, functions, n)
  runners.failed_before = 0
  repeat
    local more = await_end(runners.tasks)
    local failed = count_failed(runners.tasks)
    if who == "race" and failed > 0 then return end
    runners.winner, runners.cut = pick(who, runners.tasks), core.cancelled()
    if runners.winner or not runners.cut then runners.failed_before = failed end
  until runners.winner or not more
  group:cancel("another one won")
end

-- Returns the results of the winner, unless others crash afterwards. When the caller was cancelled, earlier
-- failures are forgotten as when there is a winner: another function could still have won.
local function first(who, on_error, functions, n)
  local runners = {}
  local ok, err = pcall(core.group, { name = who, on_error = on_error }, choose, runners, who, functions, n)
  local winner = runners.winner
  if not ok then
    local crashes = {}
    if is_error_group(err) and (winner or runners.cut) then
      table.move(err.errors, runners.failed_before + 1, #err.errors, 1, crashes)
      if #crashes > 0 then error(err:derive(crashes), 0) end
      if runners.cut and not winner and core.cancelled() then core.checkpoint() end
    elseif not (winner and winner:status() == "done" and is_cancelled(err)) then  -- a value wins
      error(err, 0)
    end
  end
  raise_failure(who, winner and { winner } or runners.tasks)
  return winner:result()
end

--- Runs all functions and returns the results of the first one to end.
---
--- The others are cancelled and waited for. When the first one failed, or another crashes while it is
--- cancelled, an `ErrorGroup` is raised and no value is returned. When several end in the same pass, the
--- first in the list wins.
--- @async
--- @param functions (async fun(): ...)[]  at least one
--- @return any ...
function combinators.race(functions, ...)
  local n = check_functions(functions, "race", 1, ...)
  object.check_task "race"
  return first("race", "cancel", functions, n)
end

--- Runs all functions and returns the results of the first one to succeed.
---
--- The others are cancelled and waited for; failures before the success are forgotten, and so are those
--- before a cancellation of the caller, which is raised. Raises an `ErrorGroup` when all fail, or when one
--- crashes while it is cancelled. When several succeed in the same pass, the first in the list wins.
--- @async
--- @param functions (async fun(): ...)[]  at least one
--- @return any ...
function combinators.any(functions, ...)
  local n = check_functions(functions, "any", 1, ...)
  object.check_task "any"
  return first("any", "collect", functions, n)
end

-- The iterator of as_completed. Its group stays open until all results are taken, or it is closed.
local Completed = { __name = "cohort.as_completed" }

local function check_owner(self)
  if core.current_task() == self.owner then return end
  misuse "as_completed goes on only in the task that made it: make one in each task"
end

-- Ends the group: what is left in it is cancelled, and its failures are raised.
local function finish(self)
  local group <close> = self.group
  self.open = false
  if self.count < #self.tasks then group:cancel("the loop was left") end
end

-- The same from a step. Inside a scope that was opened since, the group cannot end yet: it ends with its
-- block.
local function finish_here(self)
  local ok, err = pcall(finish, self)
  if ok then return end
  if type(err) ~= "string" then error(err, 0) end
  self.open = true
end

function Completed:__close(err)
  if not self.open then return end
  check_owner(self)
  local ok, failures = pcall(finish, self)
  if ok then return end
  if err == nil or is_cancelled(err) or rawequal(err, self.raised) then error(failures, 0) end
  if not is_error_group(failures) then return end
  error(failures:derive(table.move(failures.errors, 1, #failures.errors, 2, { err })), 0)
end

function Completed:__call()
  if not self.open then
    object.test()
    return nil
  end
  check_owner(self)
  if self.taken == #self.tasks then return finish_here(self) end
  await(self, self.taken)
  self.taken = self.taken + 1
  local i = self.ended[self.taken]
  local task = self.tasks[i]
  if task:status() == "done" then return i, (task:result()) end
  finish_here(self)
  self.raised = failure_of("as_completed", { task })
  error(self.raised, 0)
end

function Completed:__tostring()
  return ("as_completed (%d of %d taken)"):format(self.taken, #self.tasks)
end

--- Runs all functions at once; returns an iterator over index and first result, as each ends.
---
--- Each step is a checkpoint and waits for the next one. A failure cancels the rest and is raised, as an
--- `ErrorGroup`, by the next step. A loop that may be left early is written over `local it <close> =
--- cohort.as_completed(fs)`: leaving the block cancels the rest and waits for them.
--- @async
--- @param functions (async fun(): any)[]
--- @return fun(): integer?, any
function combinators.as_completed(functions, ...)
  local n = check_functions(functions, "as_completed", 0, ...)
  object.check_task "as_completed"
  local self = setmetatable({ tasks = {}, ended = {}, taken = 0, strict = true }, Completed)
  if n == 0 then return self end
  self.open, self.owner = true, core.current_task()
  start(self, core.open_iterator({ name = "as_completed", on_error = "collect" },
    "this as_completed loop was left early: write 'local it <close> = cohort.as_completed(...)' before it"),
    "as_completed", functions, n)
  return self
end

return combinators
