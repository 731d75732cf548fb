--- What specs about sockets share: connected pairs, an end for those who wait for ever, what is open.
local core = require "cohort.core"
local cohort = require "cohort"
local net = require "cohort.net"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"

local sockets = {}

local alarm
child.with_module("alarm", "", function(module) alarm = module end)

-- Seconds of real time that a body has. Where one waited for what never came others may, and have less.
local limit = 60

-- A run under a virtual clock that is cancelled when it takes too long: what breaks fails, and does not hang.
local function run(main, ...)
  alarm.ring(limit)
  local results = table.pack(pcall(tasks.virtual, main, ...))
  alarm.stop()
  if results[1] then return table.unpack(results, 2, results.n) end
  local err = results[2]
  if cohort.is(err, cohort.Interrupted) then
    err = ("not over in %d seconds: %s"):format(limit, err)
    limit = 3
  end
  error(err, 0)
end

--- Calls `body(a, b)` with the two ends of a connection, in a run under a virtual clock that ends, however.
function sockets.pair(body, options)
  return run(function()
    local listener <close> = net.listen("127.0.0.1", 0, options)
    local a <close> = net.connect("127.0.0.1", listener.local_address.port, options)
    local b <close> = listener:accept()
    return body(a, b)
  end)
end

--- Calls `body(listener, port, ...)` in a run under a virtual clock that ends, however.
function sockets.listening(body, ...)
  return run(function(...)
    local listener <close> = net.listen("127.0.0.1", 0)
    return body(listener, listener.local_address.port, ...)
  end, ...)
end

--- Lets the loop look at I/O `n` times (once), with every other ready task running in between.
function sockets.look(n)
  for _ = 1, n or 1 do cohort.sleep(1e-6) end
end

--- How many handles are open in libuv now, those that are being closed included.
function sockets.handles()
  return core.debug_counts().handles
end

--- Starts a write in `g` that waits, because the other end does not read it; returns its task and text.
function sockets.start_blocked_write(g, stream)
  local text = ("0123456789abcdef"):rep(2000000)
  local task = g:spawn(stream.write, stream, text)
  sockets.look(20)
  return task, text
end

--- Does this machine have IPv6 on its loopback?
function sockets.has_ipv6()
  return (pcall(cohort.run, function() net.listen("::1", 0):close() end))
end

return sockets
