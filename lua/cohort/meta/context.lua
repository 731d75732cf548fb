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
--- @param default? any  what `get` returns where no value is set
--- @return cohort.Context context
function cohort.context(default) end

--- A task-local, made by `cohort.context`. A spawned task, or a deferred function, gets the values its
--- spawner had at that time: what either side sets afterwards, the other does not see. A coroutine has the
--- values of whoever resumes it.
--- @class cohort.Context
local context = {}

--- `context:get() -> value`
---
--- The value here: that of the innermost `with` around this code, or around the spawn of a task around it;
--- else the default. Returns at once.
--- @return any value
function context:get() end

--- `context:with(value, f, ...) -> results of f...`
---
--- Calls `f(...)` with this value in effect. It waits, and is cancelled, only where `f` is, and raises what
--- `f` raises. However it ends, the former value is restored. In a coroutine, `cohort.coroutine.yield` inside
--- a `with` that was opened there is an error: whoever resumed it would see the value.
--- @param value any  may be nil
--- @param f fun(...): ...
--- @param ... any  passed to `f`
--- @return any ...
function context:with(value, f, ...) end

-- }}
