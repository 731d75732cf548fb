--- TCP and Unix sockets: `connect`, `listen`, `serve`, `resolve`.
---
--- What is here is policy, on top of three functions of the core that know numeric
--- addresses and paths only. Streams and listeners are the core's objects.
local core = require "cohort.core"
local try = require "cohort.try"

local net = {}

local attempt = try.attempt

local LINE_MAX = 65536
local BACKLOG = 511
local STAGGER = 0.25  -- seconds until the next address is tried as well, RFC 8305
local LEVELS_MAX = 10
local PAUSE = 0.1     -- seconds until `serve` tries again when descriptors or memory ran out

--- @class cohort.Address
--- @field host string?     numeric; nil for Unix sockets
--- @field port integer?
--- @field path string?     of a Unix socket that has one
--- @field family "inet"|"inet6"|"unix"

--- @class cohort.StreamOptions
--- @field line_max integer?  longest line that `read "l"`, `lines` and `read_until` take, 64 KiB
--- @field nodelay boolean?   send small pieces at once instead of collecting them (TCP_NODELAY)

---------------------------------------------------------------------------
-- Arguments

local function misuse(level, format, ...)
  error(format:format(...), level + 1)
end

-- "file:line" of the Lua function at `level` or above it, where 1 is the caller of this one.
local function line_of(level)
  for above = level + 2, level + 2 + LEVELS_MAX do
    local _, text = pcall(error, "", above)
    if text ~= "" then return (text:gsub(": $", "")) end
  end
  return ""
end

local function check_task(who)
  if not pcall(core.cancelled) then
    misuse(3, "%s waits, and no task runs here: call it inside cohort.run(function() ... end)", who)
  end
end

local function check_text(who, what, value, mend)
  if type(value) ~= "string" then
    misuse(3, "%s expects %s as a string, got %s: write %s", who, what, type(value), mend)
  end
  if value == "" or value:find("\0", 1, true) then
    local fault = value == "" and "an empty string" or "a string with a NUL byte"
    misuse(3, "%s expects %s, got %s", who, what, fault)
  end
end

local function check_port(who, port)
  if math.type(port) ~= "integer" and not (type(port) == "number" and port % 1 == 0) then
    misuse(3, "%s expects a port as a whole number, got %s: write net.%s(host, port)", who,
      type(port) == "number" and "a fraction" or type(port), who)
  end
  if port < 0 or port > 65535 then misuse(3, "%s expects a port of 0 to 65535, got %d", who, port) end
end

-- How many letters of `a`, in order, are in `b`.
local function likeness(a, b)
  local at, count = 1, 0
  for letter in a:gmatch(".") do
    local found = b:find(letter, at, true)
    if found then at, count = found + 1, count + 1 end
  end
  return count
end

local function nearest(name, known)
  local best
  for candidate in pairs(known) do
    local more = best and likeness(name, candidate) - likeness(name, best) or 1
    if more > 0 or more == 0 and candidate < best then best = candidate end
  end
  return best
end

