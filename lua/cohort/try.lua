--- Handling errors: `try` with its clauses, `defer`, `attempt`, `unwrap`.
---
--- `except` is Python's `except*` (PEP 654) as a function: each clause takes what it matches out of the
--- error, at any depth, and the rest goes on in its original shape. No handler ends a cancellation, and a
--- cancellation raised by clean-up never replaces a real error.
local core = require "cohort.core"
local match = require "cohort.match"
local misuse = require "cohort.misuse"
local object = require "cohort.object"

local try = {}

local pack, unpack = table.pack, table.unpack
local is_cancelled, is_group = core.is_cancelled, core.is_error_group
local sole = core.ErrorGroup.sole

-- Where a caught error that is not one of our types was raised, and what was being handled then; nil for one
-- of ours, which has fields for that.
local details_of = core.details

--- @class cohort.Clause
--- @field kind "except"|"success"|"finally"
--- @field run function
--- @field matcher cohort.Matcher?

local Clause = { __name = "cohort.clause" }
Clause.__index = Clause
function Clause:__tostring() return "clause " .. self.kind end

local function check_callable(value, who, what)
  if core.is_callable(value) then return end
  local got = type(value) == "thread" and "a coroutine: give the function itself" or type(value)
  local mend = what and "" or (": write %s(f, ...) and not %s(f(...))"):format(who, who)
  misuse("%s expects a function%s, got %s%s", who, what and " as " .. what or "", got, mend)
end

-- The message handler of all calls here returns the very value it got and records where it was raised;
-- raising the value again keeps that.
local note, raise = core.note, core.raise

-- A group without a message of its own; for each error `details` has what details_of gave, or false.
local function compose(errors, details)
  return core.error_compose("", errors, details)
end

-- Merges two failures that are both on their way: returns what is raised, and its details.
local function merge(newer, older, details)
  if is_cancelled(newer) or rawequal(older, newer) then return older, details end
  newer = core.error_box(newer)
  local known = details_of(newer)
  if is_cancelled(older) then return newer, known end
  return compose({ older, newer }, { details or false, known or false })
end

---------------------------------------------------------------------------
-- except: one error on its way through the clauses

--- @class cohort.Case   private
--- @field bare any                 the error, if it is not a group
--- @field known table?             the details of `bare`
--- @field root cohort.ErrorGroup   the error as a group
--- @field left cohort.ErrorGroup?  what no clause has taken yet; nil when all was taken
--- @field places integer[]?        for each leaf of `left`, its number in `root`; nil: the same
--- @field done table<integer, true>  leaves of `root` that a handler has handled
--- @field taken boolean            did a clause take anything?
--- @field fresh any[]              new errors, raised by clauses
--- @field details (table|false)[]  of each of these, see details_of
--- @field interrupted boolean      was a clause cut short by a cancellation?
--- @field results table?           what the first handler returned

local function open_case(err, details)
  local case = { root = err, done = {}, taken = false, fresh = {}, details = {}, interrupted = false }
  if not is_group(err) then
    case.bare, case.known = err, details
    case.root = compose({ err }, { details or false })
  end
  case.left = case.root
  return case
end

