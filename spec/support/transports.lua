--- Every transport of streams, as pairs of streams for specs that hold over all of them.
---
--- `descriptors` is the module of descriptors.c, compiled when this is loaded first.
local cohort = require "cohort"
local core = require "cohort.core"
local net = require "cohort.net"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local LINE_MAX, UNLIMITED = 65536, 1 << 46

local function compile()
  local path = os.tmpname()
  local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "spec/support/"
  local command = "LD_PRELOAD= cc -D_GNU_SOURCE -shared -fPIC -o %s %sdescriptors.c " ..
    "$(pkg-config --cflags lua5.4)"
  assert(os.execute(command:format(path, folder)))
  local open = assert(package.loadlib(path, "luaopen_descriptors"))
  os.remove(path)
  return open()
end

local transports = { descriptors = compile() }

local descriptors = transports.descriptors

--- A stream that owns a descriptor.
function transports.adopt(fd, options)
  options = options or {}
  return core.adopt(fd, "a spec", options.line_max or LINE_MAX, options.buffer_max or UNLIMITED)
end

local adopt = transports.adopt

local function tcp(options)
  local listener <close> = net.listen("127.0.0.1", 0, options)
  local a = net.connect("127.0.0.1", listener.local_address.port, options)
  return a, listener:accept()
end

local function unix(options)
  local path = os.tmpname()
  os.remove(path)
  local listener <close> = net.listen_unix(path, options)
  local a = net.connect_unix(path, options)
  return a, listener:accept()
end

local function pipe(options)
  local reading, writing = descriptors.pipe()
  return adopt(writing, options), adopt(reading, options)
end

local function terminal(options)
  local master, slave = descriptors.terminal()
  return adopt(slave, options), adopt(master, options)
end

local function faulty(options)
  local all = { seed = 7, delay = { 0.001, 0.1 }, split = true }
  for name, value in pairs(options or {}) do all[name] = value end
  return cohort.testing.stream_pair(all)
end

--- In each, what is written to the first can be read from the second. `both`: and the other way round;
--- `halves`: `shutdown` ends one direction; `inside`: nothing outside of the process has a part in it;
--- `room`: more bytes than are on their way when nobody reads.
transports.list = {
  { name = "TCP", open = tcp, both = true, halves = true, room = 20 << 20 },
  { name = "a Unix socket", open = unix, both = true, halves = true, room = 1 << 20 },
  { name = "a pipe", open = pipe, halves = true, room = 1 << 20 },
  { name = "a terminal", open = terminal, both = true, room = 1 << 20 },
  { name = "memory", open = net.pair, both = true, halves = true, inside = true, room = 1 << 18 },
  { name = "memory with faults", open = faulty, both = true, halves = true, inside = true, room = 1 << 18 },
}

-- What is held, once all that is being closed is.
local function held()
  sockets.look(2)
  local counts = core.debug_counts()
  return { handles = counts.handles, tasks = counts.tasks, bytes = counts.bytes,
    descriptors = descriptors.count() }
end

local function run_once(transport, options, body)
  local a, b = transport.open(options)
  local _ <close> = a
  local _ <close> = b
  body(a, b)
end

--- Calls body(a, b) with a pair, closes both, and checks that nothing is left of them. It does so twice.
function transports.with(transport, options, body)
  tasks.virtual(function()
    run_once(transport, options, body)  -- what is kept to be used again is made
    local before = held()
    run_once(transport, options, body)
    local after = held()
    for name, count in pairs(before) do
      if after[name] > count then
        error(("%s: %d %s before, %d after"):format(transport.name, count, name, after[name]))
      end
    end
  end)
end

--- Lets what is on its way arrive.
function transports.settle()
  cohort.sleep(1)
  sockets.look(5)
end

return transports