-- Options by name, checked: `known` tells for each what is wrong with a value, or nil.
local function read_options(who, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" or core.is_callable(options) then
    misuse(3, "%s expects a table of options, got %s", who, type(options))
  end
  local read = {}
  for name, value in next, options do
    if not known[name] then
      local key = tostring(name)
      misuse(3, "%s has no option '%s': did you mean '%s'?", who, key, nearest(key, known))
    end
    local expected = known[name](value)
    if expected then
      local got = type(value) == "number" and tostring(value) or type(value)
      misuse(3, "option '%s' expects %s, got %s", name, expected, got)
    end
    read[name] = value
  end
  return read
end

local function expects_count(value)
  if math.type(value) == "float" and value ~= math.huge then value = math.tointeger(value) end
  local is = type(value) == "number" and value >= 1
  return not is and "a whole number of 1 or more" or nil
end

local function expects_boolean(value)
  return type(value) ~= "boolean" and "true or false" or nil
end

local function expects_function(value)
  return not core.is_callable(value) and "a function" or nil
end

local stream_options = { line_max = expects_count, nodelay = expects_boolean }
local listen_options = { line_max = expects_count, nodelay = expects_boolean, backlog = expects_count }
local serve_options = { limit = expects_count, on_error = expects_function }

-- As the core wants it: no limit is a number that no line reaches.
local function whole(value, default, most)
  value = value or default
  return value < most and math.tointeger(value) or most
end

local function line_max_of(options)
  return whole(options.line_max, LINE_MAX, 1 << 46)
end

---------------------------------------------------------------------------
-- Connecting

-- Families in turn, so that one that leads nowhere costs one step only.
local function interleave(addresses)
  local first, second, mixed = {}, {}, {}
  for _, address in ipairs(addresses) do
    local list = address.family == addresses[1].family and first or second
    list[#list + 1] = address
  end
  for i = 1, math.max(#first, #second) do
    mixed[#mixed + 1] = first[i]
    mixed[#mixed + 1] = second[i]
  end
  return mixed
end

local Loser = { __name = "cohort.loser" }

-- A stream that nobody is going to get, because the one who asked was cancelled.
function Loser:__close(err)
  if err ~= nil and self.stream then self.stream:close() end
end

-- Connects to each address in turn, the next one when the one before failed or has taken too long.
-- Returns the stream that came first, or nil and what each failed with.
local function race(addresses, port, ...)
  local errors, rest = {}, table.pack(...)
  local winner <close> = setmetatable({}, Loser)
  core.group({ name = "connect" }, function(g)
    local function connect(i)
      local ok, result = attempt(core.connect, addresses[i].host, port, table.unpack(rest, 1, rest.n))
      if not ok then
        if not core.error_is(result, core.SystemError) then error(result, 0) end
        errors[i] = result
      elseif winner.stream then
        result:close()
      else
        winner.stream = result
        g:cancel("another address was first")
      end
    end
    for i, address in ipairs(addresses) do
      local task = g:spawn(connect, i)
      task.name = ("connect to %s"):format(address.host)
      core.move_on_after(STAGGER, task.wait, task)
    end
  end)
  return winner.stream, errors
end

--- Connects to a host by name or address, IPv4 or IPv6.
---
--- A name may stand for several addresses: they are tried in turn, families
--- alternating, each a quarter of a second after the one before or as soon as that has failed; the
--- first that answers is taken (Happy Eyeballs, RFC 8305). When cancelled, every socket it
--- opened is closed before it raises. Raises `SystemError` with `code`, `errno`,
--- `operation` and `address`; when several addresses failed it is the first one's, with an
--- error group of all of them as `cause`.
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
  check_port("connect", port)
  local read = read_options("connect", options, stream_options)
  check_task("connect")
  local where, line_max = line_of(2), line_max_of(read)
  local addresses = core.resolve(host, where)
  if #addresses == 1 then return core.connect(addresses[1].host, port, where, line_max, read.nodelay) end
  local stream, errors = race(interleave(addresses), port, where, line_max, read.nodelay)
  if stream then return stream end
  local first = errors[1]
  error(core.SystemError {
    message = first.message, code = first.code, errno = first.errno, operation = first.operation,
    address = first.address, where = where,
    cause = core.error_group(("connect %s: none of %d addresses"):format(host, #addresses), errors),
  }, 0)
end

--- Connects to the Unix socket at `path`. When nobody has room for one more it raises
--- `SystemError` with `code` "EAGAIN" at once.
--- @async
--- @param path string
--- @param options? cohort.StreamOptions
--- @return cohort.Stream
function net.connect_unix(path, options)
  check_text("connect_unix", "a path", path, "net.connect_unix(path)")
  local read = read_options("connect_unix", options, stream_options)
  check_task("connect_unix")
  return core.connect(path, nil, line_of(2), line_max_of(read), read.nodelay)
end

--- The addresses of a host: a list of `{host = "127.0.0.1", family = "inet"}`, in the
--- system's order. A name is looked up in a thread. When cancelled, the lookup is left
--- behind and ends unseen. Raises `SystemError` with `operation` "resolve".
--- @async
--- @param host string
--- @return cohort.Address[]
function net.resolve(host)
  check_text("resolve", "a host", host, "net.resolve(host)")
  check_task("resolve")
  return core.resolve(host, line_of(2))
end

---------------------------------------------------------------------------
-- Listening

--- Listens for connections at an address of this machine; port 0 takes a free one
--- (`listener.local_address.port` tells). "0.0.0.0" and "::" mean all addresses. Of a name that stands for
--- several the first that works is taken. Options `line_max` and `nodelay` are for the
--- streams it accepts; `backlog` is how many connections the system keeps
--- for it. Waits only to look a name up; raises `SystemError`.
---
---     local listener <close> = net.listen("127.0.0.1", 0)
---     for stream in listener do ... end
---
--- @async
--- @param host string
--- @param port integer
--- @param options? {line_max: integer?, nodelay: boolean?, backlog: integer?}
--- @return cohort.Listener
function net.listen(host, port, options)
  check_text("listen", "a host", host, "net.listen(host, port)")
  check_port("listen", port)
  local read = read_options("listen", options, listen_options)
  check_task("listen")
  local where, line_max, backlog = line_of(2), line_max_of(read), whole(read.backlog, BACKLOG, 65535)
  local first
  for _, address in ipairs(core.resolve(host, where)) do
    local ok, result = attempt(core.listen, address.host, port, where, line_max, read.nodelay, backlog)
    if ok then return result end
    first = first or result
  end
  error(first, 0)
end

--- Listens at the path of a Unix socket, which must not exist yet; `close` removes it.
--- @async
--- @param path string
--- @param options? {line_max: integer?, nodelay: boolean?, backlog: integer?}
--- @return cohort.Listener
function net.listen_unix(path, options)
  check_text("listen_unix", "a path", path, "net.listen_unix(path)")
  local read = read_options("listen_unix", options, listen_options)
  check_task("listen_unix")
  local backlog = whole(read.backlog, BACKLOG, 65535)
  return core.listen(path, nil, line_of(2), line_max_of(read), read.nodelay, backlog)
end

---------------------------------------------------------------------------
-- Serving

-- Codes of an `accept` that will work again when others have given back what they hold.
local passing = { EMFILE = true, ENFILE = true, ENOBUFS = true, ENOMEM = true }

local function handle(stream, handler, on_error)
  local _ <close> = stream
  if not on_error then
    handler(stream)
    return
  end
  local ok, err = attempt(handler, stream)
  if not ok then on_error(err, stream) end
end

-- The next connection, or nil when the listener is closed.
local function accept(listener, on_error)
  local told = false
  while true do
    local ok, result = attempt(listener.accept, listener)
    if ok then return result end
    if core.error_is(result, core.Closed) then return nil end
    if not (core.error_is(result, core.SystemError) and passing[result.code]) then error(result, 0) end
    if not told then
      told = true
      if on_error then on_error(result) else warn("cohort: serve goes on when it can: ", tostring(result)) end
    end
    core.sleep(PAUSE)
  end
end

-- Hands a stream to a task of its own; if that cannot be, the stream is nobody's.
local function spawn_handler(g, stream, ...)
  local ok, task = pcall(g.spawn, g, handle, stream, ...)
  if not ok then
    stream:close()
    error(task, 0)
  end
  task.name = tostring(stream)
end

local Serving = { __name = "cohort.serving" }

function Serving:__close(err)
  if core.is_cancelled(err) then self.listener:close() end
end

--- Accepts connections and calls `handler(stream)` for each in a task of its own.
---
--- Each stream is closed when its handler has ended, however. Returns when the listener was
--- closed and all handlers have ended. When cancelled, so are the handlers, and the listener is
--- closed. An error in a handler goes to `on_error(err, stream)`, with the stream still open, and ends that
--- connection only; without `on_error` it cancels the rest and is raised in an
--- `ErrorGroup`. When descriptors or memory run out, `on_error(err)` is told, or Lua's `warn`, and
--- accepting goes on when it can. With `limit`, no more than so many are
--- handled at once.
---
---     net.serve(listener, {limit = 1000}, function(stream)
---       for line in stream:lines() do stream:write(line, "\n") end
---     end)
---
--- @async
--- @param listener cohort.Listener
--- @param options {limit: integer?, on_error: fun(err: any, stream: cohort.Stream?)?}
--- @param handler async fun(stream: cohort.Stream)
--- @overload fun(listener: cohort.Listener, handler: async fun(stream: cohort.Stream))
function net.serve(listener, options, handler)
  if handler == nil then options, handler = nil, options end
  if type(listener) ~= "userdata" or (getmetatable(listener) or {}).__name ~= "cohort.Listener" then
    misuse(2, "serve expects a listener first, got %s: write net.serve(net.listen(host, port), handler)",
      type(listener))
  end
  local read = read_options("serve", options, serve_options)
  if not core.is_callable(handler) then
    misuse(2, "serve expects a function as handler, got %s: write net.serve(listener, handler)",
      type(handler))
  end
  check_task("serve")
  local _ <close> = setmetatable({ listener = listener }, Serving)
  core.group({ name = "serve", limit = read.limit }, function(g)
    local stream = accept(listener, read.on_error)
    while stream do
      spawn_handler(g, stream, handler, read.on_error)
      stream = accept(listener, read.on_error)
    end
  end)
end

return net