-- A clause raised an error of its own.
local function add_fresh(case, err, context)
  if is_cancelled(err) then
    case.interrupted = true
    return
  end
  err = core.error_box(err)
  core.error_link(err, context)
  case.fresh[#case.fresh + 1] = err
  case.details[#case.fresh] = details_of(err, context) or false
end

-- What matches in case.left, the rest, and for each leaf whether it matched; or nil.
local function take(case, matcher)
  if case.bare ~= nil then
    if match.matches(case.bare, matcher) then return case.root, nil, { true } end
    return nil
  end
  local marks = {}
  local matched, rest = match.split(case.left, matcher, marks)
  return matched, rest, marks
end

-- Removes what a clause took; returns the numbers of its leaves.
local function remove(case, rest, marks)
  local taken, places = {}, {}
  for i, matched in ipairs(marks) do
    local list = matched and taken or places
    list[#list + 1] = case.places and case.places[i] or i
  end
  case.left, case.places, case.taken = rest, places, true
  return taken
end

-- Runs one except clause on what is left.
local function offer(case, clause)
  local ok, matched, rest, marks = pcall(take, case, clause.matcher)
  if not ok then return add_fresh(case, matched, case.left) end  -- a predicate raised
  if matched == nil then return end
  local numbers = remove(case, rest, marks)
  local results = pack(xpcall(clause.run, note, matched))
  if not results[1] and rawequal(results[2], matched) then return end  -- put back
  for _, number in ipairs(numbers) do case.done[number] = true end
  if results[1] then
    case.results = case.results or results
  else
    add_fresh(case, results[2], matched)
  end
end

-- What must be raised after all clauses have run; nil if nothing.
local function remainder(case)
  if not case.taken then
    if case.bare ~= nil then return case.bare end
    return case.root
  end
  if is_cancelled(case.bare) then return case.bare end
  local number = 0
  return (core.split(case.root, function(leaf)
    number = number + 1
    return not case.done[number] or is_cancelled(leaf)  -- a cancellation always goes on
  end, false))
end

-- The outcome of a case: true and the first handler's results, or false, what is raised, and its details.
local function conclude(case)
  local rest, fresh = remainder(case), case.fresh
  local known = rawequal(rest, case.bare) and case.known or nil
  if #fresh == 0 then
    if rest ~= nil then return false, rest, known end
    if case.interrupted then return false, core.CANCELLED end
    return unpack(case.results, 1, case.results.n)
  end
  if rest ~= nil and not is_cancelled(rest) then
    fresh[#fresh + 1] = rest
    case.details[#fresh] = known or false
  elseif #fresh == 1 then
    return false, fresh[1], case.details[1]
  end
  return false, compose(fresh, case.details)
end

---------------------------------------------------------------------------
-- try: every step returns true and results, or false, an error, and its details

-- Runs the except clauses on what the body raised.
local function handle(excepts, err)
  err = core.error_box(err)
  local details = details_of(err)
  if #excepts == 0 then return false, err, details end
  local case = open_case(err, details)
  for _, clause in ipairs(excepts) do
    if case.left == nil then break end
    offer(case, clause)
  end
  return conclude(case)
end

local function settle(plan, ok, ...)
  if not ok then return handle(plan.excepts, (...)) end
  if plan.success then
    local fine, err = xpcall(plan.success.run, note)
    if not fine then return false, core.error_box(err), details_of(err) end
  end
  return true, ...
end

local function run_body(plan, body)
  return settle(plan, xpcall(body, note))
end

local function outcome(ok, ...)
  if not ok then raise(...) end
  return ...
end

-- What is on its way, results or an error with its details, once clean-up has raised `err`.
local function join(err, ok, ...)
  if ok then return false, core.error_box(err), details_of(err) end
  return false, merge(err, ...)
end

-- Raises what is on its way then in a `__close`, which Lua gave `pending`.
local function join_pending(err, pending)
  local _, joined, details = join(err, pending == nil, pending)
  if not rawequal(joined, pending) then raise(joined, details) end
end

-- Runs the finally clause once: after body and handlers, or, when the task is unwound past its own pcalls
-- (model.md 2.12) or its coroutine is closed, as a to-be-closed variable.
--- @class cohort.Cleanup   private
--- @field run fun()
--- @field begun boolean?
local Cleanup = {}
Cleanup.__index = Cleanup

function Cleanup:finish(ok, ...)
  self.begun = true
  local fine, err = xpcall(self.run, note)
  if fine then return ok, ... end
  return join(err, ok, ...)
end

function Cleanup:__close(pending)
  if self.begun then return end
  self.begun = true
  local fine, err = xpcall(self.run, note)
  if not fine then join_pending(err, pending) end
end

local function run_with_cleanup(plan, body)
  local cleanup <close> = setmetatable({ run = plan.finally.run }, Cleanup)
  return outcome(cleanup:finish(run_body(plan, body)))
end

local function add_clause(plan, clause, i)
  if getmetatable(clause) ~= Clause then
    misuse("try expects clauses after the body, got %s as argument %d: use cohort.except(matcher, handler), "
      .. "cohort.success(f) or cohort.finally(f)", type(clause), i + 1)
  end
  if clause.kind == "except" then
    plan.excepts[#plan.excepts + 1] = clause
  elseif plan[clause.kind] then
    misuse("try expects one %s clause, got two: put both into one function", clause.kind)
  else
    plan[clause.kind] = clause
  end
end

-- The clauses by kind. Only the order of the `except`s matters.
local function read_clauses(...)
  local plan = { excepts = {} }
  for i = 1, select("#", ...) do
    add_clause(plan, (select(i, ...)), i)
  end
  return plan
end

--- Runs `body()` and handles what it raises by the clauses.
---
--- Returns the body's results, after `success` ran; or, when all of an error was handled, the results of the
--- first handler that ran. Each `except` takes, in order, what it matches from what is left, and runs at most
--- once. `finally` runs last, always. Waits, and is cancelled, only where body, handlers or `finally` are;
--- works outside tasks too.
---
--- Raises what no clause took, in its original shape, and a bare error bare. A handler that raises the very
--- group it was given puts it back. Anything else it raises is new and is not offered to other clauses: alone
--- it is raised as it is, else as error_group("", {new..., rest}). Cancelled always goes on; raised by a
--- handler or by `finally` it never replaces a real error, and an error of `finally` joins the one that was
--- on its way. An error of `success` is not offered to `except`. A nil error is an Error with `boxed = true`
--- from here on.
---
---     cohort.try(download,
---       cohort.except(cohort.Timeout, function(eg) print(#eg.errors .. " were late") end),
---       cohort.finally(cleanup))
---
--- @param body fun(): ...
--- @param ... cohort.Clause
--- @return any ...
function try.try(body, ...)
  check_callable(body, "try", "body")
  local plan = read_clauses(...)
  if plan.finally then return run_with_cleanup(plan, body) end
  return outcome(run_body(plan, body))
end

--- A clause for `try`: `handler(eg)` gets everything that `matcher` matches, as an error group, even when it
--- is one error. Returns at once, never waits; the matcher is checked here. Raises on misuse, and ErrorGroup
--- is no matcher here.
---
--- A handler for Cancelled can look and clean up; then the cancellation goes on.
--- @param matcher cohort.Matcher
--- @param handler fun(eg: cohort.ErrorGroup): ...
--- @return cohort.Clause
function try.except(matcher, handler, ...)
  match.check(matcher, "except")
  local more = ... ~= nil
  if more or core.is_error_type(handler) then
    misuse("except expects one matcher and a function as handler, got %s: several types go into a list, "
      .. "except({A, B}, handler)", more and "three arguments" or "an error type as handler")
  elseif handler == nil then
    misuse("except expects a function as handler behind a matcher, got none: for every error write "
      .. "cohort.except(cohort.Error, handler)")
  end
  check_callable(handler, "except", "handler")
  return setmetatable({ kind = "except", matcher = matcher, run = handler }, Clause)
end

--- A clause for `try`: `f()` runs when the body raised nothing, before `finally`. Its results are dropped;
--- what it raises comes out of `try`.
--- @param f fun()
--- @return cohort.Clause
function try.success(f)
  check_callable(f, "success", "argument")
  return setmetatable({ kind = "success", run = f }, Clause)
end

--- A clause for `try`: `f()` runs last, however the body ended, even when its task is cancelled: then every
--- wait in it raises Cancelled, unless it is shielded. Its results are dropped; what it raises is merged with
--- what was on its way.
--- @param f fun()
--- @return cohort.Clause
function try.finally(f)
  check_callable(f, "finally", "argument")
  return setmetatable({ kind = "finally", run = f }, Clause)
end

---------------------------------------------------------------------------
-- defer: the same clean-up where a block ends

--- @class cohort.Deferred   private: at 1 the call, packed, or false once it has begun; at 2 who made it
local Deferred = { __name = "cohort.Deferred", __newindex = object.refuse_assignment "deferred call" }
Deferred.__index = object.refuse_unknown(Deferred, "deferred call")

-- Makes the call; from then on it has no `n`. As a tail call, which leaves no name of ours in a traceback.
local function begin(call)
  local f, n = call[1], call.n
  call.n = nil
  return f(unpack(call, 2, n))
end

-- Outside tasks there is nothing to shield from. Without memory for a shield the call is made all the same.
function Deferred:__close(pending)
  local call, fine, err = self[1], nil, nil
  if not call then return end
  self[1] = false
  if core.current_task() then fine, err = xpcall(core.shield, note, begin, call) end
  if call.n then fine, err = xpcall(begin, note, call) end
  if not fine then join_pending(err, pending) end
end

-- A forgotten one has not run, and in a finalizer it could not wait.
function Deferred:__gc()
  if not self[1] then return end
  local at = self[2] ~= "" and " at " .. self[2] or ""
  warn(("cohort: what was deferred%s never ran: write 'local _ <close> = cohort.defer(f, ...)'"):format(at))
end

function Deferred:__tostring()
  return ("deferred call%s%s"):format(self[2] ~= "" and " of " .. self[2] or "", self[1] and "" or " (begun)")
end

--- Makes a value for a `<close>` variable: calls `f(...)`, in a shield, where the block ends, by falling out,
--- `return`, `break`, an error or a cancellation; `g:defer` does this for a group. Variables of a block end
--- in reverse order. Returns at once, and works outside tasks too, where there is nothing to shield from.
---
--- Its results are dropped; its error joins one that was on its way, and Cancelled never replaces one. Warns
--- if it is collected without having run.
---
---     local _ <close> = cohort.defer(connection.send, connection, "bye")
---
--- @param f fun(...): ...
--- @param ... any
--- @return cohort.Deferred
function try.defer(f, ...)
  check_callable(f, "defer")
  return setmetatable({ pack(f, ...), core.where() }, Deferred)
end

---------------------------------------------------------------------------
-- For user functions that are told of an error, or asked about one

-- Links a new error to the one it was raised in the handling of, and returns both with their details; or
-- raises, when there is only one: a cancellation, or the same error again.
local function link(fresh, err)
  if is_cancelled(fresh) or rawequal(fresh, err) then raise(fresh) end
  fresh, err = core.error_box(fresh), core.error_box(err)
  core.error_link(fresh, err)
  return fresh, details_of(fresh, err), err, details_of(err)
end

local function told(err, ok, fresh)
  if ok then return end
  local linked, details = link(fresh, err)
  raise(linked, details)
end

--- Calls `f(err, ...)` to tell it of an error. What it raises gets that as its context. Not public.
--- @param f fun(err: any, ...)
--- @param err any
--- @param ... any
function try.tell(f, err, ...)
  return told(err, xpcall(f, note, err, ...))
end

local function answer(err, ok, result)
  if ok then return result end
  local fresh, details, asked, known = link(result, err)
  raise(compose({ fresh, asked }, { details or false, known or false }))
end

--- Returns what `f(err, ...)` says of an error that nobody has handled. If it raises, both are raised as a
--- group. Not public.
--- @param f fun(err: any, ...): any
--- @param err any
--- @param ... any
--- @return any
function try.ask(f, err, ...)
  return answer(err, xpcall(f, note, err, ...))
end

---------------------------------------------------------------------------
-- attempt, unwrap

local function unless_cancelled(ok, ...)
  if not ok and is_cancelled((...)) then raise((...)) end
  return ok, ...
end

--- `pcall` for tasks: calls `f(...)` and returns true and its results, or false and the error unchanged.
--- Waits, and is cancelled, only where `f` is; works outside tasks too. Raises Cancelled when `f` does: a
--- cancellation is never caught.
---
---     local ok, err = cohort.attempt(connect, host)
---
--- @param f fun(...): ...
--- @param ... any
--- @return boolean ok
--- @return any ...
function try.attempt(f, ...)
  check_callable(f, "attempt")
  return unless_cancelled(xpcall(f, note, ...))
end

local function bare(ok, ...)
  if ok then return ... end
  local err = ...
  if is_group(err) and sole(err) ~= nil then
    local one, details = err:leaves()()
    raise(one, details.handling and { handling = details.handling })
  end
  raise(err)
end

--- Calls `f(...)` and returns its results. When it raises an error group that contains exactly one error, at
--- any depth, raises that error bare; anything else unchanged. Waits, and is cancelled, only where `f` is;
--- works outside tasks too.
---
---     local page = cohort.unwrap(cohort.group, function(g) ... end)
---
--- @param f fun(...): ...
--- @param ... any
--- @return any ...
function try.unwrap(f, ...)
  check_callable(f, "unwrap")
  return bare(xpcall(f, note, ...))
end

return try
