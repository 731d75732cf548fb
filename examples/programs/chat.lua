--- A chat server: what one client says goes to all others. The first line that a client sends is its name.
---
---     cohort examples/programs/chat.lua [PORT [HOST]]
---
--- Join with `nc localhost 7000`. At Ctrl-C or SIGTERM nobody is let in any more, and everybody is told
--- goodbye; clients that have not gone two seconds later are cut off.
local cohort = require "cohort"
local net = require "cohort.net"

local behind_max = 1000  -- lines that a client may be behind the others
local grace = 2          -- seconds

local clients = {}               -- a set of {name =, outbox =, group =}
local stopping = cohort.event()

--- Hands a line to all clients but one, without waiting for any.
local function say(line, from)
  for client in pairs(clients) do
    if client ~= from and not client.outbox:offer(line) then
      print(client.name .. " is too slow")
      client.group:cancel "too slow"
    end
  end
end

local function leave(client)
  if not clients[client] then return end
  clients[client] = nil
  client.outbox:close()
  say(("* %s left"):format(client.name))
end

--- Passes on what a client says, until it has no more to say.
local function listen(client, stream)
  client.name = (stream:read() or "nobody"):gsub("%c", "")
  say(("* %s is here"):format(client.name))
  for line in stream:lines() do
    if not stopping:is_set() then say(("%s: %s"):format(client.name, line:gsub("%c", "")), client) end
  end
  leave(client)
end

--- Writes what is said to a client, until it has left or the server stops.
local function tell(lines, stream)
  local function pass(line)
    if line then stream:write(line, "\n") end
    return line
  end
  while cohort.select { { lines, pass }, { stopping, function() return nil end } } do end
  stream:write "* goodbye\n"
  stream:shutdown()
end

local function talk(stream)
  local outbox, lines = cohort.channel(behind_max)
  local client = { name = "somebody", outbox = outbox }
  local _ <close> = cohort.defer(leave, client)
  cohort.try(function()
    cohort.group(function(g)
      client.group, clients[client] = g, true
      g:spawn(listen, client, stream)
      tell(lines, stream)
    end)
  end,
  cohort.except(cohort.Broken, function() end),  -- the client left without closing
  cohort.except(cohort.TooLong, function() print(client.name .. " sends too long a line") end))
end

local function main(port, host)
  io.stdout:setvbuf "line"
  local listener = net.listen(host or "127.0.0.1", math.tointeger(port or 7000))
  local signals <close> = cohort.signals("SIGINT", "SIGTERM")
  cohort.group(function(g)
    g:spawn(net.serve, listener, { grace = grace, on_error = print }, talk)
    print("listening on port " .. listener.local_address.port)
    print("stopped by " .. signals())
    signals:close()   -- a second Ctrl-C is for the run, and cancels it
    listener:close()  -- the grace is counted from here on
    stopping:set()
  end)
end

cohort.main(main, ...)
