--- Random programs: small, and full of what can go wrong.
---
--- A program is `{ event = n, lock = n, channel = {capacity...}, main = block }`; a block is a list of
--- steps with the number of the step it belongs to as `id`; a step is a table with `op`, `id`, and what the
--- op needs: `seconds`, the number of its target, `body`. Targets are chosen among what was made before,
--- mostly near by. Steps have no loops, so every program ends if nothing waits for ever that cannot be
--- cancelled: what is in a shield has a limit.
local generator = require "engines.model.generator"

local program = {}

--- How often each kind of step is taken, where it can be.
local weights = {
  sleep = 12, checkpoint = 8, forever = 1, fail = 2,
  look = 1, look_scope = 2, look_group = 2, look_task = 2,
  set = 4, wait = 3, acquire = 1, try_acquire = 1, release = 1, with_lock = 4,
  send = 5, offer = 1, receive = 5, poll = 1, close_sender = 1, close_receiver = 1,
  scope = 3, move_on = 4, fail_after = 3, scope_block = 2, shield = 3,
  cancel_scope = 4, set_deadline = 3, set_shield = 2,
  catch = 6, attempt = 2, finally = 3,
  group = 7, group_block = 3, spawn = 18, daemon = 3, start = 5, defer = 2,
  cancel_group = 2, cancel_task = 4, wait_task = 3, join = 2, result = 1,
}

--- What kinds of steps act on: the step has its number in a field of that name.
program.target_of = {
  set = "event", wait = "event",
  acquire = "lock", try_acquire = "lock", release = "lock", with_lock = "lock",
  send = "channel", offer = "channel", receive = "channel", poll = "channel", close_sender = "channel",
  close_receiver = "channel",
  cancel_scope = "scope", set_deadline = "scope", set_shield = "scope", look_scope = "scope",
  spawn = "group", daemon = "group", start = "group", defer = "group", cancel_group = "group",
  look_group = "group",
  cancel_task = "task", wait_task = "task", join = "task", result = "task", look_task = "task",
}

--- All kinds that can occur, in order; `started` comes with `start`.
program.kinds = { "started" }

--- Kinds, each as often as its weight says.
local lots = {}

for name, weight in pairs(weights) do
  table.insert(program.kinds, name)
  for _ = 1, weight do table.insert(lots, name) end
end
table.sort(program.kinds)
table.sort(lots)

local steps_max, depth_max, length_max = 60, 8, 5

local make_block

local function new_step(x, op)
  x.count = x.count + 1
  return { op = op, id = x.count }
end

--- One of a list, the newest more often than others; nil of an empty one.
local function choose(x, list)
  return list[#list > 0 and math.max(x.random(#list), x.random(#list))]
end

--- What kinds of steps have beyond a target.
local fill = {}

function fill.sleep(x, s) s.seconds = x.random(4) - 1 end

function fill.catch(x, s) s.body = make_block(x, s) end

fill.attempt, fill.with_lock = fill.catch, fill.catch

function fill.finally(x, s)
  s.body, s.last = make_block(x, s), make_block(x, s)
end

function fill.move_on(x, s)
  s.seconds = x.random(5) - 1
  table.insert(x.scope, s.id)
  table.insert(x.limited, s.id)
  s.body = make_block(x, s)
end

fill.fail_after, fill.scope_block = fill.move_on, fill.move_on

function fill.scope(x, s)
  s.shield = x.random(3) == 1
  fill.move_on(x, s)
end

--- A block that ends by itself, whatever keeps out what would end it from outside.
local function limited_block(x, s)
  local limit = new_step(x, "move_on")
  fill.move_on(x, limit)
  return { id = s.id, limit }
end

function fill.shield(x, s)
  table.insert(x.scope, s.id)
  s.body = limited_block(x, s)
end

function fill.defer(x, s) s.body = limited_block(x, s) end

function fill.set_deadline(x, s) s.seconds = x.random(5) - 2 end

function fill.set_shield(x, s) s.shield = x.random(2) == 1 end

function fill.group(x, s)
  if x.random(3) == 1 then s.limit = x.random(2) end
  if x.random(4) == 1 then s.on_error = "collect" end
  table.insert(x.scope, s.id)
  table.insert(x.group, s.id)
  s.body = make_block(x, s)
end

fill.group_block = fill.group

function fill.spawn(x, s)
  s.body = make_block(x, s)
  table.insert(x.task, s.id)
end

fill.daemon = fill.spawn

local is_same_task = { scope = true, move_on = true, fail_after = true, catch = true, group = true }

--- Puts `started` somewhere into a block of the task that is to call it.
local function insert_started(x, block)
  local place = x.random(#block + 1)
  local step = block[place]
  if step and is_same_task[step.op] and x.random(2) == 1 then return insert_started(x, step.body) end
  table.insert(block, place, new_step(x, "started"))
end

function fill.start(x, s)
  fill.spawn(x, s)
  if x.random(8) > 1 then insert_started(x, s.body) end
end

local function random_step(x)
  local s = new_step(x, lots[x.random(#lots)])
  local kind = program.target_of[s.op]
  if kind then
    s[kind] = choose(x, x[s.op == "set_shield" and "limited" or kind])
    if not s[kind] then return random_step(x) end
  end
  if fill[s.op] then fill[s.op](x, s) end
  return s
end

--- A block for the step `owner`.
function make_block(x, owner)
  local block = { id = owner.id }
  local length = x.random(length_max) + (x.depth == 0 and length_max or 0)
  x.depth = x.depth + 1
  if x.depth < depth_max then
    for _ = 1, length do
      if x.count < steps_max then table.insert(block, random_step(x)) end
    end
  end
  x.depth = x.depth - 1
  return block
end

--- The program of a seed. Half of them have a limit around all, so that others than a deadlock end their
--- waits.
function program.generate(seed)
  local x = {
    random = generator(seed), count = 0, depth = 0,
    event = { 1, 2 }, lock = { 1, 2 }, channel = { 1, 1, 2 }, scope = {}, limited = {}, group = {}, task = {},
  }
  local limit, group = new_step(x, "move_on"), new_step(x, "group")
  limit.seconds = x.random(2) == 1 and 20 or math.huge
  limit.body = { id = limit.id, group }
  fill.group(x, group)
  return { event = 2, lock = 2, channel = { x.random(3) - 1, x.random(3) - 1 }, main = { id = 0, limit } }
end

return program
