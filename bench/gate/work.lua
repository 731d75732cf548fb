--- The work whose instructions the gate counts.
---
---     lua5.4 bench/gate/work.lua NAME N
---
--- Does operation NAME N times (N is a multiple of 1000) and prints nothing. Two runs of different N, and the
--- difference of what they cost, leave start-up out of the count.
local cohort = require "cohort"

local name, n = arg[1], tonumber(arg[2])

local function nothing() end

--- n tasks, `size` to a group.
local function spawn_join(size)
  for _ = 1, n // size do
    cohort.group(function(g)
      for _ = 1, size do g:spawn(nothing) end
    end)
  end
end

local works = {}

--- A checkpoint and back, two tasks taking turns.
function works.switch()
  local function turns()
    for _ = 1, n // 2 do cohort.checkpoint() end
  end
  cohort.group(function(g)
    g:spawn(turns)
    g:spawn(turns)
  end)
end

works["spawn and join, 1000 in a group"] = function() spawn_join(1000) end
works["spawn and join, 10 in a group"] = function() spawn_join(10) end
works["spawn and join, 1 in a group"] = function() spawn_join(1) end

--- A time limit around what returns at once.
works["timeout"] = function()
  for _ = 1, n do cohort.fail_after(10, nothing) end
end

--- A task that blocks, and is cancelled with its group of 1000.
works["cancel"] = function()
  for _ = 1, n // 1000 do
    cohort.group(function(g)
      for _ = 1, 1000 do g:spawn(cohort.sleep_forever) end
      cohort.checkpoint()
      g:cancel()
    end)
  end
end

--- A group of ten: one fails, nine are cancelled, the error is matched.
works["failing group"] = function()
  local failure = cohort.error_type "Failure"
  local function fail() error(failure "why") end
  local function body(g)
    for _ = 1, 9 do g:spawn(cohort.sleep_forever) end
    g:spawn(fail)
  end
  for _ = 1, n do
    local _, err = pcall(cohort.group, body)
    assert(cohort.is(err:sole(), failure))
  end
end

--- Items from one task to another through a channel with room for `capacity`.
local function pass(capacity)
  local send, receive = cohort.channel(capacity)
  cohort.group(function(g)
    g:spawn(function()
      for i = 1, n do send(i) end
      send:close()
    end)
    for _ in receive do end
  end)
end

works["channel item, room for 16"] = function() pass(16) end
works["channel item, rendezvous"] = function() pass(0) end

--- An item that finds room, and is taken out again: nobody waits.
works["channel item, nobody waits"] = function()
  local send, receive = cohort.channel(16)
  for i = 1, n do
    send(i)
    receive()
  end
end

--- An item and its answer, over two channels.
works["channel round trip"] = function()
  local ask, asked = cohort.channel(1)
  local answer, answered = cohort.channel(1)
  cohort.group(function(g)
    g:spawn(function()
      for item in asked do answer(item) end
    end)
    for i = 1, n do
      ask(i)
      answered()
    end
    ask:close()
  end)
end

--- Acquired and released, over and over; nobody else wants it.
local function hold(object)
  for _ = 1, n do
    object:acquire()
    object:release()
  end
end

works["lock"] = function() hold(cohort.lock()) end
works["semaphore"] = function() hold(cohort.semaphore(1)) end
works["limiter"] = function() hold(cohort.limiter(1)) end

--- Two tasks want it: each release hands it to the one that waits.
local function hand_over(object)
  local function turns()
    for _ = 1, n // 2 do
      object:acquire()
      cohort.checkpoint()
      object:release()
    end
  end
  cohort.group(function(g)
    g:spawn(turns)
    g:spawn(turns)
  end)
end

works["lock, handed over"] = function() hand_over(cohort.lock()) end
works["semaphore, handed over"] = function() hand_over(cohort.semaphore(1)) end

works["event that is set"] = function()
  local event = cohort.event()
  event:set()
  for _ = 1, n do event:wait() end
end

--- A waiter that an event wakes, one of ten; each waits for the next event of a list.
works["event, wake one of 10"] = function()
  local events = {}
  for i = 1, n // 10 do events[i] = cohort.event() end
  local function wait()
    for _, event in ipairs(events) do event:wait() end
  end
  cohort.group(function(g)
    for _ = 1, 10 do g:spawn(wait) end
    for _, event in ipairs(events) do
      cohort.checkpoint()
      event:set()
    end
  end)
end

--- The second of two channels has an item.
works["select, ready"] = function()
  local _, idle = cohort.channel(1)
  local send, receive = cohort.channel(1)
  local cases = { { idle }, { receive } }
  for i = 1, n do
    send(i)
    cohort.select(cases)
  end
end

--- Neither of two channels has an item until the other task sends one.
works["select, waiting"] = function()
  local _, idle = cohort.channel()
  local send, receive = cohort.channel()
  local cases = { { idle }, { receive } }
  cohort.group(function(g)
    g:spawn(function()
      for i = 1, n do send(i) end
    end)
    for _ = 1, n do cohort.select(cases) end
  end)
end

--- A message over TCP and back: both ends are here, with 50 connections.
works["TCP echo, both ends"] = function()
  local net, connections = cohort.net, 50
  local listener = net.listen("127.0.0.1", 0)
  local port, message = listener.local_address.port, ("x"):rep(64)
  local function ask()
    local stream <close> = net.connect("127.0.0.1", port)
    for _ = 1, n // connections do
      stream:write(message)
      stream:read_some()
    end
  end
  cohort.group(function(g)
    g:spawn_daemon(net.serve, listener, function(stream)
      for _ = 1, n // connections do stream:write(stream:read_some()) end
    end)
    for _ = 1, connections do g:spawn(ask) end
  end)
end

--- What is in the page cache is had without a thread. The file is open: valgrind does not know how one is
--- opened without a thread.
works["read a small file"] = function()
  local file <close> = cohort.fs.open "bench/gate/work.lua"
  for _ = 1, n do
    file:seek "set"
    file:read(64)
  end
end

--- The same without cohort, for scale: a coroutine made, run and dropped; a yield and back.
works["bare create and resume"] = function()
  for _ = 1, n do coroutine.resume(coroutine.create(nothing)) end
end

works["bare switch"] = function()
  local co = coroutine.create(function() while true do coroutine.yield() end end)
  for _ = 1, n do coroutine.resume(co) end
end

cohort.run(assert(works[name], "no such work: " .. tostring(name)))
