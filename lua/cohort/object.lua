--- What objects of the Lua side have in common. Each is a table with one thing in it, its state, at 1, so
--- that what is in it is out of reach of those who write `object.name`. And of what class the core's are.
local core = require "cohort.core"
local misuse = require "cohort.misuse"

local object = {}

local missing = core.missing

-- A host may give no debug library: then what a `__metatable` hides has no class.
local metatable_of = debug and debug.getmetatable or getmetatable

--- The state of an object; to be called by its methods.
--- @param self any
--- @param class table   its metatable
--- @param noun string   what it is called
--- @param what string   the method
--- @return table
function object.state_of(self, class, noun, what)
  local state = getmetatable(self) == class and rawget(self, 1)
  if state then return state end
  misuse("%s expects a %s first, got %s: write %s:%s(...) with a colon", what, noun, type(self), noun, what)
end

--- The name of the class of a userdata, "cohort.Stream" say, or nil.
--- @param value any
--- @return string?
function object.class_of(value)
  local metatable = type(value) == "userdata" and metatable_of(value)
  return type(metatable) == "table" and metatable.__name or nil
end

--- A `__newindex` that takes nothing; `mend` is what to write instead, if there is something.
function object.refuse_assignment(noun, mend)
  local text = ("nothing can be assigned to a field of this %s%s"):format(noun, mend and ": " .. mend or "")
  return function() misuse("%s", text) end
end

--- Reading a field that the table `t` has not is misuse, unless it may well be asked for; `noun` is what `t`
--- is called. For modules, and for classes that are the `__index` of their objects; `known` has the names
--- there are as keys, when they are not those of `t`. So is a call, where that is a guess of many.
function object.refuse_unknown(t, noun, known)
  known = known or t
  core.guard_call(t, noun)
  return setmetatable(t, { __index = function(_, key) return missing(noun, key, known) end })
end

-- Waiting for it is a checkpoint and nothing else.
local happened = core.event()
happened:set()

--- Raises `Cancelled` when the running task is cancelled: what a step of an iterator does that need not wait.
function object.test() happened:wait() end

--- Misuse of the method `what` when no task runs.
function object.check_task(what)
  if core.current_task() then return end
  misuse("%s: no task runs here: call this inside cohort.main(function() ... end), or cohort.run", what)
end

--- Misuse of an iterator, called `noun`, that was called with a number: as a time limit, surely.
function object.refuse_limit(noun, seconds)
  misuse("%s takes no time limit: write cohort.move_on_after(%.14g, %s), or fail_after", noun, seconds, noun)
end

return object
