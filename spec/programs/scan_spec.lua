-- examples/programs/scan.lua, over ports that listen, that do not, and that do not answer.
local cohort = require "cohort"
local net = require "cohort.net"
local programs = require "spec.support.programs"

-- Calls body(port) with one that does not answer: the system drops what its full listener has no room for.
local function with_silent_port(body)
  local listener <close> = net.listen("127.0.0.1", 0, { backlog = 1 })
  local port, held = listener.local_address.port, {}
  local _ <close> = setmetatable(held, { __close = function()
    for _, stream in ipairs(held) do stream:close() end
  end })
  while true do
    local answered, stream = cohort.move_on_after(0.2, net.connect, "127.0.0.1", port)
    if not answered then break end
    held[#held + 1] = stream
  end
  body(port)
end

local function scan(...)
  local program <close> = programs.example("scan", ...)
  local code, out, err = program:wait()
  assert.equal("", err)
  assert.equal(0, code)
  return out
end

describe("the port scanner", function()
  it("tells open ports from closed ones", function()
    programs.within(function()
      local a <close> = net.listen("127.0.0.1", 0)
      local b <close> = net.listen("127.0.0.1", 0)
      local first, second = a.local_address.port, b.local_address.port
      local closed = programs.free_port()
      local ports = ("%d,%d,%d"):format(first, closed, second)
      assert.equal(("%d\n%d\n2 open, 1 closed, 0 silent, 0 unreachable\n"):format(first, second),
        scan("127.0.0.1", ports, 1))
    end)
  end)

  it("finds what is open among a thousand", function()
    programs.within(function()
      local listener <close> = net.listen("127.77.0.1", 0)  -- an address of its own: others listen meanwhile
      local port = listener.local_address.port
      local last = math.min(port + 500, 65535)
      assert.equal(port .. "\n1 open, 999 closed, 0 silent, 0 unreachable\n",
        scan("127.77.0.1", ("%d-%d"):format(last - 999, last)))
    end)
  end)

  it("takes a name, and lists and ranges", function()
    programs.within(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local port = listener.local_address.port
      assert.equal(("%d\n%d\n2 open, 0 closed, 0 silent, 0 unreachable\n"):format(port, port),
        scan("localhost", ("%d-%d,%d"):format(port, port, port)))
    end)
  end)

  it("gives up on a port that does not answer", function()
    programs.within(with_silent_port, function(port)
      assert.equal("0 open, 0 closed, 1 silent, 0 unreachable\n", scan("127.0.0.1", port, 10, 0.1))
    end)
  end)

  it("keeps to its limit: it needs no more descriptors than that", function()
    programs.within(with_silent_port, function(port)
      local ports = (port .. ","):rep(60)
      local function with_few_descriptors(limit)
        local program <close> = programs.start { "bash", "-c", "ulimit -n 32; exec \"$@\"", "bash",
          "cohort", "examples/programs/scan.lua", "127.0.0.1", ports, limit, "0.05" }
        return program:wait()
      end
      local code, out = with_few_descriptors "10"
      assert.same({ 0, "0 open, 0 closed, 60 silent, 0 unreachable\n" }, { code, out })
      local err
      code, out, err = with_few_descriptors "60"
      assert.same({ 1, "" }, { code, out })
      assert.matches("EMFILE", err)
    end)
  end)

  it("says how it is used, and what is wrong with a name", function()
    programs.within(function()
      local wrong = { {}, { "localhost", "80-22" }, { "localhost", "http" }, { "localhost", "65536" } }
      for _, words in ipairs(wrong) do
        local program <close> = programs.example("scan", table.unpack(words))
        local code, out, err = program:wait()
        assert.same({ 2, "" }, { code, out })
        assert.matches("^usage: scan.lua HOST", err)
      end
      local program <close> = programs.example("scan", "none.invalid", 80)
      local code, _, err = program:wait()
      assert.equal(1, code)
      assert.matches("none.invalid", err)
    end)
  end)
end)
