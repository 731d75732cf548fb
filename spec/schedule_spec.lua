--- The option `schedule` of run: a function that picks which task runs next.
local cohort = require "cohort"
local testing = require "cohort.testing"
local support = require "spec.support.tasks"

local function run(schedule, main)
  return cohort.run({ clock = testing.clock { autojump = true }, signals = false, schedule = schedule }, main)
end

-- A log of which task did what, in runs by `schedule`.
local function log_of(schedule, body)
  local log = {}
  run(schedule, function()
    cohort.group(function(g)
      for _, name in ipairs { "a", "b", "c" } do
        g:spawn(body, function(word) log[#log + 1] = name .. word end).name = name
      end
    end)
  end)
  return table.concat(log, " ")
end

local function twice(log)
  log "1"
  cohort.checkpoint()
  log "2"
end

local function find(tasks, name)
  for i, task in ipairs(tasks) do
    if task.name == name then return i end
  end
end

describe("the option schedule", function()
  it("is asked with the tasks that are ready, in their order, and nil is the first of them", function()
    local seen = {}
    local log = log_of(function(tasks)
      local names = {}
      for i, task in ipairs(tasks) do names[i] = #task.name == 1 and task.name or "main" end
      seen[#seen + 1] = table.concat(names, " ")
    end, twice)
    assert.equal("a1 b1 c1 a2 b2 c2", log)
    assert.same({ "main", "a b c", "b c a", "c a b", "a b c", "b c", "c", "main" }, seen)
    assert.equal(log, log_of(nil, twice))
  end)

  it("picks which of them runs next, whether it became ready in this pass or the last", function()
    assert.equal("c1 c2 a1 b1 a2 b2", log_of(function(tasks) return find(tasks, "c") end, twice))
    assert.equal("c1 c2 b1 b2 a1 a2", log_of(function(tasks) return #tasks > 0 and #tasks or nil end, twice))
  end)

  it("may have another task run at each call that may wait, also where it need not", function()
    local lock = cohort.semaphore(3)
    local function body(log)
      log "1"
      lock:acquire()
      log "2"
      lock:release()
    end
    assert.equal("a1 a2 b1 b2 c1 c2", log_of(nil, body))
    assert.equal("a1 a2 b1 b2 c1 c2", log_of(function() end, body))
    assert.equal("b1 a1 b2 c1 a2 c2", log_of(function(tasks) return #tasks > 1 and 2 or nil end, body))
  end)

  it("starves nobody: a task that need not wait leaves its place after 64 calls", function()
    local semaphore, done, calls = cohort.semaphore(1), false, 0
    run(function() end, function()
      cohort.group(function(g)
        g:spawn(function()
          while not done do
            semaphore:acquire()
            semaphore:release()
            calls = calls + 1
          end
        end)
        g:spawn(function() done = true end)
      end)
    end)
    assert.is_true(calls >= 63 and calls <= 65)
  end)

  it("is asked with an empty list when all tasks wait, and may cancel then", function()
    local scope, asked, told = nil, 0, 0
    local in_time = run(function(tasks)
      asked = asked + 1
      if #tasks > 0 then return end
      told = told + 1
      if told == 2 then scope:cancel "now" end
    end, function()
      return cohort.scope(function(s)
        scope = s
        cohort.sleep(1)
        cohort.sleep(1)
        cohort.sleep(1)
      end)
    end)
    assert.same({ false, 2 }, { in_time, told })
    assert.is_true(asked > 4)
  end)

  it("cancels all when it raises, and run raises what it raised", function()
    local err, closed = {}, false
    local ok, got = pcall(run, function(tasks) if #tasks == 0 then error(err) end end, function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      cohort.sleep(1)
    end)
    assert.is_false(ok)
    assert.is_true(rawequal(err, got))
    assert.is_true(closed)
  end)

  it("must return the number of a task that is ready", function()
    for _, wrong in ipairs { 0, 2, 1.5, "x", "1", true, {} } do
      local ok, err = pcall(run, function() return wrong end, cohort.checkpoint)
      assert.is_false(ok)
      assert.matches("a schedule returns nil or the number of a task in its list, 1 to 1 here, got", err)
    end
  end)

  it("cannot wait", function()
    local ok, err = pcall(run, function() cohort.sleep(1) end, cohort.checkpoint)
    assert.is_false(ok)
    assert.matches("no task runs here", err)
  end)

  it("that resumes by hand who waited for a coroutine it has closed is told that", function()
    local outer, inner, told
    local function schedule()
      if not inner or told then return end
      coroutine.close(inner)
      told = table.pack(coroutine.resume(outer))
    end
    run(schedule, function()
      cohort.group(function(g)
        g:spawn(function()
          outer = cohort.coroutine.create(function()
            inner = cohort.coroutine.create(cohort.sleep)
            return cohort.coroutine.resume(inner, 1)
          end)
          cohort.coroutine.resume(outer)
        end)
        testing.wait_all_blocked()
        cohort.checkpoint()
      end)
    end)
    assert.same({ true, false }, { told[1], told[2] })
    assert.matches("cannot resume dead coroutine", told[3])
  end)

  it("is given false for a task whose coroutine was closed by hand", function()
    local lists = {}
    local function schedule(tasks) lists[#lists + 1] = tasks end
    local ok = pcall(run, schedule, function()
      cohort.group(function(g)
        local co
        for i = 1, 3 do
          g:spawn(function()
            if i == 2 then co = coroutine.running() end
            cohort.sleep(1)
          end)
        end
        testing.wait_all_blocked()
        coroutine.close(co)
        cohort.sleep(2)
      end)
    end)
    assert.is_false(ok)
    local found = false
    for _, list in ipairs(lists) do
      for i = 1, #list do found = found or list[i] == false end
    end
    assert.is_true(found)
  end)

  it("is given false for a task whose coroutine a finalizer closes just then, before it has begun", function()
    local co, lost
    -- What the task leaves open defers: that becomes a task nobody has asked for, in a coroutine used before.
    local function leave()
      cohort.open_group():defer(print)
      support.at_next_object(function() coroutine.close(co) end)
    end
    local mode = collectgarbage "generational"
    pcall(cohort.run, { signals = false, schedule = function(tasks)
      for _, task in ipairs(tasks) do lost = lost or task == false end
    end }, cohort.group, function(g)
      local e = cohort.event()
      g:spawn(function()
        e:wait()
        cohort.scope(leave)
      end)
      g:spawn(function()
        co = coroutine.running()
        cohort.checkpoint()
        e:set()
      end)
    end)
    collectgarbage(mode)
    assert.is_true(lost)
    assert.is_nil(rawget({}, 1))  -- the handle went where Lua keeps nil
  end)

  it("does not go with a seed", function()
    local ok, err = pcall(function() cohort.run({ seed = 1, schedule = print }, print) end)
    assert.is_false(ok)
    assert.matches("^spec/schedule_spec.lua:%d+: .*'seed' or 'schedule', not both", err)
  end)
end)
