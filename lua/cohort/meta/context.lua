---@meta _
-- page 62: Task-locals
--- What LuaLS knows of task-locals: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Task-locals

--- `cohort.context([default]) -> context`
---
--- Makes a task-local: a value that follows a task through everything it calls, and is inherited by the tasks
--- it spawns. Returns at once; works outside of tasks too.
--- @param default? any  what `get` gives where no value is set
--- @return cohort.Context context
function cohort.context(default) end

--- A task-local, made by `cohort.context`. A task that is spawned has the values of who spawned it, as they
--- were then: what either side sets afterwards the other does not see. So has a deferred function. A
--- coroutine has those of who resumes it.
--- @class cohort.Context
local context = {}

--- `context:get() -> value`
---
--- The value here: of the innermost `with` that is around, or was around the spawn of a task around; else the
--- default. Returns at once.
--- @return any value
function context:get() end

--- `context:with(value, f, ...) -> results of f...`
---
--- Calls `f(...)`, inside of which the value is this one. It waits, and is cancelled, only where `f` is, and
--- raises what `f` raises. However it ends, the value is what it was before. In a coroutine,
--- `cohort.coroutine.yield` inside of a `with` that was opened there is an error: who resumed it would see
--- the value.
--- @param value any  nil too
--- @param f fun(...): ...
--- @param ... any  handed to `f`
--- @return any ...
function context:with(value, f, ...) end

-- }}
