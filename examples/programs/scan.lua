--- Scans ports: reports which of a machine's TCP ports accept connections.
---
---     cohort examples/programs/scan.lua HOST [PORTS [LIMIT [SECONDS]]]
---
--- PORTS are numbers and ranges, "22,80,8000-8100" (default 1-1024). At most LIMIT (100) are tried at once;
--- one that has not answered within SECONDS (1) is silent, as behind a firewall.
local cohort = require "cohort"
local net = require "cohort.net"

--- "22,80-82" as a list of numbers; nil when it is malformed.
local function parse(text)
  local ports = {}
  for part in text:gmatch "[^,]+" do
    local first, last = part:match "^(%d+)%-?(%d*)$"
    first, last = tonumber(first), tonumber(last) or tonumber(first)
    if not first or first > last or last > 65535 then return nil end
    for port = first, last do ports[#ports + 1] = port end
  end
  return ports
end

--- "open", "closed", "silent" or "unreachable".
local function probe(address, port, seconds)
  return cohort.try(function()
    local answered, stream = cohort.move_on_after(seconds, net.connect, address, port)
    if not answered then return "silent" end
    stream:close()
    return "open"
  end,
  cohort.except({ code = "ECONNREFUSED" }, function() return "closed" end),
  cohort.except({ { code = "EHOSTUNREACH" }, { code = "ENETUNREACH" } }, function() return "unreachable" end))
end

local function main(host, ports, limit, seconds)
  ports = parse(ports or "1-1024")
  limit, seconds = math.tointeger(limit or 100), tonumber(seconds or 1)
  if not (host and ports and limit and seconds) then
    io.stderr:write "usage: scan.lua HOST [PORTS [LIMIT [SECONDS]]], PORTS as in 22,8000-8100\n"
    return os.exit(2)
  end
  io.stdout:setvbuf "line"

  local address = net.resolve(host)[1].host  -- looked up once, not for each port
  local counts = { open = 0, closed = 0, silent = 0, unreachable = 0 }
  cohort.map({ limit = limit }, ports, function(port)
    local state = probe(address, port, seconds)
    counts[state] = counts[state] + 1
    if state == "open" then print(port) end
  end)
  print(("%d open, %d closed, %d silent, %d unreachable"):format(
    counts.open, counts.closed, counts.silent, counts.unreachable))
end

cohort.main(main, ...)
