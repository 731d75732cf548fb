-- Broadcasts: every subscriber sees every item that is sent after it subscribed.
local child = require "spec.support.child"
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

local function in_group(f, ...)
  return virtual(cohort.group, f, ...)
end

local function is_closed(err) return cohort.is(err, cohort.Closed) end

-- A task that collects all that a subscription gives, with `pause` seconds after each.
local function collector(g, sub, pause)
  return g:spawn(function()
    local own <close>, got = sub, {}
    for item in own do
      got[#got + 1] = item
      if pause then cohort.sleep(pause) end
    end
    return got
  end)
end

describe("a broadcast", function()
  it("gives every item to every subscriber, in order, in every capacity", function()
    for _, capacity in ipairs { 0, 1, 3, math.huge } do
      in_group(function(g)
        local b = cohort.broadcast(capacity)
        local collectors = {}
        for i = 1, 4 do collectors[i] = collector(g, b:subscribe(), i % 2 == 0 and i or nil) end
        local expected = {}
        for i = 1, 10 do
          b:send(i)
          expected[i] = i
        end
        b:close()
        for _, task in ipairs(collectors) do assert.same(expected, task:join()) end
      end)
    end
  end)

  it("gives a subscriber what is sent from then on, and nothing from before", function()
    in_group(function()
      local b = cohort.broadcast(5)
      b:send "nobody hears"
      local first <close> = b:subscribe()
      b:send "one"
      local second <close> = b:subscribe()
      b:send "two"
      assert.same({ "one", "two" }, { first(), first() })
      assert.equal("two", second())
      assert.is_false((second:poll()))
    end)
  end)

  it("can be made outside of a run, and used in one after the other", function()
    local b = cohort.broadcast(1)
    for i = 1, 2 do
      in_group(function()
        local sub <close> = b:subscribe()
        b:send(i)
        assert.equal(i, sub())
      end)
    end
  end)

  it("waits for the slowest: nobody is more than the capacity behind", function()
    in_group(function(g)
      local b = cohort.broadcast(2)
      local slow <close> = b:subscribe()
      collector(g, b:subscribe())
      b:send(1)
      b:send(2)
      local third = g:spawn(b.send, b, 3)
      cohort.sleep(1)
      assert.equal("waiting", third:status())
      assert.equal(2, #slow)
      assert.equal(1, slow())
      cohort.checkpoint()
      third:join()
      b:close()
    end)
  end)

  it("of capacity 0 sends when all its subscribers wait for an item", function()
    in_group(function(g)
      local b = cohort.broadcast()
      local subs = { b:subscribe(), b:subscribe() }
      assert.is_false(b:offer(1))
      local first = g:spawn(subs[1])
      cohort.checkpoint()
      assert.is_false(b:offer(1))
      local second = g:spawn(subs[2])
      cohort.checkpoint()
      assert.is_true(b:offer(2))
      assert.is_false(b:offer(3))
      assert.same({ 2, 2 }, { first:join(), second:join() })
      for _, sub in ipairs(subs) do sub:close() end
    end)
  end)

  it("serves its senders in the order in which they came", function()
    in_group(function(g)
      local b = cohort.broadcast(1)
      local sub <close> = b:subscribe()
      b:send(0)
      for i = 1, 4 do g:spawn(b.send, b, i) end
      cohort.checkpoint()
      cohort.checkpoint()
      assert.is_false(b:offer "barges in")
      local got = {}
      for i = 1, 5 do
        got[i] = sub()
        if i < 5 then assert.is_false(b:offer "barges in, though there is room for one") end
        cohort.sleep(1)
      end
      assert.same({ 0, 1, 2, 3, 4 }, got)
      assert.is_true(b:offer "in time")
    end)
  end)

  it("lets no offer in between two senders, of whom the second has yet to go on", function()
    in_group(function(g)
      local b = cohort.broadcast(2)
      local sub <close> = b:subscribe()
      b:send(1)
      b:send(2)
      local offered
      g:spawn(function()
        b:send(3)
        offered = b:offer "barges in"
      end)
      g:spawn(b.send, b, 4)
      cohort.checkpoint()
      assert.same({ 1, 2 }, { sub(), sub() })
      cohort.sleep(1)
      assert.is_false(offered)
      assert.same({ 3, 4 }, { sub(), sub() })
      assert.is_true(b:offer "in time")
    end)
  end)

  it("forgets a subscriber that is closed, and goes on without it", function()
    in_group(function(g)
      local b = cohort.broadcast(1)
      local stuck, other = b:subscribe(), b:subscribe()
      assert.equal(2, #b)
      b:send(1)
      local sender = g:spawn(b.send, b, 2)
      assert.equal(1, other())
      cohort.sleep(1)
      assert.equal("waiting", sender:status())
      stuck:close()
      stuck:close()
      sender:join()
      assert.equal(1, #b)
      assert.equal(2, other())
      other:close()
      assert.equal(0, #b)
      b:send "nobody hears"
    end)
  end)

  it("is subscribed to at the same cost when many have, and when many of those have gone", function()
    in_group(function()
      local b <close> = cohort.broadcast(1)
      -- How many instructions of Lua the next 100 subscriptions take.
      local function count(each)
        local instructions = 0
        debug.sethook(function() instructions = instructions + 1 end, "", 1)
        for _ = 1, 100 do each(b:subscribe()) end
        debug.sethook()
        return instructions
      end
      local subs = {}
      local function keep(sub) subs[#subs + 1] = sub end
      local first = count(keep)
      for _ = 1, 2000 do keep(b:subscribe()) end
      assert.is_true(count(keep) < 2 * first)
      for i = 1, #subs, 2 do subs[i]:close() end
      assert.is_true(count(function(sub) sub:close() end) < 20 * first)
      assert.equal(1100, #b)
    end)
  end)

  it("that is closed lets its subscribers see what they were sent, then ends their loops", function()
    in_group(function(g)
      local b = cohort.broadcast(5)
      local sub, waiting = b:subscribe(), b:subscribe()
      local task = g:spawn(waiting)
      b:send(1)
      b:send(2)
      b:close()
      b:close()
      assert.same({ 1, 2 }, collector(g, sub):join())
      assert.is_nil(sub())
      assert.same({ true, nil, n = 2 }, table.pack(sub:poll()))
      assert.equal(1, task:join())
      assert.same({ 2 }, { waiting(), waiting() })
      for _, call in ipairs { "send", "offer", "subscribe" } do
        local err = raised(b[call], b, call ~= "subscribe" and 1 or nil)
        assert.is_true(is_closed(err))
        assert.equal(call, err.operation)
      end
    end)
  end)

  it("that is closed raises Closed in the senders that wait", function()
    in_group(function(g)
      local b = cohort.broadcast()
      local sub <close> = b:subscribe()
      local errors = {}
      for i = 1, 2 do g:spawn(function() errors[i] = raised(b.send, b, i) end) end
      cohort.sleep(1)
      b:close()
      cohort.sleep(1)
      assert.is_true(is_closed(errors[1]))
      assert.is_true(is_closed(errors[2]))
      assert.is_nil(sub())
    end)
  end)

  it("is closed by the end of a block that has it in a <close> variable", function()
    in_group(function()
      local sub
      do
        local b <close> = cohort.broadcast(1)
        sub = b:subscribe()
        b:send(1)
      end
      assert.same({ 1 }, { sub(), sub() })
    end)
  end)

  it("refuses nil with a hint, and more or less than one value", function()
    in_group(function()
      local b = cohort.broadcast(1)
      for _, call in ipairs { "send", "offer" } do
        assert.matches("broadcast_spec.lua:%d+: " .. call .. " expects a value that is not nil",
          raised(function() b[call](b, nil) end))
        assert.matches("one value, got none: write b:" .. call, raised(function() b[call](b) end))
        assert.matches("one value, got 2", raised(function() b[call](b, 1, nil) end))
      end
    end)
  end)

  it("tells how it stands", function()
    in_group(function(g)
      local b = cohort.broadcast()
      assert.matches("^broadcast 0x%x+ %(0 subscribers%)$", tostring(b))
      local sub = b:subscribe()
      g:spawn(pcall, b.send, b, 1)
      cohort.checkpoint()
      assert.matches("%(1 subscribers, a sender waiting%)$", tostring(b))
      assert.matches("^subscription 0x%x+ %(0 items%)$", tostring(sub))
      sub:close()
      b:close()
      assert.matches("%(closed%)$", tostring(b))
      assert.matches("%(closed%)$", tostring(sub))
      assert.equal("cohort.Broadcast", getmetatable(b).__name)
      assert.equal("cohort.Subscription", getmetatable(sub).__name)
    end)
  end)
end)

describe("a subscription", function()
  it("that is closed raises Closed, in who waits for its next item too", function()
    in_group(function(g)
      local b = cohort.broadcast()
      local sub = b:subscribe()
      local err
      g:spawn(function() err = raised(sub) end)
      cohort.checkpoint()
      sub:close()
      cohort.checkpoint()
      assert.is_true(is_closed(err))
      assert.is_true(is_closed(raised(sub)))
      assert.is_true(is_closed(raised(sub.poll, sub)))
    end)
  end)

  it("may be polled, which makes room as a step does", function()
    in_group(function(g)
      local b = cohort.broadcast(1)
      local sub <close> = b:subscribe()
      assert.is_false((sub:poll()))
      assert.is_true(b:offer "x")
      assert.is_false(b:offer "y")
      assert.same({ true, "x" }, { sub:poll() })
      assert.is_true(b:offer "z")
      local sender = g:spawn(b.send, b, "last")
      cohort.checkpoint()
      assert.same({ true, "z" }, { sub:poll() })
      sender:join()
      assert.equal("last", sub())
    end)
  end)

  it("may be used by several tasks, each of which gets other items", function()
    in_group(function(g)
      local b = cohort.broadcast()
      local sub <close> = b:subscribe()
      local got = {}
      for _ = 1, 3 do
        g:spawn(function()
          for item in sub do got[#got + 1] = item end
        end)
      end
      for i = 1, 9 do b:send(i) end
      b:close()
      cohort.sleep(1)
      table.sort(got)
      assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, got)
    end)
  end)

  it("that is left open is closed where its last task ends, with a warning that names the line", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local b = cohort.broadcast()
        cohort.group(function(g)
          g:spawn(function()
            local sub = b:subscribe()
            cohort.sleep(0.001)
          end)
          cohort.checkpoint()
          b:send "x"
          print(#b)
        end)
      end)
    ]]
    assert.same({ 0, "0\n" }, { result.code, result.out })
    assert.matches("^Lua warning: cohort: the subscription made at .*:6 was left open: "
      .. "write 'local sub <close> = b:subscribe%(%)'\n$", result.err)
  end)

  it("can be made by a task or coroutine that does nothing else", function()
    in_group(function(g)
      local b = cohort.broadcast(1)
      local sub <close> = coroutine.wrap(b.subscribe)(b)
      b:offer "x"
      assert.same({ true, "x" }, { sub:poll() })
      g:spawn(b.subscribe, b):join():close()
    end)
  end)

  it("outlives the task that subscribed when another one reads it", function()
    in_group(function(g)
      local b = cohort.broadcast()
      local reader
      g:spawn(function()
        local sub = b:subscribe()
        reader = g:spawn(function()
          local own <close>, got = sub, {}
          for item in own do got[#got + 1] = item end
          return got
        end)
        cohort.checkpoint()
      end):join()
      assert.equal(1, #b)
      b:send(1)
      b:send(2)
      b:close()
      assert.same({ 1, 2 }, reader:join())
    end)
  end)

  it("that is left open by a task that is cancelled, or closed in time, is not worth a warning", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local b = cohort.broadcast()
        cohort.group(function(g)
          local task = g:spawn(function() for _ in b:subscribe() do end end)
          g:spawn(function() b:subscribe():close() end)
          g:spawn(function() local sub <close> = b:subscribe() end)
          cohort.checkpoint()
          task:cancel()
        end)
        print(#b)
        g2 = b:subscribe()
        b:close()
        g2()
      end)
    ]]
    assert.same({ 0, "0\n", "" }, { result.code, result.out, result.err })
  end)

  it("whose broadcast is collected ends, and warns", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local sub = cohort.broadcast():subscribe()
        collectgarbage()
        collectgarbage()
        print(sub())
      end)
    ]]
    assert.same({ 0, "nil\n" }, { result.code, result.out })
    assert.matches("^Lua warning: cohort: the last sender of the channel made at .*:3 was", result.err)
  end)

  it("that is left open at the end of the state says nothing", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local b = cohort.broadcast()
        cohort.group(function(g)
          for _ = 1, 2 do g:spawn(function() for _ in b:subscribe() do end end) end
          cohort.checkpoint()
          os.exit(2, true)
        end)
      end)
    ]]
    assert.same({ 2, "", "" }, { result.code, result.out, result.err })
  end)
end)
