---@meta _
-- page 60: Trying again, and keeping time
--- What LuaLS knows of retry and ticker: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Trying again, and keeping time

--- @class cohort.RetryOptions
--- @field attempts? integer  most calls of `f`, `math.huge`: no limit; default 3
--- @field delay? number  seconds before the second attempt; default 0.1
--- @field factor? number  each delay is the one before times this; default 2
--- @field max_delay? number  longest delay in seconds; default `math.huge`: no limit
--- @field jitter? number  random part of each delay, from 0 to 1, that is left out; default 0
--- @field on? cohort.Matcher  the errors to try again after; default `Error`, which is every error

--- `cohort.retry([options,] f, ...) -> results of f...`
---
--- Calls `f(...)` until it succeeds, and returns its results. After an error that `on` matches it waits,
--- longer each time, and tries again; in an `ErrorGroup` every error must match. An error that does not match
--- is raised at once, unchanged; if a predicate of `on` raises, in an `ErrorGroup` with what that raised.
--- When all attempts have failed, raises an `ErrorGroup` of their errors, in order.
---
--- A cancellation is never retried: it comes out at once, also during a delay. What an attempt left open is
--- closed before the next. With a seed, or a clock of `cohort.testing`, the jitter is the same in each run.
--- Raises outside tasks.
--- @param options cohort.RetryOptions
--- @param f fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
--- @overload fun(f: (fun(...): ...), ...: any): ...
function cohort.retry(options, f, ...) end

--- `for n in cohort.ticker(interval) do`
---
--- An endless iterator over the numbers of ticks, from 1. Tick `n` is due `n` intervals after the call of
--- `ticker`, however long the loop takes between its steps, so it does not drift. Each step waits for the
--- next tick and is a checkpoint. If ticks were missed meanwhile, it gives the number of the latest one at
--- once; the skipped numbers are the missed ones. Tasks that share a ticker get each tick once. Raises
--- outside tasks.
--- @param interval number  seconds, more than zero
--- @return fun(): integer step
function cohort.ticker(interval) end

-- }}
