--- Arguments of the functions of cohort.net.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local option = require "cohort.option"

local arguments = {}

local expects, describe_seconds = option.expects, option.describe_seconds

function arguments.check_text(who, what, value, mend)
  if type(value) ~= "string" then
    misuse("%s expects %s as a string, got %s: write %s", who, what, type(value), mend)
  end
  if value == "" or value:find("\0", 1, true) then
    local fault = value == "" and "an empty string" or "a string with a NUL byte"
    misuse("%s expects %s, got %s", who, what, fault)
  end
end

-- How to call `who` when the port was given as text: as "80", or behind the host.
local function usage_of(who, host, port)
  if type(port) == "string" and math.tointeger(port) then
    return ("net.%s(host, %d), or tonumber(port)"):format(who, math.tointeger(port))
  end
  local name, number = (port == nil and host or ""):match "^([^:]+):(%d%d?%d?%d?%d?)$"
  if name then return ('net.%s("%s", %d)'):format(who, name, number) end
  return ("net.%s(host, port)"):format(who)
end

function arguments.check_port(who, host, port)
  if math.type(port) ~= "integer" and not (type(port) == "number" and port % 1 == 0) then
    misuse("%s expects a port as a whole number, got %s: write %s", who, option.describe(port),
      usage_of(who, host, port))
  end
  if port < 0 or port > 65535 then misuse("%s expects a port of 0 to 65535, got %.14g", who, port) end
end

---------------------------------------------------------------------------
-- Options of sockets

local KEEPALIVE_MAX, PROBES_MAX = 32767, 127  -- of Linux

local function expects_silence(value)
  local is = type(value) == "number" and value > 0 and value <= KEEPALIVE_MAX
  if is then return nil end
  return ("more than 0 and up to %d seconds"):format(KEEPALIVE_MAX), describe_seconds(value)
end

local function expects_keepalive(value)
  if type(value) == "boolean" then return nil end
  local expected, given = expects_silence(value)
  return expected and expected .. ", or true or false", given
end

local function expects_probes(value)
  local wrong = expects.count(value) or value > PROBES_MAX
  return wrong and ("a whole number of 1 or more, and up to %d"):format(PROBES_MAX) or nil
end

--- The stream options; listeners take them too, for the streams they accept.
arguments.stream_options = {
  line_max = expects.limit, buffer_max = expects.limit, nodelay = expects.boolean,
  keepalive = expects_keepalive, keepalive_interval = expects_silence, keepalive_count = expects_probes,
  receive_buffer = expects.limit, send_buffer = expects.limit,
}

--- Adds them to the options of a listener.
function arguments.with_stream_options(own)
  for name, check in next, arguments.stream_options do own[name] = check end
  return own
end

local BUFFER_MAX = 1 << 30

--- The options that any socket has, as the core takes them.
--- @param read table   checked options
--- @param ... string   names of options that are passed on unchanged
function arguments.socket_options(read, ...)
  local whole = arguments.whole
  local options = {
    receive_buffer = read.receive_buffer and whole(read.receive_buffer, nil, BUFFER_MAX),
    send_buffer = read.send_buffer and whole(read.send_buffer, nil, BUFFER_MAX),
  }
  for _, name in ipairs { ... } do options[name] = read[name] end
  return options
end

--- The same, with the options of streams; nil when there are none.
function arguments.stream_socket_options(read, ...)
  if next(read) == nil then return nil end
  local options = arguments.socket_options(read, "nodelay", ...)
  local keepalive = read.keepalive
  if type(keepalive) == "number" then
    options.keepalive, options.keepalive_time = true, math.ceil(keepalive)
  else
    options.keepalive = keepalive
  end
  options.keepalive_interval = read.keepalive_interval and math.ceil(read.keepalive_interval)
  options.keepalive_count = read.keepalive_count and math.tointeger(read.keepalive_count)
  return options
end

---------------------------------------------------------------------------
-- Numbers as the core takes them

--- A count, `default` when there is none; "no limit" becomes a number that nothing reaches.
function arguments.whole(value, default, most)
  value = value or default
  return value < most and math.tointeger(value) or most
end

--- The limits that all streams are made with, in the core's order.
function arguments.limits_of(read)
  local whole = arguments.whole
  local most = core.SIZE_LIMIT
  return whole(read.line_max, core.LINE_MAX, most), whole(read.buffer_max, most, most)
end

return arguments
