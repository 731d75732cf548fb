--- A service for ../checkout.lua. `service.lua REPLY SECONDS` accepts one connection on a free port, which it
--- prints, reads a line, and replies after that many seconds; it prints "answered", or "hung up" when the
--- client was gone before. It ends after that, or when nobody has connected for five seconds.
local cohort = require "cohort"

io.stdout:setvbuf("line")

cohort.main(function(reply, seconds)
  cohort.move_on_after(5, function()
    local listener <close> = cohort.net.listen("127.0.0.1", 0)
    print(listener.local_address.port)
    local stream <close> = listener:accept()
    stream:read("l")
    -- The client has nothing more to say: this read ends early only when it hangs up.
    local hung_up = cohort.move_on_after(tonumber(seconds), stream.read_some, stream)
    if not hung_up then stream:write(reply, "\n") end
    print(hung_up and "hung up" or "answered")
  end)
end, ...)
