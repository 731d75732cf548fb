--- W7: an echo server: a task for each connection reads what there is and writes it back. It holds no string
--- while it waits.
local cohort = require "cohort"

local net = cohort.net

local function echo(stream)
  while true do
    local bytes = stream:read_some()
    if not bytes then return end
    stream:write(bytes)
  end
end

cohort.run(function()
  local listener = net.listen("127.0.0.1", 0, { backlog = 4096 })
  print(listener.local_address.port)
  io.stdout:flush()
  net.serve(listener, echo)
end)
