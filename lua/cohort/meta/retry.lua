---@meta _
-- page 60: Trying again, and keeping time
--- What LuaLS knows of retry and ticker: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Trying again, and keeping time

--- @class cohort.RetryOptions
--- @field attempts? integer  how often `f` is called at most, `math.huge` for ever; default 3
--- @field delay? number  seconds before the second attempt; default 0.1
--- @field factor? number  each delay is this times the one before; default 2
--- @field max_delay? number  seconds; no delay is longer, `math.huge` for no limit, which is the default
--- @field jitter? number  a part of each delay, from 0 to 1, that is left out by chance; default 0
--- @field on? cohort.Matcher  the errors after which it is tried again; default `Error`, which is every error

--- `cohort.retry([options,] f, ...) -> results of f...`
---
--- Calls `f(...)` until it succeeds and returns its results. After an error that `on` matches it waits,
--- longer each time, and tries again; of an `ErrorGroup` every error in it must match. An error that does
--- not match leaves at once, as it is; one about which a predicate of `on` raises, in an `ErrorGroup` with
--- what that was. When all attempts have failed, raises an `ErrorGroup` of their errors,
--- in order.
---
--- A cancellation is never tried again: it goes through at once, also while it waits. What an attempt left
--- open is closed before the next. With a seed, or a clock of `cohort.testing`, the jitter is the same in
--- each run. Raises outside tasks.
--- @param options cohort.RetryOptions
--- @param f fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...
--- @overload fun(f: (fun(...): ...), ...: any): ...
function cohort.retry(options, f, ...) end

--- `for n in cohort.ticker(interval) do`
---
--- An endless iterator over the numbers of ticks, from 1. Tick `n` is due `n` intervals after the call of
--- `ticker`, however long the loop takes between its steps, so it does not drift. Each step waits for the
--- next tick and is a checkpoint. When ticks have gone by meanwhile it gives the number of the latest one, at
--- once: the numbers between are those that were missed. Tasks that share one get each tick once. Raises
--- outside tasks.
--- @param interval number  seconds, more than zero
--- @return fun(): integer step
function cohort.ticker(interval) end

-- }}
