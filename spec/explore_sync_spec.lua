--- What tasks wait for among themselves, in small programs: each in many orders, cancelled at every
--- checkpoint, and with every failure of memory. A program asserts what must hold in any order.
local cohort = require "cohort"
local testing = require "cohort.testing"

local programs = {}

local function each(count, body)
  cohort.group(function(g)
    for i = 1, count do g:spawn(body, i).name = "task " .. i end
  end)
end

local function on_close(f) return setmetatable({}, { __close = f }) end

-- Counts who is inside, and asserts that there are no more than `limit`.
local function gate(limit)
  local inside = 0
  return function(f, ...)
    inside = inside + 1
    local _ <close> = on_close(function() inside = inside - 1 end)
    assert(inside <= limit, "too many inside")
    f(...)
  end
end

programs["a lock lets one in"] = function(guard)
  local lock, pass = cohort.lock(), gate(1)
  each(3, function()
    local _ <close> = guard()
    lock:with(pass, cohort.checkpoint)
    lock:acquire()
    local _ <close> = on_close(function() lock:release() end)
    pass(cohort.sleep, 1)
  end)
  lock:with(cohort.now)
end

programs["a semaphore has its permits back"] = function(guard)
  local semaphore, pass = cohort.semaphore(2, 2), gate(2)
  each(3, function(i)
    local _ <close> = guard()
    cohort.move_on_after(i, semaphore.with, semaphore, pass, cohort.sleep, 1.5)
    local _ <close> = semaphore:hold()
    pass(cohort.checkpoint)
  end)
  assert(semaphore.available == 2, "a permit was lost")
end

programs["a limiter has its places back"] = function(guard)
  local limiter, pass = cohort.limiter(1), gate(2)
  each(3, function(i)
    local _ <close> = guard()
    limiter:with(pass, cohort.checkpoint)
    if i == 2 then limiter.total = 2 end
    cohort.move_on_after(0.5, limiter.with, limiter, pass, cohort.sleep, 1)
  end)
  assert(limiter.available == 2, "a place was lost")
end

programs["a condition loses no notification"] = function(guard)
  local condition, ready, taken = cohort.condition(), 0, 0
  cohort.group(function(g)
    for _ = 1, 2 do
      g:spawn(function()
        local _ <close> = guard()
        condition:with(function()
          while ready == 0 do condition:wait() end
          ready, taken = ready - 1, taken + 1
        end)
      end)
    end
    for _ = 1, 2 do
      g:spawn(function()
        condition:with(function()
          ready = ready + 1
          condition:notify()
        end)
      end)
    end
  end)
  assert(ready == 0 and taken == 2)
end

programs["an event wakes all, whoever comes when"] = function(guard)
  local event, woken = cohort.event(), 0
  cohort.group(function(g)
    for _ = 1, 3 do
      g:spawn(function()
        local _ <close> = guard()
        event:wait()
        woken = woken + 1
      end)
    end
    cohort.checkpoint()
    event:set()
  end)
  assert(woken == 3)
end

programs["a barrier lets all go on together"] = function(guard)
  local barrier, arrived = cohort.barrier(3), 0
  each(3, function()
    local _ <close> = guard()
    arrived = arrived + 1
    barrier:wait()
    assert(arrived == 3)
  end)
end

for _, capacity in ipairs { 0, 1, math.huge } do
  programs["a channel of " .. capacity .. " hands every item to one"] = function(guard)
    local send, receive = cohort.channel(capacity)
    local sum = 0
    cohort.group(function(g)
      for i = 1, 2 do
        local own, other = send:clone(), receive:clone()
        g:spawn(function()
          local _ <close> = guard()
          local out <close> = own
          for j = 1, 2 do out(10 * i + j) end
        end)
        g:spawn(function()
          local _ <close> = guard()
          local input <close> = other
          for item in input do sum = sum + item end
        end)
      end
      send:close()
      receive:close()
    end)
    assert(sum == 11 + 12 + 21 + 22, "an item was lost, or taken twice")
  end
end

programs["select does exactly one case"] = function(guard)
  local a_in, a_out = cohort.channel(1)
  local b_in, b_out = cohort.channel()
  local got, sent = 0, 0
  local function take() got = got + 1 end
  cohort.group(function(g)
    g:spawn(function()
      local _ <close> = guard()
      for _ = 1, 2 do cohort.select { { a_in, 1, function() sent = sent + 1 end }, { b_in, 1, function()
        sent = sent + 1 end } } end
      a_in:close()
      b_in:close()
    end)
    for _ = 1, 2 do
      g:spawn(function()
        local _ <close> = guard()
        cohort.select { { a_out, take }, { b_out, take }, timeout = 5 }
      end)
    end
  end)
  assert(sent == 2 and got == 2, ("%d sent, %d taken"):format(sent, got))
end

