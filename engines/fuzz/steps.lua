--- The steps of fuzzed programs: each is a call or a few of the public face, on live objects, with what the
--- input chooses. A step gets the world and `body`, which runs further steps; what it raises is looked at by
--- the caller. Those for what tasks share and for streams are in files of their own.
local cohort = require "cohort"
local testing = require "cohort.testing"

local steps, makers = {}, {}

--- Adds a step.
local function step(name, f) table.insert(steps, { name = name, f = f }) end

-- {{ Time and scopes

step("checkpoint", function() cohort.checkpoint() end)
step("sleep", function(w) cohort.sleep(w:duration()) end)
step("sleep_until", function(w) cohort.sleep_until(cohort.now() + w:duration() - 1) end)
step("sleep_forever", function() cohort.sleep_forever() end)
step("cancelled", function() cohort.cancelled() end)
step("move_on_after", function(w, body) cohort.move_on_after(w:duration(), body) end)
step("fail_after", function(w, body) cohort.fail_after(w:duration(), body) end)
step("move_on_at", function(w, body) cohort.move_on_at(cohort.now() + w:duration(), body) end)
step("fail_at", function(w, body) cohort.fail_at(cohort.now() + w:duration(), body) end)
step("shield", function(_, body) cohort.shield(body) end)

local function scope_options(w)
  local how = w.input:next()
  return { timeout = how & 1 == 1 and w:duration() or nil, shield = how & 2 == 2,
    name = how & 4 == 4 and "s" or nil }
end

step("scope", function(w, body)
  cohort.scope(scope_options(w), function(scope)
    w:put("scope", scope)
    return body()
  end)
end)
step("open_scope", function(w, body)
  local scope <close> = cohort.open_scope(scope_options(w))
  w:put("scope", scope)
  body()
end)
step("current_scope", function(w) w:put("scope", cohort.current_scope()) end)
step("scope:cancel", function(w) w:get("scope"):cancel(w.input:next() < 128 and "why" or nil) end)
step("scope.deadline", function(w) w:get("scope").deadline = cohort.now() + w:duration() - 1 end)
step("scope.shield", function(w) w:get("scope").shield = w.input:next() < 128 end)
step("scope.reason", function(w) return tostring(w:get("scope").reason), w:get("scope").cancel_called end)
step("current_deadline", function() return cohort.current_deadline() end)
function makers.scope() return cohort.current_scope() end

-- }}

-- {{ Groups and tasks

local function group_options(w)
  local how = w.input:next()
  return { limit = how & 3 > 0 and how & 3 or nil, on_error = how & 4 == 4 and "collect" or nil }
end

local function in_group(w, g, body)
  w:put("group", g)
  return body()
end

-- What says that a group is left to its task: nothing can wait further out, or it was closed too early.
local left = { "the tasks of this group were cancelled", "this block was opened outside of a function form" }

local function says_left(err)
  if type(err) == "string" then return err:find(left[1], 1, true) or err:find(left[2], 1, true) end
  if not cohort.is(err, cohort.ErrorGroup) then return false end
  for leaf in err:leaves() do
    if type(leaf) == "string" and says_left(leaf) then return true end
  end
end

-- Has it ended? Where nothing can wait it is left to its task, with an error.
local function check_ended(w, group, err)
  if group and coroutine.isyieldable() and not says_left(err) then w:check_ended(group) end
end

step("group", function(w, body)
  local group
  local ok, err = pcall(cohort.group, group_options(w), function(g)
    group = g
    return in_group(w, g, body)
  end)
  check_ended(w, group, err)
  if not ok then error(err, 0) end
end)
step("open_group", function(w, body)
  local group
  local ok, err = pcall(function()
    local g <close> = cohort.open_group(group_options(w))
    group = g
    return in_group(w, g, body)
  end)
  check_ended(w, group, err)
  if not ok then error(err, 0) end
end)
step("open_group, forgotten", function(w) w:put("group", cohort.open_group()) end)
step("g:spawn", function(w, body)
  local g = w:get("group")
  w:put("task", w:add_task(g, g:spawn(body)))
end)
step("g:spawn_daemon", function(w, body)
  local g = w:get("group")
  w:put("task", w:add_task(g, g:spawn_daemon(body)))
end)
step("g:start", function(w, body)
  local g = w:get("group")
  w:put("task", w:add_task(g, (g:start(function(started)
    body()
    started("ready", nil)
    return body()
  end))))
end)
step("g:defer", function(w, body) w:get("group"):defer(body) end)
step("g:cancel", function(w) w:get("group"):cancel("enough") end)
step("g.scope", function(w)
  local g = w:get("group")
  w:put("scope", g.scope)
  return #g, g.name
end)
function makers.group(w) return w.root end

step("task:wait", function(w) w:get("task"):wait() end)
step("task:join", function(w) w:get("task"):join() end)
step("task:result", function(w) return w:get("task"):result() end)
step("task:error", function(w) return tostring(w:get("task"):error()) end)
step("task:cancel", function(w) w:get("task"):cancel() end)
step("task:status", function(w) return w:get("task"):status(), w:get("task"):traceback() end)
step("task.name", function(w) w:get("task").name = "renamed" end)
step("current_task", function(w) w:put("task", cohort.current_task()) end)
function makers.task(w) return w.root:spawn(function() return 1, nil end) end

-- }}

