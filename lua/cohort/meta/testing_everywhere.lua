---@meta _
-- page 91: Testing every order, cancellation and failure
--- What LuaLS knows of the parts of cohort.testing that run a program many times: see testing.lua.

--- @class cohort.testing
local testing = {}

-- {{ Every order

--- @class cohort.ExploreOptions
--- @field runs? integer  at most so many runs, those that shrink a failure not counted; default 1000
--- @field preemptions? number  deviations in one order, of the systematic part, at most; default `math.huge`
--- @field seed? integer  1 or more: what the part that goes by chance begins with; default 1
--- @field replay? table  one run, in the order that the error of a failure has in its field `replay`

--- What `explore` has done when nothing failed.
--- @class cohort.Explored
--- @field runs integer
--- @field schedules integer  different orders among them
--- @field exhaustive boolean  there is no order that was not tried, as far as the calls that may wait go

--- `cohort.testing.explore([options,] f) -> {runs, schedules, exhaustive}`
---
--- Calls `f()` as the root task of runtimes of its own, under virtual clocks that jump, each time with
--- another order of its tasks; whatever `f` raises is a failure, a `Deadlock` included. Tasks may change
--- places at each call that may wait, also where it need not. First come, systematically, the plain order,
--- all orders that deviate from it once, twice and so on: half of `runs` is for that; then, unless that was
--- all, orders by chance. So `f` must make in itself what it works with, and depend on nothing but the
--- order of its tasks: no sockets (`net.pair` and `stream_pair` are in memory), no real time.
---
--- After a failure it looks for the shortest deviation that fails as well, and raises an `Error`. Its
--- message tells which task went before which, and what `f` raised; that is its `cause`, and its field
--- `replay` is the order, for the option of that name: a table by the number of the choice, of which task
--- was picked there.
---
--- Raises `Error` as well when `f` did not do the same in the same order. Returns when all is tried. Inside
--- a task it is misuse. (As CHESS, Loom and Shuttle do; iterative bounding is Musuvathi's and Qadeer's.)
--- @param options cohort.ExploreOptions
--- @param f async fun()
--- @return cohort.Explored
--- @overload fun(f: async fun()): cohort.Explored
function testing.explore(options, f) end

-- }}