programs["a broadcast reaches every subscriber in order"] = function(guard)
  local b = cohort.broadcast(1)
  local subs = { b:subscribe(), b:subscribe() }
  cohort.group(function(g)
    for i = 1, 2 do
      g:spawn(function()
        local _ <close> = guard()
        local sub <close> = subs[i]
        local log = {}
        for item in sub do log[#log + 1] = item end
        assert(table.concat(log) == "123")
      end)
    end
    for i = 1, 3 do b:send(i) end
    b:close()
  end)
end

programs["a value that is waited for is seen"] = function(guard)
  local value = cohort.value(0)
  cohort.group(function(g)
    for i = 1, 2 do
      g:spawn(function()
        local _ <close> = guard()
        value:wait_for(function(v) return v >= i end)
      end)
    end
    for i = 1, 2 do
      g:spawn(function()
        cohort.checkpoint()
        value:set(i == 1 and 2 or 3)
      end)
    end
  end)
end

programs["a race has one winner, and the losers have ended"] = function(guard)
  local lock, pass = cohort.lock(), gate(1)
  local function runner()
    local _ <close> = guard()
    return lock:with(function()
      pass(cohort.checkpoint)
      return 1
    end)
  end
  assert(cohort.race { runner, runner, runner } == 1)
  assert(cohort.gather({ runner, runner }).n == 2)
  lock:with(cohort.now)
end

programs["a group with a limit, daemons and what is deferred ends"] = function(guard)
  local pass, deferred = gate(2), 0
  cohort.group({ limit = 2 }, function(g)
    g:defer(function() deferred = deferred + 1 end)
    g:spawn_daemon(function()
      local _ <close> = guard()
      cohort.sleep_forever()
    end)
    for _ = 1, 3 do
      g:spawn(function()
        local _ <close> = guard()
        pass(cohort.checkpoint)
      end)
    end
    local value = select(2, g:start(function(started)
      cohort.checkpoint()
      started(7)
      cohort.checkpoint()
    end))
    assert(value == 7)
  end)
  assert(deferred == 1)
end

programs["time limits, streams and coroutines leave nothing open"] = function(guard)
  local s <close> = cohort.stream(function(emit)
    local _ <close> = guard()
    for i = 1, 3 do
      emit(i)
      cohort.sleep(1)
    end
  end)
  cohort.group(function(g)
    g:spawn(function()
      cohort.move_on_after(1.5, function() for _ in s do cohort.checkpoint() end end)
    end)
    g:spawn(function()
      for v in cohort.coroutine.wrap(function()
        local _ <close> = guard()
        cohort.sleep(1)
        cohort.coroutine.yield(1)
        cohort.checkpoint()
      end) do assert(v == 1) end
    end)
  end)
end

programs["a stream begins for all who ask, and gives each value to one"] = function(guard)
  local got = {}
  local s <close> = cohort.stream(function(emit)
    local _ <close> = guard()
    for i = 1, 4 do emit(i) end
  end)
  each(3, function()
    local _ <close> = guard()
    for v in s do got[#got + 1] = v end
  end)
  table.sort(got)
  assert(table.concat(got) == "1234", "a value was lost, or given twice")
end

programs["a stream gives each of those who ask once a value"] = function(guard)
  local got = {}
  local s <close> = cohort.stream(function(emit)
    local _ <close> = guard()
    for i = 1, 9 do
      cohort.checkpoint()
      emit(i)
    end
  end)
  each(3, function()
    local _ <close> = guard()
    table.insert(got, (s()))
  end)
  table.sort(got)
  assert(table.concat(got) == "123", "a value was lost, or given twice")
end

programs["a stream is closed while others begin it"] = function(guard)
  cohort.group(function(g)
    local s <close> = cohort.stream(function(emit)
      local _ <close> = guard()
      for i = 1, 4 do emit(i) end
    end)
    for _ = 1, 2 do
      g:spawn(function()
        local _ <close> = guard()
        for _ in s do cohort.checkpoint() end
      end)
    end
    cohort.checkpoint()
  end)
end

local names = {}
for name in pairs(programs) do names[#names + 1] = name end
table.sort(names)

local function nothing() end

local function no_guard() return on_close(nothing) end

describe("in every order", function()
  for _, name in ipairs(names) do
    it(name, function()
      local done = testing.explore({ runs = 400 }, function() programs[name](no_guard) end)
      assert.is_true(done.exhaustive or done.schedules > 150, done.schedules)
    end)
  end
end)

describe("cancelled at every checkpoint, nothing is left:", function()
  for _, name in ipairs(names) do
    it(name, function() assert.is_true(testing.cancel_everywhere(programs[name]).checkpoints > 5) end)
  end
end)

describe("with every failure of memory, nothing is left:", function()
  for _, name in ipairs(names) do
    it(name, function() assert.is_true(testing.fail_everywhere(programs[name]).faults > 1) end)
  end
end)
