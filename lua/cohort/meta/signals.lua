---@meta _
-- page 74: Signals
--- What LuaLS knows of signals: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Signals

--- `cohort.signals(name, ...) -> signals`
---
--- Begins to listen for system signals, by their full names: "SIGTERM", "SIGHUP"... Every listener sees every
--- signal that it asked for; while anybody listens, the signal does nothing else. Listening for "SIGINT"
--- takes Ctrl-C away from `run` meanwhile. Returns at once. Raises for signals that no process can take, and
--- for those that report that the process itself is broken. Raises `SystemError`.
---
--- Raises outside tasks.
--- @param name string
--- @param ... string  more names
--- @return cohort.Signals
function cohort.signals(name, ...) end

--- Waits for signals. Called as a function it waits for the next one and returns its name, so `for name in
--- signals do` takes one after the other. A signal that comes while nobody asks is kept, once however often
--- it comes, as the system does; several are reported in the order in which they came.
---
--- A cancellation of the wait raises `Cancelled` and loses no signal. A second task that waits at the same
--- listener gets `Busy`: make one listener for each. When the last listener for a signal is closed, at the
--- latest at the end of `run`, the signal goes back to whoever had it before; one that came and no listener
--- was told of is sent again: a SIGTERM then ends the process, Ctrl-C cancels the run. (As trio's
--- `open_signal_receiver`.)
--- @class cohort.Signals
--- @operator call: string
local signals = {}

--- `signals:close()`
---
--- Stops listening; a task that waits gets `Closed`. A `<close>` variable does the same. A signal that came
--- and no listener was told of goes to the others who listen for it, or to whoever had it before. Returns at
--- once and never raises; may be called again.
function signals:close() end

-- }}
