---@meta cohort.testing
-- page 90: Testing
--- What LuaLS knows of cohort.testing: see cohort.lua.

-- {{ Testing

--- What makes concurrent code testable: `require "cohort.testing"`, or `cohort.testing`.
--- @class cohort.testing
local testing = {}

-- }}

-- {{ Virtual time

--- @class cohort.ClockOptions
--- @field autojump? boolean  move by itself to the next deadline? Default false
--- @field rate? number  virtual seconds per real second; default 0

--- `cohort.testing.clock([options]) -> clock`
---
--- Makes a virtual clock that shows 0, for `cohort.run({clock = clock}, main)`. With `autojump = true` it
--- moves by itself to the next deadline whenever every task waits and no operation is in flight that will end
--- by itself: a program full of sleeps takes no real time. With a `rate` it goes on with real time, that many
--- times as fast. With neither it moves only by `clock:advance` and `clock:jump`, and when all tasks wait for
--- it, `run` raises `Deadlock`. Returns at once. (As trio's `MockClock`.)
--- @param options? cohort.ClockOptions
--- @return cohort.Clock
function testing.clock(options) end

--- @class cohort.FaultOptions: cohort.PairOptions
--- @field seed? integer  1 or more: the same seed draws the same faults; default 1
--- @field delay? number[]  `{min, max}`, seconds that bytes, and the end, are under way; default none
--- @field split? boolean  a read gets only part of what is there; default false
--- @field reset_after? integer  bytes of both directions before the connection is lost; default never

--- `cohort.testing.stream_pair([options]) -> stream, stream`
---
--- Makes two streams in memory, as `net.pair` does, that treat bytes as networks do. Delays are on the
--- runtime's clock. After a reset, what was sent before can be read, and then both ends are `Broken` with
--- `code` "ECONNRESET". Each end draws for itself, in the order of what happens there. Returns at once.
--- Raises outside tasks.
--- @param options? cohort.FaultOptions
--- @return cohort.Stream
--- @return cohort.Stream
function testing.stream_pair(options) end

--- A virtual clock, for one runtime after another. Its time continues where the last one left it. `autojump`
--- and `rate` may be set at any time, and take effect at once.
--- @class cohort.Clock
--- @field autojump boolean  move by itself to the next deadline?
--- @field rate number  virtual seconds per real second; 0: it stands still
local clock = {}

--- `clock:advance(seconds)`
---
--- Moves the clock forward from deadline to deadline, and waits at each until all other tasks are blocked
--- again: what is due runs at its own time, and so does what that causes. Returns when the time is reached
--- and all are blocked. Tasks that are ready run first. Only for the clock of the current run.
---
--- A cancellation raises `Cancelled`; the clock stays where it is by then. (As sinon's `tickAsync`, and
--- Kotlin's `advanceTimeBy` including what is due at the last moment.)
--- @async
--- @param seconds number  zero or more, finite
function clock:advance(seconds) end

--- `clock:jump(seconds)`
---
--- Moves the clock forward in one step. Returns at once; tasks whose time has come run when the caller next
--- waits, all of them at the new time. (As trio's `MockClock.jump`.)
--- @param seconds number  zero or more, finite
function clock:jump(seconds) end

--- `clock:now() -> seconds`
---
--- The time it shows. Returns at once.
--- @return number seconds
function clock:now() end

-- }}

-- {{ Who runs when

--- `cohort.testing.wait_all_blocked([cushion])`
---
--- Waits until every other task is blocked: for `cushion` seconds of real time, nothing is ready, nothing has
--- come from outside, and no operation is in flight that will end by itself. A virtual clock with `autojump`
--- does not jump meanwhile. When several tasks wait for this, those with the shortest cushion go on, all at
--- once, and the others begin to count anew.
---
--- A cancellation raises `Cancelled`. (As trio's `wait_all_tasks_blocked`.)
--- @async
--- @param cushion? number  seconds, finite; default 0
function testing.wait_all_blocked(cushion) end

--- `cohort.testing.sequencer() -> sequencer`
---
--- Makes a sequencer, which orders blocks of code across several tasks. Returns at once; works outside tasks
--- too.
--- @return cohort.Sequencer
function testing.sequencer() end

--- What `cohort.testing.sequencer` returns. `local _ <close> = seq(n)` waits until the blocks of all smaller
--- numbers have ended, in whatever way; its own block ends where the variable is closed. Numbers begin at 0,
--- and using one twice is misuse.
---
--- The call is a checkpoint. A cancellation while it waits raises `Cancelled`, and breaks the sequence: all
--- who wait for their turn, and all who come later, get `Broken`. (As trio's `Sequencer`.)
--- @class cohort.Sequencer
--- @operator call: any

--- `cohort.testing.task_tree() -> text`
---
--- A line for each live task: its name, indented by the depth of its group, what it waits for or whether it
--- is ready or running, and where, as in a `Deadlock`. Returns at once; "" outside `run`.
--- @return string text
function testing.task_tree() end

-- }}

-- {{ Names

--- `cohort.testing.with_names(names, f, ...) -> results of f...`
---
--- Calls `f(...)`; in it, and in the tasks it spawns, name lookups by `net.resolve`, `net.connect` and
--- `net.listen` are answered from the table. An answer is an address, a list of them, the name of the error
--- that the lookup fails with ("EAI_NONAME", "EAI_AGAIN"), or a function like `net.resolver`. A list may have
--- a `delay` in seconds, after which the answer comes: `{"EAI_AGAIN", delay = 5}`. A name that is not in the
--- table does not exist. Numeric addresses stand for themselves; `net.reverse` gives the first name, in
--- alphabetical order, that has the address in its list.
---
--- It waits, and is cancelled, only where `f` is, and raises what `f` raises.
--- @param known table<string, any>  answers by name
--- @param f fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function testing.with_names(known, f, ...) end

-- }}

-- {{ Tests in a framework

--- @class cohort.RunnerOptions
--- @field signals? boolean  take Ctrl-C while one of its functions runs; default true
--- @field clock? cohort.Clock  a virtual clock; default the machine's
--- @field seed? integer  1 or more: shuffle the order of ready tasks, the same way for the same seed
--- @field watchdog? number  real seconds that one function may take; default math.huge

--- `local runner <close> = cohort.testing.open_runner([options])`
---
--- Opens a runtime that stays open from one function to the next: for helpers of test frameworks, where the
--- set-up of a test, the test and its tear-down are separate functions. Misuse while another runtime is open.
--- Returns at once. (As Python's `asyncio.Runner`.)
--- @param options? cohort.RunnerOptions
--- @return cohort.Runner
function testing.open_runner(options) end

--- What `cohort.testing.open_runner` returns. Streams that are not closed stay open from one function to the
--- next, and are closed with the runner.
--- @class cohort.Runner
local runner = {}

--- `runner:run(f, ...) -> results of f...`
---
--- Runs `f(...)` as a task and returns its results when it and all that it started have ended. Raises as
--- `cohort.run` does; what ended one function, such as a deadlock, does not affect the next.
---
--- With a `watchdog`, a function that takes longer is cancelled, and `Timeout` is raised with the tree of
--- tasks in its message. That also ends loops in Lua code that never wait, past their own `pcall`s, but not a
--- C function that does not return. Clean-up gets as much time again, and is then ended by force.
--- @param f fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...  passed to `f`
function runner:run(f, ...) end

--- `runner:close()`
---
--- Closes the runtime, and everything that was opened in it and not closed. Calling it again does nothing.
function runner:close() end

--- `it(name, cohort.testing.plain(f))`
---
--- Marks a test that the helper for busted must call directly, not as a task: one that makes runs of its own,
--- with `explore`, `cancel_everywhere`, `fail_everywhere` or `cohort.run`. No runtime is open while it runs:
--- what a `before_each` has opened is closed. Returns `f` itself, so the spec also works without the helper.
--- @param f fun(...)
--- @return fun(...) f
function testing.plain(f) end

-- }}

return testing
