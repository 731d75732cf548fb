-- The ends of channels: clones, cancelling, what happens when it is full, and ends that are dropped.
local child = require "spec.support.child"
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


describe("clones of an end", function()
  it("are counted: a side is closed with the last of them", function()
    with_channel(2, function(send, receive)
      local other = send:clone()
      local third = other:clone()
      send:close()
      send:close()
      third:close()
      other(1)
      assert.equal(1, receive())
      assert.is_false((receive:poll()))
      other:close()
      assert.is_nil(receive())
      local r2 = receive:clone()
      receive:close()
      assert.is_nil(r2())
    end)
  end)

  it("cannot be made of a closed one", function()
    with_channel(0, function(send, receive)
      send:close()
      receive:close()
      assert.is_true(is_closed(raised(send.clone, send)))
      assert.is_true(is_closed(raised(receive.clone, receive)))
    end)
  end)

  it("share items: each goes to one receiver", function()
    with_channel(0, function(send, receive, g)
      local got = {}
      for _ = 1, 3 do
        local own = receive:clone()
        g:spawn(function()
          local r <close> = own
          for v in r do
            got[#got + 1] = v
            cohort.checkpoint()
          end
        end)
      end
      receive:close()
      for i = 1, 20 do send(i) end
      send:close()
      cohort.sleep(1)
      table.sort(got)
      assert.equal(20, #got)
      for i = 1, 20 do assert.equal(i, got[i]) end
    end)
  end)
end)

describe("cancelling", function()
  it("a send leaves no item, and the others in their order", function()
    for _, capacity in ipairs { 0, 1 } do
      with_channel(capacity, function(send, receive, g)
        if capacity == 1 then send(0) end
        local senders = {}
        for i = 1, 3 do senders[i] = g:spawn(send, i) end
        cohort.checkpoint()
        senders[2]:cancel()
        local got = {}
        for _ = 1, 2 + capacity do got[#got + 1] = receive() end
        assert.same(capacity == 1 and { 0, 1, 3 } or { 1, 3 }, got)
        assert.is_false((receive:poll()))
      end)
    end
  end)

  it("a receive takes no item, and the next in line gets it", function()
    with_channel(0, function(send, receive, g)
      local receivers = {}
      for i = 1, 3 do receivers[i] = g:spawn(receive) end
      cohort.checkpoint()
      receivers[1]:cancel()
      send(1)
      send(2)
      assert.equal(1, receivers[2]:join())
      assert.equal(2, receivers[3]:join())
    end)
  end)

  it("a receiver that has its item already does not undo that: the next wait raises", function()
    with_channel(0, function(send, receive, g)
      local got, err
      local receiver = g:spawn(function()
        got = receive()
        err = raised(cohort.checkpoint)
        error(err, 0)
      end)
      cohort.checkpoint()
      send(1)
      receiver:cancel()
      receiver:wait()
      assert.equal(1, got)
      assert.is_true(is_cancelled(err))
    end)
  end)

  it("a sender whose item is gone already does not take it back", function()
    with_channel(0, function(send, receive, g)
      local after = false
      local sender = g:spawn(function()
        send(1)
        after = true
      end)
      cohort.checkpoint()
      assert.equal(1, receive())
      sender:cancel()
      sender:wait()
      assert.is_true(after)
      assert.equal("done", sender:status())
    end)
  end)

  it("a send keeps nothing of its value", function()
    with_channel(0, function(send)
      local weak = setmetatable({}, { __mode = "v" })
      cohort.move_on_after(1, function()
        local value = {}
        weak[1] = value
        send(value)
      end)
      cohort.move_on_after(1, cohort.group, function(g)
        local value = {}
        weak[2] = value
        g:spawn(send, value)
      end)
      collectgarbage()
      assert.is_nil(next(weak))
    end)
  end)

  it("waiters in any number leaves nothing in the queues", function()
    with_channel(0, function(send, receive)
      for _ = 1, 3 do
        cohort.move_on_after(1, cohort.group, function(g)
          for i = 1, 50 do
            g:spawn(send, i)
            g:spawn(cohort.move_on_after, 0.5, send, i)
          end
        end)
        assert.is_false((receive:poll()))
      end
      assert.matches("sender 0x%x+ %(0 of 0 items%)$", tostring(send))
    end)
  end)
end)

describe("the option 'overflow'", function()
  it("is to wait, when nothing else is said", function()
    virtual(function()
      for _, options in ipairs { {}, { overflow = "wait" } } do
        local send, receive = cohort.channel(1, options)
        send(1)
        assert.is_false(send:offer(2))
        assert.is_false((cohort.move_on_after(1, send, 2)))
        assert.equal(1, receive())
      end
    end)
  end)

  it("may drop the oldest: what is there is the newest, and send never waits", function()
    virtual(function()
      local send, receive = cohort.channel(3, { overflow = "drop_oldest" })
      for i = 1, 20 do send(i) end
      assert.is_true(send:offer(21))
      assert.equal(3, #receive)
      assert.same({ 19, 20, 21 }, { receive(), receive(), receive() })
      assert.equal(0, cohort.now())
    end)
  end)

  it("may drop the newest: what is there stays, and offer says no", function()
    virtual(function()
      local send, receive = cohort.channel(2, { overflow = "drop_newest" })
      for i = 1, 5 do send(i) end
      assert.is_false(send:offer(6))
      assert.same({ 1, 2 }, { receive(), receive() })
      assert.is_true(send:offer(7))
      assert.equal(7, receive())
    end)
  end)

  it("that drops hands over to who waits, raises Broken, and is a checkpoint all the same", function()
    virtual(function()
      for _, overflow in ipairs { "drop_oldest", "drop_newest" } do
        local send, receive = cohort.channel(1, { overflow = overflow })
        cohort.group(function(g)
          local task = g:spawn(receive)
          cohort.checkpoint()
          send(1)
          send(2)
          assert.equal(1, task:join())
        end)
        cohort.scope(function(scope)
          scope:cancel()
          assert.is_true(is_cancelled(raised(send, 3)))
        end)
        assert.equal(2, receive())
        receive:close()
        assert.is_true(is_broken(raised(send, 4)))
      end
    end)
  end)

  it("that drops makes no sense without a capacity, and is told", function()
    for _, overflow in ipairs { "drop_oldest", "drop_newest" } do
      assert.matches("needs a capacity of 1 or more",
        raised(function() cohort.channel(0, { overflow = overflow }) end))
      assert.equal(2, select("#", cohort.channel(math.huge, { overflow = overflow })))
    end
    assert.matches('"wait", "drop_oldest" or "drop_newest", got "block"',
      raised(function() cohort.channel(1, { overflow = "block" }) end))
  end)
end)

describe("the ends of a channel", function()
  it("tell how it stands: items, capacity, what is closed, who waits", function()
    with_channel(2, function(send, receive, g)
      assert.matches("^sender 0x%x+ %(0 of 2 items%)$", tostring(send))
      for i = 1, 5 do g:spawn(pcall, send, i) end
      cohort.checkpoint()
      assert.matches("receiver 0x%x+ %(2 of 2 items, 3 senders waiting, 1 receiver open%)", tostring(receive))
      receive:close()
      assert.matches("^receiver 0x%x+ %(closed%)$", tostring(receive))
      assert.matches("%(0 of 2 items, no open receiver%)$", tostring(send))
    end)
    with_channel(math.huge, function(send, receive, g)
      g:spawn(receive)
      cohort.checkpoint()
      assert.matches("%(0 items, 1 sender open, 1 receiver waiting%)$", tostring(send))
      send(1)
    end)
  end)

  it("have a metatable that is open, and no fields to assign", function()
    local send, receive = cohort.channel()
    assert.equal("cohort.Sender", getmetatable(send).__name)
    assert.equal("cohort.Receiver", getmetatable(receive).__name)
    assert.equal("table", type(getmetatable(send).__index))
    assert.matches("a sender has no 'poll'", raised(function() return send.poll end))
    assert.matches("a receiver has no 'offer'", raised(function() return receive.offer end))
    assert.matches("channel_ends_spec.lua:%d+: ", raised(function() send.x = 1 end))
  end)

  it("are known from each other: a method of one refuses the other", function()
    local send, receive = cohort.channel()
    assert.matches("close expects a sender first, got cohort.Receiver",
      raised(function() send.close(receive) end))
    assert.matches("close expects a receiver first, got cohort.Sender",
      raised(function() receive.close(send) end))
    assert.matches("expects a sender first", raised(function() getmetatable(send).__call(receive, 1) end))
  end)

  it("stand in the report of a deadlock", function()
    local err = raised(virtual, function()
      local send, receive = cohort.channel(1)
      cohort.group(function(g)
        g:spawn(receive:clone()).name = "r"
        local s, r = cohort.channel(1)
        s(1)
        g:spawn(function() s(r) end).name = "s"
        assert(send)
      end)
    end)
    for _, told in ipairs {
      "'r' waits for an item of a channel (0 of 1 items, 1 sender open, 1 receiver waiting)\n",
      "'s' waits for room in a channel (1 of 1 items, 1 sender waiting, 1 receiver open) at",
    } do
      assert.matches(told, err.message, 1, true)
    end
  end)
end)

-- Runs `source` in a process of its own, with warnings on; returns what it printed and what it warned.
local function run_child(source)
  local result = child.run([[
    local cohort = require "cohort"
    local function collect() collectgarbage() collectgarbage() end
    cohort.run({ signals = false }, function() ]] .. source .. [[ end)
    print "end"
  ]])
  assert.equal(0, result.code, result.err)
  return result.out, result.err
end

describe("an end that is collected without close", function()
  it("closes itself, and the other side's waiter warns with the line of the channel", function()
    local out, err = run_child [[
      local send, receive = cohort.channel()
      cohort.group(function(g)
        local task = g:spawn(receive)
        cohort.checkpoint()
        send = nil
        collect()
        print(task:join())
      end)
    ]]
    assert.equal("nil\nend\n", out)
    assert.matches("^Lua warning: cohort: the last sender of the channel made at .*:3 was collected "
      .. "without close: write 'local x <close> = ...', or call its close%(%)\n$", err)
  end)

  it("closes itself, and the other side warns when it comes later, once", function()
    local out, err = run_child [[
      local send, receive = cohort.channel(5)
      send(1)
      receive = nil
      collect()
      for _ = 1, 2 do print(select(2, pcall(send, 2)).message) end
    ]]
    assert.equal(("send: every receiver of the channel is closed\n"):rep(2) .. "end\n", out)
    assert.matches("^Lua warning: cohort: the last receiver of [^\n]*\n$", err)
  end)

  it("says nothing when the whole channel goes, nor when another end of its side is there", function()
    local out, err = run_child [[
      for i = 1, 100 do
        local send, receive = cohort.channel(1)
        send(i)
      end
      local send, receive = cohort.channel(1)
      local other = send:clone()
      send = nil
      collect()
      other(1)
      other:close()
      print(receive(), receive())
    ]]
    assert.same({ "1\tnil\nend\n", "" }, { out, err })
  end)

  it("says nothing at the end of the state, with tasks that wait", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        send, receive = cohort.channel()
        s2, r2 = cohort.channel()
        cohort.group(function(g)
          for _ = 1, 3 do
            g:spawn(receive)
            g:spawn(s2, 1)
          end
          g:spawn(os.exit, 3, true)
        end)
      end)
    ]]
    assert.same({ 3, "", "" }, { result.code, result.out, result.err })
  end)
end)
