--- What spec/support/oom.c runs out of memory: groups, scopes, failures, start, defer, limits, combinators,
--- what is left open, a task that does not listen, a deadlock, what tasks wait for among
--- themselves. `meter(on)` is the host's.
local core = require "cohort.core"
local cohort = require "cohort"
local testing = require "cohort.testing"

local meter = _G.meter
local ValueError = cohort.error_type "ValueError"

-- A task's work: what it opens is counted, and closed again.
local opened, closed = 0, 0

local function open()
  local value = setmetatable({}, { __close = function() closed = closed + 1 end })
  opened = opened + 1
  return value
end

local function work(s)
  local _ <close> = open()
  cohort.sleep(s)
  return s, s
end

local function one() return work(1) end
local function long() return work(9) end

local function fail(s)
  cohort.sleep(s or 1)
  error(ValueError "bad")
end

local function crash()
  pcall(cohort.sleep_forever)
  error "bad"
end

local function groups()
  local task
  cohort.group({ name = "outer", limit = 2 }, function(g)
    g:defer(cohort.checkpoint)
    task = g:spawn(work, 1)
    g:spawn(work, 2)
    g:spawn(work, 1)
    g:spawn_daemon(work, 50)
    g:start(function(started)
      started(1, 2)
      cohort.sleep(1)
    end)
    cohort.move_on_after(1, long)
  end)
  task:result()
  local _, err = pcall(cohort.group, function(g)
    g:spawn(long)
    g:spawn(fail)
    g:spawn(crash)
    local _ <close> = cohort.open_scope { timeout = 3 }
    long()
  end)
  tostring(err)
  local g <close> = cohort.open_group { on_error = "collect" }
  g:spawn(one):wait()
end

local function scopes_and_errors()
  pcall(cohort.fail_after, 1, long)
  cohort.scope({ timeout = 1 }, function(scope)
    scope:cancel "enough"
    cohort.checkpoint()
  end)
  cohort.try(function()
    cohort.group(function(g)
      g:spawn(fail)
      g:spawn(cohort.group, function(inner)
        inner:spawn(fail)
        inner:spawn(fail)
      end)
    end)
  end, cohort.except(ValueError, function(eg) return tostring(eg), eg:split "bad" end),
    cohort.finally(cohort.checkpoint))
end

local function combinators()
  cohort.gather { one, cohort.now }
  cohort.gather({ settle = true }, { one, fail, function() error(nil) end })
  cohort.map({ limit = 2 }, { 1, 2, 3 }, work)
  cohort.race { one, long }
  cohort.any { one, long }
  cohort.attempt(cohort.race, { long, fail, crash })
  do
    local it <close> = cohort.as_completed { one, long }
    it()
  end
  for _ in cohort.as_completed { one, one } do cohort.checkpoint() end
end

local function left_open()
  pcall(cohort.shield, function()
    cohort.open_scope()
    local g = cohort.open_group()
    g:spawn(long)
    g:spawn(fail, 0)
    g:defer(cohort.checkpoint)
  end)
  pcall(cohort.scope, coroutine.wrap(function() cohort.shield(coroutine.yield) end))
end

local function starts()
  cohort.move_on_after(1, cohort.group, { limit = 1 }, function(g)
    g:spawn(long)
    g:spawn(long)
  end)
  cohort.move_on_after(1, cohort.group, function(g) g:start(long) end)
  cohort.group(function(g)
    cohort.attempt(g.start, g, function() fail() end)
    g:start(function(started)
      g:spawn(long)
      started(1, 2, 3)
      g:cancel "enough"
    end):wait()
  end)
end

local function strangers()
  cohort.attempt(cohort.group, function(g)
    g:spawn(coroutine.yield, 1)
    g:spawn(function()
      for _ = 1, 3000 do pcall(cohort.checkpoint) end
    end)
    fail()
  end)
  cohort.group(function(g)  -- a deadlock
    g:spawn(cohort.sleep_forever)
    g:spawn(long)
  end)
end

