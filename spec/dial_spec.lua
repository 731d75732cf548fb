-- Connecting by name: which address is tried when (RFC 8305), under a virtual clock with a network that is
-- made up, and against black holes, where nothing answers at all.
local core = require "cohort.core"
local cohort = require "cohort"
local net = require "cohort.net"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised
local is = cohort.is

local A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
local X, Y = "2001:db8::1", "2001:db8::2"

-- Calls body(log) while connecting is as plan[host] = {seconds, failure} says, and lookups are as
-- lookups[family or "all"] = {seconds, addresses or the name of an error} says. What happens is in the log.
local function with_network(plan, lookups, body)
  local log, saved = {}, core.connect
  local function note(text) log[#log + 1] = ("%s %g"):format(text, cohort.now()) end
  function core.connect(host)
    note("try " .. host)
    local _ <close> = setmetatable({}, { __close = function(_, err)
      if tasks.is_cancelled(err) then note("cut " .. host) end
    end })
    cohort.sleep(plan[host][1])
    local code = plan[host][2]
    if code then
      error(cohort.SystemError { message = "no", code = code, operation = "connect", address = host }, 0)
    end
    return { host = host, close = function() note("close " .. host) end }
  end
  local function resolve(_, family)
    local answer = lookups[family or "all"]
    note("ask " .. (family or "all"))
    cohort.sleep(answer[1])
    return answer[2]
  end
  local ok, err = pcall(virtual, function() net.resolver:with(resolve, body, log) end)
  core.connect = saved
  if not ok then error(err, 0) end
  return log
end

-- The host of the stream that a connect gives, and when.
local function connected()
  local stream = net.connect("name.example", 1)
  return ("%s %g"):format(stream.host, cohort.now())
end

describe("a lookup that takes long", function()
  it("is not asked twice when it answers within 50 ms", function()
    local log = with_network({ [A] = { 1 } }, { all = { 0.04, { A } } }, function()
      assert.equal(A .. " 1.04", connected())
    end)
    assert.same({ "ask all 0", "try " .. A .. " 0.04" }, log)
  end)

  it("has IPv4 asked for beside it after 50 ms, and what that finds is tried", function()
    local log = with_network({ [A] = { 1 } }, { all = { 100, { X, A } }, inet = { 0.01, { A } } }, function()
      assert.equal(A .. " 1.06", connected())
    end)
    assert.same({ "ask all 0", "ask inet 0.05", "try " .. A .. " 0.06" }, log)
  end)

  it("adds its addresses to those that are tried already, families in turn, none twice", function()
    local plan = { [A] = { 100 }, [B] = { 1 }, [X] = { 100 }, [Y] = { 100 } }
    local lookups = { all = { 0.1, { X, Y, A, B } }, inet = { 0.01, { A, B } } }
    local log = with_network(plan, lookups, function() assert.equal(B .. " 1.56", connected()) end)
    assert.same({ "ask all 0", "ask inet 0.05", "try " .. A .. " 0.06", "try " .. X .. " 0.31",
      "try " .. B .. " 0.56", "try " .. Y .. " 0.81", "cut " .. A .. " 1.56", "cut " .. X .. " 1.56",
      "cut " .. Y .. " 1.56" }, log)
  end)

  it("is waited for when all that was found without it has failed", function()
    local plan = { [A] = { 0.1, "ECONNREFUSED" }, [X] = { 1 } }
    local lookups = { all = { 5, { X, A } }, inet = { 0, { A } } }
    with_network(plan, lookups, function() assert.equal(X .. " 6", connected()) end)
  end)

  it("is what counts: that IPv4 has no addresses is no failure", function()
    with_network({ [X] = { 1 } }, { all = { 2, { X } }, inet = { 0, "EAI_NODATA" } }, function()
      assert.equal(X .. " 3", connected())
    end)
  end)

  it("that fails is what connect raises, at once, unless something was found without it", function()
    with_network({}, { all = { 2, "EAI_NONAME" }, inet = { 50, "EAI_NONAME" } }, function()
      local err = raised(connected)
      assert.is_true(is(err, { code = "EAI_NONAME", operation = "resolve", address = "name.example" }))
      assert.matches("^spec/dial_spec.lua:%d+$", err.where)
      assert.equal(2, cohort.now())
    end)
    with_network({ [A] = { 1 } }, { all = { 0.1, "EAI_AGAIN" }, inet = { 0, { A } } }, function()
      assert.equal(A .. " 1.05", connected())
    end)
  end)

  it("and an error of the resolver's own leave connect as they are", function()
    virtual(function()
      net.resolver:with(function() error("my own", 0) end, function()
        assert.equal("my own", raised(connected))
      end)
      net.resolver:with(function() return { "no address" } end, function()
        assert.matches("^spec/dial_spec.lua:%d+: net.resolver: .* numeric addresses", raised(connected))
      end)
    end)
  end)
end)

describe("attempts to connect", function()
  local function all(...) return { all = { 0, { ... } } } end

  it("begin with what the lookup has first, families in turn, each 250 ms after the one before", function()
    local plan = { [A] = { 100 }, [B] = { 100 }, [C] = { 1 }, [X] = { 100 } }
    local log = with_network(plan, all(A, B, C, X), function() connected() end)
    assert.same({ "ask all 0", "try " .. A .. " 0", "try " .. X .. " 0.25", "try " .. B .. " 0.5",
      "try " .. C .. " 0.75" }, table.move(log, 1, 5, 1, {}))
  end)

  it("go on at once when one fails, also one that began earlier", function()
    local plan = { [X] = { 0.3, "ENETUNREACH" }, [A] = { 100 }, [Y] = { 0.1, "ENETUNREACH" }, [B] = { 1 } }
    local log = with_network(plan, all(X, Y, A, B), function() assert.equal(B .. " 1.4", connected()) end)
    assert.same({ "ask all 0", "try " .. X .. " 0", "try " .. A .. " 0.25", "try " .. Y .. " 0.3",
      "try " .. B .. " 0.4", "cut " .. A .. " 1.4" }, log)
  end)

  it("fail with the first one's error, and all of them as its cause, in the order they began", function()
    local plan = { [X] = { 1, "ETIMEDOUT" }, [A] = { 0.1, "ECONNREFUSED" } }
    with_network(plan, all(X, A), function()
      local err = raised(connected)
      assert.is_true(is(err, { code = "ETIMEDOUT", address = X }))
      assert.equal("ETIMEDOUT ECONNREFUSED", err.cause.errors[1].code .. " " .. err.cause.errors[2].code)
    end)
    with_network(plan, all(A), function()
      local err = raised(connected)
      assert.equal("ECONNREFUSED", err.code)
      assert.is_nil(err.cause)
    end)
  end)

  it("are all cut when connect is cancelled, the lookup too", function()
    local plan = { [A] = { 100 }, [B] = { 100 } }
    local log = with_network(plan, { all = { 100, {} }, inet = { 0, { A, B } } }, function()
      assert.is_false(cohort.move_on_after(1, connected))
      assert.equal(1, cohort.now())
    end)
    assert.same({ "cut " .. A .. " 1", "cut " .. B .. " 1" }, table.move(log, 5, 6, 1, {}))
  end)

  it("that run out of memory raise that, bare, and leave nothing open", function()
    virtual(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      net.resolver:with(function() return { "127.0.0.1", "::1" } end, function()
        local n, err = 0, nil
        repeat
          n = n + 1
          core.set_fault(n)
          local ok, result = pcall(net.connect, "name.example", listener.local_address.port)
          local failed = core.fault()
          core.set_fault(0)
          if ok then result:close() else err = result end
          if not ok and failed == "memory" then assert.matches("not enough memory", tostring(err)) end
          assert.is_false(is(err, cohort.ErrorGroup))
        until not failed
        assert.is_true(n > 5)
      end)
    end)
  end)
end)

describe("a black hole", function()
  -- In all of these a port on one address takes no connections and does not say so. `before` is what is open.
  local prelude = [[
    local cohort, net, core = require "cohort", require "cohort.net", require "cohort.core"

    -- An address whose port answers nobody: its listener keeps no more connections.
    local function fill(host, port)
      local listener = net.listen(host, port, { backlog = 1 })
      port = listener.local_address.port
      local held = { listener }
      while true do
        local ok, stream = cohort.move_on_after(0.1, net.connect, host, port)
        if not ok then return port, held end
        held[#held + 1] = stream
      end
    end

    local function by_name(addresses, port)
      local before, start = core.count_descriptors(), cohort.now()
      local stream = net.resolver:with(function() return addresses end, net.connect, "name.example", port)
      local host, took = stream.peer_address.host, cohort.now() - start
      stream:close()
      cohort.sleep(0.001)
      cohort.sleep(0.001)
      return host, took, core.count_descriptors() - before
    end
  ]]

  it("of a full backlog costs a quarter of a second, and leaves nothing open", function()
    local result = child.run_clean(prelude .. [[
      cohort.run(function()
        local port, held = fill("127.0.0.1", 0)
        local good <close> = net.listen("127.0.0.2", port)
        local host, took, left = by_name({ "127.0.0.1", "127.0.0.2" }, port)
        print(host, took >= 0.25, left)
        for _, object in ipairs(held) do object:close() end
      end)
    ]])
    assert.equal("", result.err)
    assert.equal("127.0.0.2\ttrue\t0\n", result.out)
  end)

  it("is left as soon as a deadline cuts the connect, by name or not, and its socket is closed", function()
    local result = child.run_clean(prelude .. [[
      cohort.run(function()
        local port, held = fill("127.0.0.1", 0)
        local before = core.count_descriptors()
        print((cohort.move_on_after(0.02, net.connect, "127.0.0.1", port)))
        print((cohort.move_on_after(0.3, by_name, { "127.0.0.1", "127.0.0.1" }, port)))
        cohort.sleep(0.001)
        cohort.sleep(0.001)
        print(core.count_descriptors() - before)
        for _, object in ipairs(held) do object:close() end
      end)
    ]])
    assert.equal("", result.err)
    assert.equal("false\nfalse\n0\n", result.out)
  end)

  it("of networks that drop every packet costs a quarter of a second for each address before", function()
    local hole = "ip link set lo up && ip link add d0 type ifb && ip addr add 10.9.0.1/24 dev d0"
      .. " && ip addr add fd09::1/64 dev d0 nodad && ip link set d0 up"
    local namespace = ("unshare -rn sh -c '%s && exec \"$@\"' sh"):format(hole)
    if not child.shell(namespace .. " true") then
      return pending("this machine lets nobody make a network of his own")
    end
    local result = child.run_clean(prelude .. [[
      cohort.run(function()
        local good <close> = net.listen("127.0.0.1", 0)
        local addresses = { "fd09::2", "10.9.0.2", "fd09::3", "127.0.0.1" }
        local host, took, left = by_name(addresses, good.local_address.port)
        print(host, took >= 0.75 and took < 5, left)
      end)
    ]], namespace .. " lua5.4 -W")
    assert.equal("", result.err)
    assert.equal("127.0.0.1\ttrue\t0\n", result.out)
  end)
end)
