--- testing.explore: what it finds that plain runs do not, how it tells, when it says that there is nothing.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function plain(f)
  return pcall(cohort.run, { clock = testing.clock { autojump = true }, signals = false }, f)
end

-- The failure that explore finds in `f`, which a thousand plain runs do not show.
local function finds(f, options)
  for _ = 1, 1000 do assert.is_true(plain(f)) end
  local ok, err = pcall(testing.explore, options or {}, f)
  assert.is_false(ok)
  assert.is_true(cohort.is(err, cohort.Error))
  return err
end

local function each(count, body)
  cohort.group(function(g)
    for i = 1, count do g:spawn(body, i).name = "task " .. i end
  end)
end

-- {{ Programs with a fault, each with the right one beside it

local function add_unlocked()
  local places, sum = cohort.semaphore(2), 0
  each(2, function()
    local before = sum
    places:with(cohort.now)  -- there is always a place: it never waits
    sum = before + 1
  end)
  assert(sum == 2, "an update was lost")
end

local function add_locked()
  local lock, places, sum = cohort.lock(), cohort.semaphore(2), 0
  each(2, function()
    lock:with(function()
      local before = sum
      places:with(cohort.now)
      sum = before + 1
    end)
  end)
  assert(sum == 2, "an update was lost")
end

local function wake_too_early()
  local event, waiting = cohort.event(), false
  local log, out = cohort.channel(math.huge)
  local _ <close> = out
  cohort.group(function(g)
    g:spawn(function()
      log(1)
      waiting = true
      event:wait()
    end)
    g:spawn(function()
      log(2)
      if waiting then event:set() end
    end)
  end)
end

local function wake_in_time()
  local event = cohort.event()
  local log, out = cohort.channel(math.huge)
  local _ <close> = out
  cohort.group(function(g)
    g:spawn(function()
      log(1)
      event:wait()
    end)
    g:spawn(function()
      log(2)
      event:set()
    end)
  end)
end

local function both_locks(swapped)
  return function()
    local a, b = cohort.lock(), cohort.lock()
    local function hold(first, second) first:with(function() second:with(cohort.now) end) end
    cohort.group(function(g)
      g:spawn(hold, a, b)
      if swapped then g:spawn(hold, b, a) else g:spawn(hold, a, b) end
    end)
  end
end

local function closer(mark_first)
  return function()
    local places, open, closes = cohort.semaphore(2), true, 0
    each(2, function()
      if not open then return end
      if mark_first then open = false end
      places:with(function() closes = closes + 1 end)
      open = false
    end)
    assert(closes == 1, "it was closed twice")
  end
end

-- }}

describe("explore finds what a thousand plain runs do not show:", function()
  it("an update that is lost across a checkpoint", function()
    local err = finds(add_unlocked)
    assert.matches("an update was lost", err.message)
    assert.matches("task 'task 2' %(not begun%) went before task 'task 1'", err.message)
    assert.matches("an update was lost", err.cause)
  end)

  it("a wake-up that comes too early", function()
    local err = finds(wake_too_early)
    assert.is_true(cohort.is(err.cause, cohort.Deadlock))
  end)

  it("a deadlock by the order of locks", function()
    local err = finds(both_locks(true))
    assert.is_true(cohort.is(err.cause, cohort.Deadlock))
    assert.matches("waits for a lock", err.message)
  end)

  it("what is closed twice", function()
    assert.matches("it was closed twice", finds(closer(false)).message)
  end)
end)

