---@meta cohort.coroutine
-- page 56: Coroutines of your own
--- What LuaLS knows of cohort.coroutine: see cohort.lua.

-- {{ Coroutines

--- Lua's coroutine library, for coroutines that may wait: `require "cohort.coroutine"`, or
--- `cohort.coroutine`. A generator may sleep or read a socket between its yields, at any depth: its task
--- waits, and whoever resumed it gets the next value when it is there.
---
--- Outside tasks everything works as in Lua's own library, and coroutines of either library can be passed to
--- the other. A coroutine that waits must be resumed by this one.
--- @class cohort.coroutine
local coroutine = {}

--- `coroutine.create(f) -> co`
---
--- Makes a coroutine, as Lua's own `create` does. Returns at once.
--- @param f fun(...): ...
--- @return thread co
function coroutine.create(f) end

--- `coroutine.resume(co, ...) -> true, values... | false, error`
---
--- Starts or continues a coroutine. Returns when it yields or ends. While the coroutine waits, its task does,
--- and nobody can resume or close it; its status is "normal".
---
--- Raises nothing: `Cancelled` is returned like every error, as from `pcall`, and comes again at the next
--- wait. In a task, a coroutine that fails runs its `<close>` variables at once, and they may wait.
--- @param co thread
--- @param ... any
--- @return boolean ok
--- @return any ...
function coroutine.resume(co, ...) end

--- `coroutine.wrap(f) -> function`
---
--- Makes a coroutine and returns a function that resumes it, and waits when the coroutine does. The function
--- returns what the coroutine yields or returns, and raises its errors, strings with the caller's position in
--- front.
--- @param f fun(...): ...
--- @return fun(...): ... step
function coroutine.wrap(f) end

--- `coroutine.yield(...) -> what the next resume gives...`
---
--- Suspends the running coroutine and passes the values to whoever resumed it. This is neither a wait nor a
--- checkpoint. It is an error in a task outside any coroutine, and while a scope or a group is open that was
--- opened in this coroutine: whoever resumed it would run inside that. `cohort.stream` can do it.
--- @param ... any
--- @return any ...
function coroutine.yield(...) end

--- `coroutine.close(co) -> true | false, error`
---
--- Ends a suspended coroutine: its `<close>` variables run, innermost first, and may wait if it began in a
--- task; `close` returns when they have ended. An error of theirs is returned.
--- @param co thread
--- @return boolean ok
--- @return any error
function coroutine.close(co) end

--- `coroutine.status(co) -> string`
---
--- "running", "suspended", "normal" or "dead". One that waits is "normal": whoever resumed it waits with it.
--- @param co thread
--- @return string
function coroutine.status(co) end

--- `coroutine.running() -> co, is_main`
---
--- The running coroutine, and whether it is the state's main one. In a task outside any coroutine, the task's
--- own, which only cohort can resume.
--- @return thread co
--- @return boolean is_main
function coroutine.running() end

--- `coroutine.isyieldable([co]) -> boolean`
---
--- Can the coroutine yield? A task outside any coroutine cannot.
--- @param co? thread
--- @return boolean
function coroutine.isyieldable(co) end

--- `coroutine.install() -> uninstall`
---
--- Puts this table in place of the global `coroutine` and of what `require "coroutine"` returns, so that code
--- that knows nothing of cohort may wait in its coroutines. The launcher does this for scripts. Calling it
--- again changes nothing. Code that has stored functions of Lua's own table in locals keeps those. Returns a
--- function that restores what was there.
--- @return fun() uninstall
function coroutine.install() end

-- }}

return coroutine
