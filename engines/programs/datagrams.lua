--- Programs for UDP. On the loopback, what was sent arrives, once, and what was cut was not sent.
local cohort = require "cohort"
local net = require "cohort.net"

local host = "127.0.0.1"

-- Three are sent, one after the other, and received by `name`. Each comes, then or later.
local function receiving(c, name, guard)
  local to <close> = cohort.shield(net.udp, { host = host })
  local from <close> = c.act("net.udp", net.udp, { host = host, peer = to.local_address })
  local _ <close> = guard()
  local receive = name == "socket()" and to or to.receive
  local sent, came = {}, {}
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(function()
      for i = 1, 3 do
        cohort.sleep(1)
        c.act("socket:send", from.send, from, "datagram " .. i)
        sent[i] = "datagram " .. i
      end
    end)
    for i = 1, 3 do came[i] = c.act(name, receive, to) end
  end)
  cohort.shield(function()
    repeat
      local in_time, datagram = cohort.move_on_after(1, to.receive, to)
      came[#came + 1] = datagram
    until not in_time
  end)
  local all, got = table.concat(sent, ", "), table.concat(came, ", ")
  c.law(all == got, "sent was %q, and %q came", all, got)
  if not ok then error(err, 0) end
end

return function(c)
  c.add("datagrams", function(guard) receiving(c, "socket:receive", guard) end)
  c.add("datagrams in a loop", function(guard) receiving(c, "socket()", guard) end)
end
