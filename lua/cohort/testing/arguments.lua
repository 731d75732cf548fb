--- Arguments of what cohort.testing offers: options, the function to test, and where it may be called.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local option = require "cohort.option"

local arguments = {}

--- Checks the arguments of the public function `who`: `[options,] f`.
---
--- @param who string
--- @param options any     the first argument
--- @param f any         the second, nil when there were no options
--- @param known table   from `option.known`
--- @return table options  those that were given
--- @return function f
function arguments.read(who, options, f, known)
  if f == nil then options, f = nil, options end
  if not core.is_callable(f) then
    misuse("%s expects a function, got %s: write %s(f), or %s(options, f)", who, type(f), who, who)
  end
  return option.read(who, options, known), f
end

--- Raises when the public function `who` was called inside a task.
function arguments.check_outside(who)
  if not core.current_task() then return end
  misuse("%s runs its function in runtimes of its own: call it outside of cohort.run, and with the helper "
    .. "for busted in it(name, testing.plain(function() ... end))", who)
end

return arguments
