---@meta _
-- page 50: Events, locks and their kin
--- What LuaLS knows of what tasks wait for among themselves: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Events

--- `cohort.event() -> event`
---
--- Makes an event: something that happens once, and that any number of tasks may wait for. It cannot be
--- reset: make a new event for the next time. Works outside tasks too.
--- @return cohort.Event
function cohort.event() end

--- What `cohort.event` returns. (As trio's `Event`; asyncio's without `clear`.)
--- @class cohort.Event
local event = {}

--- `event:set()`
---
--- Sets the event: all who wait go on, in the order they came, and whoever comes later does not wait. Never
--- waits; calling it again does nothing. Works outside tasks too.
function event:set() end

--- `event:is_set() -> boolean`
---
--- Has the event been set? Never waits. Works outside tasks too.
--- @return boolean
function event:is_set() end

--- `event:wait()`
---
--- Waits until the event is set; if it is, goes on at once. A checkpoint in both cases: a cancellation raises
--- `Cancelled`.
--- @async
function event:wait() end

-- }}

-- {{ Locks

--- `cohort.lock() -> lock`
---
--- Makes a lock, which lets in one task at a time. Between two waits no other task can run anyway: a lock is
--- for work that waits in the middle. Works outside tasks too.
--- @return cohort.Lock
function cohort.lock() end

--- What `cohort.lock` returns. It belongs to the task that acquired it. On release it is handed to the task
--- that has waited longest. If its owner ended without releasing it, it is broken for good: all who wait for
--- it, and all who try to acquire it later, get `Broken`, with the name of that task in `owner`. (As trio's
--- `Lock`.)
--- @class cohort.Lock
local lock = {}

--- `lock:acquire()`
---
--- Waits until the lock is free or handed over to this task. A checkpoint, also when it need not wait: a
--- cancellation raises `Cancelled`, and nothing was acquired. Raises `Broken` when the lock is broken. In the
--- task that has the lock already it is misuse.
--- @async
function lock:acquire() end

--- `lock:try_acquire() -> boolean`
---
--- Acquires the lock if that needs no waiting, and returns whether it did. Never waits and never raises
--- `Cancelled`. Raises `Broken` when the lock is broken. In the task that has the lock already it is misuse.
--- Raises outside tasks.
--- @return boolean acquired
function lock:try_acquire() end

--- `lock:release()`
---
--- Releases the lock: the first task that waits has it at once. Never waits and never raises `Cancelled`. In
--- a task that is not the owner it is misuse. On a broken lock it does nothing. Raises outside tasks.
function lock:release() end

--- `lock:with(f, ...) -> results...`
---
--- Acquires the lock, calls `f(...)`, and releases it however that ends. Returns the results of `f`. Waits
--- and raises like `acquire`, and raises what `f` raises.
--- @async
--- @param f async fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...  passed to `f`
function lock:with(f, ...) end

--- `local _ <close> = lock:hold()`
---
--- The same for the rest of a block: acquires the lock, and releases it where the block ends, however it
--- ends. Waits and raises like `acquire`. Without `<close>` nothing releases it.
--- @async
--- @nodiscard
--- @return cohort.Guard
function lock:hold() end

--- What `hold` returns, for a `<close>` variable, which releases once, where the block ends. Without
--- `<close>` the lock, permit or place stays held.
--- @class cohort.Guard

-- }}

