-- Addresses as they are written out.
local net = require "cohort.net"
local tasks = require "spec.support.tasks"

describe("an IPv4 address", function()
  it("is written as it was given, with numbers of one, two and three digits", function()
    tasks.virtual(function()
      for _, host in ipairs { "0.0.0.0", "127.0.0.9", "127.10.99.100", "127.101.249.255", "127.255.200.1" } do
        local listener <close> = net.listen(host, 0)
        local address = listener.local_address
        assert.equal(host, address.host)
        assert.equal(("listener %s:%d"):format(host, address.port), tostring(listener))
      end
    end)
  end)
end)
