---@meta cohort.stdio
-- page 78: Standard streams
--- What LuaLS knows of cohort.stdio: see cohort.lua.

-- {{ Standard streams

--- Standard input, output and error as streams, and the terminal: `require "cohort.stdio"`, or
--- `cohort.stdio`.
---
--- Each stream is opened when its field is first read in a run, whatever it is: a file, a pipe, a socket, a
--- terminal, a device. Reading the field raises outside tasks. One that was closed before the process began
--- behaves like `/dev/null`. Other processes share the descriptors: they stay blocking, and `close` closes
--- the stream but not the descriptor. What Lua's `io` has read ahead, or not yet written, is not in the
--- stream: use only one of the two, or call `io.stdout:flush()`.
--- @class cohort.stdio
local stdio = {}

--- Standard input, for reading.
--- @type cohort.Stream
stdio.stdin = nil

--- Standard output, for writing.
--- @type cohort.Stream
stdio.stdout = nil

--- Standard error, for writing.
--- @type cohort.Stream
stdio.stderr = nil

-- }}

-- {{ The terminal

--- @class cohort.RawModeOptions
--- @field signals? boolean  Ctrl-C and Ctrl-\\ send their signals; else they are bytes; default false

--- `stdio.is_terminal(name) -> boolean`
---
--- Is standard input, output or error a terminal? Returns at once.
--- @param name "stdin"|"stdout"|"stderr"
--- @return boolean
function stdio.is_terminal(name) end

--- `stdio.size() -> columns, rows`
---
--- The size of the terminal: of standard output if that is one, else of error or input; nil when none of them
--- is, or its size is unknown. Returns at once.
--- @return integer? columns
--- @return integer? rows
function stdio.size() end

--- `stdio.size_changes() -> sizes`
---
--- Reports changes of the terminal's size from now on. Returns at once. Raises `SystemError`. Raises outside
--- tasks.
---
---     local sizes <close> = stdio.size_changes()
---     for columns, rows in sizes do draw(columns, rows) end
---
--- @return cohort.Sizes
function stdio.size_changes() end

--- `stdio.raw_mode([options]) -> raw`
---
--- Makes the terminal at standard input give each byte as it is typed, without echo, until the end of the
--- block: `local raw <close> = stdio.raw_mode()`. Output is shown as before. The mode is restored at the end
--- of the block, of the run, at exit, and by SIGTERM, SIGHUP, SIGQUIT and SIGINT when they end the process
--- and nobody else listens for them; a crash and SIGKILL leave the terminal raw. Returns at once. Raises
--- `SystemError` ("ENOTTY" when it is not a terminal), and `Busy` when it is raw already. Raises outside
--- tasks.
--- @param options? cohort.RawModeOptions
--- @return cohort.RawMode
function stdio.raw_mode(options) end

--- The terminal is raw until this is closed: by the end of a block, `local raw <close> =`, by `raw:close()`,
--- which may be called again, by being collected, or by the end of the run.
--- @class cohort.RawMode

--- Changes of the terminal's size. Called as a function it waits for the next one, so `for columns, rows in
--- sizes do` takes one after the other. Several that came while nobody asked count as one. A cancellation
--- raises `Cancelled` and loses none; raises `Closed` after `close`.
--- @class cohort.Sizes
--- @operator call: integer
local sizes = {}

--- `sizes:close()`
---
--- Stops listening; a task that waits gets `Closed`. A `<close>` variable does the same. Returns at once and
--- never raises; may be called again.
function sizes:close() end

-- }}

return stdio
