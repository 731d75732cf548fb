--- Arguments of what cohort.testing offers: options, the function to test, and where it may be called.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"

local arguments = {}

-- What a wrong value is, for the message: of a number or a string, which.
local function name_of(value)
  if value ~= value then return "nan" end
  if type(value) == "number" then return ("%.14g"):format(value) end
  return type(value) == "string" and ("%q"):format(value) or type(value)
end

--- Checks what the public function `who` was given: `[options,] f`.
---
--- `known` has for each option a function that tells of a value what was expected instead, or nil.
--- @param who string
--- @param options any     the first argument
--- @param f any         the second, nil when there were no options
--- @param known table<string, fun(value: any): string?>
--- @return table options  those that were given
--- @return function f
function arguments.read(who, options, f, known)
  if f == nil then options, f = nil, options end
  if not core.is_callable(f) then
    misuse("%s expects a function, got %s: write %s(f), or %s(options, f)", who, type(f), who, who)
  end
  if options == nil then return {}, f end
  local names, read = {}, {}
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  core.check_options(options, who, names)
  for name, check in pairs(known) do
    local value = rawget(options, name)
    local expected = value ~= nil and check(value)
    if expected then misuse("option '%s' expects %s, got %s", name, expected, name_of(value)) end
    read[name] = value
  end
  return read, f
end

--- Raises when a task runs, where the public function `who` was called.
function arguments.check_outside(who)
  if not core.current_task() then return end
  misuse("%s runs its function in runtimes of its own: call it outside of cohort.run, and with the helper "
    .. "for busted in it(name, testing.plain(function() ... end))", who)
end

arguments.check_inside = object.check_task

function arguments.expects_count(value)
  return not (math.type(value) == "integer" and value >= 1) and "a whole number of 1 or more" or nil
end

function arguments.expects_limit(value)
  local is = value == math.huge or math.type(value) == "integer" and value >= 0
  return not is and "a whole number of 0 or more, or math.huge" or nil
end

function arguments.expects_function(value)
  return not core.is_callable(value) and "a function" or nil
end

return arguments
