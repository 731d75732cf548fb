--- Programs under faults that are of no call: see engines/faults/trial.lua. Groups, scopes, failures, limits,
--- what is left open, tasks that do not listen, a deadlock, and all of it together.
local cohort = require "cohort"
local fs = require "cohort.fs"
local kit = require "engines.faults.kit"
local net = require "cohort.net"
local testing = require "cohort.testing"

local Expected, fail, open, work = kit.Expected, kit.fail, kit.open, kit.work

local programs = {}

local function one() return work(1) end
local function long() return work(9) end

local function crash()
  pcall(cohort.sleep_forever)
  error "bad"
end

function programs.groups()
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

function programs.scopes_and_errors()
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
  end, cohort.except(Expected, function(eg) return tostring(eg), eg:split "bad" end),
    cohort.finally(cohort.checkpoint))
end

function programs.combinators()
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

function programs.left_open()
  pcall(cohort.shield, function()
    cohort.open_scope()
    local g = cohort.open_group()
    g:spawn(long)
    g:spawn(kit.fail_at_once)
    g:defer(cohort.checkpoint)
  end)
  pcall(cohort.scope, coroutine.wrap(function() cohort.shield(coroutine.yield) end))
end

function programs.starts()
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

function programs.strangers()
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

function programs.sync()
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

function programs.generators()
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

function programs.channels()
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

-- Copies to the end, and closes both.
local function hand_on(from, to)
  local _ <close> = from
  local _ <close> = to
  from:copy_to(to)
end

function programs.streams()
  local a <close>, b = net.pair { capacity = 8 }
  local _ <close> = b
  local c <close>, d = testing.stream_pair { delay = { 0, 1 }, split = true }
  local _ <close> = d
  cohort.group(function(g)
    g:spawn(function()
      local _ <close> = open()
      a:write("1 two\n", { "thr", "ee\n" }, ("x"):rep(40))
      a:close()
    end)
    local n, word = b:read("n", "l")
    assert(n == 1 and word == " two" and b:read_until "e\n" == "thre", "a read is wrong")
    g:spawn(hand_on, b, c)
    assert(d:read "a" == ("x"):rep(40), "a byte was lost")
  end)
end

function programs.files()
  local path = kit.path "sub"
  fs.mkdir(path .. "/a/b", { parents = true })
  fs.write_file(path .. "/a/x", "one\ntwo\nthree\n", { atomic = true })
  fs.copy(path .. "/a/x", path .. "/a/y")
  do
    local file <close> = fs.open(path .. "/a/x", "r+")
    local watcher <close> = fs.watch(path)
    assert(file:lines()() == "one", "a line was lost")
    file:seek("end", -6)
    file:write(file:read "a", 1, 2)
    fs.mkdir(path .. "/c")
    watcher()
    cohort.move_on_after(0, file.read, file)
  end
  for name in fs.walk(path) do fs.stat(name) end
  assert(#fs.read_file(path .. "/a/y") == 14, "bytes were lost")
  fs.temp_file({ dir = path }):close()
  cohort.group(function(g)
    for _ = 1, 6 do g:spawn(fs.readlink, "/proc/self") end
  end)
end

function programs.pipes()
  local reading, writing = kit.pipe()
  local a <close>, b = net.pair()
  local got
  cohort.group(function(g)
    g:spawn(hand_on, reading, a)
    writing:write("one ", { "two" })
    writing:shutdown()
    writing:close()
    got = b:read "a"
  end)
  assert(got == "one two", "bytes were lost")
  b:close()
  reading, writing = kit.pipe()
  local listener <close> = net.listen_unix(kit.path "socket")
  local d <close> = net.connect_unix(kit.path "socket")
  local c <close> = listener:accept()
  cohort.group(function(g)
    g:spawn(hand_on, c, writing)
    d:write(("x"):rep(3000))
    d:close()
    got = reading:read "a"
  end)
  assert(#got == 3000, "bytes were lost")
  reading:close()
end

--- A watcher that is told of its end.
function programs.watching()
  fs.mkdir(kit.path "folder")
  local watcher <close> = fs.watch(kit.path "folder")
  fs.remove(kit.path "folder")
  repeat until not cohort.fail_after(5, watcher)
end

-- Each is tried as a whole.
for name, program in pairs(programs) do
  programs[name] = function(try) try(program) end
end

programs.expected = {
  scopes_and_errors = { "bad$" },
  combinators = { "bad$", "Error: nil" },
  left_open = { "was never closed", "was left open" },
  strangers = { "Deadlock" },
}

return programs
