--- W7: an echo server with tasks of nursery.lua: what is read is put by until the task asks for it, as luv
--- reads by itself.
local nursery = require "nursery"
local uv = require "luv"

local block, current, unblock = nursery.block, nursery.current, nursery.unblock

--- A function that waits for the next bytes; nil at the end.
local function reader(peer)
  local task, chunks, first, last, ended = current(), {}, 1, 0, false
  peer:read_start(function(err, chunk)
    if err or not chunk then
      ended = true
    else
      last = last + 1
      chunks[last] = chunk
    end
    unblock(task)
  end)
  return function()
    while first > last do
      if ended then return nil end
      block()
    end
    local chunk = chunks[first]
    chunks[first] = nil
    first = first + 1
    return chunk
  end
end

--- Sends at once, and waits only for what is left.
local function write(peer, bytes)
  local sent = peer:try_write(bytes) or 0
  if sent < #bytes then
    nursery.await(function(done) peer:write(bytes:sub(sent + 1), done) end)
  end
end

local function echo(peer)
  local read = reader(peer)
  while true do
    local bytes = read()
    if not bytes then break end
    write(peer, bytes)
  end
  peer:close()
end

nursery.run(function()
  nursery.group(function(g)
    local listener = uv.new_tcp()
    listener:bind("127.0.0.1", 0)
    listener:listen(4096, function()
      local peer = uv.new_tcp()
      listener:accept(peer)
      g:spawn(echo, peer)
    end)
    print(listener:getsockname().port)
    io.stdout:flush()
    nursery.sleep_forever()
  end)
end)
