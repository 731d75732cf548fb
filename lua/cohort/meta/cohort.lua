---@meta cohort
-- page 10: Running, groups, tasks
--- What LuaLS knows of cohort, the source of docs/reference, and the list of public functions for the specs:
--- here running, groups and tasks. Nothing here runs. Further parts and modules are in the files beside this
--- one, each with its page of the reference; tools/meta.lua defines the format.

--- Structured concurrency: tasks that end where they began, errors that are never lost, cancellation that
--- always wins.
---
--- Durations and points in time are numbers of seconds; sizes are bytes. A callable is given as `f, ...` and
--- called as `f(...)`. Options are one table; an unknown one is an error. Misuse raises a string at the
--- caller's line before anything has changed. Functions that wait can be called only in a task; if it is
--- cancelled, they raise `Cancelled` before they have any effect.
--- @class cohort
--- @field VERSION string  of the library, such as "0.1.0"
local cohort = {}

-- {{ Running

--- @class cohort.RunOptions
--- @field signals? boolean  take Ctrl-C while it runs; default true
--- @field clock? cohort.Clock  a virtual clock of `cohort.testing`; default the machine's
--- @field seed? integer  1 or more: shuffle the order of ready tasks, the same way for the same seed
--- @field schedule? fun(tasks: cohort.Task[]): integer?  for tests: picks which task runs next
--- @field watchdog? number  real seconds that a task may run without waiting; default math.huge

--- `cohort.run([options,] main, ...) -> results of main`
---
--- Runs `main(...)` as the root task of a new runtime, which belongs to this Lua state until it ends. Returns
--- what `main` returned once it and every task below it have ended.
---
--- The first Ctrl-C cancels the root task, and `run` raises `Interrupted`; the second ends the process. With
--- `signals = false`, or in a process that ignores SIGINT, Ctrl-C is left alone.
---
--- A `schedule` is called before each step of a task, outside of tasks, with the list of the ready tasks in
--- the order in which they would run; it returns the number of one in the list, or nil for the first. With a
--- schedule, every call that may wait ends a step, even where it need not wait. When all tasks wait, it is
--- called with an empty list. It may call `cancel` on anything it knows, but must not wait. What it raises
--- cancels all, and `run` raises it. `cohort.testing.explore` is built on it.
---
--- With a `watchdog`, a task that runs longer in Lua code without waiting is unwound, past its own `pcall`s;
--- all others are cancelled, and `run` raises `Timeout` with the tree of tasks in its message. It cannot stop
--- a C function that does not return, nor a coroutine from before the run that Lua's own library resumes: use
--- `cohort.coroutine` there. It costs: loops in Lua run at half their speed.
---
--- Raises what `main` raised, unchanged, except that a string raised by a handler of `try` is followed by the
--- tree of what it handled. Raises `Deadlock` when every task waits and nothing can wake one. Inside a task
--- it is misuse: write `cohort.main`. It may be called again afterwards.
--- @param options cohort.RunOptions
--- @param main async fun(...): ...
--- @param ... any  passed to `main`
--- @return any ...
--- @overload fun(main: (async fun(...): ...), ...: any): ...
function cohort.run(options, main, ...) end

--- `cohort.main(main, ...) -> results of main`
---
--- For scripts: calls `main(...)` in the running task, or by `cohort.run` when there is none. So the same
--- file works with `lua5.4`, with the launcher and inside a host.
--- @param main async fun(...): ...
--- @param ... any  passed to `main`
--- @return any ...
function cohort.main(main, ...) end

--- `cohort.now() -> seconds`
---
--- The time on the runtime's clock. The clock is monotonic and counts from some moment around the start; a
--- virtual one counts from 0. Returns at once; works outside tasks too.
--- @return number seconds
function cohort.now() end

--- `cohort.sleep(seconds)`
---
--- Waits at least this long. `sleep(0)` lets every other ready task run once. A cancellation ends the wait
--- and raises `Cancelled`. Negative durations and NaN are misuse; `math.huge` sleeps for ever.
--- @async
--- @param seconds number  zero or more
function cohort.sleep(seconds) end

--- `cohort.sleep_until(time)`
---
--- Waits until the clock of `cohort.now` shows `time`; a time in the past is like `sleep(0)`. For periodic
--- work without drift. A cancellation ends the wait and raises `Cancelled`.
--- @async
--- @param time number  on the clock of `cohort.now`
function cohort.sleep_until(time) end

--- `cohort.sleep_forever()`
---
--- Waits until it is cancelled; then raises `Cancelled`.
--- @async
function cohort.sleep_forever() end

--- `cohort.checkpoint()`
---
--- Lets every other ready task run once, then raises `Cancelled` if the task is cancelled. For long
--- computations, so that other tasks get a turn and a cancellation is noticed.
--- @async
function cohort.checkpoint() end

--- `cohort.cancelled() -> boolean`
---
--- Would the next checkpoint of this task raise? Returns at once. Raises outside tasks.
--- @return boolean
function cohort.cancelled() end

--- `cohort.current_task() -> task or nil`
---
--- The running task, nil outside one. Returns at once.
--- @return cohort.Task?
function cohort.current_task() end

-- }}