describe("explore passes a right program, and says that there is no other order:", function()
  for name, f in pairs {
    ["updates under a lock"] = add_locked, ["a wake-up that stays"] = wake_in_time,
    ["locks in one order"] = both_locks(false), ["what is marked before it is closed"] = closer(true),
  } do
    it(name, function()
      local done = testing.explore(f)
      assert.is_true(done.exhaustive)
      assert.equal(done.runs, done.schedules)
      assert.is_true(done.runs >= 4)
    end)
  end

  it("one without tasks, in one run", function()
    assert.same({ runs = 1, schedules = 1, exhaustive = true }, testing.explore(cohort.checkpoint))
  end)

  it("two tasks of two steps each, in the six orders that there are", function()
    local seen, count = {}, 0
    local done = testing.explore(function()
      local log = {}
      each(2, function(i)
        log[#log + 1] = i
        cohort.checkpoint()
        log[#log + 1] = i
      end)
      local order = table.concat(log)
      if not seen[order] then seen[order], count = true, count + 1 end
    end)
    assert.is_true(done.exhaustive)
    assert.equal(6, count)
  end)
end)

describe("a failure that explore raises", function()
  it("has the order that shows it again, and only that one does", function()
    local err = finds(add_unlocked)
    local again = select(2, pcall(testing.explore, { replay = err.replay }, add_unlocked))
    assert.same(err.replay, again.replay)
    assert.matches("replayed", again.message)
    assert.same({ runs = 1, schedules = 1, exhaustive = false },
      testing.explore({ replay = {} }, add_unlocked))
  end)

  it("is told as a call that can be copied", function()
    local err = finds(add_unlocked)
    local call = err.message:match "explore%((%b{}), f%)"
    local options = assert(load("return " .. call))()
    assert.same({ replay = err.replay }, options)
  end)

  it("in the plain order says so", function()
    local ok, err = pcall(testing.explore, function() error "always" end)
    assert.is_false(ok)
    assert.same({}, err.replay)
    assert.matches("fails in the plain order", err.message)
  end)

  it("keeps its error as the cause, whatever that is", function()
    for _, value in ipairs { "text", 7, false, { "a table" } } do
      local ok, err = pcall(testing.explore, function() error(value, 0) end)
      assert.is_false(ok)
      assert.is_true(rawequal(value, err.cause))
    end
  end)

  it("has the fewest deviations: two where one is not enough", function()
    local function f()
      local log = {}
      each(3, function(i) log[#log + 1] = i end)
      assert(table.concat(log) ~= "321", "backwards")
    end
    local err = finds(f)
    local count = 0
    for _ in pairs(err.replay) do count = count + 1 end
    assert.equal(2, count)
  end)

  it("that chance found is shrunk to what it needs", function()
    -- The systematic part has no deviation here, and chance makes many in each run.
    local function f()
      local first
      cohort.group(function(g)
        for i = 1, 8 do
          g:spawn(function() for _ = 1, 4 do cohort.checkpoint() end first = first or i end)
        end
      end)
      assert(first == 1 or first == 2, "another was first")
    end
    local err = finds(f, { runs = 400, preemptions = 0 })
    local count = 0
    for _ in pairs(err.replay) do count = count + 1 end
    assert.is_true(count <= 2)
    assert.matches("shrunk in %d+ more", err.message)
    assert.matches("another was first", select(2, pcall(testing.explore, { replay = err.replay }, f)).message)
  end)
end)

describe("explore", function()
  -- More orders than any budget holds.
  local function large()
    each(6, function() for _ = 1, 6 do cohort.checkpoint() end end)
  end

  it("stops when its runs are spent, and does not say that it was all", function()
    for _, runs in ipairs { 1, 2, 3, 10, 101 } do
      local done = testing.explore({ runs = runs }, large)
      assert.equal(runs, done.runs)
      assert.is_true(done.schedules <= runs and done.schedules > runs // 2)
      assert.is_false(done.exhaustive)
    end
  end)

  it("that was limited to few deviations does not say that it was all", function()
    for preemptions = 0, 1 do
      assert.is_false(testing.explore({ preemptions = preemptions, runs = 50 }, add_locked).exhaustive)
    end
    assert.is_true(testing.explore({ preemptions = 100 }, add_locked).exhaustive)
  end)

  it("goes by chance in the same way for the same seed", function()
    local function orders(seed)
      local log = {}
      testing.explore({ seed = seed, runs = 20, preemptions = 0 }, function()
        each(4, function(i) log[#log + 1] = i end)
      end)
      return table.concat(log)
    end
    assert.equal(orders(1), orders(1))
    assert.equal(orders(nil), orders(1))
    assert.not_equal(orders(1), orders(2))
  end)

  it("tells when the function depends on more than the order of its tasks", function()
    local count = 0
    local ok, err = pcall(testing.explore, function()
      count = count + 1
      each(count % 2 + 2, cohort.checkpoint)
    end)
    assert.is_false(ok)
    assert.matches("does not do the same when its tasks run in the same order: at choice 1", err.message)
  end)

  it("tells of an error whose __tostring raises", function()
    local hostile = setmetatable({}, { __tostring = function() error "no" end })
    local ok, err = pcall(testing.explore, function() error(hostile, 0) end)
    assert.is_false(ok)
    assert.equal(hostile, err.cause)
    assert.matches("table: 0x", err.message)
  end)

  it("gives each run a clock of its own, which jumps", function()
    local starts = {}
    testing.explore(function()
      starts[#starts + 1] = cohort.now()
      each(2, function() cohort.sleep(3600) end)
      assert(cohort.now() == 3600)
    end)
    assert.is_true(#starts > 1)
    for _, start in ipairs(starts) do assert.equal(0, start) end
  end)

  it("runs functions of its own, so it is misuse inside a task", function()
    cohort.run(function()
      for _, name in ipairs { "explore", "cancel_everywhere", "fail_everywhere" } do
        local ok, err = pcall(function() testing[name](print) end)
        assert.is_false(ok)
        assert.matches("^spec/testing/explore_spec.lua:%d+: " .. name .. " runs its function in", err)
      end
    end)
  end)
end)
