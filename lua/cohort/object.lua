--- What objects of the Lua side have in common: each is a table whose only element, at 1, is its state, so
--- that the state is out of reach of `object.name`. Also, the class of the core's objects.
local core = require "cohort.core"
local misuse = require "cohort.misuse"

local object = {}

local missing = core.missing

-- Without the debug library, which a host may withhold, a value with a `__metatable` has no class here.
local metatable_of = debug and debug.getmetatable or getmetatable

--- The state of an object, for its methods.
--- @param self any
--- @param class table   its metatable
--- @param noun string   what the object is called
--- @param what string   the method's name
--- @return table
function object.state_of(self, class, noun, what)
  local state = getmetatable(self) == class and rawget(self, 1)
  if state then return state end
  misuse("%s expects a %s first, got %s: write %s:%s(...) with a colon", what, noun, type(self), noun, what)
end

--- The name of the class of a userdata, such as "cohort.Stream", or nil.
--- @param value any
--- @return string?
function object.class_of(value)
  local metatable = type(value) == "userdata" and metatable_of(value)
  return type(metatable) == "table" and metatable.__name or nil
end

--- A `__newindex` that refuses every assignment; `mend` is what to write instead, if anything.
function object.refuse_assignment(noun, mend)
  local text = ("nothing can be assigned to a field of this %s%s"):format(noun, mend and ": " .. mend or "")
  return function() misuse("%s", text) end
end

--- Makes it misuse to read a field that the table `t` does not have, unless the name is one that code may
--- well probe for; `noun` is what `t` is called. For modules, and for classes that are the `__index` of their
--- objects; `known` has the existing names as keys, when they are not those of `t`. Calling `t` is misuse
--- too, if it is a likely mistake.
function object.refuse_unknown(t, noun, known)
  known = known or t
  core.guard_call(t, noun)
  return setmetatable(t, { __index = function(_, key) return missing(noun, key, known) end })
end

-- Waiting for this is a checkpoint and nothing else.
local happened = core.event()
happened:set()

--- Raises `Cancelled` when the running task is cancelled: for a step of an iterator that need not wait.
function object.test() happened:wait() end

--- Raises misuse of `what` when no task runs.
function object.check_task(what)
  if core.current_task() then return end
  misuse("%s: no task runs here: call this inside cohort.main(function() ... end), or cohort.run", what)
end

--- Raises misuse of an iterator, called `noun`, that was called with a number, surely meant as a time limit.
function object.refuse_limit(noun, seconds)
  misuse("%s takes no time limit: write cohort.move_on_after(%.14g, %s), or fail_after", noun, seconds, noun)
end

return object
