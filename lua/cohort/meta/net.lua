---@meta cohort.net
-- page 70: Sockets
--- What LuaLS knows of cohort.net: see cohort.lua.

-- {{ Sockets

--- TCP, Unix and UDP sockets: `require "cohort.net"`, or `cohort.net`.
---
--- Functions that wait here raise `SystemError` when the operating system refuses, `Broken` when the peer is
--- gone, `Closed` after `close`, and `Busy` when another task is using the same direction of the same stream.
--- @class cohort.net
local net = {}

--- @class cohort.Address
--- @field family "inet"|"inet6"|"unix"
--- @field host string?  numeric; nil for a Unix socket
--- @field port integer?
--- @field path string?  of a Unix socket that has one; "@name" for a name without a file

--- @class cohort.StreamOptions
--- @field line_max? integer  longest line, in bytes, that is read; default 65536
--- @field buffer_max? integer  most bytes that one read collects; default no limit
--- @field nodelay? boolean  send small pieces at once instead of collecting them (TCP_NODELAY); default false
--- @field keepalive? boolean|number  probe a silent peer, after this many seconds if a number; default false
--- @field keepalive_interval? number  seconds from one probe to the next
--- @field keepalive_count? integer  unanswered probes after which the peer is gone; up to 127
--- @field receive_buffer? integer  about how many bytes the system keeps until they are read (SO_RCVBUF)
--- @field send_buffer? integer  about how many bytes it keeps until they are sent (SO_SNDBUF)

--- @class cohort.PairOptions
--- @field capacity? integer  bytes under way in each direction before a write waits; default 65536
--- @field line_max? integer  longest line, in bytes, that is read; default 65536
--- @field buffer_max? integer  most bytes that one read collects; default no limit

--- @class cohort.ListenOptions: cohort.StreamOptions
--- @field backlog? integer  connections that the system keeps until they are accepted; default 511
--- @field reuse_address? boolean  take a port that old connections still use (SO_REUSEADDR); default true
--- @field reuse_port? boolean  share the port: each listener gets a part (SO_REUSEPORT); default false
--- @field ipv6_only? boolean  for "::" and the like: no IPv4 connections (IPV6_V6ONLY); default the system's

--- @class cohort.UdpOptions
--- @field host? string  an address of this machine; default all of them
--- @field port? integer  default 0, any free port
--- @field peer? cohort.Address  `{host = "ntp.example.org", port = 123}`: send to and receive from it only
--- @field datagram_max? integer  longest datagram, in bytes, that is received; default no limit
--- @field broadcast? boolean  allow sending to broadcast addresses (SO_BROADCAST); default false
--- @field reuse_address? boolean  share the port with others that set this too (SO_REUSEADDR); default false
--- @field reuse_port? boolean  the same, each getting some datagrams (SO_REUSEPORT); default false
--- @field ipv6_only? boolean  for "::" and the like: no IPv4 (IPV6_V6ONLY); default the system's
--- @field receive_buffer? integer  bytes that the system keeps until they are received (SO_RCVBUF)
--- @field send_buffer? integer  bytes that the system takes until they are sent (SO_SNDBUF)
--- @field ttl? integer  routers that a datagram may pass, 1 to 255; default the system's
--- @field multicast_ttl? integer  the same for what is sent to a multicast group, 0 to 255; default 1
--- @field multicast_loop? boolean  deliver what is sent to a group to this machine too; default true
--- @field multicast_interface? string  interface for what is sent to a group: "eth0"; default the system's

--- @class cohort.ServeOptions
--- @field limit? integer  most connections at once
--- @field grace? number  seconds that handlers get to end; default 0 for a cancellation, else no limit
--- @field on_error? fun(err: any, stream: cohort.Stream?)  told of each failed handler; else it fails `serve`

--- `net.connect(host, port [, options]) -> stream`
---
--- Connects to a host by name or address. The addresses of a name are tried in turn, families alternating,
--- each a quarter of a second after the one before or as soon as one has failed (Happy Eyeballs, RFC 8305).
--- Returns the first stream that is connected. When a lookup takes longer than 50 ms, a second one for IPv4
--- alone is started beside it, and its addresses are tried until the first has answered.
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
--- Connects to a Unix socket, at a path, or at a name that has no file: "@name". A cancellation raises
--- `Cancelled`. Raises `SystemError`; its `code` is "EAGAIN" when the listener's backlog is full.
--- @async
--- @param path string
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect_unix(path, options) end

--- `net.resolve(host) -> addresses`
---
--- Returns the addresses of a host, in the system's order. The lookup runs in a thread; a cancellation leaves
--- it behind, to end unseen, and raises `Cancelled`. Raises `SystemError` with `operation` "resolve".
---
--- A numeric address gives itself. An interface follows it by its name or number, "fe80::1%eth0"; one that
--- does not exist raises "ENODEV".
---
--- Lookups take at most half of the threads, rounded up: two of four unless `UV_THREADPOOL_SIZE` says
--- otherwise. So servers that do not answer leave some for files; further lookups wait, first in, first out.
--- One that was left behind keeps its place until it has ended, and `run` returns only then: no thread can be
--- stopped, so a lookup that takes 4 s to fail delays the end of a program that gave up on it by as long.
--- @async
--- @param host string
--- @return cohort.Address[]
function net.resolve(host) end

--- `net.reverse(host) -> name`
---
--- Returns the name of the host that has a numeric address. The system does the lookup, even when
--- `net.resolver` is set, in the same way as for `resolve`; under `cohort.testing.with_names` its table
--- answers. A cancellation raises `Cancelled`. Raises `SystemError` with `operation` "reverse"; its `code` is
--- "EAI_NONAME" when the address has no name.
--- @async
--- @param host string  "127.0.0.1", "::1"
--- @return string
function net.reverse(host) end

--- `net.pair([options]) -> stream, stream`
---
--- Makes two streams in memory: what is written to one is read from the other. They do all that streams do;
--- their addresses are nil. A wait for the other end is a wait for another task, so a virtual clock jumps
--- over it and a deadlock is detected. An end that is closed with bytes unread breaks the other one. Returns
--- at once. Raises outside tasks.
--- @param options? cohort.PairOptions
--- @return cohort.Stream
--- @return cohort.Stream
function net.pair(options) end

--- Answers lookups in place of the system: a task-local that holds nil, or `f(host, family) -> addresses`. It
--- is asked by `resolve`, `connect`, `listen` and `udp`, about names and not about numeric addresses. It
--- returns a list of addresses, each numeric as text or as `resolve` returns it; or the name of the error
--- that the lookup fails with, such as "EAI_NONAME". It may wait, and what it raises comes out unchanged.
--- `family` is nil, or "inet" when `connect` asks again for IPv4 alone: other addresses are then ignored.
--- `cohort.testing.with_names` is built on it.
--- @type cohort.Context
net.resolver = nil

--- `net.listen(host, port [, options]) -> listener`
---
--- Listens for connections at an address of this machine; "0.0.0.0" and "::" mean all of them. Port 0 takes a
--- free one, which `listener.local_address.port` tells. Of the addresses of a name, the first that works is
--- taken. Waits only to look up a name; a cancellation ends that. Raises `SystemError`.
--- @async
--- @param host string
--- @param port integer
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen(host, port, options) end

--- `net.listen_unix(path [, options]) -> listener`
---
--- Listens at the path of a Unix socket, which must not exist yet. `close` removes it, whatever the process's
--- directory is by then, unless something else is there. "@name" (Linux) is a name that has no file and ends
--- with the listener; a file of that name is "./@name". It need not wait. In a cancelled task it raises
--- `Cancelled` and has made nothing. Raises `SystemError`.
--- @async
--- @param path string
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen_unix(path, options) end

--- `net.serve(listener, [options,] handler)`
---
--- Calls `handler(stream)` for each connection, in a task of its own, and closes the stream when the handler
--- has ended. Returns when the listener is closed and all handlers have ended. A cancellation closes the
--- listener, cancels the handlers, and raises `Cancelled` when they have ended.
---
--- With `grace`, handlers are first left alone for that many seconds, after a cancellation or after the
--- listener was closed, and then cancelled. A failure cancels them at once.
---
--- An error in a handler goes to `on_error(err, stream)` and ends only that connection; without `on_error` it
--- cancels all and is raised in an `ErrorGroup`. When descriptors or memory run out, `on_error(err)` is
--- called, or Lua's `warn`, and accepting goes on when it can.
--- @async
--- @param listener cohort.Listener
--- @param options cohort.ServeOptions
--- @param handler async fun(stream: cohort.Stream)
--- @overload async fun(listener: cohort.Listener, handler: (async fun(stream: cohort.Stream)))
function net.serve(listener, options, handler) end

--- `net.udp([options]) -> socket`
---
--- Makes a UDP socket. With `peer` it sends to one address and receives from there only. It waits only to
--- look up names; a cancellation ends that. Raises `SystemError`.
--- @async
--- @param options? cohort.UdpOptions
--- @return cohort.Udp
function net.udp(options) end

--- Sends and receives datagrams, each of them whole. Calling it is `receive`, so `for datagram, from in
--- socket do` takes one after the other. It is closed as a stream is.
--- @class cohort.Udp
--- @field local_address cohort.Address  kept after closing, if it was read before
--- @field peer_address? cohort.Address  the same, if it has a peer
--- @operator call: string
local socket = {}

--- `socket:receive() -> datagram, from`
---
--- Waits for a datagram and returns it with the address it came from; it may be "". A cancellation raises
--- `Cancelled` and loses none. Raises `TooLong` for one that is longer than `datagram_max`, with its
--- beginning in `data`, its `length`, and `from`; the rest is lost. Raises `Busy` when another task is
--- receiving, and `SystemError`: with a peer also for errors that come back from it, such as "ECONNREFUSED"
--- when no socket has its port; the socket remains usable.
--- @async
--- @return string datagram
--- @return cohort.Address from
function socket:receive() end

--- `socket:send(datagram [, to])`
---
--- Sends a datagram, to the peer or to a numeric address, `{host = "127.0.0.1", port = 53}`, for instance the
--- one that a datagram came from. It waits when the system has no room; any number of tasks may, first in,
--- first out. That it was sent does not mean that it arrives. A cancellation raises `Cancelled` and has sent
--- nothing. Raises `SystemError`, "EMSGSIZE" for more than 65507 bytes.
--- @async
--- @param datagram string
--- @param to? cohort.Address  needed without a peer
function socket:send(datagram, to) end

--- `socket:join(group [, interface])`
---
--- Begins to receive what is sent to a multicast group, "239.1.2.3" or "ff02::1:2", on one interface, such as
--- "eth0", or on one that the system chooses. Returns at once. Raises `SystemError`.
--- @param group string  its address
--- @param interface? string
function socket:join(group, interface) end

--- `socket:leave(group [, interface])`
---
--- Stops receiving what is sent to a group that was joined in the same way. Returns at once. Raises
--- `SystemError`.
--- @param group string  its address
--- @param interface? string
function socket:leave(group, interface) end

--- `socket:close()`
---
--- Closes it; tasks that wait on it get `Closed`. Returns at once and never raises; may be called again.
function socket:close() end

--- Accepts connections. Calling it is `accept`, so `for stream in listener do` takes one after the other. A
--- connection that nobody accepts stays in the system, and one that failed before it was accepted is skipped.
--- It is closed as a stream is.
--- @class cohort.Listener
--- @field local_address cohort.Address  kept after closing
--- @operator call: cohort.Stream
local listener = {}

--- `listener:accept() -> stream`
---
--- Waits for a connection and returns it. A cancellation raises `Cancelled` and loses none. Raises
--- `SystemError`, such as "EMFILE" when descriptors have run out: the connection stays in the system.
--- @async
--- @return cohort.Stream
function listener:accept() end

--- `listener:close()`
---
--- Accepts no more connections; a task that waits in `accept` gets `Closed`. Returns at once and never
--- raises; may be called again.
function listener:close() end

-- }}

return net