-- {{ Groups

--- @class cohort.GroupOptions
--- @field name? string  for humans; default the place where the body was written
--- @field limit? integer  most tasks that run at once, daemons not counted; `math.huge`: no limit
--- @field on_error? "cancel"|"collect"  a failed task cancels the rest (default), or nothing

--- `cohort.group([options,] body, ...) -> results of body`
---
--- Calls `body(g, ...)` with a new group, into which tasks can be spawned. Returns what the body returned,
--- when every task of the group has ended. The group itself is no checkpoint: it waits only for its tasks.
---
--- `g:cancel()` and the deadline of `g.scope` end the group without an error. It then returns nothing if the
--- body was cut short, and the body's results if only tasks were. Afterwards `g.scope.cancelled_caught` tells
--- whether anything was cut short, and `g.scope.reason` why. Or write `cohort.move_on_after(seconds,
--- cohort.group, body)`, whose first result tells.
---
--- The first failure, of the body or of a task, cancels the body and all tasks. With `on_error = "collect"` a
--- failed task cancels nothing; a failed body still does. A cancellation from outside cancels all of it as
--- well, and comes out as one `Cancelled` when nothing failed.
---
--- Raises one `ErrorGroup` with every failure, in the order they happened, even when there is only one (as
--- trio and Python's `TaskGroup` do). A failure wins over a cancellation.
--- @async
--- @param options cohort.GroupOptions
--- @param body async fun(g: cohort.Group, ...): ...
--- @param ... any  passed to `body` after the group
--- @return any ...
--- @overload async fun(body: (async fun(g: cohort.Group, ...): ...), ...: any): ...
function cohort.group(options, body, ...) end

--- `local g <close> = cohort.open_group([options])`
---
--- The same group as a block: it ends, and waits for its tasks, where the block of its `<close>` variable
--- ends, by falling out, `return`, `break` or an error. Opening returns at once.
---
--- A task that fails cancels the rest of the block, and the `ErrorGroup` is raised at its end. `g:cancel()`
--- cancels the tasks but not the block, because Lua cannot stop an error at the end of a block. Without
--- `<close>` the group is closed with its task or with the block around it, and an error names the line.
--- @async
--- @param options? cohort.GroupOptions
--- @return cohort.Group
function cohort.open_group(options) end

--- Owns tasks. Made by `cohort.group` and `cohort.open_group`. `#g` is the number of its live tasks, daemons
--- included; one that `start` waits for does not belong to it yet.
--- @class cohort.Group
--- @field scope cohort.Scope  the cancel scope of its tasks; `deadline` and `shield` may be set
--- @field name string  as given, or where it was opened
local g = {}

--- `g:spawn(f, ...) -> task`
---
--- Makes a task that calls `f(...)`. It starts when the spawner next waits, in the order of spawning. Its
--- results are kept for `task:result()`; its failure is a failure of the group.
---
--- Returns at once, unless the group has a `limit`, is full, and the caller is not one of its tasks: then it
--- waits for a place, first in, first out, and a cancellation raises `Cancelled`, with nothing spawned. A
--- task of the group never waits here: what it spawns starts when there is a place.
---
--- Works in a cancelled group: the task runs to its first checkpoint. In a group that has ended it is
--- misuse.
--- @async
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return cohort.Task
function g:spawn(f, ...) end

--- `g:start(f, ...) -> task, values given to started...`
---
--- Makes a task that calls `f(started, ...)`, and waits until it calls `started(...)`: for a service that
--- says when it is ready. Returns the task and what `started` was given. In a full group it first waits for a
--- place, as `spawn` does.
---
--- Until then the new task belongs to the caller: a cancellation of the caller cancels it, its error comes
--- out of `start` bare and does not fail the group, and if it alone is cancelled `start` raises `Aborted`.
--- Afterwards it is a task of the group like any other. Returning without having called `started` is an
--- error. (As trio's `nursery.start`.)
--- @async
--- @param f async fun(started: fun(...), ...): ...
--- @param ... any  passed to `f` after `started`
--- @return cohort.Task task
--- @return any ...
function g:start(f, ...) end

--- `g:spawn_daemon(f, ...) -> task`
---
--- Makes a task that ends with the group: when the body and all ordinary tasks have ended, it is cancelled
--- and waited for. Its failure is a failure of the group. Returns at once, even in a full group.
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return cohort.Task
function g:spawn_daemon(f, ...) end

--- `g:defer(f, ...)`
---
--- Arranges for `f(...)` to be called when all tasks have ended, however the group ends. What was deferred
--- last runs first, each call in a shield, so it may wait. All of them run even if some fail; their errors
--- join those of the group. Returns at once. On a group that has ended it is misuse.
--- @param f async fun(...)
--- @param ... any  passed to `f`
function g:defer(f, ...) end

--- `g:cancel([reason])`
---
--- Cancels every task of the group, and the body of `cohort.group`. The group then ends without an error of
--- its own; what clean-up raises still comes out. Returns at once and never raises `Cancelled`. The first
--- reason stays.
--- @param reason? string  why, for `scope.reason.text`
function g:cancel(reason) end

-- }}

-- {{ Tasks

--- @alias cohort.TaskStatus "ready"|"running"|"waiting"|"done"|"failed"|"cancelled"

--- A function that runs on its own, in a group. Made by `g:spawn` and its kin. Until a name is set, its name
--- is the place where its function was written, or, for a function that is not the user's, what its module or
--- object calls it: "cohort.sleep", "stream:read".
--- @class cohort.Task
--- @field name string  for humans, may be set at any time
local task = {}

--- `task:result() -> what it returned...`
---
--- Returns what the task returned, at once. Raises its error, unchanged, if it failed; `Aborted` with the
--- reason if it was cancelled. Before the task has ended it is misuse.
--- @return any ...
function task:result() end

--- `task:error() -> its error or nil`
---
--- Returns the error of a task that failed, an `Aborted` for one that was cancelled, nil for one that
--- returned. Returns at once. Before the task has ended it is misuse.
--- @return any error
function task:error() end

--- `task:wait() -> task`
---
--- Waits until the task has ended, and returns it. Never raises its error. A cancellation of the waiter ends
--- the wait and raises `Cancelled`; the task goes on. In the task itself it is misuse.
--- @async
--- @return cohort.Task self
function task:wait() end

--- `task:join() -> what it returned...`
---
--- `task:wait():result()`.
--- @async
--- @return any ...
function task:join() end

--- `task:cancel([reason])`
---
--- Cancels this task alone, with everything below it. That is no failure: its siblings go on. Returns at
--- once; does nothing if the task has ended. The first reason stays.
--- @param reason? string  why, for the `reason` of its `Aborted`
function task:cancel(reason) end

--- `task:status() -> string`
---
--- "ready" to run, "running", "waiting"; or how it ended: "done", "failed", "cancelled". Returns at once.
--- @return cohort.TaskStatus
function task:status() end

--- `task:traceback() -> string`
---
--- Where the task is now, and the groups above it up to the root; empty when it has ended. Returns at once.
--- @return string
function task:traceback() end

-- }}

return cohort
