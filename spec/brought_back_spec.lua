-- Objects that a finalizer of the user's has kept, though the collector had found them to be garbage: their
-- own finalizers have run by then.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, collect = tasks.virtual, tasks.collect

-- What `make()` gives, after it was garbage once. The second result lets go of it.
local function brought_back(make)
  local kept = {}
  do
    local object = make()
    setmetatable({}, { __gc = function() kept.object = object end })
  end
  collect()
  local object = kept.object
  kept.object = nil
  return object
end

describe("an object that a finalizer has brought back", function()
  for name, make in pairs { lock = cohort.lock, condition = function() return cohort.condition() end } do
    it("may be a " .. name .. ": it is held, collected again, and its owner ends", function()
      virtual(function()
        cohort.group(function(g)
          g:spawn(function()
            local object = brought_back(make)
            assert.is_true(object:try_acquire())
            assert.is_false(pcall(object.acquire, object))
            object = nil  -- luacheck: ignore
            collect()
          end)
        end)
      end)
    end)
  end

  it("may be a lock: when its owner ends first it is broken, and nothing is left of it", function()
    virtual(function()
      local lock = brought_back(cohort.lock)
      cohort.group(function(g) g:spawn(lock.acquire, lock) end)
      local ok, err = pcall(lock.acquire, lock)
      assert.same({ false, true }, { ok, cohort.is(err, cohort.Broken) })
      assert.matches("broken", tostring(lock))
    end)
  end)

  for name, make in pairs {
    semaphore = function() return cohort.semaphore(1) end,
    limiter = function() return cohort.limiter(1) end,
    condition = function() return cohort.condition() end,
    lock = cohort.lock,
  } do
    it("may be a " .. name .. ": it is taken and given back, and others wait for it", function()
      virtual(function()
        local object = brought_back(make)
        local order = {}
        cohort.group(function(g)
          for i = 1, 2 do
            g:spawn(function()
              object:with(function()
                order[#order + 1] = i
                cohort.sleep(1)
              end)
            end)
          end
        end)
        assert.same({ 1, 2 }, order)
        assert.equal(2, cohort.now())
      end)
    end)
  end

  it("may be a limiter whose finalizer was called by hand: nobody has a place of it", function()
    virtual(function()
      local limiter = cohort.limiter(1)
      cohort.group(function(g)
        g:spawn(function()
          limiter:acquire()
          getmetatable(limiter).__gc(limiter)
          assert.matches("has no place of the limiter", select(2, pcall(limiter.release, limiter)))
        end)
      end)
      assert.is_true(limiter:try_acquire())
      limiter:release()
    end)
    collect()
  end)

  it("may be an event, also where several are waited for", function()
    virtual(function()
      local event = brought_back(cohort.event)
      cohort.group(function(g)
        g:spawn(event.wait, event)
        g:spawn(cohort.select, { { event, function() end } })
        cohort.checkpoint()
        event:set()
      end)
      assert.is_true(event:is_set())
    end)
  end)

  it("may have a coroutine that waits for it and is closed by hand: its task finds that out", function()
    for _, make in ipairs { cohort.event, cohort.lock, function() return cohort.barrier(2) end } do
      local ok = pcall(virtual, function()
        cohort.group(function(g)
          local co
          g:spawn(function()
            co = coroutine.running()
            local object = brought_back(make)
            if object.try_acquire then object:try_acquire() end
            cohort.group(function(h)
              h:spawn(function()
                co = coroutine.running()
                local _ = object.wait and object:wait() or object:acquire()
              end)
            end)
          end)
          cohort.checkpoint()
          cohort.checkpoint()
          coroutine.close(co)
          co = nil  -- luacheck: ignore
          collect()
        end)
      end)
      assert.is_false(ok)
    end
  end)

  it("is closed if it was an end of a channel: what is collected is", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      receive:close()
      local back = brought_back(function()
        local other, received = cohort.channel(1)
        send = received
        return other
      end)
      local ok, err = pcall(back.offer, back, 1)
      assert.same({ false, true }, { ok, cohort.is(err, cohort.Closed) })
      assert.is_nil(send())
    end)
  end)
end)
