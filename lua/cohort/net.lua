--- Sockets: `connect`, `listen`, `serve`, `udp`, `resolve`.
---
--- This file is policy, on top of functions of the core that know only numeric addresses and paths. Streams
--- and listeners are the core's objects. Parts of it are in lua/cohort/net/.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local try = require "cohort.try"
local arguments = require "cohort.net.arguments"
local dial = require "cohort.net.dial"
local names = require "cohort.net.names"
local option = require "cohort.option"
local serve = require "cohort.net.serve"
local udp = require "cohort.net.udp"

local net = { pair = core.pair, resolver = names.resolver, serve = serve, udp = udp }

local check_text, check_port, check_task = arguments.check_text, arguments.check_port, object.check_task
local limits_of, whole = arguments.limits_of, arguments.whole

local BACKLOG, BACKLOG_MAX = 511, 65535

--- @class cohort.Address
--- @field host string?     numeric; nil for Unix sockets
--- @field port integer?
--- @field path string?     of a Unix socket that has one
--- @field family "inet"|"inet6"|"unix"

local expects = option.expects

local stream_options = option.known(arguments.stream_options)
local listen_options = option.known(arguments.with_stream_options {
  backlog = expects.limit, reuse_address = expects.boolean, reuse_port = expects.boolean,
  ipv6_only = expects.boolean,
})

---------------------------------------------------------------------------
-- Connecting

--- Connects to a host by name or address, IPv4 or IPv6.
---
--- The addresses of a name are tried in turn, families alternating, each a quarter of a second after the one
--- before or as soon as one has failed; the first that connects is taken (Happy Eyeballs, RFC 8305). When
--- cancelled, every socket it opened is closed before it raises. Raises `SystemError` with `code`, `errno`,
--- `operation` and `address`; when several addresses failed, that of the first, with an error group of all of
--- them as `cause`.
---
---     local stream <close> = net.connect("example.org", 80)
---
--- @async
--- @param host string
--- @param port integer
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect(host, port, options)
  check_text("connect", "a host", host, "net.connect(host, port)")
  check_port("connect", host, port)
  local read = option.read("connect", options, stream_options)
  check_task("connect")
  local where, line_max, buffer_max = core.where(), limits_of(read)
  local socket_options = arguments.stream_socket_options(read)
  return dial(host, port, where, line_max, buffer_max, socket_options)
end

--- Connects to the Unix socket at `path`, or to "@name", which has no file. When the listener's backlog is
--- full, it raises `SystemError` with `code` "EAGAIN" at once.
--- @async
--- @param path string
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect_unix(path, options)
  check_text("connect_unix", "a path", path, "net.connect_unix(path)")
  local read = option.read("connect_unix", options, stream_options)
  check_task("connect_unix")
  local line_max, buffer_max = limits_of(read)
  return core.connect(path, nil, core.where(), line_max, buffer_max, arguments.stream_socket_options(read))
end

--- Returns the addresses of a host, a list of `{host = "127.0.0.1", family = "inet"}` in the system's order.
--- A name is looked up in a thread. When cancelled, the lookup is left behind and ends unseen. Raises
--- `SystemError` with `operation` "resolve".
--- @async
--- @param host string
--- @return cohort.Address[]
function net.resolve(host)
  check_text("resolve", "a host", host, "net.resolve(host)")
  check_task("resolve")
  return names.lookup(host, core.where())
end

--- Returns the name of the host that has a numeric address, by the system's lookup; `net.resolver` is not
--- asked. When cancelled, the lookup is left behind and ends unseen. Raises `SystemError` with `operation`
--- "reverse", and with `code` "EAI_NONAME" when there is no name.
--- @async
--- @param host string
--- @return string
function net.reverse(host)
  check_text("reverse", "an address", host, "net.reverse(\"127.0.0.1\")")
  if core.numeric_address(host) == nil then
    misuse("reverse expects a numeric address, got '%s': net.resolve(host) goes the other way", host)
  end
  check_task("reverse")
  return names.reverse(host, core.where())
end

---------------------------------------------------------------------------
-- Listening

-- What core.listen takes behind the line of the caller.
local function listening(read)
  if read.reuse_address == nil then read.reuse_address = true end
  local line_max, buffer_max = limits_of(read)
  local socket_options = arguments.stream_socket_options(read, "reuse_address", "reuse_port", "ipv6_only")
  return line_max, buffer_max, socket_options, whole(read.backlog, BACKLOG, BACKLOG_MAX)
end

--- Listens for connections at an address of this machine; port 0 takes a free one
--- (`listener.local_address.port` tells which). "0.0.0.0" and "::" mean all addresses. Of the addresses of a
--- name, the first that works is taken. The options of streams apply to those it accepts; `backlog` is how
--- many connections the system keeps for it. Waits only to look up a name; raises `SystemError`.
---
---     local listener <close> = net.listen("127.0.0.1", 0)
---     for stream in listener do ... end
---
--- @async
--- @param host string
--- @param port integer
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen(host, port, options)
  if host == "*" or host == "" then
    misuse('listen expects a host, got %s: all addresses of this machine are "0.0.0.0", or "::"',
      host == "" and "an empty string" or "'*'")
  end
  check_text("listen", "a host", host, "net.listen(host, port)")
  check_port("listen", host, port)
  local read = option.read("listen", options, listen_options)
  check_task("listen")
  local where, first = core.where(), nil
  for _, address in ipairs(names.lookup(host, where)) do
    local ok, result = try.attempt(core.listen, address.host, port, where, listening(read))
    if ok then return result end
    first = first or result
  end
  error(first, 0)
end

--- Listens at the path of a Unix socket, which must not exist yet; `close` removes it. "@name" is a name
--- without a file.
--- @async
--- @param path string
--- @param options? cohort.ListenOptions
--- @return cohort.Listener
function net.listen_unix(path, options)
  check_text("listen_unix", "a path", path, "net.listen_unix(path)")
  local read = option.read("listen_unix", options, listen_options)
  check_task("listen_unix")
  return core.listen(path, nil, core.where(), listening(read))
end

return object.refuse_unknown(net, "cohort.net")