-- {{ Semaphores and limiters

--- `cohort.semaphore(n [, max]) -> semaphore`
---
--- Makes a semaphore with `n` permits. They have no owner: one task may release what another acquired. With
--- `max`, releasing above it is misuse. Works outside tasks too.
--- @param n integer  permits at the start, zero or more
--- @param max? number  most permits there can be; default `math.huge`
--- @return cohort.Semaphore
function cohort.semaphore(n, max) end

--- What `cohort.semaphore` returns. Waiters get permits in the order they came: while anybody waits, what is
--- released goes to the first of them. (As trio's `Semaphore`.)
--- @class cohort.Semaphore
--- @field available integer  permits that can be acquired without waiting
local semaphore = {}

--- `semaphore:acquire()`
---
--- Waits until there is a permit, and takes it. A checkpoint, also when it need not wait: a cancellation
--- raises `Cancelled`, and nothing was acquired.
--- @async
function semaphore:acquire() end

--- `semaphore:try_acquire() -> boolean`
---
--- Acquires a permit if that needs no waiting, and returns whether it did. Never waits and never raises
--- `Cancelled`. Works outside tasks too.
--- @return boolean acquired
function semaphore:try_acquire() end

--- `semaphore:release()`
---
--- Gives a permit back: the first task that waits has it at once. Never waits and never raises `Cancelled`.
--- Above the maximum it is misuse. Works outside tasks too.
function semaphore:release() end

--- `semaphore:with(f, ...) -> results...`
---
--- Acquires a permit, calls `f(...)`, and releases it however that ends. Returns the results of `f`. Waits
--- and raises like `acquire`, and raises what `f` raises.
--- @async
--- @param f async fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...  passed to `f`
function semaphore:with(f, ...) end

--- `local _ <close> = semaphore:hold()`
---
--- The same for the rest of a block: acquires a permit, and releases it where the block ends, however it
--- ends. Waits and raises like `acquire`. Without `<close>` nothing releases it.
--- @async
--- @nodiscard
--- @return cohort.Guard
function semaphore:hold() end

--- `cohort.limiter(n) -> limiter`
---
--- Makes a limiter: it limits how many tasks may do something at once, and the limit may change. Each place
--- belongs to the task that acquired it, and a task has at most one. Works outside tasks too.
--- @param n number  the total: a whole number, zero or more, or `math.huge`
--- @return cohort.Limiter
function cohort.limiter(n) end

--- What `cohort.limiter` returns. Waiters get places in the order they came. If a task ends with its place,
--- the place goes back, with a warning. (As trio's `CapacityLimiter`, but only tasks can have a place.)
--- @class cohort.Limiter
--- @field total number  may be set: raising it lets waiters in at once; lowering it takes nobody's place
--- @field available number  places that can be acquired without waiting
local limiter = {}

--- `limiter:acquire()`
---
--- Waits until there is a place, and takes it. A checkpoint, also when it need not wait: a cancellation
--- raises `Cancelled`, and nothing was acquired. In a task that has a place already it is misuse.
--- @async
function limiter:acquire() end

--- `limiter:try_acquire() -> boolean`
---
--- Acquires a place if that needs no waiting, and returns whether it did. Never waits and never raises
--- `Cancelled`. In a task that has a place already it is misuse. Raises outside tasks.
--- @return boolean acquired
function limiter:try_acquire() end

--- `limiter:release()`
---
--- Gives the place back: the first task that waits has it at once. Never waits and never raises `Cancelled`.
--- In a task that has none it is misuse. Raises outside tasks.
function limiter:release() end

--- `limiter:with(f, ...) -> results...`
---
--- Acquires a place, calls `f(...)`, and releases it however that ends. Returns the results of `f`. Waits
--- and raises like `acquire`, and raises what `f` raises.
--- @async
--- @param f async fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...  passed to `f`
function limiter:with(f, ...) end

--- `local _ <close> = limiter:hold()`
---
--- The same for the rest of a block: acquires a place, and releases it where the block ends, however it ends.
--- Waits and raises like `acquire`. Without `<close>` nothing releases it.
--- @async
--- @nodiscard
--- @return cohort.Guard
function limiter:hold() end

-- }}

-- {{ Conditions and barriers

--- `cohort.condition([lock]) -> condition`
---
--- Makes a condition: it lets tasks that hold a lock wait until another task has changed what the lock
--- guards. Several conditions may share a lock. Works outside tasks too.
--- @param of? cohort.Lock  default a new one
--- @return cohort.Condition
function cohort.condition(of) end

--- What `cohort.condition` returns. Its `acquire`, `release` and so on are those of its lock. (As trio's and
--- asyncio's `Condition`; no notification is lost.)
--- @class cohort.Condition
local condition = {}

--- `condition:wait()`
---
--- Releases the lock, waits for a notification, and has the lock again when it returns. A caller that does
--- not hold the lock is misuse. What was waited for may be gone again: write `while not ready() do
--- condition:wait() end`, or `wait_for`.
---
--- A cancellation raises `Cancelled`, with the lock held again. A notification that had come by then goes to
--- the next waiter. Raises `Broken` when the lock breaks.
--- @async
function condition:wait() end

--- `condition:wait_for(predicate) -> what predicate returned`
---
--- Calls `predicate()` with the lock held, and waits while it returns false or nil. Otherwise like `wait`.
--- Raises what the predicate raises.
--- @async
--- @param predicate async fun(): any
--- @return any
function condition:wait_for(predicate) end

--- `condition:notify([n])`
---
--- Lets the first `n` waiters go on, one after the other, as they get the lock. A caller that does not hold
--- the lock is misuse. With nobody waiting it does nothing, and nothing is remembered. Never waits and never
--- raises `Cancelled`. Raises outside tasks.
--- @param n? number  a whole number, zero or more, or `math.huge`; default 1
function condition:notify(n) end

--- `condition:notify_all()`
---
--- `notify` for all who wait. Raises outside tasks.
function condition:notify_all() end

--- `condition:acquire()`
---
--- Waits until the lock is free or handed over to this task. A checkpoint, also when it need not wait: a
--- cancellation raises `Cancelled`, and nothing was acquired. Like `lock:acquire`.
--- @async
function condition:acquire() end

--- `condition:try_acquire() -> boolean`
---
--- Acquires the lock if that needs no waiting, and returns whether it did. Never waits and never raises
--- `Cancelled`. Like `lock:try_acquire`. Raises outside tasks.
--- @return boolean acquired
function condition:try_acquire() end

--- `condition:release()`
---
--- Releases the lock: the first task that waits has it at once. Never waits and never raises `Cancelled`.
--- Like `lock:release`. Raises outside tasks.
function condition:release() end

--- `condition:with(f, ...) -> results...`
---
--- Acquires the lock, calls `f(...)`, and releases it however that ends. Returns the results of `f`. Waits
--- and raises like `acquire`, and raises what `f` raises.
--- @async
--- @param f async fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...  passed to `f`
function condition:with(f, ...) end

--- `local _ <close> = condition:hold()`
---
--- The same for the rest of a block: acquires the lock, and releases it where the block ends, however it
--- ends. Waits and raises like `acquire`. Without `<close>` nothing releases it.
--- @async
--- @nodiscard
--- @return cohort.Guard
function condition:hold() end

--- `cohort.barrier(n) -> barrier`
---
--- Makes a barrier, at which `n` tasks wait for each other. Works outside tasks too.
--- @param n integer  number of tasks, 1 or more
--- @return cohort.Barrier
function cohort.barrier(n) end

--- What `cohort.barrier` returns. It can be used again: after `n` tasks have passed, the next `n` can. (As
--- asyncio's `Barrier`, without `reset` and `abort`: a group whose task fails ends the waits of the others.)
--- @class cohort.Barrier
local barrier = {}

--- `barrier:wait() -> place`
---
--- Waits until `n` tasks have come. Returns the place of the caller in the order they came, from 1 to `n`.
--- The last one goes on at once. A cancellation raises `Cancelled`, and it is as if the caller had never
--- come.
--- @async
--- @return integer place
function barrier:wait() end

-- }}
