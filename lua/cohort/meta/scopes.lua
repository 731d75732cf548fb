---@meta _
-- page 20: Cancelling and deadlines
--- What LuaLS knows of cancel scopes and deadlines: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Cancelling and deadlines

--- `cohort.move_on_after(seconds, f, ...) -> true, results... or false`
---
--- Calls `f(...)` with a time limit that gives up quietly. Returns true and the results of `f`; false when
--- the time was up and `f` was cut short. Time counts from the call. The limit also cancels every task below.
---
--- A cancellation from outside cancels `f` too and goes on. If `f` returns a result in spite of a
--- cancellation, it is returned. Raises what `f` raises: an error of its clean-up wins over the time limit.
--- (As trio's `move_on_after`.)
--- @async
--- @param seconds number  zero: code up to the first checkpoint runs; `math.huge`: no limit
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return boolean in_time
--- @return any ...
function cohort.move_on_after(seconds, f, ...) end

--- `cohort.fail_after(seconds, f, ...) -> results...`
---
--- Calls `f(...)` with a time limit that raises. Returns the results of `f`, or raises `Timeout` when the
--- time was up and `f` was cut short. Otherwise like `move_on_after`. The `traceback` of the `Timeout` tells
--- where the caller's task was stuck. (As trio's `fail_after`, asyncio's `timeout`.)
--- @async
--- @param seconds number  zero: code up to the first checkpoint runs; `math.huge`: no limit
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function cohort.fail_after(seconds, f, ...) end

--- `cohort.move_on_at(time, f, ...) -> true, results... or false`
---
--- `move_on_after` with a point in time.
--- @async
--- @param time number  on the clock of `cohort.now`
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return boolean in_time
--- @return any ...
function cohort.move_on_at(time, f, ...) end

--- `cohort.fail_at(time, f, ...) -> results...`
---
--- `fail_after` with a point in time.
--- @async
--- @param time number  on the clock of `cohort.now`
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function cohort.fail_at(time, f, ...) end

--- `cohort.shield(f, ...) -> results...`
---
--- Calls `f(...)` out of reach of every cancellation from outside, so that clean-up may wait. Returns its
--- results, or nothing when its own scope was cancelled and cut it short, and raises what it raises. A
--- cancellation that came meanwhile is seen by the first checkpoint after it. Groups opened inside are
--- shielded with their tasks.
---
--- A time limit belongs inside, `cohort.shield(cohort.move_on_after, 5, f, ...)`, or is set on the scope
--- itself, which is passed to the body: `cohort.scope({shield = true, timeout = 5}, function() f(...) end)`.
--- A limit around the shield is kept out like every other cancellation.
--- @async
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function cohort.shield(f, ...) end

--- @class cohort.ScopeOptions
--- @field timeout? number  seconds until it is cancelled
--- @field deadline? number  the same as a point in time, on the clock of `cohort.now`; not with `timeout`
--- @field shield? boolean  keep out every cancellation from outside; default false
--- @field name? string  for humans

--- `cohort.scope([options,] body, ...) -> true, results... or false`
---
--- Calls `body(scope, ...)` in a region that can be cancelled as a whole, with every task below it: the
--- general form of the functions above. Returns true and the results of the body; false when this scope was
--- cancelled, by its deadline or by `scope:cancel()`, and that cut the body short. Raises what the body
--- raises. (As trio's `CancelScope`.)
--- @async
--- @param options cohort.ScopeOptions
--- @param body async fun(scope: cohort.Scope, ...): ...
--- @param ... any  passed to `body` after the scope
--- @return boolean completed
--- @return any ...
--- @overload async fun(body: (async fun(scope: cohort.Scope, ...): ...), ...: any): boolean, ...
function cohort.scope(options, body, ...) end

--- `local scope <close> = cohort.open_scope([options])`
---
--- The same scope for the rest of a block. Opening returns at once; the end of the block never waits. Lua
--- cannot stop an error at the end of a block, so a block that was cut short raises there: `Timeout` for its
--- deadline, `Aborted` for `scope:cancel()`. Without `<close>` an error names the line. Raises outside tasks.
--- @param options? cohort.ScopeOptions
--- @return cohort.Scope
function cohort.open_scope(options) end

--- `cohort.current_scope() -> scope`
---
--- The innermost scope around the running code: one of the calls above, the group's, or the task's own.
--- Returns at once. Raises outside tasks.
--- @return cohort.Scope
function cohort.current_scope() end

--- `cohort.current_deadline() -> seconds`
---
--- The earliest deadline in effect here, as a point in time: `math.huge` if there is none, `-math.huge` if
--- the task is cancelled already. Shields are taken into account. Returns at once. Raises outside tasks.
--- @return number time
function cohort.current_deadline() end

--- A region that can be cancelled as a whole: everything called in it, and the tasks of all groups opened in
--- it. Cancellation is a state: once cancelled, every checkpoint in it raises `Cancelled`, until it ends.
--- @class cohort.Scope
--- @field deadline number  when it is cancelled, on the clock of `cohort.now`; `math.huge`: never. May be set
--- @field shield boolean  are cancellations from outside kept out? May be set
--- @field cancel_called boolean  is it cancelled? True from the moment of the call or of the deadline
--- @field cancelled_caught boolean  did a cancellation end here?
--- @field reason cohort.Reason?  why it is cancelled; nil when it is not
--- @field name string?  as given
local scope = {}

--- `scope:cancel([reason])`
---
--- Cancels the scope: all waits in it end with `Cancelled`. Returns at once and never raises; may be called
--- again. The first reason stays.
--- @param reason? string  why, for `scope.reason.text`
function scope:cancel(reason) end

--- @alias cohort.ReasonKind
--- | "cancel"      # a call of cancel()
--- | "deadline"    # its time was up
--- | "failure"     # another task of the group failed, or its body did
--- | "interrupt"   # Ctrl-C
--- | "shutdown"    # the host, or the end of the runtime, or only daemons were left
--- | "deadlock"    # nothing could ever wake a task
--- | "misnesting"  # something around it was left before it was closed

--- Why a scope is cancelled, as `scope.reason` and as the `reason` of `Cancelled`, `Aborted` and `Timeout`.
--- `tostring` gives it in words.
--- @class cohort.Reason
--- @field kind cohort.ReasonKind
--- @field text string?  the text passed to `cancel`
--- @field task string?  the name of the task that called `cancel`

-- }}
