---@meta _
-- page 30: Errors
--- What LuaLS knows of errors and their handling: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Handling errors

--- `cohort.try(body, clause...) -> results`
---
--- Calls `body()` and handles what it raises by the clauses. Returns the body's results; or, when all of an
--- error was handled, the results of the first handler that ran. Waits, and is cancelled, only where the
--- body, a handler or `finally` is; works outside tasks too.
---
--- Raises what no clause took, in its original shape, and a bare error bare. A handler that raises the very
--- group it was given puts it back. Anything else it raises is new and is not offered to other clauses: it
--- leaves as it is, or, when something unhandled remains, in a group with that. `Cancelled` always goes on;
--- raised by a handler or by `finally`, it never replaces a real error. An error of `finally` joins the one
--- that was on its way, unless it is the same.
---
---     cohort.try(download,
---       cohort.except(cohort.Timeout, function(eg) print(#eg.errors .. " were late") end),
---       cohort.finally(clean_up))
---
--- @param body fun(): ...
--- @param ... cohort.Clause
--- @return any ...
function cohort.try(body, ...) end

--- `cohort.except(matcher, handler) -> clause`
---
--- A clause for `try`: calls `handler(eg)` with everything in the error that `matcher` matches, at any depth,
--- as an `ErrorGroup`, even when it is one bare error. Clauses are tried in order, on what is left, each at
--- most once. It is Python's `except*` (PEP 654) as a function. The handler may wait.
---
--- A handler for `Cancelled` can look and clean up; then the cancellation goes on. Returns at once. A
--- malformed matcher is misuse, and so is `ErrorGroup`: name the errors inside.
--- @param matcher cohort.Matcher
--- @param handler fun(eg: cohort.ErrorGroup): ...
--- @return cohort.Clause
function cohort.except(matcher, handler) end

--- `cohort.success(f) -> clause`
---
--- A clause for `try`: calls `f()` when the body raised nothing, before `finally`. Its results are dropped;
--- what it raises is not offered to `except`. Returns at once.
--- @param f fun()
--- @return cohort.Clause
function cohort.success(f) end

--- `cohort.finally(f) -> clause`
---
--- A clause for `try`: calls `f()` last, however the body ended. In a cancelled task every wait in it raises
--- `Cancelled`, unless it is shielded. The results of `f` are dropped. Returns at once.
--- @param f fun()
--- @return cohort.Clause
function cohort.finally(f) end

--- What `except`, `success` and `finally` return, for `try`.
--- @class cohort.Clause

--- `local _ <close> = cohort.defer(f, ...)`
---
--- Calls `f(...)`, in a shield, where the block of its `<close>` variable ends, by falling out, `return`,
--- `break`, an error or a cancellation; `g:defer` does this for a group. The variables of a block end in
--- reverse order. The results of `f` are dropped. Its error joins one that was on its way, as a group of
--- both; a cancellation never replaces one. Waits, at the block's end, only where `f` does; works outside
--- tasks too. Warns if it is collected before it has run. (Go's `defer`, for a block.)
--- @param f fun(...): ...
--- @param ... any  passed to `f`
--- @return cohort.Deferred
function cohort.defer(f, ...) end

--- What `defer` returns, for a `<close>` variable.
--- @class cohort.Deferred

--- `cohort.attempt(f, ...) -> true, results... or false, error`
---
--- `pcall` for tasks: calls `f(...)` and returns true and its results, or false and the error unchanged.
--- Waits only where `f` does; works outside tasks too. Raises `Cancelled` when `f` does, and nothing else.
--- @param f fun(...): ...  passed to `f`
--- @param ... any  handed to `f`
--- @return boolean ok
--- @return any ...
function cohort.attempt(f, ...) end

--- `cohort.unwrap(f, ...) -> results...`
---
--- Calls `f(...)` and returns its results. When it raises an error group that contains exactly one error, at
--- any depth, raises that error bare; anything else unchanged. Waits, and is cancelled, only where `f` is;
--- works outside tasks too.
---
---     local page = cohort.unwrap(cohort.group, function(g) ... end)
---
--- @param f fun(...): ...  passed to `f`
--- @param ... any  handed to `f`
--- @return any ...
function cohort.unwrap(f, ...) end

--- Tells which errors are meant. One of:
---
--- - an error type, for its errors and those of its descendants; `cohort.Error` stands for everything but
---   `Cancelled`, strings and foreign values too
--- - a string: a Lua pattern, tried on a string error or on `err.message`
--- - a function `f(err) -> boolean`; it is also asked about each group, from the outside in, and false for a
---   group means: look inside
--- - a class of another library: a table that is the metatable or `__index` of the error
--- - a list of matchers: any of them
--- - a table of fields, such as `{code = "ECONNREFUSED"}`: all must be equal
---
--- Only `cohort.Cancelled` matches a cancellation.
--- @alias cohort.Matcher cohort.ErrorType|string|(fun(err: any): boolean)|table

--- `cohort.is(err, matcher) -> boolean`
---
--- Does this one error match? Here `ErrorGroup` is a matcher too. Returns at once. Raises for a malformed
--- matcher, and what a predicate raises.
--- @param err any
--- @param matcher cohort.Matcher
--- @return boolean
function cohort.is(err, matcher) end

-- }}

-- {{ Error values and groups

--- `cohort.error_type(name [, parent]) -> type`
---
--- Makes a new error type. Calling it makes an error: `error(NotFound "no such page")`, or with fields
--- `error(NotFound {message = "no such page", status = 404})`. Returns at once. No type descends from
--- `ErrorGroup` or `Cancelled`.
--- @param name string
--- @param parent? cohort.ErrorType  default `cohort.Error`
--- @return cohort.ErrorType
function cohort.error_type(name, parent) end

--- A type of errors. Calling it makes an error.
--- @class cohort.ErrorType
--- @overload fun(message_or_fields: string|table): cohort.Error

--- An error value. It keeps the fields it was made with; an absent one reads as nil. `tostring` gives
--- "file:line: Name: message", and `..` joins it to a string as it would a string error. Once it has left
--- `cohort.run`, `tostring` adds its `cause` and its `context`, with theirs.
--- @class cohort.Error
--- @field message any  what went wrong
--- @field where string  "file:line" of the call that made it; empty when unknown
--- @field traceback string?  where it was raised; filled in when it leaves a task or `try`
--- @field cause any  what led to it, if whoever made it said so
--- @field context any  what was being handled when it was raised

--- `cohort.error_group(message, errors) -> group`
---
--- Makes one value of several errors, as a group of tasks raises it. Returns at once. An empty list, or one
--- with nil in it, is misuse.
--- @param message string
--- @param errors any[]  one or more; copied
--- @return cohort.ErrorGroup
function cohort.error_group(message, errors) end

--- Several errors as one value (PEP 654). It cannot be changed. `tostring` gives the tree: every error with
--- its task, its traceback, its `cause` and its `context`, down to 10 levels and 15 members of each group.
--- @class cohort.ErrorGroup
--- @field message string  of the group itself
--- @field errors any[]  the failures, in order; may contain groups. Writing into it changes nothing
--- @field traceback string?  where the group of tasks was
--- @field cause any  as in `cohort.Error`
--- @field context any  as in `cohort.Error`
local eg = {}

--- `for err, details in eg:leaves() do`
---
--- Iterates over each error in it that is not a group, depth first. `details.task` is the name of its task;
--- `details.traceback` is its traceback joined with those of the groups above it and, for an error without
--- fields that a handler raised, the tree of what was handled. Both may be nil. Returns at once.
--- @return fun(): any, {task: string?, traceback: string?}
function eg:leaves() end

--- `eg:split(matcher) -> matched, rest`
---
--- Splits it into two groups of the same shape, either of them nil if it would be empty. Inner groups that
--- lose all members vanish; groups of one stay groups. Returns at once. Raises for a malformed matcher, and
--- what a predicate raises.
--- @param matcher cohort.Matcher
--- @return cohort.ErrorGroup? matched
--- @return cohort.ErrorGroup? rest
function eg:split(matcher) end

--- `eg:subgroup(matcher) -> matched`
---
--- The first result of `split`.
--- @param matcher cohort.Matcher
--- @return cohort.ErrorGroup? matched
function eg:subgroup(matcher) end

--- `eg:derive(errors) -> group`
---
--- A group with other errors and the same message, cause, context and traceback. Returns at once.
--- @param errors any[]  one or more; copied
--- @return cohort.ErrorGroup
function eg:derive(errors) end

--- `eg:sole() -> error or nil`
---
--- The one error in it, at any depth, when there is exactly one; nil when there are more. Returns at once.
--- @return any error
function eg:sole() end

-- }}

-- {{ Types of errors

--- The root of all error types but `Cancelled`. As a matcher it means every error but a cancellation.
--- @type cohort.ErrorType
cohort.Error = nil

--- The type of error groups, for `cohort.is`. To make one, call `cohort.error_group`.
--- @type cohort.ErrorType
cohort.ErrorGroup = nil

--- A deadline cut a block short: see `fail_after`. It has the field `reason`.
--- @type cohort.ErrorType
cohort.Timeout = nil

--- Every task waits and nothing can wake one: raised by `cohort.run`. Its message lists each task, what it
--- waits for, and where. It has the fields `reason` and, if `main` failed while it was cleaning up, `cause`.
--- @type cohort.ErrorType
cohort.Deadlock = nil

--- Ctrl-C was pressed: raised by `cohort.run`. It has the fields `reason` and, if `main` failed while it was
--- cleaning up, `cause`.
--- @type cohort.ErrorType
cohort.Interrupted = nil

--- Something was used after it was closed.
--- @type cohort.ErrorType
cohort.Closed = nil

--- The other side is gone. Raised by a stream, it has the fields of a `SystemError`.
--- @type cohort.ErrorType
cohort.Broken = nil

--- Two tasks use the same direction of one stream.
--- @type cohort.ErrorType
cohort.Busy = nil

--- The result of a task or block that was cancelled by hand. It has the field `reason`.
--- @type cohort.ErrorType
cohort.Aborted = nil

--- A task caught `Cancelled` again and again, and was ended by force. It has the fields `name` and `count`.
--- @type cohort.ErrorType
cohort.Stubborn = nil

--- A line, a datagram or a captured output is longer than its limit. For a datagram it has the fields `data`,
--- `length` and `from`.
--- @type cohort.ErrorType
cohort.TooLong = nil

--- A child process failed. It has the fields `status`, `signal`, `stdout` and `stderr`. Its `message` ends
--- with the last line that the child wrote to stderr, or to stdout when stderr was not captured, at most 200
--- bytes of it; those fields have the whole.
--- @type cohort.ErrorType
cohort.ProcessError = nil

--- The operating system refused. It has the fields `code`, such as "ENOENT", `errno`, `operation`, and `path`
--- or `address`.
--- @type cohort.ErrorType
cohort.SystemError = nil

--- What unwinds a cancelled task. There is one value of it, which nobody else can make; do not store it, and
--- do not raise it elsewhere. Only this type matches it, and no handler stops it: it ends at the scope that
--- was cancelled. It has the field `reason`.
--- @type cohort.ErrorType
cohort.Cancelled = nil

-- }}
