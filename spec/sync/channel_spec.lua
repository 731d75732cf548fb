-- Channels: values go from tasks that send to tasks that receive, in order, once each.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, is_cancelled = tasks.virtual, tasks.raised, tasks.is_cancelled

local function is_closed(err) return cohort.is(err, cohort.Closed) end
local function is_broken(err) return cohort.is(err, cohort.Broken) end

-- All that `f(send, receive, g)` leaves running has ended; each claim is about what it wrote into the log.
local function with_channel(capacity, f)
  return virtual(function()
    local send, receive = cohort.channel(capacity)
    return cohort.group(function(g) return f(send, receive, g) end)
  end)
end

-- Spawns a task that appends `name` and what `f(...)` gave to the log.
local function logged(g, log, name, f, ...)
  return g:spawn(function(...)
    local result = table.pack(pcall(f, ...))
    local text = name
    if not result[1] then text = ("%s: %s"):format(name, result[2]):gsub("^(.-): .-:%d+: ", "%1: ")
    elseif result.n > 1 then text = ("%s %s"):format(name, result[2]) end
    log[#log + 1] = text
    if not result[1] and is_cancelled(result[2]) then error(result[2], 0) end
  end, ...)
end

describe("a channel", function()
  it("of capacity 0 is a rendezvous: send ends when a receiver has the item", function()
    with_channel(0, function(send, receive, g)
      local log = {}
      logged(g, log, "sent", send, 1)
      cohort.sleep(1)
      assert.same({}, log)
      assert.equal(1, receive())
      cohort.checkpoint()
      assert.same({ "sent" }, log)
    end)
  end)

  it("is a rendezvous when no capacity is given", function()
    virtual(function()
      local send, receive = cohort.channel()
      assert.is_false(send:offer(1))
      cohort.group(function(g)
        g:spawn(send, 2)
        assert.equal(2, receive())
      end)
    end)
  end)

  it("of capacity n takes n items without a wait, and then waits", function()
    with_channel(3, function(send, receive, g)
      for i = 1, 3 do send(i) end
      assert.equal(0, cohort.now())
      assert.equal(3, #receive)
      local fourth = g:spawn(send, 4)
      cohort.sleep(1)
      assert.equal("waiting", fourth:status())
      for i = 1, 4 do assert.equal(i, receive()) end
    end)
  end)

  it("has a capacity that is a whole number of 0 or more, which may be written as a float", function()
    virtual(function()
      local send, receive = cohort.channel(2.0)
      assert.same({ true, true, false }, { send:offer(1), send:offer(2), send:offer(3) })
      assert.equal(2, #receive)
      for _, wrong in ipairs { -1, 1.5, -math.huge, 0 / 0 } do
        assert.matches("channel expects a whole number of 0 or more", raised(cohort.channel, wrong))
      end
    end)
  end)

  it("of capacity math.huge never makes a sender wait", function()
    with_channel(math.huge, function(send, receive)
      for i = 1, 5000 do send(i) end
      assert.equal(5000, #receive)
      for i = 1, 5000 do assert.equal(i, receive()) end
      assert.equal(0, #receive)
    end)
  end)

  it("keeps its order through every growth of its ring", function()
    with_channel(math.huge, function(send, receive)
      local sent, got = 0, 0
      for round = 1, 60 do
        for _ = 1, round * 7 do
          sent = sent + 1
          send(sent)
        end
        for _ = 1, round * 5 do
          got = got + 1
          assert.equal(got, receive())
        end
      end
      while got < sent do
        got = got + 1
        assert.equal(got, receive())
      end
    end)
  end)

  it("lets go of what was received, and of the memory of a long queue", function()
    with_channel(math.huge, function(send, receive)
      local weak = setmetatable({}, { __mode = "v" })
      local before = collectgarbage "count"
      for i = 1, 20000 do send { i } end
      weak[1] = receive()
      for _ = 2, 20000 do receive() end
      collectgarbage()
      collectgarbage()
      assert.is_nil(weak[1])
      assert.is_true(collectgarbage "count" < before + 200)
    end)
  end)

  it("lets go of what was received after its ring has grown in the middle of a round", function()
    with_channel(math.huge, function(send, receive)
      local weak = setmetatable({}, { __mode = "v" })
      local function put(from, to)
        for i = from, to do
          weak[i] = { i }
          send(weak[i])
        end
      end
      put(1, 8)
      for _ = 1, 4 do receive() end
      put(9, 13)
      for i = 5, 12 do assert.equal(i, receive()[1]) end
      collectgarbage()
      collectgarbage()
      local count = 0
      for _ in pairs(weak) do count = count + 1 end
      assert.equal(1, count)
      assert.equal(13, receive()[1])
    end)
  end)

  it("takes every value but nil, false and itself too", function()
    with_channel(1, function(send, receive)
      for _, value in ipairs { false, 0, "", 1.5, {}, print, send, receive, coroutine.create(print) } do
        send(value)
        assert.equal(value, receive())
      end
    end)
  end)

  it("refuses nil with a hint, and more or less than one value", function()
    with_channel(1, function(send, receive)
      for _, call in ipairs { function() send(nil) end, function() send:offer(nil) end } do
        local err = raised(call)
        assert.matches("channel_spec.lua:%d+: %a+ expects a value that is not nil", err)
        assert.matches("take false, or a table around it", err)
      end
      assert.matches("expects a value, got none: write send%(v%)", raised(function() send() end))
      assert.matches("one value, got 2: put them into a table", raised(function() send(1, 2) end))
      assert.matches("one value, got 2", raised(function() send(1, nil) end))
      assert.equal(0, #receive)
    end)
  end)

  it("can be made and filled outside of tasks, and used in several runs", function()
    local send, receive = cohort.channel(2)
    assert.is_true(send:offer(1))
    virtual(function() send(2) end)
    assert.same({ 1, 2 }, virtual(function() return { receive(), receive() } end))
    assert.is_false((receive:poll()))
    assert.matches("no task runs here", raised(function() receive() end))
    assert.matches("no task runs here", raised(function() send(1) end))
  end)

  it("gives waiting receivers their items first in, first out", function()
    with_channel(0, function(send, _, g)
      local log = {}
      for i = 1, 3 do logged(g, log, i, _) end
      cohort.checkpoint()
      for i = 1, 3 do send(i * 10) end
      cohort.checkpoint()
      assert.same({ "1 10", "2 20", "3 30" }, log)
    end)
  end)

  it("serves waiting senders first in, first out", function()
    with_channel(1, function(send, receive, g)
      for i = 1, 4 do g:spawn(send, i) end
      cohort.checkpoint()
      for i = 1, 4 do assert.equal(i, receive()) end
    end)
  end)

  it("hands an item to the receiver that waits: nobody else can poll it", function()
    with_channel(1, function(send, receive, g)
      local first = g:spawn(receive)
      cohort.checkpoint()
      send(1)
      assert.is_false((receive:poll()))
      assert.equal(0, #receive)
      assert.equal(1, first:join())
    end)
  end)

  it("fills a freed place at once with the item of the sender that waits", function()
    with_channel(1, function(send, receive, g)
      send(1)
      g:spawn(send, 2)
      cohort.checkpoint()
      assert.equal(1, receive())
      assert.equal(1, #receive)
      assert.is_false(send:offer(3))
      assert.equal(2, receive())
    end)
  end)

  it("lets nobody starve: a task that sends and receives without a wait yields by itself", function()
    with_channel(1, function(send, receive, g)
      local others = 0
      local other = g:spawn_daemon(function()
        while true do
          others = others + 1
          cohort.checkpoint()
        end
      end)
      for i = 1, 1000 do
        send(i)
        receive()
      end
      other:cancel()
      assert.is_true(others > 20)
    end)
  end)

  it("lets its ends be spawned, and used in a group of their own", function()
    with_channel(0, function(send, receive, g)
      local task = g:spawn(receive)
      g:spawn(send, "x")
      assert.equal("x", task:join())
    end)
  end)
end)

describe("send:offer and receive:poll", function()
  it("never wait, and say whether it happened", function()
    with_channel(1, function(send, receive)
      assert.same({ false, n = 1 }, table.pack(receive:poll()))
      assert.is_true(send:offer(1))
      assert.is_false(send:offer(2))
      assert.same({ true, 1, n = 2 }, table.pack(receive:poll()))
      assert.is_false((receive:poll()))
      send:close()
      assert.same({ true, nil, n = 2 }, table.pack(receive:poll()))
      assert.same({ true, nil, n = 2 }, table.pack(receive:poll()))
    end)
  end)

  it("meet a task that waits on the other side", function()
    with_channel(0, function(send, receive, g)
      local receiver = g:spawn(receive)
      cohort.checkpoint()
      assert.is_true(send:offer(false))
      assert.is_false(send:offer(2))
      assert.equal(false, receiver:join())
      local sender = g:spawn(send, 3)
      cohort.checkpoint()
      assert.same({ true, 3 }, { receive:poll() })
      assert.is_false((receive:poll()))
      sender:join()
    end)
  end)

  it("work in a cancelled scope, where send and receive raise and do nothing", function()
    with_channel(1, function(send, receive)
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(is_cancelled(raised(send, 1)))
        assert.equal(0, #receive)
        assert.is_true(send:offer(2))
        assert.is_true(is_cancelled(raised(receive)))
        assert.equal(1, #receive)
        assert.same({ true, 2 }, { receive:poll() })
        send:clone():close()
        send:close()
      end)
    end)
  end)

  it("raise as send and receive do when an end is closed", function()
    with_channel(1, function(send, receive)
      local other = receive:clone()
      receive:close()
      assert.is_true(is_closed(raised(receive.poll, receive)))
      other:close()
      assert.is_true(is_broken(raised(send.offer, send, 1)))
      send:close()
      assert.is_true(is_closed(raised(send.offer, send, 1)))
    end)
  end)
end)

describe("a closed channel", function()
  it("gives what is left in it, then nil, as often as it is asked", function()
    with_channel(3, function(send, receive)
      send(1)
      send(2)
      send:close()
      assert.equal(1, receive())
      assert.equal(2, receive())
      assert.is_nil(receive())
      assert.is_nil(receive())
      assert.same({ true, nil, n = 2 }, table.pack(receive:poll()))
    end)
  end)

  it("ends the loops over it, those that wait too", function()
    with_channel(2, function(send, receive, g)
      local sum, ended = 0, 0
      for _ = 1, 3 do
        g:spawn(function()
          for v in receive do sum = sum + v end
          ended = ended + 1
        end)
      end
      for i = 1, 10 do send(i) end
      cohort.sleep(1)
      assert.equal(0, ended)
      send:close()
      cohort.checkpoint()
      assert.same({ 55, 3 }, { sum, ended })
    end)
  end)

  it("raises Closed in a loop over an end that another task closes", function()
    with_channel(1, function(send, receive, g)
      local log = {}
      logged(g, log, "loop", function()
        for v in receive do log[#log + 1] = v end
      end)
      send(1)
      cohort.checkpoint()
      receive:close()
      cohort.checkpoint()
      assert.same({ 1, "loop: Closed: receive: this end of the channel is closed" }, log)
    end)
  end)

  it("raises Broken in senders, waiting and new, and drops what was in it, when its last receiver is closed",
    function()
      with_channel(1, function(send, receive, g)
        local weak = setmetatable({ {} }, { __mode = "v" })
        local log = {}
        send(weak[1])
        logged(g, log, "a", send, 2)
        logged(g, log, "b", send:clone(), 3)
        cohort.checkpoint()
        receive:close()
        cohort.checkpoint()
        assert.same({ "a: Broken: send: every receiver of the channel is closed",
          "b: Broken: send: every receiver of the channel is closed" }, log)
        for _ = 1, 2 do
          local err = raised(send, 4)
          assert.is_true(is_broken(err))
          assert.equal("send", err.operation)
        end
        collectgarbage()
        assert.is_nil(weak[1])
      end)
    end)

  it("raises Closed for its own end first, whatever the other side is", function()
    with_channel(1, function(send, receive)
      send(1)
      receive:close()
      send:close()
      for _ = 1, 2 do
        assert.is_true(is_closed(raised(send, 1)))
        local err = raised(receive)
        assert.is_true(is_closed(err))
        assert.equal("receive", err.operation)
        assert.is_true(is_closed(raised(receive.poll, receive)))
      end
    end)
  end)

  it("wakes with Closed only who waits by the end that was closed", function()
    for _, side in ipairs { "send", "receive" } do
      with_channel(0, function(send, receive, g)
        local log = {}
        local ends = side == "send" and { send, send:clone(), send:clone() }
          or { receive, receive:clone(), receive:clone() }
        for i = 1, 6 do logged(g, log, i, ends[(i - 1) % 3 + 1], side == "send" and i or nil) end
        cohort.checkpoint()
        ends[2]:close()
        cohort.checkpoint()
        local text = (": Closed: %s: this end of the channel is closed"):format(side)
        assert.same({ "2" .. text, "5" .. text }, log)
        for i = 1, 4 do
          if side == "send" then assert.equal(({ 1, 3, 4, 6 })[i], receive()) else send(i) end
        end
      end)
    end
  end)

  it("keeps what ended a wait, though its end is closed before it goes on", function()
    with_channel(0, function(send, receive, g)
      local receivers = { g:spawn(receive), g:spawn(receive) }
      cohort.checkpoint()
      send(1)
      send:close()
      receive:close()
      assert.equal(1, receivers[1]:join())
      assert.is_nil(receivers[2]:join())
    end)
  end)

  it("can be closed again and again, by one who is cancelled too", function()
    with_channel(0, function(send, receive)
      cohort.scope(function(scope)
        scope:cancel()
        for _ = 1, 3 do
          send:close()
          receive:close()
        end
      end)
      assert.is_true(is_closed(raised(send, 1)))
    end)
  end)

  it("is closed by the end of a block that has it in a <close> variable", function()
    with_channel(1, function(send, receive)
      do
        local s <close> = send
        s(1)
      end
      assert.equal(1, receive())
      assert.is_nil(receive())
      pcall(function()
        local _ <close> = receive
        error "x"
      end)
      assert.is_true(is_closed(raised(receive)))
    end)
  end)
end)
