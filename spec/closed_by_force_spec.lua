-- What a task has that is closed by force, and what it was in the middle of.
local cohort = require "cohort"
local core = require "cohort.core"
local fs = require "cohort.fs"
local net = require "cohort.net"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

-- Closes a task by force that is in `operation()`, while `help(is_over)` is another, cancelled afterwards.
local function close_by_force(operation, help)
  pcall(cohort.group, function(g)
    local deaf = g:spawn(tasks.outrun, operation)
    deaf.name = "deaf"
    if help then g:spawn(help, function() return deaf:status() == "failed" end) end
    cohort.checkpoint()
    deaf:cancel()
    cohort.shield(deaf.wait, deaf)
    assert.is_true(cohort.is(deaf:error(), cohort.Stubborn))
    g:cancel()
  end)
end

-- The same, within `o:with`, as deep in it as the call of another coroutine when `inner` is one.
local function close_in_with(o, call)
  pcall(cohort.group, function(g)
    local deaf = g:spawn(call, o.with, o, tasks.outrun, cohort.checkpoint)
    deaf.name = "deaf"
    cohort.checkpoint()
    deaf:cancel()
    cohort.shield(deaf.wait, deaf)
    assert.is_true(cohort.is(deaf:error(), cohort.Stubborn))
  end)
end

-- Does somebody wait to receive?
local function is_awaited(receive)
  return tostring(receive):find("receiver waiting", 1, true) ~= nil
end

-- `f`, which takes long, only when it is near the end.
local function late(f)
  local count = 0
  return function()
    count = count + 1
    if count < 150 then cohort.checkpoint() else f() end
  end
end

local block = ("x"):rep(3 << 20)

local pairs_of = {
  ["TCP"] = function()
    local listener <close> = net.listen("127.0.0.1", 0)
    local a = net.connect("127.0.0.1", listener.local_address.port)
    return a, listener:accept()
  end,
  ["memory"] = net.pair,
  ["memory with delays"] = function() return cohort.testing.stream_pair { delay = { 0, 1e-5 } } end,
}

local calls = {
  ["itself"] = function(f, ...) f(...) end,
  ["a coroutine of it"] = function(f, ...) cohort.coroutine.wrap(f)(...) end,
}

