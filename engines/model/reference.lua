--- The reference: cohort's promises as a small machine in plain Lua, written from docs/model.md and nothing
--- else.
---
--- `reference.run(main)` calls main(world) in a first task under virtual time and returns what it came to.
--- A world has the calls of cohort that programs of this engine use, under the same names. The machine is
--- as simple as the rules allow: lists are searched from the front, who is cancelled is asked by walking
--- outward, and nothing is used again. It requires nothing of cohort (`make arrows` checks it).
local errors = require "engines.model.reference.errors"
local group = require "engines.model.reference.group"
local machine = require "engines.model.reference.machine"
local scope = require "engines.model.reference.scope"
local sync = require "engines.model.reference.sync"
local tasks = require "engines.model.reference.task"

local Cancelled = scope.Cancelled

--- Calls f(...) in a new scope. Returns it and pcall's results, and it alone when a cancellation ended in it.
local function call_in_scope(m, options, f, ...)
  local task = m.current
  local s = scope.open(m, task, task.scope, options)
  local result = table.pack(pcall(f, ...))
  local canceller = scope.canceller(s)
  scope.close(s)
  if not result[1] and result[2] == Cancelled and canceller == s then return s end
  return s, table.unpack(result, 1, result.n)
end

--- Returns what pcall gave, or raises its error.
local function pass(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

--- The outcome of the forms that return true and results, or false when they were cut.
local function true_or_false(_, ...)
  if select("#", ...) == 0 then return false end
  return true, pass(...)
end

--- The outcome of a shield, which returns nothing when its own scope was cancelled.
local function result_or_nothing(_, ...)
  if select("#", ...) > 0 then return pass(...) end
end

--- The outcome of the forms that raise when they were cut: Timeout when their own deadline did it, else
--- Aborted.
local function result_or_raise(s, ...)
  if select("#", ...) > 0 then return pass(...) end
  local kind = s.reason.kind
  error(kind == "deadline" and errors.new "Timeout" or errors.new("Aborted", kind), 0)
end

--- The error that leaves a try whose body and finally raised `err` and `late` (2.10).
local function merge(err, late)
  if late == Cancelled or late == err then return err end
  if err == Cancelled then return late end
  return errors.group { err, late }
end

local function add_waits(world, m)
  function world.now() return m.now end
  function world.cancelled() return scope.canceller(m.current.scope) ~= nil end
  function world.current_scope() return m.current.scope end
  function world.current_deadline() return scope.effective_deadline(m.current.scope) end

  function world.checkpoint()
    m:switch()
    if world.cancelled() then error(Cancelled, 0) end
  end

  function world.sleep(seconds)
    if seconds == 0 then return world.checkpoint() end
    scope.test(m)
    local task = m.current
    local timer = m:set_timer(m.now + seconds, function() m:wake(task) end)
    scope.wait(m, function() m:drop_timer(timer) end)
  end

  function world.sleep_forever()
    scope.test(m)
    scope.wait(m, function() end)
  end
end

local function add_blocks(world, m)
  function world.group(options, body) return group.run(m, options, body, false) end
  function world.group_block(options, body) return group.run(m, options, body, true) end

  function world.scope(options, body)
    local own = { deadline = m.now + options.timeout, shield = options.shield }
    return true_or_false(call_in_scope(m, own, body))
  end

  function world.move_on_after(seconds, f, ...)
    return true_or_false(call_in_scope(m, { deadline = m.now + seconds }, f, ...))
  end

  function world.fail_after(seconds, f, ...)
    return result_or_raise(call_in_scope(m, { deadline = m.now + seconds }, f, ...))
  end

  --- The end of a block, like fail_after, raises another error in place of the one it ends (2.14).
  world.scope_block = world.fail_after

  function world.shield(f, ...)
    return result_or_nothing(call_in_scope(m, { shield = true }, f, ...))
  end

  function world.attempt(f, ...)
    local result = table.pack(pcall(f, ...))
    if result[2] == Cancelled then error(Cancelled, 0) end
    return table.unpack(result, 1, result.n)
  end

  function world.finally(body, f)
    local result = table.pack(pcall(body))
    local ok, late = pcall(f)
    if ok then return pass(table.unpack(result, 1, result.n)) end
    if result[1] then error(late, 0) end
    error(merge(result[2], late), 0)
  end
end

local function new_world(m)
  local world = { describe = errors.describe }
  function world.event() return sync.new_event(m) end
  function world.lock() return sync.new_lock(m) end
  function world.channel(capacity) return sync.new_channel(m, capacity) end
  add_waits(world, m)
  add_blocks(world, m)
  return world
end

local reference = {}

--- What `main(world)` came to, as text: "returned" and its results, or "raised" and its error. Deadlock
--- when at some time nothing could wake a task: the root was cancelled then (5.5). A program that is stuck
--- even so has no meaning here: raises.
function reference.run(main)
  local m = machine.new()
  local world = new_world(m)
  local is_deadlock
  local root
  root = tasks.new(m, nil, function() return main(world) end, function(...) root:set_outcome(nil, ...) end)
  m:make_ready(root)
  while not root.ending do
    if not m:step() and not m:jump() then
      assert(not is_deadlock, "stuck though it is cancelled")
      is_deadlock = true
      scope.cancel(root.outermost, "deadlock")
    end
  end
  if is_deadlock then return "raised Deadlock" end
  if root.failure then return "raised " .. errors.describe(root.failure) end
  return "returned " .. table.concat(root.results, " ")
end

return reference
