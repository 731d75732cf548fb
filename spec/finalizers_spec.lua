-- What is made while the collector runs a finalizer that uses the same things.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local function grow(t)
  for i = #t + 1, #t + (1 << 17) do t[i] = i end
end

-- Lets the collector run `f` when the next object is made. That it owes a collection comes of a table that
-- grows, which is no occasion for one.
local function at_next_object(f)
  collectgarbage()
  collectgarbage "stop"
  setmetatable({}, { __gc = f })
  local t = {}
  grow(t)
  collectgarbage "restart"
  grow(t)
end

describe("a finalizer that runs", function()
  local mode
  before_each(function() mode = collectgarbage "generational" end)
  after_each(function() collectgarbage(mode) end)

  it("while a channel makes room for its first item may send on it: both come out", function()
    tasks.virtual(function()
      local send, receive = cohort.channel(10)
      local items = {}
      at_next_object(function() send:offer "of the finalizer" end)
      send "of the task"
      while #receive > 0 do items[receive()] = true end
      assert.same({ ["of the finalizer"] = true, ["of the task"] = true }, items)
    end)
  end)

  it("while a deferred function becomes a task may spawn: both run", function()
    tasks.virtual(function()
      local ran = {}
      pcall(cohort.group, function(g)  -- it fails, because a group in it is forgotten
        local co
        g:spawn(function()
          co = coroutine.running()
          cohort.sleep(1)
        end)
        cohort.checkpoint()
        coroutine.close(co)  -- its place for a task has no coroutine any more
        cohort.checkpoint()
        g:spawn(function()
          cohort.open_group():defer(function() ran.deferred = true end)
          at_next_object(function()
            g:spawn(function() ran.spawned = true end)
          end)
        end)
      end)
      assert.same({ deferred = true, spawned = true }, ran)
    end)
  end)
end)
