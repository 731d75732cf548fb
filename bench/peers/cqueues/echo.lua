--- W7: an echo server. With its default buffers of 4 KiB a message of 16 KiB stands still for 44 ms.
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local BUFFER = 65536

local loop = cqueues.new()

local function echo(peer)
  peer:setmode("bn", "bn")
  peer:setbufsiz(BUFFER, BUFFER)
  while true do
    local bytes = peer:read(-BUFFER)
    if not bytes or not peer:write(bytes) then break end
  end
  peer:close()
end

local listener = socket.listen("127.0.0.1", 0)
listener:listen()
local _, _, port = listener:localname()
print(port)
io.stdout:flush()
loop:wrap(function()
  for peer in listener:clients() do loop:wrap(echo, peer) end
end)
assert(loop:loop())
