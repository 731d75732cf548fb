-- Arguments behind those that a function takes. What somebody wrote there as a time limit, or as options, is
-- refused (spec/bad_input_spec.lua); here is what is no mistake.
local cohort = require "cohort"
local core = require "cohort.core"

local function nothing() end

describe("what is not called, but for a message that says so", function()
  it("is no function", function()
    cohort.run(function()
      local a, b = cohort.net.pair()
      local ok, err = pcall(cohort.group, cohort.event())
      for _, thing in ipairs { a, cohort.event(), cohort.value(1), cohort.broadcast() } do
        assert.is_false(core.is_callable(thing))
        assert.is_true(core.is_callable(getmetatable(thing).__call))
      end
      a:close()
      b:close()
      assert.is_false(ok)
      assert.matches("group expects a function, got cohort.Event", err)
    end)
  end)
end)

describe("what looks like a time limit, or options, is left alone", function()
  it("in a loop, whose iterator is called with what it gave last", function()
    cohort.run(function()
      local send, receive = cohort.channel(3)
      for i = 1, 3 do send(i) end
      send:close()
      local seen = {}
      for n in receive do seen[#seen + 1] = n end
      assert.same({ 1, 2, 3 }, seen)
      local broadcast, value = cohort.broadcast(3), cohort.value(1)
      local subscription <close> = broadcast:subscribe()
      for i = 1, 3 do broadcast:send(i) end
      broadcast:close()
      for n in subscription do seen[#seen + 1] = n end
      assert.same({ 1, 2, 3, 1, 2, 3 }, seen)
      for n in value:changes() do
        if n == 3 then break end
        value:set(n + 1)
      end
    end)
  end)

  it("where a function is handed an index beside its item", function()
    cohort.run(function()
      local event, lock, tasks = cohort.event(), cohort.lock(), {}
      event:set()
      cohort.group(function(g)
        for i = 1, 3 do tasks[i] = g:spawn(function() return i end) end
        assert.same({ 1, 2, 3, n = 3 }, cohort.map(tasks, tasks[1].join))
      end)
      cohort.map({ event, event }, event.wait)
      cohort.map({ lock }, lock.acquire)
      local send, receive = cohort.channel(2)
      send "a"
      send "b"
      assert.same({ "a", "b", n = 2 }, cohort.map({ 1, 2 }, receive))
      local function each(list, f) for i, item in ipairs(list) do f(item, i) end end
      each({ event }, event.wait)
    end)
  end)

  it("where the function has a parameter for the table, or the table is another", function()
    cohort.run(function()
      local function second(_, b) return b.limit or b[1] end
      assert.equal(3, cohort.group(second, { limit = 3 }))
      assert.equal(3, cohort.group(function(...) return second(...) end, { limit = 3 }))
      assert.is_nil(cohort.group(nothing, {}))
      assert.is_nil(cohort.group(nothing, { limit = 3, more = 4 }))
      assert.is_nil(cohort.group({ limit = 2 }, nothing, { 1 }))
      assert.equal(3, cohort.retry(function(t) return t.attempts end, { attempts = 3 }))
      assert.equal(3, cohort.retry(select, -1, { attempts = 9 }, 3))
      assert.is_nil(cohort.retry(nothing, {}))
      assert.is_nil(cohort.retry(nothing, { attempts = 3, more = 4 }))
    end)
  end)
end)
