---@meta _
-- page 91: Testing every order, cancellation and failure
--- What LuaLS knows of the parts of cohort.testing that run a program many times: see testing.lua.

--- @class cohort.testing
local testing = {}

-- {{ Every order

--- @class cohort.ExploreOptions
--- @field runs? integer  most runs, not counting those that shrink a failure; default 1000
--- @field preemptions? number  most deviations in one order of the systematic part; default `math.huge`
--- @field seed? integer  1 or more: where the random part begins; default 1
--- @field replay? table  do one run, in the order that the error of a failure has in its field `replay`

--- What `explore` did, when nothing failed.
--- @class cohort.Explored
--- @field runs integer
--- @field schedules integer  different orders among them
--- @field exhaustive boolean  every order was tried, as far as calls that may wait can change it

--- `cohort.testing.explore([options,] f) -> {runs, schedules, exhaustive}`
---
--- Calls `f()` many times, each time as the root task of a new runtime, under a virtual clock that jumps,
--- with another order of its tasks; whatever `f` raises is a failure, including a `Deadlock`. Tasks may
--- change places at each call that may wait, even where it need not. It begins systematically, with the plain
--- order and all orders that deviate from it once, twice and so on, for half of `runs`; then, unless that was
--- all, it tries random orders. So `f` must create everything it works with, and depend on nothing but the
--- order of its tasks: no sockets (`net.pair` and `stream_pair` are in memory), no real time.
---
--- After a failure it looks for the shortest deviation that also fails, and raises an `Error`. Its message
--- tells which task went before which, and what `f` raised, which is also its `cause`. Its field `replay` is
--- the order, for the option of that name: a table from the number of a choice to that of the task picked.
---
--- Also raises `Error` when `f` did not do the same in the same order. Returns when everything is tried.
--- Inside a task it is misuse. (As CHESS, Loom and Shuttle do; iterative bounding is Musuvathi's and
--- Qadeer's.)
--- @param options cohort.ExploreOptions
--- @param f async fun()
--- @return cohort.Explored
--- @overload fun(f: async fun()): cohort.Explored
function testing.explore(options, f) end

-- }}

-- {{ Every cancellation, every failure

--- A value for a `<close>` variable that remembers whether it was closed.
--- @alias cohort.CloseGuard table

--- @class cohort.CancelEverywhereOptions
--- @field check? fun()  called after each run, outside tasks; what it raises is a finding
--- @field allow? cohort.Matcher  errors that may come out of `f` when it is cancelled; default: none
--- @field at? integer  only at the checkpoint with this number
--- @field runs? integer  most runs, once each checkpoint was tried twice; default 1000

--- @class cohort.CancelledEverywhere
--- @field checkpoints integer
--- @field runs integer
--- @field cancelled integer  those that reached the checkpoint where they were to be cancelled
--- @field exhaustive boolean  every pair of checkpoints was tried

--- `cohort.testing.cancel_everywhere([options,] f) -> {checkpoints, runs, cancelled, exhaustive}`
---
--- Calls `f(guard)` as the root task of a new runtime, and counts its checkpoints: each call of one of its
--- tasks that may wait, and each moment at which all wait. Then it runs `f` again for each checkpoint and
--- cancels all of it there. Then it runs it again for each, and cancels only the task that got there first,
--- and all of it at the next checkpoint, while that task may be cleaning up; then at the second after that,
--- and so on to the end of that run: pairs that are close to each other first, and at most `runs` in all.
--- With `runs = 1` only the next one is tried. Clocks are virtual and jump.
---
--- `guard([name])` makes values for `<close>` variables. These are findings: a guard that was not closed
--- exactly once; a handle, descriptor or reference that is open when `f` has ended; an error other than
--- `Cancelled` out of `f`, unless `allow` matches it or everything in it, or one task alone was cancelled
--- before; a deadlock, unless it came after one task alone was cancelled, which can itself cause one, and all
--- were to be cancelled later than at the next checkpoint; what `check` raises.
---
--- The first finding is raised, as an `Error` that names the checkpoint and where its task was; its field
--- `at` is the number, for the option of that name, and its `cause` is what `f` raised. What `f` raises when
--- nothing is cancelled comes out unchanged. Inside a task it is misuse.
--- @param options cohort.CancelEverywhereOptions
--- @param f async fun(guard: fun(name: string?): cohort.CloseGuard)
--- @return cohort.CancelledEverywhere
--- @overload fun(f: (async fun(guard: (fun(name: string?): cohort.CloseGuard)))): cohort.CancelledEverywhere
function testing.cancel_everywhere(options, f) end

--- @class cohort.FailEverywhereOptions
--- @field check? fun()  called after each run, outside tasks; what it raises is a finding
--- @field code? string  what each fails with, such as "EMFILE"; default whatever fits it
--- @field at? integer  only the operation with this number

--- @class cohort.FailedEverywhere
--- @field faults integer
--- @field runs integer
--- @field operations table  how many of each sort, by name: "read", "memory"...

--- `cohort.testing.fail_everywhere([options,] f) -> {faults, runs, operations}`
---
--- Calls `f(guard)` as `cancel_everywhere` does, again and again, and makes everything that can fail do so,
--- one operation in each run. Their names in `operations` are: for sockets "resolve", "reverse", "socket",
--- "bind", "connect", "listen", "accept", "setsockopt", and for UDP "send", "receive", "join", "leave"; for
--- streams "read", "write", "shutdown" and "move" (bytes that the system moves for `copy_to`); for files the
--- name of each function of `cohort.fs`, "open", "read_file" and so on; for processes "spawn", "pidfd_open"
--- and "pipe"; for signals and terminals "signal", "stdio", "tcdrain", "tcgetattr", "tcsetattr" and "dup";
--- "watch" for waiting for a descriptor or for changes of files; "thread" and "eventfd" for what all these
--- need; and "memory" for each allocation by cohort (not those of Lua itself). `f` may then raise anything,
--- or recover. Findings are those of `cancel_everywhere`, except errors.
---
--- The first finding is raised, as an `Error` that names what failed and, where there is one, the line of the
--- program that asked for it; its field `at` is the number, for the option of that name. Its `cause` is what
--- `f` raised then: the text of that begins with the line where it was raised, and that of an `ErrorGroup`
--- shows the tracebacks. What `f` raises when nothing fails comes out unchanged. Inside a task it is misuse.
--- @param options cohort.FailEverywhereOptions
--- @param f async fun(guard: fun(name: string?): cohort.CloseGuard)
--- @return cohort.FailedEverywhere
--- @overload fun(f: (async fun(guard: (fun(name: string?): cohort.CloseGuard)))): cohort.FailedEverywhere
function testing.fail_everywhere(options, f) end

--- `cohort.testing.check_leaks(f, ...)`
---
--- Calls `f(...)` seven times, in the running task or each time in a new runtime with a virtual clock, and
--- raises when the last five left something behind: tasks, handles, descriptors, references in Lua's
--- registry, or memory of Lua or of the core that grew each time, which five further calls must confirm. The
--- error tells where handles were opened. Returns nothing.
--- @param f fun(...): ...
--- @param ... any  passed to `f`
function testing.check_leaks(f, ...) end

-- }}

-- {{ Assertions

--- `cohort.testing.assert_checkpoints(f, ...) -> results of f...`
---
--- Calls `f(...)` and raises if it returned without a checkpoint: it made no call that may wait, and so none
--- that would notice a cancellation. Checkpoints of other tasks while `f` waits count too. (As trio's
--- `assert_checkpoints`.)
--- @async
--- @param f async fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function testing.assert_checkpoints(f, ...) end

--- `cohort.testing.assert_no_checkpoints(f, ...) -> results of f...`
---
--- Calls `f(...)` and raises if it made a checkpoint. Raises outside tasks.
--- @param f fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function testing.assert_no_checkpoints(f, ...) end

--- `cohort.testing.assert_raises_group(shape, f, ...) -> the group`
---
--- Calls `f(...)`, which must raise an `ErrorGroup` of this shape, and returns the group. A shape is a list:
--- a matcher for each error, in any order, and a list of the same form for each group in the group. Its field
--- `message` may be a pattern for the group's own message. A list always means a group here: write a
--- predicate for "one of these".
---
--- Otherwise it raises a text that tells, for each error and each matcher, what matches, what is missing and
--- what is too many. Works outside tasks too. (As the `RaisesGroup` of pytest and trio.)
--- @param shape table
--- @param f fun(...): ...
--- @param ... any  passed to `f`
--- @return cohort.ErrorGroup
function testing.assert_raises_group(shape, f, ...) end

-- }}

return testing
