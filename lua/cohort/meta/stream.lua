---@meta _
-- page 57: Streams
--- What LuaLS knows of streams: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Streams

--- `for value in cohort.stream(f) do`
---
--- An iterator over what `f(emit)` emits. `f` runs in a task of its own, on demand: it begins when the first
--- value is asked for, and `emit(value, ...)` waits until the next one is. `f` may wait, and may emit inside
--- scopes and groups, and from tasks that it spawns. Each step is a checkpoint and waits for the next value;
--- it gives everything that `emit` was given, of which the first must not be nil.
---
--- A loop that runs to the end closes it. Before a loop that may be left early, write `local s <close> =
--- cohort.stream(f)` and `for value in s do`: leaving the block cancels the producer and waits for its end.
--- Left open, it is closed with the group or task around it, with a warning.
---
--- Raises outside tasks. A step raises what the producer raised, bare, and `Aborted` when the producer was
--- cancelled before its end while the caller was not; closing raises what the producer's clean-up raised.
--- `emit` raises `Broken` when the stream has ended. Other tasks may ask for values too; each value goes to
--- one of them. Only the task that made it closes it.
--- @param f fun(emit: fun(...))
--- @return fun(): ... iterator
function cohort.stream(f) end

-- }}