describe("a task that is closed by force", function()
  for what, call in pairs(calls) do
    it("while " .. what .. " is in semaphore:with gives its permit back, once", function()
      virtual(function()
        local s = cohort.semaphore(2, 3)
        s:with(cohort.checkpoint)
        close_in_with(s, call)
        assert.equal(2, s.available)
        close_in_with(s, call)
        assert.equal(2, s.available)
        assert.equal(7, s:with(function() return 7 end))
        assert.equal(2, s.available)
      end)
    end)

    it("while " .. what .. " is in limiter:with gives its place back", function()
      virtual(function()
        local l = cohort.limiter(2)
        close_in_with(l, call)
        assert.equal(2, l.available)
      end)
    end)

    it("while " .. what .. " is in lock:with breaks the lock, which names it", function()
      virtual(function()
        local lock = cohort.lock()
        close_in_with(lock, call)
        local err = raised(lock.acquire, lock)
        assert.is_true(cohort.is(err, cohort.Broken))
        assert.equal("deaf", err.owner)
      end)
    end)
  end

  it("does not take what was received for it: the next receiver gets it, in order", function()
    for _, capacity in ipairs { 0, 100 } do
      virtual(function()
        local send, receive = cohort.channel(capacity)
        local sent, got = 0, {}
        close_by_force(function() got[#got + 1] = receive() end, function(is_over)
          while not is_over() do
            cohort.checkpoint()
            if is_awaited(receive) and send:offer(sent + 1) then sent = sent + 1 end
          end
        end)
        assert.equal(sent - 1, #got)
        cohort.group(function(g)
          for i = 1, 3 do g:spawn(send, sent + i) end
          cohort.checkpoint()
          for i = 0, 3 do assert.equal(sent + i, receive()) end
        end)
        assert.same({ false }, { receive:poll() })
      end)
    end
  end)

  it("does not take what was received for it: who waits for one gets it at once", function()
    virtual(function()
      local send, receive = cohort.channel()
      local sent, got, last = 0, 0, nil
      close_by_force(function()
        receive()
        got = got + 1
      end, function()
        cohort.group(function(g)
          while last == nil do
            cohort.checkpoint()
            if is_awaited(receive) then
              local other = g:spawn(function() last = receive() end)
              cohort.checkpoint()
              sent = sent + 1
              send(sent)
              cohort.checkpoint()
              other:cancel()
            end
          end
        end)
      end)
      assert.equal(sent - 1, got)
      assert.equal(sent, last)
    end)
  end)

  it("does not take what was received for it by a select", function()
    virtual(function()
      local send, receive = cohort.channel()
      local sent, got = 0, 0
      close_by_force(function()
        cohort.select { { cohort.event() }, { receive }, timeout = 9 }
        got = got + 1
      end, function(is_over)
        while not is_over() do
          cohort.checkpoint()
          if send:offer(sent + 1) then sent = sent + 1 end
        end
      end)
      assert.equal(sent - 1, got)
      assert.same({ true, sent }, { receive:poll() })
    end)
  end)

  it("leaves a channel alone whose receivers are closed", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      close_by_force(function() receive() end, function(is_over)
        for i = 1, 161 do
          cohort.checkpoint()
          send(i)
        end
        receive:close()
        while not is_over() do cohort.checkpoint() end
      end)
      assert.is_true(cohort.is(raised(send, 1), cohort.Broken))
    end)
  end)

  for name, open in pairs(pairs_of) do
    it("leaves a stream over " .. name .. " free that it was reading from", function()
      cohort.run(function()
        local a, b = open()
        close_by_force(late(function() b:read_exactly(3 << 20) end), function()
          while true do a:write(block) end
        end)
        assert.is_string(b:read_some())
        a:close()
        b:close()
      end)
    end)

    it("leaves a stream over " .. name .. " free that it was writing to", function()
      cohort.run(function()
        local a, b = open()
        close_by_force(late(function() a:write(block) end), function()
          while true do b:read_some() end
        end)
        local ok, err = pcall(a.write, a, "x")
        assert.is_false(cohort.is(err, cohort.Busy))
        if name == "memory" then assert.is_false(ok) end  -- a part of it was sent
        if not ok then assert.matches("write was cut when a part of it was sent", tostring(err)) end
        a:close()
        b:close()
      end)
    end)
  end

  it("leaves streams free that it was copying", function()
    cohort.run(function()
      local a, b = net.pair()
      local c, d = net.pair()
      close_by_force(late(function() b:copy_to(c, 3 << 20) end), function()
        while true do
          a:write(("x"):rep(1 << 16))
          d:read_some()
        end
      end)
      a:close()
      assert.is_string(b:read_some())
      c:write "x"
      for _, stream in ipairs { b, c, d } do stream:close() end
    end)
  end)

  it("leaves a file and a stream free through which it was sending that", function()
    files.within(function(path)
      files.write(path .. "large", block)
      for _, name in ipairs { path .. "large", "/proc/self/maps" } do  -- that one is always read by a thread
        local a <close>, b = net.pair()
        local _ <close> = b
        local file <close> = fs.open(name)
        close_by_force(late(function()
          file:seek "set"
          file:copy_to(a)
        end), function()
          while true do b:read_some() end
        end)
        file:seek "set"
        assert.equal(1, file:copy_to(a, 1))
        a:write "x"
      end
    end)
  end)

  it("leaves a stream cut through which it was writing a file", function()
    files.within(function(path)
      local a <close>, b = net.pair()
      local _ <close> = b
      local file <close> = fs.open(files.write(path .. "large", block))
      close_by_force(late(function()
        file:seek "set"
        a:write("x", file)
      end), function()
        while true do b:read_some() end
      end)
      assert.equal("write: an earlier write was cut when a part of it was sent",
        raised(a.write, a, "x").message)
      assert.is_true(file:seek() < #block)
    end)
  end)

  it("leaves a listener free that it was accepting from", function()
    cohort.run(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local port = listener.local_address.port
      close_by_force(function() listener:accept():close() end, function()
        while true do net.connect("127.0.0.1", port):close() end
      end)
      listener:accept():close()
    end)
  end)

  it("leaves a UDP socket free that it was receiving from", function()
    cohort.run(function()
      local socket <close> = net.udp { host = "127.0.0.1" }
      close_by_force(function() socket:receive() end, function()
        while true do
          socket:send("x", socket.local_address)
          cohort.checkpoint()
        end
      end)
      socket:send("x", socket.local_address)
      socket:receive()
    end)
  end)

  it("closes what it was connecting, and forgets what it was looking up", function()
    cohort.run(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local port = listener.local_address.port
      close_by_force(function() net.connect("127.0.0.1", port):close() end, function()
        while true do listener:accept():close() end
      end)
      local bytes = core.debug_counts().bytes
      close_by_force(function() core.resolve("localhost", "a spec") end)
      while core.debug_counts().bytes > bytes do cohort.sleep(0.001) end  -- until its thread has ended
      assert.is_true(core.debug_counts().bytes <= bytes)
    end)
  end)

  it("leaves an event of a watcher to the next that waits for one", function()
    files.within(function(dir)
      local watcher <close> = fs.watch(dir)
      local waits, made, got, last = false, 0, 0, nil
      close_by_force(function()
        waits = true
        watcher()
        waits = false
        got = got + 1
      end, function()
        cohort.group(function(g)
          while last == nil do
            cohort.checkpoint()
            if waits then
              local other = g:spawn(function() last = select(2, watcher()) end)
              cohort.checkpoint()
              made = made + 1
              fs.mkdir(dir .. made)
              files.settle()
              other:cancel()
            end
          end
        end)
      end)
      assert.equal(made - 1, got)
      assert.equal(tostring(made), last)
    end)
  end)
end)
