--- What random programs keep account of, held against docs/model.md while they run and when they have ended:
---
--- - every error that was raised came out of the run, or was caught, once;
--- - Cancelled reaches no place where nothing is cancelled, and is in no group of errors;
--- - a group has ended when its block has: every task of it began and ended, what was deferred has run,
---   the last first;
--- - every `<close>` variable was closed once, the last first;
--- - no time limit and no sleep is early, and by a virtual clock none is late;
--- - an item of a channel comes once, and does when it was sent; one that was not sent does not;
--- - no lock, semaphore or limiter has more inside than it may, and all of it is back at the end.
---
--- What is wrong is kept in `faults`, and not raised: a program may catch it. `trace` says what happened.
local cohort = require "cohort"
local shared = require "engines.law.shared"
local testing = require "cohort.testing"

local ledger = setmetatable({}, { __index = shared })
ledger.__index = ledger

local LIMIT, DEFER_MAX, MANY = 200, 4, 60

ledger.A = cohort.error_type "A"
ledger.B = cohort.error_type "B"

local function is_cancelled(err) return cohort.is(err, cohort.Cancelled) end

local closing = shared.closing

-- {{ The account itself

local function new()
  local p = { faults = {}, trace = {}, disturbed = 0, failures = 0, tasks = 0, balance = {}, stacks = {},
    groups = {}, context = cohort.context "default", handler = function(err) return err end }
  shared.make(p)
  return setmetatable(p, ledger)
end

--- Notes that something happened, when and in which task.
function ledger:note(format, ...)
  local task = cohort.current_task()
  local where = task and ("%g %s: "):format(cohort.now(), task.name) or "after all: "
  table.insert(self.trace, where .. format:format(...))
end

--- Something must hold.
function ledger:check(holds, format, ...)
  if holds then return end
  table.insert(self.faults, debug.traceback(format:format(...), 2))
end

--- A statement begins.
function ledger:__call(id) self:note("%d", id) end

-- }}

-- {{ Errors

-- What an error is known by: the text that it was raised with, or itself.
local function key_of(err)
  local text = type(err) == "string" and err or type(err) == "table" and err[1] or err.message
  return type(text) == "string" and text:match "e%d+#" or err
end

local foreign = { cohort.Timeout, cohort.Aborted, cohort.Closed, cohort.Broken }

-- Counts the errors in `err` as raised (1) or arrived (-1).
function ledger:count(err, by)
  if not cohort.is(err, cohort.ErrorGroup) then err = cohort.error_group("", { err }) end
  for leaf in err:leaves() do
    local key = key_of(leaf)
    if self.balance[key] then
      self.balance[key] = self.balance[key] + by
      self:check(self.balance[key] >= 0, "an error arrived twice: %s", tostring(leaf))
    else
      self:check(cohort.is(leaf, foreign), "this was raised: %s", tostring(leaf))
    end
  end
end

-- By sort: an error with a text. The last is Lua's own, which it raises in a function itself.
local raisers = {
  function(text) return ledger.A(text) end,
  function(text) return ledger.B(text) end,
  function(text) return text end,
  function(text) return { text } end,
  function(text) load(("local t = {} t['%s']()"):format(text), "=lua")() end,
}

--- Raises an error of a sort.
function ledger:fail(sort)
  self.failures, self.disturbed = self.failures + 1, self.disturbed + 1
  local text = ("e%d#"):format(self.failures)
  self.balance[text] = 1
  error(raisers[sort](text), 0)
end

--- What pcall gave: an error has arrived.
function ledger:caught(ok, err)
  if ok then return end
  self.disturbed = self.disturbed + 1
  if not is_cancelled(err) then return self:count(err, -1) end
  local task = cohort.current_task()
  self:check(task and cohort.cancelled(), "Cancelled where nothing is cancelled")
  self:note "cancelled"
end

--- What pcall gave: an error goes on.
function ledger:again(ok, err)
  if not ok then error(err, 0) end
end

-- What pcall gave of a call that raises errors that arrived before.
function ledger:raised_anew(ok, err)
  if ok then return end
  if not is_cancelled(err) then self:count(err, 1) end
  error(err, 0)
end

--- A handler has an error, and puts it back.
function ledger:took(eg) self:caught(false, eg) end
function ledger:put_back(eg) self:raised_anew(false, eg) end

-- `f`, whose errors somebody forgets.
function ledger:forgotten(f)
  return function()
    local _ <close> = closing(function(err) self:caught(err == nil, err) end)
    return f()
  end
end

function ledger:any(fs)
  self:raised_anew(pcall(cohort.any, { self:forgotten(fs[1]), self:forgotten(fs[2]) }))
end

function ledger:settle(fs)
  cohort.gather({ settle = true }, { self:forgotten(fs[1]), self:forgotten(fs[2]) })
end

function ledger:retry(options, f) self:raised_anew(pcall(cohort.retry, options, self:forgotten(f))) end

-- }}

