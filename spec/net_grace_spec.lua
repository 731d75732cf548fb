-- serve with grace: how serving ends, who gets how much time, and what a failure changes.
local core = require "cohort.core"
local cohort = require "cohort"
local net = require "cohort.net"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local raised, look, handles = tasks.raised, sockets.look, sockets.handles
local listening = sockets.listening

describe("serve with grace", function()
  -- Serves connections that end by themselves `seconds` after their first line; tells what became of each.
  local function slow(seconds, log)
    return function(stream)
      stream:read()
      local _ <close> = setmetatable({}, { __close = function(_, err)
        log[#log + 1] = ("%s at %g"):format(tasks.is_cancelled(err) and "cut" or "done", cohort.now())
      end })
      cohort.sleep(seconds)
      stream:write("bye\n")
    end
  end

  -- Calls body(server, connect, listener) beside a server; connect() gives a stream whose handler is at work.
  local function serving(options, handler, body)
    return listening(function(listener, port)
      local before = handles()
      cohort.group(function(g)
        local server = g:spawn(function() return cohort.attempt(net.serve, listener, options, handler) end)
        body(server, function()
          local stream = net.connect("127.0.0.1", port)
          stream:write("go\n")
          look(5)
          return stream
        end, listener)
      end)
      listener:close()
      look(2)
      assert.equal(before - 1, handles())
    end)
  end

  local function assert_times(expected, log)
    local times = {}
    for i, line in ipairs(log) do
      times[i] = line:gsub("at ([%d.]+)", function(time) return ("at %.1f"):format(time) end)
    end
    assert.same(expected, times)
  end

  it("lets handlers end when it is cancelled, takes no more connections, and raises Cancelled", function()
    local log = {}
    serving({ grace = 5 }, slow(3, log), function(server, connect, listener)
      local stream <close> = connect()
      server:cancel()
      look(3)
      assert.matches("closed", tostring(listener))
      assert.equal("ECONNREFUSED", raised(connect).code)
      assert.equal("bye", stream:read())
      server:wait()
      assert.equal("cancelled", server:status())
    end)
    assert_times({ "done at 3.0" }, log)
  end)

  it("cancels handlers that have not ended in time", function()
    local log = {}
    serving({ grace = 2 }, slow(3, log), function(server, connect)
      local stream <close> = connect()
      server:cancel()
      assert.is_nil(stream:read())
      server:wait()
      assert.equal("cancelled", server:status())
    end)
    assert_times({ "cut at 2.0" }, log)
  end)

  it("counts from the moment that the listener is closed, and then returns", function()
    local log = {}
    serving({ grace = 2 }, slow(9, log), function(server, connect, listener)
      local stream <close> = connect()
      cohort.sleep(1)
      listener:close()
      assert.is_nil(stream:read())
      assert.is_true((server:join()))
    end)
    assert_times({ "cut at 3.0" }, log)
  end)

  it("of zero seconds cancels at once, and of math.huge never", function()
    local log = {}
    serving({ grace = 0 }, slow(3, log), function(server, connect)
      local stream <close> = connect()
      server:cancel()
      assert.is_nil(stream:read())
    end)
    serving({ grace = math.huge }, slow(1e6, log), function(server, connect)
      local stream <close> = connect()
      server:cancel()
      assert.equal("bye", stream:read())
    end)
    assert.matches("^cut at", log[1])
    assert.matches("^done at 1e%+06", log[2])
  end)

  it("gives a connection its time whenever the cancellation comes, if it was accepted", function()
    local log, refused = {}, 0
    for turns = 1, 13 do
      listening(function(listener, port)
        local stream <close> = net.connect("127.0.0.1", port)
        cohort.scope(function(scope)
          cohort.group(function(g)
            g:spawn(net.serve, listener, { grace = 5 }, function(accepted)
              cohort.sleep(3)
              accepted:write("bye\n")
              log[#log + 1] = "done"
            end)
            g:spawn(function()
              look(turns)
              scope:cancel()
            end)
          end)
        end)
        local ok, line = pcall(stream.read, stream)
        if not ok then refused = refused + 1 else assert.equal("bye", line) end
      end)
    end
    assert.is_true(#log > 0)
    assert.equal(13, #log + refused)
  end)

  it("cancels the rest at once when a handler fails, in its time or before", function()
    for _, stop in ipairs { true, false } do
      local log = {}
      serving({ grace = 50 }, function(stream)
        local _ <close> = setmetatable({}, { __close = function(_, err)
          log[#log + 1] = tasks.is_cancelled(err) and "cut" or tostring(err)
        end })
        if stream:read() ~= "go" or stream:read() == "fail" then error("failed", 0) end
        cohort.sleep_forever()
      end, function(server, connect)
        local a <close> = connect()
      local b <close> = connect()
        if stop then server:cancel() end
        cohort.sleep(1)
        b:write("fail\n")
        assert.is_nil(a:read())
        local ok, err = server:join()
        assert.is_false(ok)
        assert.same({ "failed" }, tasks.shape(err))
        assert.equal(1, math.floor(cohort.now()))
      end)
      table.sort(log)
      assert.same({ "cut", "failed" }, log)
    end
  end)

  it("cancels at once what has not begun when a handler fails", function()
    listening(function(listener, port)
      local a <close> = net.connect("127.0.0.1", port)
      local b <close> = net.connect("127.0.0.1", port)
      local begun = 0
      local err = raised(net.serve, listener, { grace = 50 }, function()
        begun = begun + 1
        if begun == 1 then error("failed", 0) end
        cohort.sleep(1000)
      end)
      assert.same({ "failed" }, tasks.shape(err))
      assert.equal(2, begun)
      assert.is_true(cohort.now() < 1)
      assert.is_nil(a:read())
      assert.is_nil(b:read())
    end)
  end)

  it("cancels the handlers at once when accepting fails", function()
    local hits = 0
    for n = 1, 12 do
      local cut
      serving({ grace = 50 }, function(stream)
        local _ <close> = setmetatable({}, { __close = function() cut = cohort.now() end })
        stream:read()
        stream:read()
      end, function(server, connect)
        local a <close> = connect()
        core.set_fault(n, "EINVAL")  -- of all that connecting and accepting ask
        local ok, b = pcall(net.connect, "127.0.0.1", a.peer_address.port)
        if ok then b:close() end
        look(5)
        local failed = core.fault()
        core.set_fault(0)
        if failed ~= "accept" then return server:cancel() end
        hits = hits + 1
        local done, err = server:join()
        assert.is_false(done)
        assert.is_true(cohort.is(err.errors[1], { code = "EINVAL", operation = "accept" }))
        assert.is_true(cut < 1)
      end)
    end
    assert.is_true(hits > 0)
  end)

  it("tells on_error of errors in that time, and goes on", function()
    local told = {}
    local options = { grace = 5, on_error = function(err) told[#told + 1] = err end }
    serving(options, function(stream)
      stream:read()
      cohort.sleep(1)
      error("late", 0)
    end, function(server, connect)
      local a <close> = connect()
      local b <close> = connect()
      server:cancel()
      assert.is_nil(a:read())
      assert.is_nil(b:read())
      server:wait()
      assert.equal("cancelled", server:status())
    end)
    assert.same({ "late", "late" }, told)
  end)

  it("that is cancelled while it is full closes the stream it could not hand on", function()
    local log = {}
    serving({ grace = 5, limit = 1 }, slow(3, log), function(server, connect)
      local a <close> = connect()
      local b <close> = net.connect("127.0.0.1", a.peer_address.port)
      look(3)
      server:cancel()
      assert.is_nil(b:read())
      assert.equal("bye", a:read())
    end)
    assert_times({ "done at 3.0" }, log)
  end)

  it("stops accepting first: a listener is closed while handlers still clean up", function()
    local state
    serving({}, function(stream)
      local _ <close> = setmetatable({}, { __close = function()
        cohort.shield(cohort.sleep, 1)
      end })
      stream:read()
      stream:read()
    end, function(server, connect, listener)
      local a <close> = connect()
      server:cancel()
      look(3)
      state = tostring(listener)
      assert.equal("waiting", server:status())
      assert.is_nil(a:read())
    end)
    assert.matches("closed", state)
  end)
end)
