--- A spec during which Ctrl-C comes, and one that does not run any more.
local net = require "cohort.net"

it("is interrupted", function()
  local listener <close> = net.listen("127.0.0.1", 0)
  assert(io.popen "kill -INT $PPID"):close()
  listener:accept()
end)

it("comes after that", function() print "unreachable" end)