-- {{ Scopes and time

--- Waits exactly so long.
function ledger:sleep(seconds)
  local due = cohort.now() + seconds
  cohort.sleep(seconds)
  self:check(cohort.now() == due, "it slept until %s and not until %s", cohort.now(), due)
end

-- Where a scope ends, for a `<close>` variable around it.
function ledger:scope_end()
  return closing(function(err)
    if err ~= nil and is_cancelled(err) then self:caught(false, err) end
  end)
end

-- A block was cut, which what is around it was not.
function ledger:cut()
  self:note "cut"
  self.disturbed = self.disturbed + 1
  self:check(not cohort.cancelled(), "a scope has ended a cancellation that came from outside")
end

function ledger:check_due(due)
  self:check(cohort.now() >= due, "a limit at %s was early, at %s", due, cohort.now())
end

function ledger:move_on(seconds, body)
  local due = cohort.now() + seconds
  local _ <close> = self:scope_end()
  if not cohort.move_on_after(seconds, body) then
    self:cut()
    self:check_due(due)
  end
end

--- Where a scope ends that raises a Timeout, not before `due`, for a `<close>` variable around it.
function ledger:timing(due)
  return closing(function(err)
    if err == nil or not cohort.is(err, cohort.Timeout) or self.balance[err] then return end
    self.balance[err] = 1
    self:cut()
    self:check_due(due or 0)
  end)
end

function ledger:fail_after(seconds, body)
  local _ <close> = self:timing(cohort.now() + seconds)
  local _ <close> = self:scope_end()
  cohort.fail_after(seconds, body)
end

function ledger:scope(options, body)
  local _ <close> = self:scope_end()
  if not cohort.scope(options, body) and not options.shield then self:cut() end
end

function ledger:set_deadline(scope, seconds)
  local ok, err = pcall(function() scope.deadline = cohort.now() + seconds end)
  self:check(ok or tostring(err):find "this scope has ended", "a deadline was refused: %s", err)
end

function ledger:shield(seconds, body)
  local _ <close> = self:scope_end()
  if not cohort.shield(cohort.move_on_after, seconds, body) then self:note "cut in a shield" end
end

-- }}

