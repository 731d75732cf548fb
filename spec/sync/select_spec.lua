-- select: the first of several things, of which exactly one happens.
local child = require "spec.support.child"
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

local function in_group(f)
  return virtual(cohort.group, f)
end

-- A function that returns `name` and what it was given.
local function named(name)
  return function(...) return name, ... end
end

describe("select takes", function()
  it("a value that is there, and gives it to the function of its case", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      send "x"
      assert.same({ "got", "x", n = 2 }, table.pack(cohort.select { { receive, named "got" } }))
      assert.equal(0, #receive)
    end)
  end)

  it("room for a value, and calls the function of its case with nothing", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      assert.same({ "sent", n = 1 }, table.pack(cohort.select { { send, "x", named "sent" } }))
      assert.equal("x", receive())
    end)
  end)

  it("the end of a task, whatever it is, and gives the task", function()
    in_group(function(g)
      local task = g:spawn(cohort.sleep, 1)
      local cancelled = g:spawn(cohort.sleep_forever)
      local name, ended = cohort.select { { task, named "ended" } }
      assert.same({ "ended", task, 1.0 }, { name, ended, cohort.now() })
      cancelled:cancel()
      assert.equal(cancelled, select(2, cohort.select { { cancelled } }))
      assert.equal(task, select(2, cohort.select { { task } }))
      assert.equal(1, cohort.now())
    end)
  end)

  it("an event that is set, before or while it waits", function()
    in_group(function(g)
      local event = cohort.event()
      g:spawn(function()
        cohort.sleep(2)
        event:set()
      end)
      assert.same({ "set", n = 1 }, table.pack(cohort.select { { event, named "set" } }))
      assert.equal(2, cohort.now())
      assert.equal(1, cohort.select { { event } })
      assert.equal(2, cohort.now())
    end)
  end)

  it("what comes first while it waits, whichever case that is", function()
    for first = 1, 4 do
      in_group(function(g)
        local s1, r1 = cohort.channel()
        local s2, r2 = cohort.channel()
        local event = cohort.event()
        local task = g:spawn(cohort.sleep, first == 4 and 1 or 9)
        local happenings = {
          function() s1 "one" end, function() return r2() end, function() event:set() end, function() end }
        g:spawn(function()
          cohort.sleep(1)
          happenings[first]()
        end)
        local chosen = table.pack(cohort.select { { r1 }, { s2, "two" }, { event }, { task } })
        assert.equal(first, chosen[1])
        assert.equal(({ "one", nil, nil, task })[first], chosen[2])
        assert.equal(1, cohort.now())
      end)
    end
  end)

  it("of those that are ready the first in the order they are written", function()
    in_group(function(g)
      local send, receive = cohort.channel(2)
      local event = cohort.event()
      local task = g:spawn(function() end)
      event:set()
      send(1)
      task:wait()
      local cases = { { receive }, { send, 2 }, { event }, { task } }
      for i = 1, 4 do
        local rotated = {}
        for n = 1, 4 do rotated[n] = cases[(i + n - 2) % 4 + 1] end
        assert.equal(1, cohort.select(rotated))
        if i == 1 then send(1) end
        if i == 2 then receive() end
      end
    end)
  end)

  it("nothing of the cases that were not chosen", function()
    in_group(function(g)
      local s1, r1 = cohort.channel(1)
      local s2, r2 = cohort.channel(1)
      s1 "a"
      s2 "b"
      assert.same({ 1, "a" }, { cohort.select { { r1 }, { r2 } } })
      assert.equal(1, #r2)
      -- the same when it had to wait: two come in one pass, one is taken
      r2()
      local task = g:spawn(function() return cohort.select { { r1 }, { r2 }, { s1:clone(), "c" } } end)
      s1 "full"
      cohort.checkpoint()
      assert.equal("full", select(2, task:join()))
      task = g:spawn(function() return cohort.select { { r1 }, { r2 } } end)
      cohort.checkpoint()
      s2 "d"
      s1 "e"
      assert.same({ 2, "d" }, { task:join() })
      assert.same({ true, "e" }, { r1:poll() })
      assert.is_false((r2:poll()))
    end)
  end)

  it("one offer of many: a value that it offers in two places goes to one", function()
    in_group(function(g)
      local s1, r1 = cohort.channel()
      local s2, r2 = cohort.channel()
      local task = g:spawn(function() return cohort.select { { s1, "x" }, { s2, "x" } } end)
      cohort.checkpoint()
      assert.same({ true, "x" }, { r2:poll() })
      assert.is_false((r1:poll()))
      assert.equal(2, task:join())
    end)
  end)

  it("its place in the queue: first come, first served", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      local _, other = cohort.channel()
      local log = {}
      for i = 1, 4 do
        g:spawn(function()
          local value
          if i % 2 == 0 then value = receive()
          else _, value = cohort.select { { other }, { receive } }
          end
          log[#log + 1] = i .. value
        end)
      end
      cohort.checkpoint()
      for _, letter in ipairs { "a", "b", "c", "d" } do send(letter) end
      cohort.checkpoint()
      assert.same({ "1a", "2b", "3c", "4d" }, log)
    end)
  end)

  it("values from another select: each chooses one", function()
    in_group(function(g)
      local s1, r1 = cohort.channel()
      local s2, r2 = cohort.channel()
      local a = g:spawn(function() return cohort.select { { s1, "from a" }, { r2 } } end)
      local b = g:spawn(function() return cohort.select { { s2, "from b" }, { r1 } } end)
      assert.same({ 2, "from b" }, { a:join() })
      assert.same({ 1 }, { b:join() })
    end)
  end)

  it("never itself: both ends of one channel are no meeting", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      local task = g:spawn(function() return cohort.select { { send, 1 }, { receive } } end)
      cohort.sleep(1)
      assert.equal("waiting", task:status())
      assert.same({ true, 1 }, { receive:poll() })
      assert.equal(1, task:join())
    end)
  end)

  it("the same end as often as it is given", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      local task = g:spawn(function() return cohort.select { { receive }, { receive }, { receive } } end)
      cohort.checkpoint()
      send(1)
      assert.same({ 1, 1 }, { task:join() })
      assert.is_false(send:offer(2))
    end)
  end)

  it("cases by the hundred", function()
    in_group(function(g)
      local cases, sends = {}, {}
      for i = 1, 500 do
        sends[i], cases[i] = cohort.channel()
        cases[i] = { cases[i] }
      end
      local task = g:spawn(cohort.select, cases)
      cohort.checkpoint()
      sends[387] "x"
      assert.same({ 387, "x" }, { task:join() })
      for i = 1, 500 do assert.is_false(sends[i]:offer(1)) end
    end)
  end)
