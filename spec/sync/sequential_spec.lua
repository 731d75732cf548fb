-- Random programs of a few tasks, on cohort and on a model of it in plain Lua: what happens, and in which
-- order, is the same. The model engine does this for groups and scopes; here are all the things that tasks
-- wait for, select among them.
local cohort = require "cohort"
local testing = require "cohort.testing"
local generator = require "engines.model.generator"
local sequential = require "spec.support.sequential"
local told = require "spec.support.sequential_told"

local PROGRAMS = 1000
local IDLE_MAX = 40  -- times that a program may come to a halt; then all its tasks are cancelled

-- {{ The two worlds: what makes things, runs tasks and names errors

local model = setmetatable({ value = told.value, broadcast = told.broadcast }, { __index = sequential })

local real = setmetatable({}, { __index = cohort })

function real.name_of(err)
  for _, name in ipairs { "Closed", "Broken", "Cancelled" } do
    if cohort.is(err, cohort[name]) then return name end
  end
  return tostring(err)
end

function real.run(count, make, idle)
  cohort.run({ clock = testing.clock { autojump = true }, signals = false }, cohort.group, function(g)
    local tasks, bodies = {}, nil
    for i = 1, count do
      tasks[i] = g:spawn(function() bodies[i]() end)
    end
    bodies = make(tasks)
    g:spawn_daemon(function()
      while true do
        cohort.sleep(1)
        idle(tasks)
      end
    end)
  end)
end

-- }}

