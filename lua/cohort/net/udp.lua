--- Opening UDP sockets. Their methods are the core's.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local arguments = require "cohort.net.arguments"
local names = require "cohort.net.names"
local object = require "cohort.object"
local option = require "cohort.option"

local expects = option.expects

local DATAGRAM_MAX = 65536  -- longer than any datagram
local HOPS_MAX = 255

local function expects_text(value)
  return (expects.text(value) or value == "") and "a string with something in it, and without NUL" or nil
end

local function port_from(least)
  return function(value)
    local port = type(value) == "number" and math.tointeger(value)
    local is = port and port >= least and port <= 65535
    return not is and ("a port of %d to 65535"):format(least) or nil
  end
end

local expects_port = port_from(0)
local expects_peer_port = port_from(1)

local function expects_peer(value)
  local is = type(value) == "table" and not expects_text(rawget(value, "host"))
    and not expects_peer_port(rawget(value, "port"))
  return not is and "an address as {host = \"127.0.0.1\", port = 53}" or nil
end

local function expects_hops(value)
  local hops = type(value) == "number" and math.tointeger(value)
  return not (hops and hops >= 0 and hops <= HOPS_MAX) and "a whole number of 0 to 255" or nil
end

local function expects_ttl(value)
  return (expects_hops(value) or value < 1) and "a whole number of 1 to 255" or nil
end

local known = option.known {
  host = expects_text, port = expects_port, peer = expects_peer, datagram_max = expects.limit,
  broadcast = expects.boolean, reuse_address = expects.boolean, reuse_port = expects.boolean,
  ipv6_only = expects.boolean, receive_buffer = expects.limit, send_buffer = expects.limit,
  ttl = expects_ttl, multicast_ttl = expects_hops, multicast_loop = expects.boolean,
  multicast_interface = expects_text,
}

local any = { inet = "0.0.0.0", inet6 = "::" }

-- Chooses an address of ours, and one of the peer or nil, both of one family: the first that go together.
local function choose(read, where)
  local ours = read.host and names.lookup(read.host, where)
  if not read.peer then return ours and ours[1].host or any.inet end
  local peers = names.lookup(read.peer.host, where)
  if not ours then return any[peers[1].family], peers[1].host end
  for _, peer in ipairs(peers) do
    for _, own in ipairs(ours) do
      if own.family == peer.family then return own.host, peer.host end
    end
  end
  return ours[1].host, peers[1].host  -- they do not: let the system say so
end

--- Makes a UDP socket, at `host` and `port` if given, else at a free port of all addresses.
---
--- With `peer` it sends to that and receives from there only. It waits only to look up names. Raises
--- `SystemError`.
---
---     local socket <close> = net.udp {host = "127.0.0.1", port = 5353}
---     for datagram, from in socket do socket:send(datagram, from) end
---
--- @async
--- @param options? cohort.UdpOptions
--- @return cohort.Udp
local function udp(options)
  if type(options) == "string" or type(options) == "number" then
    misuse("udp expects options, got %s: write net.udp{host = host, port = port}, or net.udp{peer = address}",
      type(options))
  end
  local read = option.read("udp", options, known)
  object.check_task "udp"
  local where = core.where()
  local given = read.peer  -- others may change the table while names are looked up
  read.peer = given and { host = rawget(given, "host"), port = rawget(given, "port") }
  local own, peer = choose(read, where)
  if read.multicast_interface then
    read.multicast_interface = core.interface_index(read.multicast_interface, 0, where)
  end
  local socket_options = arguments.socket_options(read, "broadcast", "reuse_address", "reuse_port",
    "ipv6_only", "ttl", "multicast_ttl", "multicast_loop", "multicast_interface")
  local datagram_max = arguments.whole(read.datagram_max, DATAGRAM_MAX, DATAGRAM_MAX)
  local peer_port = read.peer and read.peer.port
  return core.udp(own, read.port or 0, where, socket_options, datagram_max, peer, peer_port)
end

return udp
