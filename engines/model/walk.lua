--- Walks through a program in a world, cohort's or the reference's, and writes down what happens.
---
--- A program is data (program.lua). Each of its steps is taken at most once, so the number of a step names
--- what it made: its scope, group or task. A step whose target is not there, yet or any more, does nothing.
--- The trace is a list of what each step came to, in which task, at what time.
local program = require "engines.model.program"

local target_of = program.target_of

local walk = {}

--- One function for each kind of step, called with the task's view of the run, the step, and its target.
--- What it returns or raises is the outcome.
local ops = {}

local walk_block

--- A value as text, without a difference between 1 and 1.0.
local function show(value)
  return math.type(value) and ("%g"):format(value) or tostring(value)
end

--- Adds a line to the trace.
local function note(t, s, kind, ok, ...)
  local texts = { ok and "returned" or "raised " .. t.world.describe((...)) }
  for i = 1, ok and select("#", ...) or 0 do texts[i + 1] = show((select(i, ...))) end
  table.insert(t.trace, { time = t.world.now(), task = t.name, step = s.id, kind = kind,
    outcome = table.concat(texts, " ") })
end

--- What pcall gave, returned or raised.
local function pass(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

---------------------------------------------------------------------------
-- Time, and looking around

function ops.sleep(t, s) t.world.sleep(s.seconds) end
function ops.forever(t) t.world.sleep_forever() end
function ops.checkpoint(t) t.world.checkpoint() end
function ops.fail(_, s) error("e" .. s.id, 0) end
function ops.look(t) return t.world.cancelled(), t.world.current_deadline() end
function ops.look_scope(_, _, s) return s.deadline, s.shield, s.reason and s.reason.kind end
function ops.look_group(_, _, g) return #g end
function ops.look_task(_, _, task) return task:status() end

---------------------------------------------------------------------------
-- Events, locks, channels

function ops.set(_, _, event) event:set() end
function ops.wait(_, _, event) event:wait() end
function ops.acquire(_, _, lock) lock:acquire() end
function ops.try_acquire(_, _, lock) return lock:try_acquire() end
function ops.release(_, _, lock) lock:release() end
function ops.with_lock(t, s, lock) return lock:with(walk_block, t, s.body) end
function ops.send(_, s, channel) channel:send(s.id) end
function ops.offer(_, s, channel) return channel:offer(s.id) end
function ops.receive(_, _, channel) return channel:receive() end
function ops.poll(_, _, channel) return channel:poll() end
function ops.close_sender(_, _, channel) channel:close_sender() end
function ops.close_receiver(_, _, channel) channel:close_receiver() end

---------------------------------------------------------------------------
-- Scopes

--- Walks the body of a step that opened a scope, and a group too perhaps; others find them while they are
--- open.
local function walk_inside(t, s, g)
  t.scope[s.id], t.group[s.id] = g and g.scope or t.world.current_scope(), g
  return walk_block(t, s.body)
end

--- Calls a form of the world's that opens a scope.
local function call_form(t, s, form, ...)
  local result = table.pack(pcall(form, ...))
  t.scope[s.id], t.group[s.id] = nil, nil
  return pass(table.unpack(result, 1, result.n))
end

function ops.scope(t, s)
  return call_form(t, s, t.world.scope, { timeout = s.seconds, shield = s.shield }, function()
    return walk_inside(t, s)
  end)
end

function ops.move_on(t, s) return call_form(t, s, t.world.move_on_after, s.seconds, walk_inside, t, s) end
function ops.fail_after(t, s) return call_form(t, s, t.world.fail_after, s.seconds, walk_inside, t, s) end
function ops.scope_block(t, s) return call_form(t, s, t.world.scope_block, s.seconds, walk_inside, t, s) end

function ops.shield(t, s)
  return call_form(t, s, t.world.shield, walk_inside, t, s), t.world.cancelled()
end

function ops.cancel_scope(_, _, scope) scope:cancel() end
function ops.set_deadline(t, s, scope) scope.deadline = t.world.now() + s.seconds end
function ops.set_shield(_, s, scope) scope.shield = s.shield end

---------------------------------------------------------------------------
-- Errors

function ops.catch(t, s)
  local ok, value = pcall(walk_block, t, s.body)
  return ok and value or "caught " .. t.world.describe(value)
end

function ops.attempt(t, s)
  local ok, value = t.world.attempt(walk_block, t, s.body)
  return ok and value or "caught " .. t.world.describe(value)
end

function ops.finally(t, s)
  return t.world.finally(function() return walk_block(t, s.body) end, function() walk_block(t, s.last) end)
end

---------------------------------------------------------------------------
-- Groups and tasks

local function walk_group(t, s, form)
  return call_form(t, s, form, { limit = s.limit, on_error = s.on_error }, function(g)
    return walk_inside(t, s, g)
  end)
end

function ops.group(t, s) return walk_group(t, s, t.world.group) end
function ops.group_block(t, s) return walk_group(t, s, t.world.group_block) end

--- The function of a task: walks the body with a view of its own, and notes how it ended.
local function task_body(t, s)
  return function(started)
    local own = setmetatable({ name = "task " .. s.id, started = started }, getmetatable(t))
    local result = table.pack(pcall(walk_block, own, s.body))
    note(own, s, own.is_started and "started task" or "task", table.unpack(result, 1, result.n))
    return pass(table.unpack(result, 1, result.n))
  end
end

function ops.spawn(t, s, g) t.task[s.id] = g:spawn(task_body(t, s)) end
function ops.daemon(t, s, g) t.task[s.id] = g:spawn_daemon(task_body(t, s)) end
function ops.start(t, s, g) t.task[s.id] = g:start(task_body(t, s)) end

function ops.started(t)
  if not t.started then return "absent" end
  t.started()
  t.is_started = true
end

function ops.defer(t, s, g) g:defer(walk_block, t, s.body) end
function ops.cancel_group(_, _, g) g:cancel() end
function ops.cancel_task(_, _, task) task:cancel() end
function ops.wait_task(_, _, task) task:wait() end
function ops.join(_, _, task) return task:join() end
function ops.result(_, _, task) return task:result() end

---------------------------------------------------------------------------

local function perform(t, s)
  local kind = target_of[s.op]
  local target = kind and t[kind][s[kind]]
  if kind and not target then return "absent" end
  return ops[s.op](t, s, target)
end

--- The error of a step. Texts of misuse differ between worlds, so they get one that says which step it was.
local function own_error(err, s)
  if type(err) ~= "string" or err:find "^[em]%d+$" then return err end
  return "m" .. s.id
end

local function walk_step(t, s)
  local length = #t.trace
  local result = table.pack(pcall(perform, t, s))
  if not result[1] then result[2] = own_error(result[2], s) end
  note(t, s, s.op, table.unpack(result, 1, result.n))
  t.trace[#t.trace].has_waited = #t.trace > length + 1
  return pass(table.unpack(result, 1, result.n))
end

--- Takes the steps of a block; returns its number.
function walk_block(t, block)
  for _, s in ipairs(block) do walk_step(t, s) end
  return block.id
end

--- The trace of program `p` in a world that `run(main)` makes: it calls main(world), and returns what that
--- came to.
function walk.through(p, run)
  local trace = {}
  local outcome = run(function(world)
    local shared = { world = world, trace = trace,
      event = {}, lock = {}, channel = {}, scope = {}, group = {}, task = {} }
    for i = 1, p.event do shared.event[i] = world.event() end
    for i = 1, p.lock do shared.lock[i] = world.lock() end
    for i, capacity in ipairs(p.channel) do shared.channel[i] = world.channel(capacity) end
    return walk_block(setmetatable({ name = "main" }, { __index = shared }), p.main)
  end)
  table.insert(trace, { time = 0, task = "main", step = 0, kind = "run", outcome = outcome })
  return trace
end

return walk
