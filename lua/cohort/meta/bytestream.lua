---@meta _
-- page 69: Streams of bytes
--- What LuaLS knows of streams: see cohort.lua.

-- {{ Streams of bytes

--- A stream of bytes: a connection, a pipe, a terminal, a file, memory. A function that takes one works with
--- all of these. It belongs to whoever holds it, who must close it, with `close` or a `<close>` variable. One
--- that is collected unclosed closes itself and warns; the end of `run` closes all.
---
--- One task may read and another write at the same time. What waits raises `Closed` after `close`, `Busy`
--- when another task uses the same direction, `Broken` when the other side is gone, and `SystemError` when
--- the system refuses. Reading from a stream that is for writing only is misuse, and so is the opposite.
--- @class cohort.Stream
--- @field local_address cohort.Address?  of a socket; nil if the stream was closed before it was first read
--- @field peer_address cohort.Address?  of a socket
local stream = {}

--- `stream:read([format...]) -> value...`
---
--- Reads as `io` does, a value for each format: a line without its end ("l", the default), a line with it
--- ("L"), a number ("n"), everything up to the end ("a"), or that many bytes, fewer only at the end. A format
--- that gets nothing gives nil and is the last; "a" gives an empty string at the end. Formats may begin with
--- "*". `read(0)` waits until there is something to read and takes nothing: it gives "", or nil at the end.
---
--- A cancellation raises `Cancelled`, and no byte is lost: all that has arrived is kept for the next read,
--- including what the first of several formats would have got. Raises `TooLong` for a line longer than
--- `line_max`, or for more than `buffer_max` bytes; what has arrived is kept then too. (The formats are those
--- of Lua's `file:read`.)
--- @async
--- @param ... integer|"n"|"l"|"L"|"a"
--- @return string|number|nil ...
function stream:read(...) end

--- `stream:read_some([max]) -> data or nil`
---
--- Returns what there is, at most `max` bytes, waiting only for the first; nil at the end of the stream. A
--- cancellation loses no byte. If something else wins a `race` in the same pass, the bytes that this returned
--- are lost: race `read(0)` instead.
--- @async
--- @param max? integer  bytes; default no limit
--- @return string? data
function stream:read_some(max) end

--- `stream:read_exactly(n) -> data or nil`
---
--- Returns `n` bytes; nil at the end of the stream. Raises `Broken` when the stream ends in between,
--- `TooLong` when `n` is more than `buffer_max`. A cancellation loses no byte.
--- @async
--- @param n integer  bytes
--- @return string? data
function stream:read_exactly(n) end

--- `stream:read_until(delimiter [, max]) -> data or nil`
---
--- Returns what comes before the delimiter, and consumes both; nil at the end of the stream. Raises `TooLong`
--- when the delimiter does not come within `max` bytes, `Broken` when the stream ends first. A cancellation
--- loses no byte.
--- @async
--- @param delimiter string
--- @param max? integer  bytes; default the stream's `line_max`
--- @return string? data
function stream:read_until(delimiter, max) end

--- `for line in stream:lines([format...]) do`
---
--- Iterates over what `stream:read(format...)` returns, to the end of the stream. Each step waits and is a
--- checkpoint. The loop may be left early.
--- @param ... integer|"n"|"l"|"L"|"a"
--- @return async fun(): ...
function stream:lines(...) end

--- `for chunk in stream:chunks([max]) do`
---
--- Iterates over what `stream:read_some(max)` returns, whatever there is each time, to the end of the stream.
--- Each step waits and is a checkpoint. The loop may be left early. (Trio's `async for` over a stream.)
--- @param max? integer  bytes; default no limit
--- @return async fun(): string?
function stream:chunks(max) end

--- `stream:write(...) -> stream`
---
--- Sends strings, numbers, tables of them and files of `cohort.fs`, in order; the parts of a table are joined
--- first. Numbers are written as by `tostring`. Returns when the operating system, or whatever else carries
--- the stream, has taken all of it. A cancellation raises `Cancelled`; if part was sent by then, the stream
--- cannot be written to any more: every later write raises `Broken`.
---
--- Of a file it sends what lies between its position and its end, and moves the position, as `file:copy_to`
--- does. When the file cannot be read on, or is closed meanwhile, the stream is left as by a cancellation.
--- @async
--- @param ... string|number|(string|number)[]|cohort.File
--- @return cohort.Stream self
function stream:write(...) end

--- `stream:copy_to(other [, count]) -> count`
---
--- Copies what arrives, to the end of the stream or `count` bytes, and returns how many bytes that was.
--- `other` is left open. (From an open file: `file:copy_to`.) No strings are made; from a file, and into and
--- out of a pipe, the system moves the bytes itself. Meanwhile the task is the reader of one stream and the
--- writer of the other; closing either ends the copy.
---
--- A cancellation raises `Cancelled` and loses no byte: what `other` has not taken is kept for the next read,
--- and both streams remain usable. The same holds when it fails. It does not report progress: to count bytes,
--- to extend a deadline with each piece, or to copy into a file, write each of `chunks()` in a loop.
--- @async
--- @param other cohort.Stream
--- @param count? integer  bytes; default all
--- @return integer count
function stream:copy_to(other, count) end

--- `stream:shutdown()`
---
--- Ends the direction to the other side, which then sees the end of the stream. Reading goes on; a later
--- write raises `Closed`. On a terminal nobody can be told. Raises `Broken` if it is known by then that the
--- peer has hung up: for a socket that was reset ("ENOTCONN"), for a pair whose other end is closed
--- ("EPIPE").
--- @async
function stream:shutdown() end

--- `stream:close()`
---
--- Closes it; tasks that wait on it get `Closed`. Returns at once and never raises; may be called again.
function stream:close() end

--- `stream:set_nodelay([on])`
---
--- Makes the system send small pieces at once instead of collecting them (TCP_NODELAY); does nothing on a
--- stream that has no such option. Returns at once. Raises `SystemError`.
--- @param on? boolean  default true
function stream:set_nodelay(on) end

--- `stream:set_keepalive([on or seconds])`
---
--- Makes the system ask a silent peer whether it is still there (SO_KEEPALIVE), after that many seconds of
--- silence if a number is given; does nothing on a stream that has no such option. Returns at once. Raises
--- `SystemError`.
--- @param on? boolean|number  default true
function stream:set_keepalive(on) end

-- }}