-- {{ Steps: step(x, mine, first, second) does something with the things of a program and what is the task's,
-- and returns what came of it. `x.item` is new in each step.

local steps = {}

function steps.checkpoint(x) return x.world.checkpoint() end

function steps.cancel(x, _, i) x.tasks[i]:cancel() end

function steps.wait(x, mine, i)
  if x.tasks[i] ~= mine.task then x.tasks[i]:wait() end
end

function steps.send(x, _, i, j) return x.channels[i].send[j](x.item) end

function steps.receive(x, _, i, j) return x.channels[i].receive[j]() end

function steps.offer(x, _, i, j) return x.channels[i].send[j]:offer(x.item) end

function steps.poll(x, _, i, j) return x.channels[i].receive[j]:poll() end

function steps.close_sender(x, _, i, j) x.channels[i].send[j]:close() end

function steps.close_receiver(x, _, i, j) x.channels[i].receive[j]:close() end

function steps.set_event(x, _, i) x.events[i]:set() end

function steps.wait_event(x, _, i) x.events[i]:wait() end

-- Cases that `code`, a number, stands for.
function steps.select(x, mine, code, otherwise)
  local cases = {}
  repeat
    local kind, i, j = code % 4, code // 4 % 2 + 1, code // 8 % 2 + 1
    local task = x.tasks[i] ~= mine.task and x.tasks[i] or x.tasks[3]
    cases[#cases + 1] = kind == 0 and { x.channels[i].receive[j] } or kind == 1 and { x.events[i] }
      or kind == 2 and { task } or { x.channels[i].send[j], x.item }
    code = code // 16
  until code == 0
  if otherwise == 1 then cases.otherwise = function() return "otherwise" end end
  local i, item = x.world.select(cases)
  return i, math.type(item) and item
end

-- Things that a task has or has not: `kind` is the field of the program.
local function add_holds(kind)
  steps["acquire_" .. kind] = function(x, mine)
    if mine[kind] then return "has it" end
    x[kind]:acquire()
    mine[kind] = true
  end
  steps["release_" .. kind] = function(x, mine)
    if not mine[kind] then return "has none" end
    mine[kind] = nil
    x[kind]:release()
  end
end

add_holds "lock"
add_holds "semaphore"
add_holds "limiter"
add_holds "condition"

function steps.try_semaphore(x) return x.semaphore:try_acquire() end

function steps.set_total(x, _, n)
  if x.world == model then x.limiter:set_total(n - 1) else x.limiter.total = n - 1 end
end

function steps.wait_condition(x, mine)
  steps.acquire_condition(x, mine)
  x.condition:wait()
end

function steps.notify(x, mine, n)
  steps.acquire_condition(x, mine)
  x.condition:notify(n - 1)
end

function steps.wait_barrier(x) return x.barrier:wait() end

function steps.set_value(x, _, n) x.value:set(n) end

function steps.wait_value(x, _, n)
  return x.value:wait_for(function(v) return v >= n end)
end

function steps.change(x, mine)
  mine.changes = mine.changes or x.value:changes()
  return mine.changes()
end

function steps.tell(x, _, i) x.broadcasts[i]:send(x.item) end

function steps.offer_all(x, _, i) return x.broadcasts[i]:offer(x.item) end

function steps.subscribe(x, mine, i)
  if not mine.subs[i] then mine.subs[i] = x.broadcasts[i]:subscribe() end
end

function steps.next(x, mine, i)
  steps.subscribe(x, mine, i)
  return mine.subs[i]()
end

function steps.poll_next(x, mine, i)
  steps.subscribe(x, mine, i)
  return mine.subs[i]:poll()
end

function steps.unsubscribe(_, mine, i)
  if mine.subs[i] then mine.subs[i]:close() end
  mine.subs[i] = nil
end

function steps.close_broadcast(x, _, i) x.broadcasts[i]:close() end

-- }}

-- {{ Programs

-- Families of steps, each with how many it chooses among; what closes or cancels is rare.
local families = {
  { "send", "send", "receive", "receive", "offer", "poll", "close_sender", "close_receiver" },
  { "select", "select", "select", "send", "receive", "set_event", "wait_event", "wait" },
  { "acquire_lock", "release_lock", "acquire_semaphore", "try_semaphore", "release_semaphore" },
  { "acquire_limiter", "acquire_limiter", "release_limiter", "set_total", "wait_barrier" },
  { "wait_condition", "wait_condition", "notify", "notify", "acquire_condition", "release_condition" },
  { "set_value", "set_value", "wait_value", "change", "change" },
  { "tell", "tell", "tell", "offer_all", "offer_all", "subscribe", "next", "poll_next", "unsubscribe",
    "close_broadcast" },
}

local capacities = { 0, 0, 1, 2, math.huge }

local rare = { close_sender = true, close_receiver = true, close_broadcast = true, set_event = true }

local function random_step(random, family)
  local list = random(8) > 1 and families[family] or families[random(#families)]
  local name = random(5) == 1 and "checkpoint" or random(12) == 1 and "cancel" or list[random(#list)]
  if rare[name] and random(2) == 1 then name = "checkpoint" end
  return { name, name == "select" and random(1 << 4 * random(4)) or random(2), random(2) }
end

local function options_for(random, capacity)
  if capacity == 0 or capacity == math.huge or random(3) > 1 then return nil end
  return { overflow = random(2) == 1 and "drop_oldest" or "drop_newest" }
end

local function generate(seed)
  local random = generator(seed)
  local p = { channels = {}, broadcasts = {}, permits = random(3) - 1, places = random(3) - 1,
    parties = random(3), tasks = {}, cancels = {} }
  for _, name in ipairs { "channels", "broadcasts" } do
    for i = 1, 2 do
      local capacity = capacities[random(#capacities)]
      p[name][i] = { capacity, options_for(random, capacity) }
    end
  end
  local family = random(#families)
  for i = 1, 2 + random(4) do
    p.tasks[i] = {}
    for j = 1, random(14) do p.tasks[i][j] = random_step(random, family) end
  end
  for i = 1, 12 do p.cancels[i] = random(#p.tasks) end
  return p
end

local function make_things(world, p)
  local x = { world = world, channels = {}, broadcasts = {}, events = { world.event(), world.event() },
    lock = world.lock(), condition = world.condition(), semaphore = world.semaphore(p.permits),
    limiter = world.limiter(p.places), barrier = world.barrier(p.parties), value = world.value(0) }
  for i = 1, 2 do
    local send, receive = world.channel(table.unpack(p.channels[i], 1, 2))
    x.channels[i] = { send = { send, send:clone() }, receive = { receive, receive:clone() } }
    x.broadcasts[i] = world.broadcast(table.unpack(p.broadcasts[i], 1, 2))
  end
  return x
end

-- }}

-- {{ Running them

local function words(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]) end
  return table.concat(list, " ")
end

-- One step, and what came of it; false when it was cut.
local function take_step(x, mine, step)
  local result = table.pack(pcall(steps[step[1]], x, mine, step[2], step[3]))
  local name = not result[1] and x.world.name_of(result[2])
  return name ~= "Cancelled", name and "raised " .. name or words(table.unpack(result, 2, result.n))
end

-- What a task has is left to its end by every third one, but for what would break a condition.
local function give_back(x, mine, i)
  if mine.condition then x.condition:release() end
  if mine.lock and i % 3 > 0 then x.lock:release() end
  for _, sub in pairs(mine.subs) do sub:close() end
end

local function trace(world, p)
  local lines, x, halts = {}, make_things(world, p), 0
  local function body(i)
    local mine = { task = x.tasks[i], subs = {} }
    for j, step in ipairs(p.tasks[i]) do
      x.item = i * 100 + j
      local goes_on, outcome = take_step(x, mine, step)
      table.insert(lines, ("%d.%d %s: %s"):format(i, j, words(table.unpack(step)), outcome))
      if not goes_on then break end
    end
    give_back(x, mine, i)
  end
  local function make(tasks)
    x.tasks = tasks
    local bodies = {}
    for i = 1, #p.tasks do bodies[i] = function() body(i) end end
    return bodies
  end
  local function idle(tasks)
    halts = halts + 1
    table.insert(lines, "halt")
    assert(halts < IDLE_MAX, "it does not end")
    if p.cancels[halts] then return tasks[p.cancels[halts]]:cancel() end
    for _, task in ipairs(tasks) do task:cancel() end
  end
  world.run(#p.tasks, make, idle)
  return lines
end

local function show(p)
  local lines = { ("permits %d, places %d, parties %d"):format(p.permits, p.places, p.parties) }
  for _, name in ipairs { "channels", "broadcasts" } do
    for i, made in ipairs(p[name]) do
      table.insert(lines, ("%s %d: %s %s"):format(name, i, made[1], made[2] and made[2].overflow or ""))
    end
  end
  for i, list in ipairs(p.tasks) do
    for j, step in ipairs(list) do
      table.insert(lines, ("%d.%d %s"):format(i, j, words(table.unpack(step))))
    end
  end
  return table.concat(lines, "\n")
end

-- }}

describe("programs of channels, select, locks and their kin", function()
  it("do what the model in plain Lua does, in the same order", function()
    local seen = {}
    for seed = 1, PROGRAMS do
      local p = generate(seed)
      local expected = trace(model, p)
      assert.same(expected, trace(real, p), ("seed %d\n%s"):format(seed, show(p)))
      for _, line in ipairs(expected) do
        local name, outcome = line:match "^%S+ (%S+).*: (.*)$"
        if name and not outcome:find "Cancelled" then seen[name] = true end
      end
    end
    for name in pairs(steps) do
      assert.is_true(seen[name], "no step of this kind came to its end: " .. name)
    end
  end)
end)
