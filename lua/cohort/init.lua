--- cohort: structured concurrency.
---
--- The front door: one table with every public name of the core, of matching and of
--- `try`, and submodules that are loaded when their field is first read, so that a
--- script pays only for what it uses. `cohort.net` and `require "cohort.net"` are
--- the same table.
local core = require "cohort.core"
local try = require "cohort.try"
local match = require "cohort.match"

core.hide_library()

local cohort = { VERSION = core.VERSION }

-- Names that the core gives away as they are.
for _, name in ipairs {
  "run", "now", "sleep", "sleep_until", "sleep_forever", "checkpoint", "cancelled", "current_task",
  "group", "open_group",
  "move_on_after", "fail_after", "move_on_at", "fail_at", "shield", "scope", "open_scope",
  "current_scope", "current_deadline",
  "error_type", "error_group",
  "Error", "ErrorGroup", "Timeout", "Deadlock", "Interrupted", "Closed", "Broken", "Busy", "Aborted",
  "Stubborn", "TooLong", "ProcessError", "SystemError", "Cancelled",
} do
  cohort[name] = core[name]
end

cohort.is = match.is
for _, name in ipairs { "try", "except", "success", "finally", "attempt", "unwrap" } do
  cohort[name] = try[name]
end

--- Runs `main(...)` in the task that runs already, or in a runtime of its own.
---
--- For scripts: the same file works with `lua5.4`, with the launcher and in a host.
--- @async
--- @param main fun(...): ...
--- @param ... any  handed to `main`
--- @return any ...  what `main` returned
function cohort.main(main, ...)
  if not core.is_callable(main) then
    error(("main expects a function, got %s: write main(f, ...) and not main(f(...))"):format(type(main)), 2)
  end
  if core.current_task() then return main(...) end
  return core.run(main, ...)
end

-- Where a field that is not there yet comes from: a submodule, or one function of it.
local submodules = { net = "cohort.net", testing = "cohort.testing" }
local functions = {
  gather = "cohort.combinators", race = "cohort.combinators", any = "cohort.combinators",
  map = "cohort.combinators", as_completed = "cohort.combinators",
}

return setmetatable(cohort, {
  __index = function(self, name)
    local value
    if submodules[name] then value = require(submodules[name])
    elseif functions[name] then value = require(functions[name])[name]
    end
    if value ~= nil then rawset(self, name, value) end
    return value
  end,
})
