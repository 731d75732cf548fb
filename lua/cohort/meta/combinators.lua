---@meta _
-- page 40: Many at once
--- What LuaLS knows of the combinators: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Combinators

--- `cohort.gather(functions) -> results`
--- `cohort.gather({settle = true}, functions) -> outcomes`
---
--- Runs all functions at once. When all have ended, returns a list of their first results, in order, with its
--- length in `n`, because a result may be nil. For no functions the list is empty.
---
--- The first failure cancels the rest and is raised as an `ErrorGroup`. With `settle = true` a failure
--- cancels nothing, and the list holds `{ok = true, value = v}` or `{ok = false, error = e}` for each. In
--- both forms a cancellation of the caller cancels all and is raised.
--- @async
--- @param options {settle: boolean}
--- @param functions (async fun(): any)[]
--- @return {n: integer, [integer]: any} results
--- @overload async fun(functions: (async fun(): any)[]): {n: integer, [integer]: any}
function cohort.gather(options, functions) end

--- `cohort.race(functions) -> results of the first to end...`
---
--- Runs all functions at once and returns what the first one to end returned. The others are cancelled and
--- waited for. Raises an `ErrorGroup` when the first one failed, or when another crashes while it is being
--- cancelled; then no value is returned. When several end in the same pass, the first in the list wins and
--- what the others returned is dropped. A cancellation of the caller cancels all.
--- @async
--- @param functions (async fun(): ...)[]  at least one
--- @return any ...
function cohort.race(functions) end

--- `cohort.any(functions) -> results of the first to succeed...`
---
--- Runs all functions at once and returns what the first one to succeed returned. The others are cancelled
--- and waited for; failures before the success are forgotten. Raises an `ErrorGroup` of all failures when
--- none succeeds, or of those that crash while they are being cancelled. When several succeed in the same
--- pass, the first in the list wins and what the others returned is dropped. A cancellation of the caller
--- cancels all and is raised; failures before it are forgotten too.
--- @async
--- @param functions (async fun(): ...)[]  at least one
--- @return any ...
function cohort.any(functions) end

--- `cohort.map([options,] list, f) -> results`
---
--- Calls `f(item, i)` for each item of a list, all at once or at most `limit` at a time. When all have ended,
--- returns a list of the first results, in order, with its length in `n`. The list given may contain nils if
--- it has its length in `n`, as a list of results does. The first failure cancels the rest and is raised as
--- an `ErrorGroup`. A cancellation of the caller cancels all.
--- @async
--- @generic T
--- @param options {limit: integer}
--- @param list T[]
--- @param f async fun(item: T, i: integer): any
--- @return {n: integer, [integer]: any} results
--- @overload async fun(list: any[], f: (async fun(item: any, i: integer): any)): {n: integer, [integer]: any}
function cohort.map(options, list, f) end

--- `for i, value in cohort.as_completed(functions) do`
---
--- Runs all functions at once; returns an iterator over the position and first result of each, as they end.
--- Each step waits for the next one and is a checkpoint. A failure cancels the rest and is raised by the next
--- step, as an `ErrorGroup`.
---
--- A loop that runs to the end closes it. Before a loop that may be left early, write `local it <close> =
--- cohort.as_completed(functions)` and `for i, value in it do`: leaving the block cancels the rest and waits
--- for them. Left open, it is closed with the group or task around it, with a warning.
--- @async
--- @param functions (async fun(): any)[]
--- @return async fun(): integer?, any iterator
function cohort.as_completed(functions) end

-- }}