-- {{ Errors

step("error", function(w) error(w:failure()) end)
step("error nil", function() error(nil) end)
step("pcall", function(w, body)
  local ok, err = pcall(body)
  if not ok then w:check_error(err) end
end)
step("attempt", function(w, body)
  local ok, err = cohort.attempt(body)
  if not ok then w:check_error(err) end
end)
step("unwrap", function(_, body) return cohort.unwrap(body) end)
step("try", function(w, body)
  local how, clauses = w.input:next(), {}
  if how & 1 == 1 then
    clauses[1] = cohort.except(w.input:one_of(w.matchers), function(eg)
      w:check_error(eg)
      return body()
    end)
  end
  if how & 2 == 2 then table.insert(clauses, cohort.except(w.input:one_of(w.matchers), error)) end
  if how & 4 == 4 then table.insert(clauses, cohort.success(body)) end
  if how & 8 == 8 then table.insert(clauses, cohort.finally(body)) end
  return cohort.try(body, table.unpack(clauses))
end)
step("defer", function(_, body)
  local _ <close> = cohort.defer(body)
  return body()
end)
step("split", function(w)
  local eg = cohort.error_group("all", { w:failure() or 1, w:failure() or 2 })
  local matched, rest = eg:split(w.input:one_of(w.matchers))
  return tostring(matched), tostring(rest), matched and matched:sole()
end)

-- }}

-- {{ Combinators and generators

local function bodies(w, body)
  local list = {}
  for i = 1, w.input:pick(4) - 1 do list[i] = body end
  return list
end

step("gather", function(w, body) cohort.gather({ settle = w.input:next() < 128 }, bodies(w, body)) end)
step("race", function(w, body) cohort.race(bodies(w, body)) end)
step("any", function(w, body) cohort.any(bodies(w, body)) end)
step("map", function(w, body)
  cohort.map({ limit = w.input:pick(2) }, { 1, 2, 3, n = w.input:next() % 5 }, body)
end)
step("retry", function(w, body)
  cohort.retry({ attempts = w.input:pick(3), delay = 1, on = w.input:one_of(w.matchers) }, body)
end)
step("as_completed", function(w, body)
  local iterator <close> = cohort.as_completed(bodies(w, body))
  for _ = 1, w.input:pick(3) do iterator() end
end)
step("iterate", function(w) return w:get("iterator")() end)
step("iterator, closed", function(w)
  local iterator <close> = w:get("iterator")
  return iterator()
end)
step("ticker", function(w) return w:get("ticker")() end)
function makers.ticker() return cohort.ticker(1) end
function makers.iterator(w)
  return cohort.stream(function(emit)
    for i = 1, 3 do
      w.script()
      emit(i)
    end
  end)
end

step("coroutine.resume", function(w) return cohort.coroutine.resume(w:get("coroutine"), 1, nil) end)
step("coroutine.wrap", function(w, body)
  local f = cohort.coroutine.wrap(function()
    w.coroutines[cohort.coroutine.running()] = true
    return body()
  end)
  f()
  return f()
end)
step("coroutine.close", function(w) return cohort.coroutine.close(w:get("coroutine")) end)
step("coroutine.yield", function() return cohort.coroutine.yield(1) end)
step("coroutine.status", function(w) return cohort.coroutine.status(w:get("coroutine")) end)
step("Lua's coroutine.resume", function(w)
  w:be_rough()
  return coroutine.resume(w:get("coroutine"))
end)
step("Lua's coroutine.close", function(w) w:close_by_hand(w:get("coroutine")) end)
function makers.coroutine(w)
  return cohort.coroutine.create(function()
    w.coroutines[cohort.coroutine.running()] = true
    w.script()
    cohort.coroutine.yield(1)
    w.script()
  end)
end

step("context:with", function(w, body)
  local context, value = w:get("context"), w.input:next()
  context:with(value, function()
    if context:get() ~= value then w:blame("a context has lost its value") end
    return body()
  end)
end)
step("context:get", function(w) return w:get("context"):get() end)
function makers.context() return cohort.context("default") end

-- }}

-- {{ Whoever watches, and the garbage collector

step("wait_all_blocked", function(w) testing.wait_all_blocked(w.input:next() < 32 and 0.0001 or nil) end)
step("clock:advance", function(w) w.clock:advance(w.input:next() / 64) end)
step("clock:jump", function(w) w.clock:jump(w.input:next() / 64) end)
step("task_tree", function() return testing.task_tree() end)
step("collect", function(w) collectgarbage(w.input:next() < 128 and "collect" or "step") end)
step("forget", function(w)
  local kinds = {}
  for kind in pairs(makers) do kinds[#kinds + 1] = kind end
  table.sort(kinds)
  w:put(w.input:one_of(kinds), nil)
end)
step("tostring", function(w)
  return tostring(w:get("task")) .. tostring(w:get("group")) .. tostring(w:get("scope"))
end)

-- }}

return { list = steps, makers = makers, step = step }