-- {{ Groups and tasks

--- Where a group ends, for a `<close>` variable around it; the group is the next that is opened.
function ledger:ending()
  local record = { live = 0, spawned = {}, deferred = {} }
  self.next_record = record
  return closing(function(err)
    record.has_ended = true
    self:check(record.live == 0, "a group ended before %d of its tasks", record.live)
    for _, has_begun in ipairs(record.spawned) do self:check(has_begun(), "a task never began") end
    self:check(#record.deferred == 0, "a group ended and has not run all that was deferred")
    if err ~= nil and is_cancelled(err) then self:caught(false, err) end
  end)
end

function ledger:open_group(options)
  local g = cohort.open_group(options)
  self.groups[g] = self.next_record
  return g
end

function ledger:group(options, body)
  local _ <close> = self:ending()
  local record = self.next_record
  local values = table.pack(cohort.group(options, function(g)
    self.groups[g] = record
    body(g)
    return g, nil
  end))
  if values.n == 0 then return self:cut() end
  local is_as_returned = values.n == 2 and self.groups[values[1]] == record
  self:check(is_as_returned, "a group returned other values")
end

-- A group that has ended takes nothing.
function ledger:check_refused(ok, err)
  local is_misuse = not ok and type(err) == "string" and err:find "has ended"
  self:check(is_misuse, "a group that has ended took something")
end

--- Spawns a task, or starts one; returns it.
function ledger:spawn(how, g, f)
  local record, has_begun = self.groups[g], false
  local inherited = self.context:get()
  local function body(...)
    record.live, has_begun = record.live + 1, true
    self:check(self.context:get() == inherited, "a task has not inherited a value")
    local _ <close> = closing(function(err)
      record.live = record.live - 1
      self:note("%s", err == nil and "ends" or is_cancelled(err) and "is cancelled" or "fails")
    end)
    return f(...)
  end
  if record.has_ended then
    self:check_refused(pcall(g[how], g, body))
    return self.nobody
  end
  local task = g[how](g, body)
  table.insert(record.spawned, function() return has_begun end)
  self.tasks = self.tasks + 1
  task.name = "task " .. self.tasks
  return task
end

--- The running task cancels itself, unless it is the root.
function ledger:cancel_itself()
  local task = cohort.current_task()
  if task ~= self.root then task:cancel() end
end

--- A task that is not the running one, which cannot wait for itself.
function ledger:other(task) return task == cohort.current_task() and self.nobody or task end

function ledger:join(task) self:raised_anew(pcall(task.join, task)) end

--- Defers a function: it is the next to run when the group ends, unless another is deferred later.
function ledger:defer(g, f)
  local record = self.groups[g]
  local function deferred()
    self:check(table.remove(record.deferred) == f, "a deferred function ran out of its turn")
    self:note "deferred"
    cohort.move_on_after(DEFER_MAX, f)
  end
  if record.has_ended then return self:check_refused(pcall(g.defer, g, deferred)) end
  table.insert(record.deferred, f)
  g:defer(deferred)
end

function ledger:check_context(value)
  self:check(self.context:get() == value, "a context has lost its value")
end

-- }}

-- {{ Values that are handed on

--- Hands many values to a function by `way`, whose last results they are.
function ledger:passes(way, ...)
  local values, arguments = {}, { ... }
  for i = 1, MANY do values[i] = self.tasks + i end
  table.insert(arguments, function(...)
    cohort.checkpoint()
    return ...
  end)
  table.move(values, 1, MANY, #arguments + 1, arguments)
  local results = table.pack(way(table.unpack(arguments)))
  for i = 1, MANY do
    self:check(results[results.n - MANY + i] == values[i], "value %d of many is another", i)
  end
end

-- Further ways: each calls `f` with the values, and returns them.

function ledger.spawned(f, ...)
  local task
  cohort.group(function(g, ...) task = g:spawn(f, ...) end, ...)
  return task:result()
end

function ledger.started(f, ...)
  return cohort.group(function(g, ...)
    return g:start(function(started, ...) started(f(...)) end, ...)
  end, ...)
end

function ledger.emitted(f, ...)
  local values = table.pack(...)
  local step <close> = cohort.stream(function(emit) emit(f(table.unpack(values, 1, values.n))) end)
  return step()
end

function ledger.yielded(f, ...)
  return cohort.coroutine.wrap(function(...) cohort.coroutine.yield(f(...)) end)(...)
end

-- }}

-- {{ Blocks, coroutines, garbage

--- A `<close>` variable; when it is closed it may wait, or fail if nothing else did.
function ledger:guard(id, how)
  local co = coroutine.running()
  local stack = self.stacks[co] or {}
  self.stacks[co] = stack
  table.insert(stack, id)
  local function take_turn()
    self:check(table.remove(stack) == id, "the end of block %d was not its turn", id)
    self:note("block %d ends", id)
  end
  local function wait_deferred()
    take_turn()
    cohort.sleep(0.5)
  end
  if how == "deferred" then return cohort.defer(wait_deferred) end
  return closing(function(err)
    take_turn()
    if how == "waits shielded" then return self:shield(1, function() cohort.sleep(0.5) end) end
    if err ~= nil then return end
    if how == "waits" then cohort.sleep(1) end
    if how == "fails" then self:fail(1) end
  end)
end

-- A coroutine goes on, if it can.
function ledger:go_on(co)
  if cohort.coroutine.status(co) == "suspended" then
    self:again(cohort.coroutine.resume(co, cohort.coroutine.yield))
  end
end

function ledger:close(co)
  if cohort.coroutine.status(co) == "suspended" then self:caught(cohort.coroutine.close(co)) end
end

--- A coroutine as a function that goes on with it, for a `<close>` variable that closes it.
function ledger:coroutine(f)
  local co = cohort.coroutine.create(f)
  return setmetatable({}, {
    __call = function() self:go_on(co) end,
    __close = function() self:close(co) end,
  })
end

--- The coroutine that all tasks share goes on; if there is none, it is one of `f`.
function ledger:resume(f)
  if not self.co or cohort.coroutine.status(self.co) == "dead" then self.co = cohort.coroutine.create(f) end
  self:go_on(self.co)
end

--- A finalizer is called anywhere, and cannot wait there.
function ledger:finalizer()
  setmetatable({}, { __gc = function()
    self:check(not pcall(cohort.sleep, 0), "a finalizer could wait")
  end })
end

function ledger.collect(_, how)
  collectgarbage(how == 1 and "collect" or "step", 10 * how)
end

--- Looks at everything.
function ledger:look(task)
  local texts = { tostring(task), task:traceback(), testing.task_tree(), tostring(cohort.current_scope()) }
  self:note("%s, %g", task:status(), cohort.current_deadline())
  return texts
end

-- }}

-- {{ The end of a program

function ledger:audit()
  for key, n in pairs(self.balance) do
    self:check(n == 0, "an error was lost: %s", tostring(key))
  end
  for _, stack in pairs(self.stacks) do self:check(#stack == 0, "a block did not end") end
  for _, record in pairs(self.groups) do self:check(record.has_ended, "a group did not end") end
  self:audit_shared()
end

-- What the root task does: a program in a group, with a limit around it.
local function root(p, options, main)
  p.root = cohort.current_task()
  cohort.move_on_after(LIMIT, p.group, p, options, function(g)
    p.nobody = g:spawn(function() end)
    g:defer(function()
      if p.co then p:close(p.co) end
    end)
    main(p, g)
  end)
end

--- A program, whose tasks run in a group with `options`. With a `seed` those that are ready run as it comes.
function ledger.program(seed, options, main)
  local run_options = { signals = false, seed = seed }
  local program = {}

  --- Runs it; returns its ledger.
  function program.play()
    local p = new()
    run_options.clock = testing.clock { autojump = true }
    p:caught(pcall(cohort.run, run_options, root, p, options, main))
    p:audit()
    return p
  end

  --- Runs it again and again, cancelled at each of its checkpoints, all of it and one task first.
  function program.cancel()
    local p
    local function check()
      p:audit()
      if p.faults[1] then error(p.faults[1], 0) end
    end
    return testing.cancel_everywhere({ runs = 1, check = check }, function()
      p = new()
      local ok, err = pcall(root, p, options, main)
      if not ok and is_cancelled(err) then error(err, 0) end
      p:caught(ok, err)
    end)
  end

  return program
end

-- }}

return ledger
