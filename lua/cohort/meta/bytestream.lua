---@meta _
-- page 69: Streams of bytes
--- What LuaLS knows of streams: see cohort.lua.

-- {{ Streams of bytes

--- A way for bytes: a connection, a pipe, a terminal, a file, memory. A function that takes one works
--- with all. It belongs to whoever has it, who closes it: with `close` or a `<close>` variable. One that
--- is collected closes itself and warns; the end of `run` closes all.
---
--- One task may read and another write at the same time. What waits raises `Closed` after `close`, `Busy`
--- when another task uses the same direction, `Broken` when the other side is gone, and `SystemError`
--- when the system refuses. Reading what is for writing only is misuse, and so is the opposite.
--- @class cohort.Stream
--- @field local_address cohort.Address?  of a socket; nil when it was closed before it was asked
--- @field peer_address cohort.Address?  of a socket
local stream = {}

--- `stream:read([format...]) -> value...`
---
--- Reads as `io` does, a value for each format: a line without its end ("l", the default), a line with it
--- ("L"), a number ("n"), all that comes ("a"), or so many bytes, less only at the end. A format that gets
--- nothing gives nil and is the last; "a" gives an empty string at the end. Formats may begin with "*".
--- `read(0)` waits until there is something to read and takes nothing: it gives "", and nil at the end.
---
--- A cancellation raises `Cancelled`, and no byte is lost: what has arrived is there for the next read, what
--- the first of several formats would have got too. Raises `TooLong` for a line above `line_max`, or for more
--- than `buffer_max` bytes, and what has arrived is kept too. (Formats as those of Lua's `file:read`.)
--- @async
--- @param ... integer|"n"|"l"|"L"|"a"
--- @return string|number|nil ...
function stream:read(...) end

--- `stream:read_some([max]) -> data or nil`
---
--- Returns what there is, waiting only for the first byte: at most `max` bytes. nil at the end of the
--- stream. A cancellation loses no byte. A `race` that something else wins in the same pass loses what this
--- has got: race `read(0)` instead.
--- @async
--- @param max? integer  bytes; default no limit
--- @return string? data
function stream:read_some(max) end

--- `stream:read_exactly(n) -> data or nil`
---
--- Returns `n` bytes; nil at the end of the stream. Raises `Broken` when it ends in between, `TooLong` when
--- that is more than `buffer_max`. A cancellation loses no byte.
--- @async
--- @param n integer  bytes
--- @return string? data
function stream:read_exactly(n) end

--- `stream:read_until(delimiter [, max]) -> data or nil`
---
--- Returns what comes before the delimiter, and uses up both; nil at the end of the stream. Raises `TooLong`
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
--- checkpoint. To leave the loop early is fine.
--- @param ... integer|"n"|"l"|"L"|"a"
--- @return async fun(): ...
function stream:lines(...) end

--- `for chunk in stream:chunks([max]) do`
---
--- Iterates over what `stream:read_some(max)` returns, what there is each time, to the end of the stream.
--- Each step waits and is a checkpoint. To leave the loop early is fine. (Trio's `async for` over a stream.)
--- @param max? integer  bytes; default no limit
--- @return async fun(): string?
function stream:chunks(max) end

--- `stream:write(...) -> stream`
---
--- Sends strings, numbers, tables of them and files of `cohort.fs`, in order; a table is joined first.
--- Numbers are written as `tostring` has them. Returns when whatever carries the stream has taken all of it.
--- A cancellation raises `Cancelled`; when a part had been sent, the stream cannot be written to any more:
--- every later write raises `Broken`.
---
--- Of a file it sends what comes from where that is to its end, as `file:copy_to` does, and moves it there.
--- When the file cannot be read on, or is closed meanwhile, the stream is left as by a cancellation.
--- @async
--- @param ... string|number|(string|number)[]|cohort.File
--- @return cohort.Stream self
function stream:write(...) end

--- `stream:copy_to(other [, count]) -> count`
---
--- Copies what comes, to the end of the stream or `count` bytes, and returns how many it was. `other` is left
--- open. (From an open file: `file:copy_to`.) No strings are made; from a file, and into and out of a pipe,
--- the system moves the bytes itself. It is the reader of one stream and the writer of the other meanwhile,
--- and closing either ends it.
---
--- A cancellation raises `Cancelled` and loses no byte: what `other` has not taken is there for the next
--- read, and both streams can be used on. The same holds when it fails. It tells nothing on its way: to
--- count, or to put a limit off with each piece, write each of `chunks()` in a loop; into a file, too.
--- @async
--- @param other cohort.Stream
--- @param count? integer  bytes; default all
--- @return integer count
function stream:copy_to(other, count) end

--- `stream:shutdown()`
---
--- Ends the direction to the other side, which sees the end of the stream. Reading goes on; a later write
--- raises `Closed`. A terminal has nobody to tell. Raises `Broken` when the peer has hung up and that is
--- known already: of a socket that was reset ("ENOTCONN"), of a pair whose other end is closed ("EPIPE").
--- @async
function stream:shutdown() end

--- `stream:close()`
---
--- Closes it; tasks that wait on it get `Closed`. Returns at once, never raises, may be called again.
function stream:close() end

--- `stream:set_nodelay([on])`
---
--- Sends small pieces at once instead of collecting them (TCP_NODELAY); nothing, where there is no such
--- thing. Returns at once. Raises `SystemError`.
--- @param on? boolean  default true
function stream:set_nodelay(on) end

--- `stream:set_keepalive([on or seconds])`
---
--- Has the system ask a silent peer whether it is still there (SO_KEEPALIVE), after so many seconds of
--- silence if they are given; nothing, where there is no such thing. Returns at once. Raises `SystemError`.
--- @param on? boolean|number  default true
function stream:set_keepalive(on) end

-- }}
