---@meta cohort.net
-- page 70: Sockets
--- What LuaLS knows of cohort.net: see cohort.lua.

-- {{ Sockets

--- TCP, Unix and UDP sockets: `require "cohort.net"`, or `cohort.net`.
---
--- What waits here raises `SystemError` when the operating system refuses, `Broken` when the peer is gone,
--- `Closed` after `close`, and `Busy` when another task is using the same direction of the same stream.
--- @class cohort.net
local net = {}

--- @class cohort.Address
--- @field family "inet"|"inet6"|"unix"
--- @field host string?  in numbers; nil for a Unix socket
--- @field port integer?
--- @field path string?  of a Unix socket that has one; "@name" when it has a name and no file

--- @class cohort.StreamOptions
--- @field line_max? integer  bytes of the longest line that is read; default 65536
--- @field buffer_max? integer  most bytes that one read collects; default no limit
--- @field nodelay? boolean  send small pieces at once instead of collecting them (TCP_NODELAY); default false
--- @field keepalive? boolean|number  ask a peer that is silent, for so many seconds; default false
--- @field keepalive_interval? number  seconds from one such question to the next
--- @field keepalive_count? integer  so many without an answer, and the peer is gone; up to 127
--- @field receive_buffer? integer  about so many bytes the system keeps until they are read (SO_RCVBUF)
--- @field send_buffer? integer  about so many bytes it takes until they are sent (SO_SNDBUF)

--- @class cohort.PairOptions
--- @field capacity? integer  bytes on their way in each direction until a write waits; default 65536
--- @field line_max? integer  bytes of the longest line that is read; default 65536
--- @field buffer_max? integer  most bytes that one read collects; default no limit

--- @class cohort.ListenOptions: cohort.StreamOptions
--- @field backlog? integer  how many connections the system keeps until they are accepted; default 511
--- @field reuse_address? boolean  take a port that old connections still have (SO_REUSEADDR); default true
--- @field reuse_port? boolean  share the port: each listener gets a part (SO_REUSEPORT); default false
--- @field ipv6_only? boolean  of "::" and its like: no IPv4 connections (IPV6_V6ONLY); default the system's

--- @class cohort.UdpOptions
--- @field host? string  of this machine; default all its addresses
--- @field port? integer  default 0, one that is free
--- @field peer? cohort.Address  `{host = "ntp.example.org", port = 123}`: send there, receive from there only
--- @field datagram_max? integer  bytes of the longest datagram that is received; default no limit
--- @field broadcast? boolean  broadcast addresses may be sent to (SO_BROADCAST); default false
--- @field reuse_address? boolean  share the port with others who do (SO_REUSEADDR); default false
--- @field reuse_port? boolean  the same, with each getting a part (SO_REUSEPORT); default false
--- @field ipv6_only? boolean  of "::" and its like: no IPv4 (IPV6_V6ONLY); default the system's
--- @field receive_buffer? integer  bytes that the system keeps until they are received (SO_RCVBUF)
--- @field send_buffer? integer  bytes that the system takes until they are sent (SO_SNDBUF)
--- @field ttl? integer  routers that what is sent may pass, 1 to 255; default the system's
--- @field multicast_ttl? integer  the same for what is sent to a group, 0 to 255; default 1
--- @field multicast_loop? boolean  what is sent to a group comes to this machine too; default true
--- @field multicast_interface? string  where what is sent to a group goes out: "eth0"; default the system's

--- @class cohort.ServeOptions
--- @field limit? integer  so many connections at once
--- @field grace? number  seconds that handlers have to end; default 0 for a cancellation, else no limit
--- @field on_error? fun(err: any, stream: cohort.Stream?)  told of each failed handler; else it fails `serve`

--- `net.connect(host, port [, options]) -> stream`
---
--- Connects to a host by name or address. A name may stand for several addresses: they are tried in turn,
--- families alternating, each a quarter of a second after the one before or as soon as one has failed
--- (Happy Eyeballs, RFC 8305). Returns the first stream that is connected. A lookup that takes longer than 50
--- ms gets one for IPv4 alone beside it, whose addresses are tried until it has the others.
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
--- `Cancelled`. Raises `SystemError`; its `code` is "EAGAIN" when nobody has room for one more.
--- @async
--- @param path string
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect_unix(path, options) end

--- `net.resolve(host) -> addresses`
---
--- The addresses of a host, in the system's order. The lookup runs in a thread; a cancellation leaves it
--- behind, to end unseen, and raises `Cancelled`. Raises `SystemError` with `operation` "resolve".
---
--- A numeric address stands for itself. An interface goes behind it by its name or number, "fe80::1%eth0";
--- one that is not there raises "ENODEV".
---
--- Lookups take no more than half of the threads, two of four unless `UV_THREADPOOL_SIZE` says otherwise, so
--- that a server that does not answer leaves some to files; more of them wait, first in, first out. One that
--- was left behind keeps its place until it has ended, and `run` returns only then: no thread can be stopped,
--- so a lookup that takes 4 s to fail delays the end of a program that gave it up for so long.
--- @async
--- @param host string
--- @return cohort.Address[]
function net.resolve(host) end

--- `net.reverse(host) -> name`
---
--- The name of the host that has a numeric address. The lookup is the system's, also when `net.resolver` is
--- set, and runs as those of `resolve` do; under `cohort.testing.with_names` its table answers. A
--- cancellation raises `Cancelled`. Raises `SystemError` with `operation` "reverse"; its `code` is
--- "EAI_NONAME" when the address has no name.
--- @async
--- @param host string  "127.0.0.1", "::1"
--- @return string
function net.reverse(host) end

--- `net.pair([options]) -> stream, stream`
---
--- Two streams in memory: what is written to one is read from the other. They do all that streams do; their
--- addresses are nil. A wait for the other end is one for another task, so a virtual clock jumps and a
--- deadlock is seen. An end that is closed with bytes unread breaks the other one. Returns at once. Raises
--- outside tasks.
--- @param options? cohort.PairOptions
--- @return cohort.Stream
--- @return cohort.Stream
function net.pair(options) end

--- Who answers lookups in place of the system: a task-local that holds nil, or `f(host, family) ->
--- addresses`. It is asked by `resolve`, `connect`, `listen` and `udp`, for names and not for numeric
--- addresses. The addresses are a list, each numeric as text or as `resolve` returns it; or `f` returns the
--- name of the error that the lookup fails with, "EAI_NONAME". It may wait, and what it raises leaves as it
--- is. `family` is nil, or "inet" when `connect` asks again for IPv4 alone: other addresses are passed over.
--- `cohort.testing.with_names` is made of it.
--- @type cohort.Context
net.resolver = nil

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
--- Listens at the path of a Unix socket, which must not exist yet; `close` removes it, in whichever directory
--- the process is by then, unless something else is there. "@name" is a name that has no file and ends with
--- the listener, of Linux; a file that is called so is "./@name". It need not wait. In a cancelled task it
--- raises `Cancelled` and has made nothing. Raises `SystemError`.
--- @async
--- @param path string
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen_unix(path, options) end

--- `net.serve(listener, [options,] handler)`
---
--- Calls `handler(stream)` in a task of its own for each connection, and closes the stream when the handler
--- has ended. Returns when the listener was closed and all handlers have ended. A cancellation closes the
--- listener, cancels the handlers, and raises `Cancelled` when they have ended.
---
--- With `grace` they are left alone for so many seconds first, out of reach of the cancellation, and as long
--- when the listener was closed; then they are cancelled. A failure cancels them at once.
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

--- `net.udp([options]) -> socket`
---
--- A UDP socket. With `peer` it sends to one address and receives from there only. It waits to look names up
--- and for nothing else; a cancellation ends that. Raises `SystemError`.
--- @async
--- @param options? cohort.UdpOptions
--- @return cohort.Udp
function net.udp(options) end

--- Sends and receives datagrams, each of them whole. Called as a function it is `receive`, so that
--- `for datagram, from in socket do` takes one after the other. Closed as a stream is.
--- @class cohort.Udp
--- @field local_address cohort.Address  also when it is closed, if it was read before
--- @field peer_address? cohort.Address  the same, if it has a peer
--- @operator call: string
local socket = {}

--- `socket:receive() -> datagram, from`
---
--- Waits for a datagram and returns it with the address it came from. An empty one is "". A cancellation
--- raises `Cancelled` and loses none. Raises `TooLong` for one that is longer than `datagram_max`, with what
--- there was room for in `data`, its `length`, and `from`; the rest of it is gone. Raises `Busy` when another
--- task is receiving, and `SystemError`: with a peer also for what came back from there, "ECONNREFUSED" when
--- nobody has its port; the socket can be used again.
--- @async
--- @return string datagram
--- @return cohort.Address from
function socket:receive() end

--- `socket:send(datagram [, to])`
---
--- Sends a datagram, to the peer or to a numeric address, `{host = "127.0.0.1", port = 53}`: that a datagram
--- came from, say. It waits when the system has no room; any number of tasks may, first in, first out. That
--- it was sent does not mean that it arrives. A cancellation raises `Cancelled` and has sent nothing. Raises
--- `SystemError`, "EMSGSIZE" for more than 65507 bytes.
--- @async
--- @param datagram string
--- @param to? cohort.Address  needed without a peer
function socket:send(datagram, to) end

--- `socket:join(group [, interface])`
---
--- Receives from now on what is sent to a group of multicast, "239.1.2.3" or "ff02::1:2", on one interface,
--- "eth0", or the one that the system chooses. Returns at once. Raises `SystemError`.
--- @param group string  its address
--- @param interface? string
function socket:join(group, interface) end

--- `socket:leave(group [, interface])`
---
--- Receives no more of what is sent to a group that it joined in the same way. Returns at once. Raises
--- `SystemError`.
--- @param group string  its address
--- @param interface? string
function socket:leave(group, interface) end

--- `socket:close()`
---
--- Ends it; tasks that wait in it get `Closed`. Returns at once, never raises, may be called again.
function socket:close() end

--- Takes connections. Called as a function it is `accept`, so that `for stream in listener do` takes one
--- after the other. A connection that nobody accepts stays with the system, and one that failed before it was
--- accepted is passed over. Closed as a stream is.
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
