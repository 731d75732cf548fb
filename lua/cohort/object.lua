--- What objects of the Lua side have in common. Each is a table with one thing in it, its state, at 1, so
--- that what is in it is out of reach of those who write `object.name`.
local core = require "cohort.core"

local object = {}

--- The state of an object; to be called by its methods.
--- @param self any
--- @param class table   its metatable
--- @param noun string   what it is called
--- @param what string   the method
--- @return table
function object.state_of(self, class, noun, what)
  local state = getmetatable(self) == class and rawget(self, 1)
  if state then return state end
  error(("%s expects a %s first, got %s: write %s:%s(...) with a colon")
    :format(what, noun, type(self), noun, what), 3)
end

--- A `__newindex` that takes nothing.
function object.refuse_assignment(noun)
  return function() error(("nothing can be assigned to a field of this %s"):format(noun), 2) end
end

--- Misuse of the method `what` when no task runs.
function object.check_task(what)
  if core.current_task() then return end
  error(("%s: no task runs here: call this inside cohort.run(function() ... end)"):format(what), 3)
end

return object
