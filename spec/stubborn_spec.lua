-- Tasks that keep swallowing Cancelled: cancellation wins all the same.
local child = require "spec.support.child"
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function on_close(f) return setmetatable({}, { __close = f }) end

-- Runs f in a group that is cancelled soon after. The error of f's task, the turns a sibling had, the task.
local function end_by_cancel(f)
  local turns, task = 0, nil
  local ok, eg = pcall(virtual, function()
    cohort.group(function(g)
      task = g:spawn(f)
      task.name = "stubborn"
      cohort.sleep(0.5)
      g:spawn(function()
        cohort.shield(function()
          for _ = 1, 500 do
            cohort.checkpoint()
            turns = turns + 1
          end
        end)
      end)
      g:cancel()
    end)
  end)
  assert.is_false(ok)
  return eg:sole(), turns, task
end

-- Loops that never let a cancellation pass. Each is endless.
local shapes = {
  ["pcall of a waiting function"] = function()
    while true do pcall(cohort.sleep, 1) end
  end,
  ["groups whose tasks catch it"] = function()
    while true do
      cohort.group(function(g) g:spawn(pcall, cohort.sleep, 1) end)
    end
  end,
  ["pcall of a Lua function"] = function()
    while true do
      pcall(function() cohort.sleep(1) end)
    end
  end,
  ["pcall in pcall"] = function()
    while true do
      pcall(function()
        while true do
          pcall(function() cohort.sleep(1) end)
        end
      end)
    end
  end,
  ["thirty pcalls in each other"] = function()
    local function nest(n)
      while true do
        if n == 0 then pcall(cohort.sleep, 1) else pcall(nest, n - 1) end
      end
    end
    nest(30)
  end,
  ["xpcall"] = function()
    while true do xpcall(cohort.sleep, function(err) return err end, 1) end
  end,
  ["repeat until it works"] = function()
    local ok
    repeat ok = pcall(cohort.sleep, 1) until ok
  end,
  ["the iterator of a for loop"] = function()
    for _ in function() return pcall(cohort.sleep, 1) or true end do end
  end,
  ["a metamethod"] = function()
    local t = setmetatable({}, { __index = function() pcall(cohort.sleep, 1) end })
    while true do local _ = t.x end
  end,
  ["a tail call"] = function()
    local function again()
      pcall(cohort.sleep, 1)
      return again()
    end
    again()
  end,
  ["recursion"] = function()
    local function deeper(n)
      pcall(cohort.sleep, 1)
      if n > 0 then deeper(n - 1) end
    end
    while true do deeper(100) end
  end,
  ["checkpoint"] = function()
    pcall(cohort.sleep, 1)
    while true do pcall(cohort.checkpoint) end
  end,
  ["cohort.try with finally"] = function()
    while true do
      pcall(cohort.try, function() cohort.sleep(1) end, cohort.finally(function() end))
    end
  end,
  ["cohort.attempt"] = function()
    while true do pcall(cohort.attempt, cohort.sleep, 1) end
  end,
  ["a scope in the pcall"] = function()
    while true do pcall(cohort.move_on_after, 100, cohort.sleep, 1) end
  end,
  ["a pcall in the scope"] = function()
    while true do
      cohort.move_on_after(100, function() pcall(cohort.sleep, 1) end)
    end
  end,
  ["fail_after"] = function()
    while true do pcall(cohort.fail_after, 0.1, cohort.sleep, 1) end
  end,
  ["a group in the loop"] = function()
    while true do
      pcall(cohort.group, function(g) g:spawn(cohort.sleep, 1) end)
    end
  end,
  ["the block of a group in the loop"] = function()
    while true do
      pcall(function()
        local g <close> = cohort.open_group()
        g:spawn(cohort.sleep, 1)
        cohort.sleep(1)
      end)
    end
  end,
  ["a __close"] = function()
    local _ <close> = on_close(function()
      while true do pcall(cohort.sleep, 1) end
    end)
    cohort.sleep(1)
  end,
  ["a __close in the loop"] = function()
    while true do
      pcall(function()
        local _ <close> = on_close(function() pcall(cohort.sleep, 1) end)
        cohort.sleep(1)
      end)
    end
  end,
  ["waits under a shield in the loop"] = function()
    while true do
      pcall(cohort.sleep, 1)
      cohort.shield(cohort.sleep, 0.1)
    end
  end,
  ["yields to nobody in the loop"] = function()
    while true do
      pcall(cohort.sleep, 1)
      pcall(function() coroutine.yield() end)
    end
  end,
  ["waits for another task"] = function()
    local me
    cohort.group(function(g)
      me = g:spawn(cohort.sleep_forever)
      while true do pcall(me.wait, me) end
    end)
  end,
}

