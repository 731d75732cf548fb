--- cohort: structured concurrency.
---
--- The front door: one table with every public name. What the core offers is there at once; submodules, and
--- functions of the Lua side, are loaded when their field is first read, so that a script pays only for what
--- it uses. `cohort.net` and `require "cohort.net"` are the same table.
local core = require "cohort.core"

core.hide_library()

local cohort = { VERSION = core.VERSION }

-- Names that come from the core unchanged.
for _, name in ipairs {
  "run", "now", "sleep", "sleep_until", "sleep_forever", "checkpoint", "cancelled", "current_task",
  "group", "open_group",
  "move_on_after", "fail_after", "move_on_at", "fail_at", "shield", "scope", "open_scope",
  "current_scope", "current_deadline", "context",
  "event", "lock", "semaphore", "limiter", "condition", "barrier", "channel", "select", "signals",
  "error_type", "error_group",
  "Error", "ErrorGroup", "Timeout", "Deadlock", "Interrupted", "Closed", "Broken", "Busy", "Aborted",
  "Stubborn", "TooLong", "ProcessError", "SystemError", "Cancelled",
} do
  cohort[name] = core[name]
end

--- Runs `main(...)` in the running task, or in a new runtime when there is none.
---
--- For scripts: the same file works with `lua5.4`, with the launcher and in a host.
--- @async
--- @param main fun(...): ...
--- @param ... any  passed to `main`
--- @return any ...  what `main` returned
function cohort.main(main, ...)
  if not core.is_callable(main) then
    local text = "main expects a function, got %s: write main(f, ...) and not main(f(...))"
    if type(main) == "table" and core.is_callable((...)) then
      text = "main expects a function first, got %s: it has no options; cohort.run(options, f, ...) has"
    end
    core.misuse(text:format(type(main)))
  end
  if core.current_task() then return main(...) end
  return core.run(main, ...)
end

-- Where a field comes from that is not there yet: it is a module, or a function of one.
local submodules = {
  coroutine = "cohort.coroutine", fd = "cohort.fd", fs = "cohort.fs", net = "cohort.net",
  process = "cohort.process", stdio = "cohort.stdio",
  testing = "cohort.testing",
}
local functions = {}
for module, names in next, {
  ["cohort.match"] = { "is" },
  ["cohort.try"] = { "try", "except", "success", "finally", "defer", "attempt", "unwrap" },
  ["cohort.stream"] = { "stream" },
  ["cohort.retry"] = { "retry", "ticker" },
  ["cohort.combinators"] = { "gather", "race", "any", "map", "as_completed" },
  ["cohort.broadcast"] = { "broadcast" },
  ["cohort.value"] = { "value" },
} do
  for _, name in ipairs(names) do functions[name] = module end
end

-- The methods of error groups that need matchers: cohort.match replaces these with the real ones.
for _, name in ipairs { "split", "subgroup" } do
  if package.loaded["cohort.match"] then break end
  core.ErrorGroup[name] = function(...)
    require "cohort.match"
    return core.ErrorGroup[name](...)
  end
end

-- Misuse, suggesting the name that was probably meant.
local function missing(self, name)
  local known = {}
  for _, names in ipairs { self, submodules, functions } do
    for key in next, names do known[key] = true end
  end
  return core.missing("cohort", name, known)
end

return setmetatable(cohort, {
  __index = function(self, name)
    local value
    if submodules[name] then value = require(submodules[name])
    elseif functions[name] then value = require(functions[name])[name]
    else return missing(self, name)
    end
    if value ~= nil then rawset(self, name, value) end
    return value
  end,
})