-- {{ Every cancellation, every failure

--- A value for a `<close>` variable, that remembers whether it was closed.
--- @alias cohort.Guard table

--- @class cohort.CancelEverywhereOptions
--- @field check? fun()  called after each run, outside tasks; what it raises is a finding
--- @field allow? cohort.Matcher  errors that may come out of `f` when it is cancelled; default: none
--- @field at? integer  only at the checkpoint of this number
--- @field runs? integer  no more runs than that, once each checkpoint was tried twice; default 1000

--- @class cohort.CancelledEverywhere
--- @field checkpoints integer
--- @field runs integer
--- @field cancelled integer  those that came to the checkpoint at which they were to be cancelled
--- @field exhaustive boolean  there is no pair of checkpoints that was not tried

--- `cohort.testing.cancel_everywhere([options,] f) -> {checkpoints, runs, cancelled, exhaustive}`
---
--- Calls `f(guard)` as the root task of a runtime of its own, and counts its checkpoints: each call of one
--- of its tasks that may wait, and each moment at which all wait. Then it runs `f` again for each, and
--- cancels all of it there; and again for each, to cancel the one task that has come there first, and all
--- at the checkpoint after that, while it may be cleaning up, then at the second after that, and so on to
--- the end of that run: pairs that are near each other first, and no more than `runs` in all. With `runs = 1`
--- it is the next one only. Clocks are virtual and jump.
---
--- `guard([name])` makes values for `<close>` variables. A finding is: a guard that was not closed exactly
--- once; a handle, descriptor or reference that is open when `f` has ended; an error other than `Cancelled`
--- out of `f`, unless `allow` matches it or all in it, or that one task alone was cancelled before; a
--- deadlock, unless one task alone was cancelled, which leads to one by itself, and all were to be cancelled
--- later than at the next checkpoint; what `check` raises.
---
--- The first finding is raised, as an `Error` that names the checkpoint and where its task was; its field
--- `at` is the number, for the option of that name, and what `f` raised is its `cause`. What `f` raises when
--- nothing is cancelled comes out as it is. Inside a task it is misuse.
--- @param options cohort.CancelEverywhereOptions
--- @param f async fun(guard: fun(name: string?): cohort.Guard)
--- @return cohort.CancelledEverywhere
--- @overload fun(f: (async fun(guard: (fun(name: string?): cohort.Guard)))): cohort.CancelledEverywhere
function testing.cancel_everywhere(options, f) end

--- @class cohort.FailEverywhereOptions
--- @field check? fun()  called after each run, outside tasks; what it raises is a finding
--- @field code? string  what each fails with, such as "EMFILE"; default: what fits it
--- @field at? integer  only number so and so of what can fail

--- @class cohort.FailedEverywhere
--- @field faults integer
--- @field runs integer
--- @field operations table  how many of each sort, by the name: "read", "memory"...

--- `cohort.testing.fail_everywhere([options,] f) -> {faults, runs, operations}`
---
--- Calls `f(guard)` as `cancel_everywhere` does, again and again, and lets fail, one in each run, whatever
--- can. By their names in `operations`: of sockets "resolve", "reverse", "socket", "bind", "connect",
--- "listen", "accept", "setsockopt", and of UDP "send", "receive", "join", "leave"; of streams "read",
--- "write", "shutdown" and "move" (bytes that `copy_to` has the system move); of files the name of
--- each function of `cohort.fs`, "open", "read_file" and so on; of processes "spawn", "pidfd_open" and
--- "pipe"; "signal", "stdio", "tcdrain", "tcgetattr", "tcsetattr" and "dup" of signals and terminals; "watch"
--- of what waits for a descriptor or for changes of files; "thread" and "eventfd" of what all that needs; and
--- "memory", each piece that cohort needs (not those of Lua itself). `f` may raise what it likes then, or get
--- over it. Findings are those of `cancel_everywhere`, but for errors.
---
--- The first finding is raised, as an `Error` that names what failed and the line of the program that had it
--- done, where there is one; its field `at` is the number, for the option of that name. What `f` raised then
--- is its `cause`: its text begins with the line where it was raised, and that of an `ErrorGroup` shows the
--- tracebacks. What `f` raises when nothing fails comes out as it is. Inside a task it is misuse.
--- @param options cohort.FailEverywhereOptions
--- @param f async fun(guard: fun(name: string?): cohort.Guard)
--- @return cohort.FailedEverywhere
--- @overload fun(f: (async fun(guard: (fun(name: string?): cohort.Guard)))): cohort.FailedEverywhere
function testing.fail_everywhere(options, f) end

--- `cohort.testing.check_leaks(f, ...)`
---
--- Calls `f(...)` seven times, in the task that runs or each time in a runtime of its own with a virtual
--- clock, and raises when the last five left anything behind: tasks, handles, descriptors, references in
--- Lua's registry, or memory of Lua or of the core that grew each time. What it raises tells where handles
--- were opened. Returns nothing.
--- @param f fun(...): ...
--- @param ... any  handed to `f`
function testing.check_leaks(f, ...) end

-- }}

-- {{ Assertions

--- `cohort.testing.assert_checkpoints(f, ...) -> results of f...`
---
--- Calls `f(...)` and raises when it returned without a checkpoint: no call in it that may wait, and so
--- none that would see a cancellation. What other tasks do while `f` waits counts, too. (As trio's
--- `assert_checkpoints`.)
--- @async
--- @param f async fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...
function testing.assert_checkpoints(f, ...) end

--- `cohort.testing.assert_no_checkpoints(f, ...) -> results of f...`
---
--- Calls `f(...)` and raises when it came to a checkpoint. Raises outside tasks.
--- @param f fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...
function testing.assert_no_checkpoints(f, ...) end

--- `cohort.testing.assert_raises_group(shape, f, ...) -> the group`
---
--- Calls `f(...)`, which must raise an `ErrorGroup` of this shape, and returns that. A shape is a list: a
--- matcher for each error, in any order, and a list of the same form for each group in the group. Its field
--- `message` may be a pattern for the group's own. A list is always a group here: write a predicate for
--- "one of these".
---
--- Otherwise it raises a text that tells, for each error and each matcher, what is as it should be, what is
--- missing and what is too many. Works outside tasks, too. (As the `RaisesGroup` of pytest and trio.)
--- @param shape table
--- @param f fun(...): ...
--- @param ... any  handed to `f`
--- @return cohort.ErrorGroup
function testing.assert_raises_group(shape, f, ...) end

-- }}

return testing
