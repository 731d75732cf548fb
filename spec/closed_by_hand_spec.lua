-- Coroutines that wait in a task, and that Lua's own library closes or resumes meanwhile.
local cohort = require "cohort"
local core = require "cohort.core"
local fs = require "cohort.fs"
local net = require "cohort.net"
local process = require "cohort.process"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local virtual, collect = tasks.virtual, tasks.collect

local dead = "cannot resume dead coroutine: Lua's own coroutine library closed or resumed it while it "
  .. "waited: use cohort.coroutine for both"

-- A task that waits for `wait()` in a coroutine, and what it is told of that one's end. `by_hand` is done to
-- the coroutine once it waits; nobody has it then.
local function in_other_hands(g, wait, by_hand)
  local co, told
  local task = g:spawn(function()
    co = cohort.coroutine.create(wait)
    told = select(2, cohort.coroutine.resume(co))
  end)
  testing.wait_all_blocked()
  by_hand(co)
  co = nil
  return task, function() return told end
end

local by_hand = { closed = coroutine.close, resumed = coroutine.resume }

for done, act in pairs(by_hand) do
  describe("a coroutine that waits in a task and is " .. done .. " by hand", function()
    local alone = {
      event = function() cohort.event():wait() end,
      semaphore = function() cohort.semaphore(0, 1):acquire() end,
      barrier = function() cohort.barrier(2):wait() end,
      condition = function()
        local c = cohort.condition()
        c:with(c.wait, c)
      end,
      ["select of events"] = function() cohort.select { { cohort.event() }, { cohort.event() } } end,
      ["the next value of a producer"] = function() core.relay()() end,
    }
    for name, wait in pairs(alone) do
      it("leaves its task to find that out when what it waited for is collected: " .. name, function()
        virtual(function()
          cohort.group(function(g)
            local task, told = in_other_hands(g, wait, act)
            testing.wait_all_blocked()
            collect()
            testing.wait_all_blocked()
            assert.equal(dead, told())
            assert.equal("done", task:status())
          end)
        end)
      end)
    end

    local held = {
      lock = cohort.lock,
      semaphore = function() return cohort.semaphore(1) end,
      limiter = function() return cohort.limiter(1) end,
    }
    for name, new in pairs(held) do
      it("lets what it was handed go with its object, when that is collected: " .. name, function()
        virtual(function()
          cohort.group(function(g)
            local kept, co, told = setmetatable({}, { __mode = "v" }), nil, nil
            local function begin()
              local object = new()
              object:acquire()
              kept[1] = object
              co = cohort.coroutine.create(function() object:acquire() end)
            end
            local function release() kept[1]:release() end
            begin()
            local task = g:spawn(function() told = select(2, cohort.coroutine.resume(co)) end)
            testing.wait_all_blocked()
            release()
            act(co)
            co = nil
            collect()
            assert.is_nil(kept[1])
            testing.wait_all_blocked()
            assert.equal(dead, told)
            assert.equal("done", task:status())
          end)
        end)
      end)
    end

    it("is given nothing by a condition: the next one is notified, and has the lock", function()
      virtual(function()
        local lock = cohort.lock()
        local c = cohort.condition(lock)
        local notified = false
        cohort.group(function(g)
          local _, told = in_other_hands(g, function()
            lock:acquire()
            c:wait()
          end, act)
          g:spawn(lock.with, lock, function()
            c:wait()
            notified = true
          end)
          testing.wait_all_blocked()
          c:with(c.notify, c)
          testing.wait_all_blocked()
          assert.equal(dead, told())
          assert.is_true(notified)
          lock:with(function() end)
        end)
      end)
    end)

    for _, stage in ipairs { "waits", "was notified", "has the lock again" } do
      it("leaves the lock to others when its condition is collected: one that " .. stage, function()
        virtual(function()
          local lock, kept = cohort.lock(), setmetatable({}, { __mode = "v" })
          local co, told
          local function begin()
            local c = cohort.condition(lock)
            kept[1] = c
            co = cohort.coroutine.create(function()
              lock:acquire()
              c:wait()
            end)
          end
          cohort.group(function(g)
            begin()
            local task = g:spawn(function() told = select(2, cohort.coroutine.resume(co)) end)
            testing.wait_all_blocked()
            lock:acquire()
            if stage ~= "waits" then kept[1]:notify() end
            if stage == "has the lock again" then lock:release() end
            act(co)
            co = nil
            collect()
            assert.is_nil(kept[1])
            task:cancel()
            if stage ~= "has the lock again" then lock:release() end
            local other = cohort.condition(lock)
            g:spawn(other.with, other, other.wait, other)
            testing.wait_all_blocked()
            other:with(other.notify, other)
          end)
          assert.equal(dead, told)
        end)
      end)
    end

    it("is given nothing by a sender: the next receiver gets it", function()
      virtual(function()
        local send, receive = cohort.channel()
        local called = false
        cohort.group(function(g)
          local _, told = in_other_hands(g, function() receive() end, act)
          local after = g:spawn(receive)
          testing.wait_all_blocked()
          send(function() called = true end)
          assert.equal("function", type(after:join()))
          assert.equal(dead, told())
        end)
        assert.is_false(called)
      end)
    end)

    it("is given nothing by a sender, inside of a coroutine that was", function()
      virtual(function()
        local send, receive = cohort.channel()
        cohort.group(function(g)
          local function outer() cohort.coroutine.wrap(function() receive() end)() end
          local _, told = in_other_hands(g, outer, act)
          collect()
          g:spawn(send, "item")
          assert.equal("item", receive())
          cohort.checkpoint()
          assert.equal(dead, told())
        end)
      end)
    end)

    it("sends nothing", function()
      virtual(function()
        local send, receive = cohort.channel()
        cohort.group(function(g)
          in_other_hands(g, function() send "lost" end, act)
          g:spawn(send, "sent")
          testing.wait_all_blocked()
          assert.equal("sent", receive())
        end)
        assert.is_false(receive:poll())
      end)
    end)

    it("is given nothing in a select, and sends nothing by one", function()
      virtual(function()
        local send, receive = cohort.channel()
        cohort.group(function(g)
          in_other_hands(g, function() cohort.select { { receive }, { cohort.event() } } end, act)
          local after = g:spawn(receive)
          testing.wait_all_blocked()
          send "first"
          assert.equal("first", after:join())
          in_other_hands(g, function() cohort.select { { send, "lost" }, { cohort.event() } } end, act)
          g:spawn(send, "second")
          testing.wait_all_blocked()
          assert.equal("second", receive())
        end)
      end)
    end)

    it("is told nothing of the end of the channel that it waited for, and its task goes on", function()
      virtual(function()
        for _, wait in ipairs {
          function(_, receive) receive() end,
          function(send) send "x" end,
          function(_, receive) cohort.select { { receive }, { cohort.event() } } end,
        } do
          local send, receive = cohort.channel()
          cohort.group(function(g)
            local _, told = in_other_hands(g, function() wait(send, receive) end, act)
            send:close()
            receive:close()
            testing.wait_all_blocked()
            assert.equal(dead, told())
          end)
        end
      end)
    end)

    it("is given nothing by a producer, and gives nothing", function()
      virtual(function()
        local ask, emit, finish = core.relay()
        pcall(cohort.group, function(g)
          in_other_hands(g, ask, act)
          g:spawn(emit, "value")
          testing.wait_all_blocked()
          assert.equal("value", ask())
          finish()
        end)
        ask, emit, finish = core.relay()
        pcall(cohort.group, function(g)
          in_other_hands(g, function() emit "lost" end, act)
          g:spawn(emit, "value")
          testing.wait_all_blocked()
          assert.equal("value", ask())
          finish()
        end)
      end)
    end)

    it("leaves the streams that it copied to others", function()
      virtual(function()
        local a, b = net.pair()
        local c, d = net.pair()
        cohort.group(function(g)
          local _, told = in_other_hands(g, function() b:copy_to(c) end, act)
          collect()
          a:write "text"
          testing.wait_all_blocked()
          assert.equal(dead, told())
          assert.equal("text", b:read_some())
          c:write "more"
          assert.equal("more", d:read_some())
        end)
        for _, s in ipairs { a, b, c, d } do s:close() end
      end)
    end)

    it("leaves the stream and the file whole that it sent", function()
      virtual(function()
        local a, b = net.pair()
        local file <close> = fs.temp_file()
        file:write(("x"):rep(1 << 20))
        file:seek("set", 0)
        cohort.group(function(g)
          local _, told = in_other_hands(g, function() file:copy_to(a) end, act)
          collect()
          local got = b:read_some()
          testing.wait_all_blocked()
          assert.equal(dead, told())
          local sent = file:seek()
          if sent > #got then got = got .. b:read_exactly(sent - #got) end
          assert.equal(sent, #got)
          a:write "more"
          assert.equal("more", b:read_some())
        end)
        a:close()
        b:close()
      end)
    end)
  end)
end

describe("a coroutine that waits for a process", function()
  it("and is closed by hand leaves its task to find that out when the process is collected", function()
    cohort.run(function()
      cohort.group(function(g)
        local co, told
        local task = g:spawn(function()
          co = cohort.coroutine.create(function() process.open({ "sleep", "20", grace = 0 }):wait() end)
          told = select(2, cohort.coroutine.resume(co))
        end)
        testing.wait_all_blocked()
        coroutine.close(co)
        co = nil
        warn "@off"
        collect()
        warn "@on"
        task:wait()
        assert.equal(dead, told)
      end)
    end)
  end)
end)