local function sync()
  local lock, limiter, condition = cohort.lock(), cohort.limiter(1), cohort.condition()
  local event, semaphore, barrier, ready = cohort.event(), cohort.semaphore(1, 1), cohort.barrier(2), false
  cohort.group(function(g)
    g:spawn(function() lock:acquire() end)
    g:spawn(function() pcall(lock.with, lock, cohort.checkpoint) end)
    for _ = 1, 3 do
      g:spawn(limiter.with, limiter, work, 1)
      g:spawn(function()
        local _ <close> = semaphore:hold()
        work(1)
      end)
    end
    g:spawn(function()
      condition:with(function()
        while not ready do condition:wait() end
      end)
      event:wait()
      barrier:wait()
    end)
    cohort.sleep(1)
    limiter.total = 3
    condition:with(function()
      ready = true
      condition:notify()
    end)
    event:set()
    barrier:wait()
  end)
  assert(limiter.available == 3 and semaphore.available == 1, "a place or a permit was lost")
end

local function generators()
  local co, c = cohort.coroutine, cohort.context "c"
  for v in co.wrap(function()
    for i = 1, 2 do
      work(1)
      co.yield(i)
    end
  end) do work(v) end
  local generator = co.create(function()
    local _ <close> = open()
    pcall(function()
      local _ <close> = open()
      co.yield(cohort.gather { one, cohort.now })
    end)
  end)
  if co.resume(generator) then co.close(generator) end
  cohort.attempt(co.wrap(function() fail() end))
  c:with("d", function()
    cohort.group(function(g)
      g:defer(c.get, c)
      g:spawn(c.with, c, "e", work, 1)
    end)
  end)
  local s <close> = cohort.stream(function(emit)
    local _ <close> = open()
    emit(1, 2, 3)
    cohort.fail_after(5, emit, 4)
    fail()
  end)
  s()
  s()
  cohort.attempt(s)
  cohort.retry({ delay = 1 }, one)
  for n in cohort.ticker(1) do
    if n == 3 then break end
  end
  cohort.move_on_after(1, co.wrap(function() co.wrap(long)() end))
end

local function produce(send, count)
  local own <close> = send
  for i = 1, count do own(i) end
  return count
end

local function consume(receive)
  local own <close>, got = receive, 0
  for _ in own do got = got + 1 end
  return got
end

local function channels()
  for _, capacity in ipairs { 0, 2, math.huge } do
    local send, receive = cohort.channel(capacity)
    local got
    cohort.group(function(g)
      for _ = 1, 2 do g:spawn(produce, send:clone(), 20) end
      send:close()
      got = g:spawn(consume, receive)
    end)
    assert(got:result() == 40, "an item was lost")
  end
  local send, receive = cohort.channel()
  local s2, r2 = cohort.channel(1, { overflow = "drop_oldest" })
  cohort.group(function(g)
    local task = g:spawn(one)
    for i = 1, 3 do
      g:spawn(cohort.select, { { send, i }, { r2 }, { task, one }, timeout = 5 })
      g:spawn(cohort.select, { { receive }, { s2, i, one }, otherwise = one })
    end
    cohort.select { { task }, { cohort.event() } }
  end)
  local b, value = cohort.broadcast(2), cohort.value(0)
  cohort.group(function(g)
    local _ <close> = b
    for _ = 1, 2 do g:spawn(consume, b:subscribe()) end
    g:spawn(value.wait_for, value, function(v) return v == 3 end)
    for i = 1, 5 do
      b:send(i)
      value:set(i)
    end
    b:subscribe()
    value:set(3)
  end)
end

-- Is every error one that is raised above, or the want of memory?
local function check(err)
  if cohort.is(err, cohort.ErrorGroup) then
    for _, member in ipairs(err.errors) do check(member) end
  else
    local text = tostring(err)
    local known = text:find "not enough memory" or text:find "bad$" or cohort.is(err, cohort.Deadlock)
      or cohort.is(err, cohort.Broken)
    assert(known, text)
  end
end

local function try(main)
  local options = { clock = testing.clock { autojump = true }, signals = false }
  collectgarbage()
  meter(true)
  local ok, err = pcall(cohort.run, options, main)
  meter(false)
  collectgarbage()
  assert(opened == closed, "not every <close> variable was closed")
  for name, count in pairs(core.debug_counts()) do
    assert(count == 0, ("%d %s are left"):format(count, name))
  end
  if not ok then check(err) end
end

local programs = { groups, scopes_and_errors, combinators, left_open, starts, strangers, sync, generators,
  channels }
for _, main in ipairs(programs) do
  try(main)
end
assert(cohort.run({ signals = false }, function() return cohort.gather { cohort.now }.n end) == 1)
