--- Fuzzes sequences of calls as `calls` does, with steps besides that have Lua run code where no program
--- would: in finalizers, hooks, metamethods, callbacks of C functions, and coroutines of tasks in strange
--- hands. What runs there are further steps, so everything is called from everywhere.
local calls = require "engines.fuzz.calls"
local steps = require "engines.fuzz.steps"

local step, makers = steps.step, steps.makers

-- `body` as Lua calls it there: what it raises must be what cohort promises, and goes no further.
local function inside(w, body)
  return function()
    local ok, err = pcall(body)
    if not ok then w:check_error(err) end
  end
end

-- {{ Finalizers

local sizes = { 64, 256, 1024, 4096 }

step("finalizer", function(w, body) setmetatable({}, { __gc = inside(w, body) }) end)

-- It is run by what makes an object next in the step after this, wherever that is. The collector owes work
-- once the list has grown, and that is no occasion for it.
step("finalizer, due", function(w, body)
  local list, size = {}, w.input:one_of(sizes)
  collectgarbage "stop"
  setmetatable({}, { __gc = inside(w, body) })
  function w.make_ready()
    collectgarbage "restart"
    for i = 1, size do list[i] = i end
    return list
  end
end)

step("collector", function(w) collectgarbage(w.input:next() < 128 and "generational" or "incremental") end)

-- }}

-- {{ Hooks

local events = { "", "c", "r", "l", "crl" }

-- Once, on a thread or the running one, after some instructions or at an event.
local function set_hook(w, body, ...)
  local run = inside(w, body)
  local hook = function()
    debug.sethook()
    run()
  end
  local arguments = { ... }
  table.insert(arguments, hook)
  debug.sethook(table.unpack(arguments), w.input:one_of(events), w.input:next())
end

step("hook", function(w, body) set_hook(w, body) end)
step("hook of another", function(w, body) set_hook(w, body, w:get("thread")) end)

-- }}

-- {{ Callbacks, metamethods, handlers

step("sort", function(w, body)
  local run = inside(w, body)
  table.sort({ 3, 1, 2 }, function(a, b)
    run()
    return a < b
  end)
end)
step("gsub", function(w, body) return (("ab"):gsub(".", inside(w, body))) end)
step("load", function(w, body) return load(inside(w, body)) end)
step("metamethod", function(_, body)
  local function run() return body() end
  local value = setmetatable({}, { __add = run, __index = run })
  return value + 1, value.field
end)
step("xpcall", function(w, body)
  local run = inside(w, body)
  local ok, err = xpcall(body, function(err)
    run()
    return err
  end)
  if not ok then w:check_error(err) end
end)
step("error that is told", function(w, body)
  local run = inside(w, body)
  error(setmetatable({ message = "told" }, { __tostring = function()
    run()
    return "told"
  end }))
end)

-- }}

-- {{ Methods called by hand

for _, kind in ipairs { "group", "scope", "sender", "receiver", "lock", "limiter", "condition" } do
  step(kind .. ", finalized by hand", function(w)
    local object = w:get(kind)
    local finalize = getmetatable(object).__gc
    return finalize and finalize(object)
  end)
end
for _, kind in ipairs { "group", "scope", "iterator", "sender", "receiver" } do
  step(kind .. ", closed by hand", function(w)
    local object = w:get(kind)
    return getmetatable(object).__close(object)
  end)
end

-- }}

-- {{ Threads, of tasks and others

step("running", function(w) w:put("thread", (coroutine.running())) end)
step("thread, resumed", function(w)
  w:be_rough()
  return coroutine.resume(w:get("thread"), "by hand")
end)
step("thread, closed", function(w) w:close_by_hand(w:get("thread")) end)
step("thread, looked at", function(w)
  local thread = w:get("thread")
  return coroutine.status(thread), debug.traceback(thread), debug.getinfo(thread, 0, "nSlu")
end)
function makers.thread(w)
  return coroutine.create(function() return w.script() end)
end

-- }}

return calls
