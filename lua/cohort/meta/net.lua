---@meta cohort.net
-- page 70: Sockets
--- What LuaLS knows of cohort.net: see cohort.lua.

-- {{ Sockets

--- TCP and Unix sockets: `require "cohort.net"`, or `cohort.net`.
---
--- What waits here raises `SystemError` when the operating system refuses, `Broken` when the peer is gone,
--- `Closed` after `close`, and `Busy` when another task is using the same direction of the same stream.
--- @class cohort.net
local net = {}

--- @class cohort.Address
--- @field family "inet"|"inet6"|"unix"
--- @field host string?  in numbers; nil for a Unix socket
--- @field port integer?
--- @field path string?  of a Unix socket that has one

--- @class cohort.StreamOptions
--- @field line_max? integer  bytes of the longest line that is read; default 65536
--- @field nodelay? boolean  send small pieces at once instead of collecting them (TCP_NODELAY); default false

--- @class cohort.ListenOptions: cohort.StreamOptions
--- @field backlog? integer  how many connections the system keeps until they are accepted; default 511

--- @class cohort.ServeOptions
--- @field limit? integer  so many connections at once
--- @field on_error? fun(err: any, stream: cohort.Stream?)  told of each failed handler; else it fails `serve`

--- `net.connect(host, port [, options]) -> stream`
---
--- Connects to a host by name or address. A name may stand for several addresses: they are tried in turn,
--- families alternating, each a quarter of a second after the one before or as soon as that has failed
--- (Happy Eyeballs, RFC 8305). Returns the first stream that is connected.
---
--- A cancellation closes all that was begun and raises `Cancelled`. Raises `SystemError`; when several
--- addresses failed, that of the first, with an `ErrorGroup` of all of them as its `cause`.
--- @async
--- @param host string
--- @param port integer
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect(host, port, options) end

--- `net.connect_unix(path [, options]) -> stream`
---
--- Connects to a Unix socket. A cancellation raises `Cancelled`. Raises `SystemError`; its `code` is
--- "EAGAIN" when nobody has room for one more.
--- @async
--- @param path string
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect_unix(path, options) end

--- `net.resolve(host) -> addresses`
---
--- The addresses of a host, in the system's order. The lookup runs in a thread; a cancellation leaves it
--- behind, to end unseen, and raises `Cancelled`. Raises `SystemError` with `operation` "resolve".
--- @async
--- @param host string
--- @return cohort.Address[]
function net.resolve(host) end

--- `net.listen(host, port [, options]) -> listener`
---
--- Listens for connections at an address of this machine; "0.0.0.0" and "::" mean all of them. Port 0 takes
--- a free one, which `listener.local_address.port` tells. Of a name that stands for several addresses the
--- first that works is taken. Waits only to look a name up; a cancellation ends that. Raises `SystemError`.
--- @async
--- @param host string
--- @param port integer
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen(host, port, options) end

--- `net.listen_unix(path [, options]) -> listener`
---
--- Listens at the path of a Unix socket, which must not exist yet; `close` removes it. Returns at once.
--- Raises `SystemError`. Raises outside tasks.
--- @param path string
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen_unix(path, options) end

--- `net.serve(listener, [options,] handler)`
---
--- Calls `handler(stream)` in a task of its own for each connection, and closes the stream when the handler
--- has ended. Returns when the listener was closed and all handlers have ended. A cancellation cancels the
--- handlers and closes the listener.
---
--- An error in a handler goes to `on_error(err, stream)` and ends that connection only; without `on_error`
--- it cancels all and is raised in an `ErrorGroup`. When descriptors or memory run out, `on_error(err)` is
--- told, or Lua's `warn`, and accepting goes on when it can.
--- @async
--- @param listener cohort.Listener
--- @param options cohort.ServeOptions
--- @param handler async fun(stream: cohort.Stream)
--- @overload async fun(listener: cohort.Listener, handler: (async fun(stream: cohort.Stream)))
function net.serve(listener, options, handler) end

--- A connection. It belongs to whoever has it, who closes it: with `close` or a `<close>` variable. One that
--- is collected closes itself and warns; the end of `run` closes all.
---
--- One task may read and another write at the same time.
--- @class cohort.Stream
--- @field local_address cohort.Address?  nil when it was closed before it was asked
--- @field peer_address cohort.Address
local stream = {}

--- `stream:read([n or "l" or "L" or "a"]) -> data or nil`
---
--- Reads as `io` does: a line without its end ("l", the default), a line with it ("L"), all that comes
--- ("a"), or `n` bytes, less only at the end. Returns nil at the end of the stream; "a" gives an
--- empty string there.
---
--- A cancellation raises `Cancelled`, and no byte is lost: what has arrived is there for the next read.
--- Raises `TooLong` for a line above the limit, and what has arrived is kept too.
--- @async
--- @param format? integer|"l"|"L"|"a"
--- @return string? data
function stream:read(format) end

--- `stream:read_some([max]) -> data or nil`
---
--- Returns what there is, waiting only for the first byte: at most `max` bytes. nil at the end of the
--- stream. A cancellation loses no byte.
--- @async
--- @param max? integer  bytes; default no limit
--- @return string? data
function stream:read_some(max) end

--- `stream:read_exactly(n) -> data or nil`
---
--- Returns `n` bytes; nil at the end of the stream. Raises `Broken` when it ends in between. A cancellation
--- loses no byte.
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

--- `for line in stream:lines([format]) do`
---
--- Iterates over what `stream:read(format)` returns, to the end of the stream. Each step waits and is a
--- checkpoint. To leave the loop early is fine.
--- @param format? integer|"l"|"L"
--- @return async fun(): string?
function stream:lines(format) end

--- `stream:write(...) -> stream`
---
--- Sends strings and numbers, in order. Returns when the operating system has taken all of it. A
--- cancellation raises `Cancelled`; when a part had been sent, the stream cannot be written to any more:
--- every later write raises `Broken`.
--- @async
--- @param ... string|number
--- @return cohort.Stream self
function stream:write(...) end

--- `stream:shutdown()`
---
--- Ends the direction to the peer, who sees the end of the stream. Reading goes on; a later write raises
--- `Closed`.
--- @async
function stream:shutdown() end

--- `stream:close()`
---
--- Closes it; tasks that wait on it get `Closed`. Returns at once, never raises, may be called again.
function stream:close() end

--- `stream:set_nodelay([on])`
---
--- Sends small pieces at once instead of collecting them (TCP_NODELAY). Returns at once. Raises
--- `SystemError`.
--- @param on? boolean  default true
function stream:set_nodelay(on) end

--- `stream:set_keepalive([on or seconds])`
---
--- Has the system ask a silent peer whether it is still there (SO_KEEPALIVE), after so many seconds of
--- silence if they are given. Returns at once. Raises `SystemError`.
--- @param on? boolean|number  default true
function stream:set_keepalive(on) end

--- Takes connections. Called as a function it is `accept`, so that `for stream in listener do` takes one
--- after the other. A connection that nobody accepts stays with the system. Closed as a stream is.
--- @class cohort.Listener
--- @field local_address cohort.Address  also when it is closed
--- @operator call: cohort.Stream
local listener = {}

--- `listener:accept() -> stream`
---
--- Waits for a connection and returns it. A cancellation raises `Cancelled` and loses none. Raises
--- `SystemError`, such as "EMFILE" without descriptors: the connection stays where it is.
--- @async
--- @return cohort.Stream
function listener:accept() end

--- `listener:close()`
---
--- Takes no more connections; a task that waits in `accept` gets `Closed`. Returns at once, never raises,
--- may be called again.
function listener:close() end

-- }}

return net