describe("a task that catches Cancelled for ever by", function()
  for name, shape in pairs(shapes) do
    it(name .. " is ended", function()
      local err, turns, task = end_by_cancel(shape)
      assert.is_true(cohort.is(err, cohort.Stubborn))
      assert.same({ "stubborn", 1000 }, { err.name, err.count })
      assert.truthy(err.message:find("task 'stubborn' was ended by force"))
      assert.truthy(err.traceback:find("stubborn_spec.lua:%d+"))
      assert.equal(500, turns)
      assert.equal("failed", task:status())
      assert.is_true(rawequal(err, task:error()))
    end)
  end
end)

describe("a stubborn task", function()
  local function endless()
    while true do pcall(cohort.sleep, 1) end
  end

  it("runs its clean-up also when it has just given in", function()
    for caught = 998, 1001 do
      local closed = false
      pcall(end_by_cancel, function()
        local _ <close> = on_close(function() closed = true end)
        for _ = 1, caught do pcall(cohort.sleep, 1) end
        cohort.sleep(1)
      end)
      assert.is_true(closed)
    end
  end)

  it("runs its clean-up, which may wait under a shield", function()
    local log = {}
    local err = end_by_cancel(function()
      local _ <close> = on_close(function()
        cohort.shield(cohort.sleep, 1)
        log[#log + 1] = "outer close"
      end)
      cohort.try(function()
        local _ <close> = on_close(function()
          cohort.shield(cohort.sleep, 1)
          log[#log + 1] = "inner close"
        end)
        endless()
      end, cohort.finally(function()
        cohort.shield(cohort.sleep, 1)
        log[#log + 1] = "finally"
      end))
    end)
    assert.is_true(cohort.is(err, cohort.Stubborn))
    assert.same({ "inner close", "finally", "outer close" }, log)
  end)

  for form, open in pairs {
    ["function"] = function(body) cohort.group(body) end,
    block = function(body)
      local g <close> = cohort.open_group()
      body(g)
    end,
  } do
    it(("joins its own groups of the %s form first"):format(form), function()
      local log = {}
      local err = end_by_cancel(function()
        open(function(g)
          g:spawn(function()
            local _ <close> = on_close(function()
              cohort.shield(cohort.sleep, 5)
              log[#log + 1] = "child"
            end)
            cohort.sleep_forever()
          end)
          local _ <close> = on_close(function() log[#log + 1] = "body" end)
          endless()
        end)
      end)
      assert.is_true(cohort.is(err, cohort.Stubborn))
      assert.same({ "body", "child" }, log)
    end)
  end

  it("ends as any other when it lets the cancellation pass in the end", function()
    local ok = pcall(virtual, function()
      cohort.group(function(g)
        g:spawn(function()
          for _ = 1, 900 do pcall(cohort.sleep, 1) end
          cohort.sleep(1)
        end)
        cohort.sleep(0.5)
        g:cancel()
      end)
    end)
    assert.is_true(ok)
  end)

  it("that returns has succeeded", function()
    virtual(function()
      local task
      cohort.group(function(g)
        task = g:spawn(function()
          for _ = 1, 900 do pcall(cohort.sleep, 1) end
          return "done"
        end)
        cohort.sleep(0.5)
        g:cancel()
      end)
      assert.equal("done", task:result())
    end)
  end)

  it("may be main", function()
    local ok, err = pcall(virtual, function()
      cohort.current_scope():cancel()
      endless()
    end)
    assert.is_false(ok)
    assert.is_true(cohort.is(err, cohort.Stubborn))
  end)

  -- Begins to go down fast when the hook is about to look for its loop; f is called each time it was told.
  local function run_from_the_hook(f)
    for _ = 1, 999 do pcall(cohort.sleep, 1) end
    local function down(n)
      if n == 0 then
        pcall(cohort.sleep, 1)
        if f ~= nil then pcall(function() f() end) end
        n = 50
      end
      down(n - 1)
    end
    down(50)
  end

  it("is closed by force when it outruns the hook: closes run, groups are joined", function()
    local log = {}
    local err = end_by_cancel(function()
      local _ <close> = on_close(function()
        local ok, message = pcall(cohort.checkpoint)
        log[#log + 1] = "close"
        log[#log + 1] = ok
        log[#log + 1] = type(message)
      end)
      local g <close> = cohort.open_group()
      g:spawn(function()
        local _ <close> = on_close(function()
          cohort.shield(cohort.sleep, 1)
          log[#log + 1] = "child"
        end)
        cohort.sleep_forever()
      end)
      run_from_the_hook()
    end)
    assert.is_true(cohort.is(err, cohort.Stubborn))
    assert.same({ "child", "close", false, "string" }, log)
  end)

  it("is closed by force, just when it has yielded to nobody: closes run", function()
    local closed = 0
    local err = end_by_cancel(function()
      local _ <close> = on_close(function()
        for _ = 1, 10 do closed = closed + 1 end
      end)
      run_from_the_hook(coroutine.yield)
    end)
    assert.is_true(cohort.is(err, cohort.Stubborn))
    assert.equal(10, closed)
  end)

  it("leaves its coroutine fit for other tasks, or drops it", function()
    for _, f in ipairs { endless, run_from_the_hook } do
      virtual(function()
        pcall(cohort.group, function(g)
          g:spawn(f)
          g:spawn(f)
          cohort.checkpoint()
          g:cancel()
        end)
        local sum = 0
        cohort.group(function(g)
          for _ = 1, 5 do
            g:spawn(function()
              for i = 1, 100 do
                pcall(error, i)
                if i % 10 == 0 then cohort.checkpoint() end
              end
              sum = sum + 1
            end)
          end
        end)
        assert.equal(5, sum)
      end)
    end
  end)
end)

describe("what is no stubbornness:", function()
  it("waits under a shield in a cancelled task", function()
    virtual(function()
      local turns = 0
      cohort.scope(function(s)
        s:cancel()
        pcall(cohort.checkpoint)
        cohort.shield(function()
          for _ = 1, 3000 do
            cohort.sleep(0.1)
            turns = turns + 1
          end
        end)
      end)
      assert.equal(3000, turns)
    end)
  end)

  it("limits under a shield in tasks, whose groups a cancelled task opens one after the other", function()
    virtual(function()
      local turns = 0
      local function clean_up()
        cohort.shield(cohort.move_on_after, 0.1, cohort.sleep, 1)
        turns = turns + 1
      end
      cohort.scope(function(s)
        s:cancel()
        for _ = 1, 1500 do
          cohort.group(function(g) g:spawn(clean_up) end)
        end
      end)
      assert.equal(1500, turns)
    end)
  end)

  for name, once in pairs {
    ["that were caught"] = function() cohort.move_on_after(0.1, cohort.sleep, 1) end,
    ["whose Cancelled was swallowed inside"] = function()
      cohort.move_on_after(0.1, function() pcall(cohort.sleep, 1) end)
    end,
    ["of a block"] = function()
      pcall(function()
        local _ <close> = cohort.open_scope { timeout = 0.1 }
        cohort.sleep(1)
      end)
    end,
    ["of a group"] = function()
      cohort.group(function(g)
        g.scope.deadline = cohort.now() + 0.1
        g:spawn(cohort.sleep, 1)
        pcall(cohort.sleep, 1)
      end)
    end,
  } do
    it(("thousands of timeouts %s, also under a shield in a cancelled task"):format(name), function()
      virtual(function()
        for _ = 1, 2500 do once() end
        cohort.scope(function(s)
          s:cancel()
          cohort.shield(function()
            for _ = 1, 2500 do once() end
          end)
        end)
      end)
      assert.is_true(true)
    end)
  end
end)

describe("the report about a stubborn task", function()
  it("is a warning, once, with its name and where it is", function()
    local result = child.run [[
      local cohort = require "cohort"
      print(pcall(cohort.run, { clock = require("cohort.testing").clock { autojump = true } }, function()
        cohort.group(function(g)
          g:spawn(function()
            local function swallow() pcall(cohort.sleep, 1) end
            while true do swallow() end
          end).name = "deaf"
          g:spawn(function() for _ = 1, 50 do pcall(cohort.sleep, 1) end end).name = "hard of hearing"
          cohort.sleep(0.5)
          g:cancel()
        end)
      end))
    ]]
    assert.equal(0, result.code)
    local _, count = result.err:gsub("Lua warning: ", "")
    assert.equal(1, count)
    assert.truthy(result.err:find("Lua warning: cohort: task 'deaf' has caught Cancelled 100 times"))
    assert.truthy(result.err:find(":5: in [^\n]*'swallow'"))
  end)
end)

describe("tasks that spawn the next when they are cancelled", function()
  for name, worker in pairs {
    ["catching that"] = function(restart)
      pcall(cohort.sleep, 1)
      restart()
    end,
    ["in clean-up"] = function(restart)
      cohort.try(function() cohort.sleep(1) end, cohort.finally(restart))
    end,
  } do
    it("are ended " .. name .. ": a thousand in a row, and spawn raises", function()
      local count = 0
      local ok, eg = pcall(virtual, function()
        cohort.move_on_after(0.5, cohort.group, function(g)
          local function restart()
            count = count + 1
            g:spawn(worker, restart)
          end
          g:spawn(worker, restart)
        end)
      end)
      assert.is_false(ok)
      assert.matches(": spawn: this group is cancelled, and 1000 tasks have each spawned the next", eg:sole())
      assert.equal(1001, count)
    end)
  end

  it("may be many, where one spawns them all", function()
    local ran = 0
    virtual(function()
      cohort.group(function(g)
        g:cancel()
        for _ = 1, 3000 do
          g:spawn(function() ran = ran + 1 end)
        end
      end)
    end)
    assert.equal(3000, ran)
  end)
end)