end)

describe("the function of a case", function()
  it("runs in the task that selects, after the choice, and may wait", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      local task
      task = g:spawn(function()
        return cohort.select { { receive, function(v)
          assert.equal(task, cohort.current_task())
          cohort.sleep(1)
          return v, cohort.now()
        end } }
      end)
      cohort.checkpoint()
      send "x"
      assert.same({ "x", 1.0 }, { task:join() })
    end)
  end)

  it("may raise, and may select", function()
    virtual(function()
      local send, receive = cohort.channel(3)
      send(1)
      assert.equal("why", raised(cohort.select, { { receive, function() error("why", 0) end } }))
      send(2)
      local function again(v)
        if v == 5 then return v end
        send(v + 1)
        return cohort.select { { receive, again } }
      end
      assert.equal(5, cohort.select { { receive, again } })
    end)
  end)

  it("may be left out: the number of the case and its values are returned", function()
    in_group(function(g)
      local send, receive = cohort.channel(1)
      local event = cohort.event()
      event:set()
      local task = g:spawn(function() end)
      task:wait()
      assert.same({ 1, n = 1 }, table.pack(cohort.select { { send, 7 } }))
      assert.same({ 1, 7, n = 2 }, table.pack(cohort.select { { receive } }))
      assert.same({ 1, task, n = 2 }, table.pack(cohort.select { { task } }))
      assert.same({ 2, n = 1 }, table.pack(cohort.select { { receive }, { event } }))
    end)
  end)

  it("may be anything that is called", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      local log, read_log = cohort.channel(1)
      send "x"
      cohort.select { { receive, log } }
      assert.equal("x", read_log())
      send "y"
      local callable = setmetatable({}, { __call = function(_, v) return v .. v end })
      assert.equal("yy", cohort.select { { receive, callable } })
    end)
  end)

  it("keeps nothing of the select alive while it runs", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      local weak = setmetatable({}, { __mode = "v" })
      local function item()
        local value = {}
        weak[1] = value
        return value
      end
      local event = cohort.event()
      event:set()
      send(1)
      cohort.select { { send, item() }, { event, function()
        collectgarbage()
        assert.is_nil(weak[1])
      end } }
      assert.equal(1, receive())
    end)
  end)
end)

