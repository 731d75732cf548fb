-- Broadcasts when somebody is cancelled or slow: what is lost, which is nothing, and what is dropped.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"
local testing = require "cohort.testing"

local virtual, raised, is_cancelled = tasks.virtual, tasks.raised, tasks.is_cancelled

local function in_group(f)
  return virtual(cohort.group, f)
end

describe("cancelling in a broadcast", function()
  it("a send that waits reaches nobody, and the next in line goes on", function()
    in_group(function(g)
      local b = cohort.broadcast(1)
      local slow, quick = b:subscribe(), b:subscribe()
      b:send(1)
      quick()
      local second, third = g:spawn(b.send, b, 2), g:spawn(b.send, b, 3)
      cohort.sleep(1)
      second:cancel()
      cohort.sleep(1)
      assert.equal(0, #quick)
      assert.equal("waiting", third:status())
      assert.equal(1, slow())
      third:join()
      assert.same({ 3, 3 }, { slow(), quick() })
      slow:close()
      quick:close()
    end)
  end)

  it("a send that is in line lets the others have their turn", function()
    in_group(function(g)
      local b = cohort.broadcast(1)
      local sub <close> = b:subscribe()
      b:send(1)
      local senders = {}
      for i = 2, 4 do senders[i] = g:spawn(b.send, b, i) end
      cohort.sleep(1)
      senders[3]:cancel()
      local got = {}
      for i = 1, 3 do
        got[i] = sub()
        cohort.sleep(1)
      end
      assert.same({ 1, 2, 4 }, got)
    end)
  end)

  it("is seen by a step after the end, too", function()
    in_group(function()
      local b = cohort.broadcast(1)
      local sub <close> = b:subscribe()
      b:close()
      assert.is_nil(sub())
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(is_cancelled(raised(sub)))
      end)
      assert.is_nil(sub())
    end)
  end)

  it("send and a step raises before anything happens", function()
    in_group(function()
      local b = cohort.broadcast(1)
      local sub <close> = b:subscribe()
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(is_cancelled(raised(b.send, b, 1)))
        assert.equal(0, #sub)
        assert.is_true(b:offer(2))
        assert.is_true(is_cancelled(raised(sub)))
        assert.equal(1, #sub)
      end)
      assert.is_false(b:offer(3))
      assert.equal(2, sub())
      assert.is_true(b:offer(3))
    end)
  end)

  it("a step takes back the room that it promised, and raises Cancelled", function()
    in_group(function(g)
      local b = cohort.broadcast()
      local sub = b:subscribe()
      local err
      local step = g:spawn(function() err = raised(sub) end)
      cohort.checkpoint()
      step:cancel()
      step:wait()
      assert.is_true(is_cancelled(err))
      assert.is_false(b:offer "nobody waits for it")
      step = g:spawn(function() err = raised(sub) end)
      cohort.checkpoint()
      step:cancel()
      sub:close()
      step:wait()
      assert.is_true(is_cancelled(err))
    end)
  end)

  it("anybody at any point loses nothing: every subscriber that goes on sees the same items", function()
    local function run(capacity, pass, victim, seed)
      local options = { clock = testing.clock { autojump = true }, signals = false, seed = seed }
      return cohort.run(options, function()
        local b = cohort.broadcast(capacity)
        local members, sent, got, passes, ended = {}, {}, { {}, {}, {} }, 0, false
        cohort.group(function(g)
          for i = 1, 3 do
            local sub = b:subscribe()
            members[i] = g:spawn(function()
              local own <close> = sub
              for item in own do table.insert(got[i], item) end
            end)
          end
          for i = 1, 2 do
            members[3 + i] = g:spawn(function()
              for n = 1, 4 do
                local item = ("%d.%d"):format(i, n)
                b:send(item)
                sent[item] = true
              end
            end)
          end
          while passes < pass and #g > 0 do
            passes = passes + 1
            cohort.checkpoint()
          end
          ended = members[4]:status() == "done" and members[5]:status() == "done"
          if not ended then members[victim]:cancel() end
          for i = 4, 5 do members[i]:wait() end
          b:close()
        end)
        local expected
        for i = 1, 3 do
          if i ~= victim or ended then
            expected = expected or got[i]
            assert.same(expected, got[i])
          end
        end
        local seen = 0
        for _, item in ipairs(expected) do seen = seen + (sent[item] and 1 or 100) end
        for _ in pairs(sent) do seen = seen - 1 end
        assert.equal(0, seen)
        return ended
      end)
    end
    local cuts = 0
    for _, capacity in ipairs { 0, 1, 2 } do
      for victim = 1, 5 do
        local pass = 0
        while not run(capacity, pass, victim) do
          pass, cuts = pass + 1, cuts + 1
          assert(pass < 200)
        end
      end
    end
    for seed = 1, 60 do run(seed % 3, seed % 13, seed % 5 + 1, seed) end
    assert.is_true(cuts > 50)
  end)
end)

describe("the option 'overflow' of a broadcast", function()
  it("may drop the oldest that a slow subscriber has not seen", function()
    in_group(function()
      local b = cohort.broadcast(2, { overflow = "drop_oldest" })
      local slow <close> = b:subscribe()
      local quick <close> = b:subscribe()
      for i = 1, 5 do
        b:send(i)
        assert.equal(i, quick())
      end
      assert.is_true(b:offer(6))
      assert.same({ 5, 6 }, { slow(), slow() })
      assert.is_false((slow:poll()))
      b:send(7)
      b:send(8)
      assert.same({ 7, 8 }, { slow(), slow() })
      assert.equal(0, cohort.now())
    end)
  end)

  it("may drop the newest, for those who are behind", function()
    in_group(function()
      local b = cohort.broadcast(2, { overflow = "drop_newest" })
      local slow <close> = b:subscribe()
      local quick <close> = b:subscribe()
      for i = 1, 4 do
        b:send(i)
        assert.equal(i, quick())
      end
      assert.is_false(b:offer(5))
      assert.same({ 1, 2 }, { slow(), slow() })
      assert.equal(5, quick())
      assert.is_true(b:offer(6))
    end)
  end)

  it("that drops needs a capacity", function()
    for _, overflow in ipairs { "drop_oldest", "drop_newest" } do
      assert.matches("broadcast_cancel_spec.lua:%d+: .* needs a capacity of 1 or more",
        raised(function() cohort.broadcast(0, { overflow = overflow }) end))
    end
  end)
end)
