--- Cancel scopes: a tree of regions, each cancelled or not, each with a shield or not (rules 2.1 to 2.7).
---
--- Nothing is stored about who is cancelled: it is asked anew each time, by looking outward. A scope
--- belongs to the task that opened it; the scope that a task begins with lies in that of its group.
local remove = require "engines.model.reference.remove"

local scope = {}

scope.Cancelled = { kind = "Cancelled" }

--- What programs see: `deadline`, `shield`, `reason`, `cancel()`.
local face = {}

--- Opens a scope for `task` in `parent`.
function scope.open(m, task, parent, options)
  local s = setmetatable({ machine = m, task = task, parent = parent, inner = {}, due = math.huge,
    has_shield = options.shield or false }, face)
  task.scope = s
  if parent then table.insert(parent.inner, s) end
  if options.deadline then s.deadline = options.deadline end
  return s
end

function scope.close(s)
  s.machine:drop_timer(s.timer)
  if s.parent then remove(s.parent.inner, s) end
  s.closed = true
  s.task.scope = s.parent
end

--- The scope that cancels what runs in `s`: the outermost cancelled one that no shield hides (2.5); nil
--- when none does.
function scope.canceller(s)
  local found
  while s do
    if s.reason then found = s end
    if s.has_shield then break end
    s = s.parent
  end
  return found
end

--- The scope that a Cancelled on its way out of `s` stands for. A shield may hide it by now; it goes on to
--- it all the same, for a scope that is not cancelled ends none (2.5). Nil when nothing around is cancelled
--- (2.13).
function scope.source(s)
  local found = scope.canceller(s)
  while s and not found do
    found = s.reason and s
    s = s.parent
  end
  return found or nil
end

--- Ends the waits in `s` and below, in the order of the tree: who waits in a scope itself, then what was
--- opened in it, first to last. Shields keep it out.
local function abort_waits(s)
  if s.task.scope == s then s.machine:abort(s.task) end
  for _, inner in ipairs({ table.unpack(s.inner) }) do
    if not inner.has_shield then abort_waits(inner) end
  end
end

--- Cancels it, for a reason that stays (2.4).
function scope.cancel(s, kind)
  if s.reason or s.closed then return end
  s.reason = { kind = kind or "cancel" }
  s.machine:drop_timer(s.timer)
  abort_waits(s)
end

function face.__index(s, key)
  if key == "deadline" then return s.due end
  if key == "shield" then return s.has_shield end
  if key == "cancel" then return scope.cancel end
end

--- A deadline that has passed counts at once (2.2). A shield that is switched off lets in at once what it
--- kept out (2.6).
function face.__newindex(s, key, value)
  if key == "deadline" then
    s.due = value
    s.machine:drop_timer(s.timer)
    s.timer = nil
    if value <= s.machine.now then
      scope.cancel(s, "deadline")
    elseif not s.reason then
      s.timer = s.machine:set_timer(value, function() scope.cancel(s, "deadline") end)
    end
  elseif key == "shield" then
    s.has_shield = value
    if scope.canceller(s) then abort_waits(s) end
  else
    rawset(s, key, value)
  end
end

--- Moves `s`, with all that is in it, to another parent (1.15).
function scope.move(s, parent)
  remove(s.parent.inner, s)
  s.parent = parent
  table.insert(parent.inner, s)
  if scope.canceller(s) then abort_waits(s) end
end

--- The earliest deadline that is visible from `s`, in the past when it is cancelled (2.7).
function scope.effective_deadline(s)
  if scope.canceller(s) then return -math.huge end
  local earliest = math.huge
  while s do
    earliest = math.min(earliest, s.due)
    if s.has_shield then break end
    s = s.parent
  end
  return earliest
end

--- Raises Cancelled when the running task is cancelled: what every waiting function does first (2.2).
--- Before it does, others have their turn, so that a task which swallows it again and again starves nobody
--- (2.12).
function scope.test(m)
  if scope.canceller(m.current.scope) then m:switch() end
  if scope.canceller(m.current.scope) then error(scope.Cancelled, 0) end
end

--- Waits, and raises Cancelled when a cancellation ended the wait. Returns what it was woken with.
function scope.wait(m, undo)
  local result = table.pack(m:park(undo))
  if not result[1] then error(scope.Cancelled, 0) end
  return table.unpack(result, 2, result.n)
end

return scope