describe("select with a timeout", function()
  it("gives up after it: false is returned, or what 'otherwise' returns", function()
    virtual(function()
      local _, receive = cohort.channel()
      assert.same({ false, n = 1 }, table.pack(cohort.select { { receive }, timeout = 1.5 }))
      assert.equal(1.5, cohort.now())
      assert.same({ "late", n = 1 },
        table.pack(cohort.select { { receive }, timeout = 1, otherwise = named "late" }))
      assert.equal(2.5, cohort.now())
    end)
  end)

  it("of zero looks once, and does not wait", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      assert.is_false(cohort.select { { receive }, timeout = 0 })
      send(1)
      assert.same({ 1, 1 }, { cohort.select { { receive }, timeout = 0 } })
      assert.equal(0, cohort.now())
    end)
  end)

  it("of math.huge waits as long as it takes", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      g:spawn(function()
        cohort.sleep(1e6)
        send "x"
      end)
      assert.same({ 1, "x" }, { cohort.select { { receive }, timeout = math.huge, otherwise = error } })
    end)
  end)

  it("leaves no timer behind when a case came first", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      g:spawn(send, 1)
      assert.equal(1, (cohort.select { { receive }, timeout = 100 }))
    end)
    assert.equal(0, virtual(function()
      local send, receive = cohort.channel(1)
      send(1)
      cohort.select { { receive }, timeout = 100 }
      return cohort.now()
    end))
  end)

  it("and no case is a sleep", function()
    virtual(function()
      assert.is_false(cohort.select { timeout = 3 })
      assert.equal(3, cohort.now())
    end)
  end)
end)

describe("select with 'otherwise' and no timeout", function()
  it("calls it at once when no case is ready", function()
    virtual(function()
      local send, receive = cohort.channel()
      local function otherwise(...)
        cohort.sleep(1)
        return "else", select("#", ...)
      end
      assert.same({ "else", 0 }, { cohort.select { { receive }, { send, 1 }, otherwise = otherwise } })
    end)
  end)

  it("does not call it when one is", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      assert.equal(2, cohort.select { { receive }, { send, 1 }, otherwise = error })
    end)
  end)
end)

describe("a closed end in select", function()
  it("is ready, and raises as the plain call does", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      local _, other = cohort.channel()
      receive:close()
      local err = raised(cohort.select, { { other }, { receive } })
      assert.is_true(cohort.is(err, cohort.Closed))
      assert.equal("receive", err.operation)
      err = raised(cohort.select, { { other }, { send, 1 } })
      assert.is_true(cohort.is(err, cohort.Broken))
      assert.equal("send", err.operation)
      send:close()
      assert.is_true(cohort.is(raised(cohort.select, { { send, 1 }, timeout = 0 }), cohort.Closed))
    end)
  end)

  it("of which all senders are closed gives nil", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      send(1)
      send:close()
      assert.same({ 1, 1, n = 2 }, table.pack(cohort.select { { receive } }))
      for _ = 1, 2 do assert.same({ 1, nil, n = 2 }, table.pack(cohort.select { { receive } })) end
      assert.same({ "got", nil, n = 2 }, table.pack(cohort.select { { receive, named "got" } }))
    end)
  end)

  it("wakes it when it is closed meanwhile, and only who uses that end", function()
    in_group(function(g)
      local _, idle = cohort.channel()
      local log = {}
      local function selects(name, case)
        g:spawn(function()
          local result = table.pack(pcall(cohort.select, { { idle }, case }))
          log[name] = result[1] and result[2] or tostring(result[2]):match "%a+: %a+: .*"
        end)
      end
      local s1, r1 = cohort.channel()
      selects("own receiver", { r1 })
      selects("clone", { r1:clone() })
      local s2, r2 = cohort.channel()
      local s2_clone = s2:clone()
      selects("own sender", { s2, 1 })
      cohort.checkpoint()
      r1:close()
      s2:close()
      cohort.checkpoint()
      assert.same({ ["own receiver"] = "Closed: receive: this end of the channel is closed",
        ["own sender"] = "Closed: send: this end of the channel is closed" }, log)
      s1:close()
      selects("broken", { s2_clone, 1 })
      cohort.checkpoint()
      r2:close()
      cohort.checkpoint()
      assert.equal(2, log.clone)
      assert.equal("Broken: send: every receiver of the channel is closed", log.broken)
    end)
  end)

  it("that was collected warns as the plain call does", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local send, receive = cohort.channel()
        cohort.group(function(g)
          g:spawn(function() print(cohort.select { { receive } }) end)
          cohort.checkpoint()
          send = nil
          collectgarbage()
          collectgarbage()
        end)
      end)
    ]]
    assert.same({ 0, "1\tnil\n" }, { result.code, result.out })
    assert.matches("^Lua warning: cohort: the last sender of the channel made at .*:3 was", result.err)
  end)
end)
