--- The standard streams, and the terminal that they may be.
---
--- `stdio.stdin`, `stdio.stdout` and `stdio.stderr` are streams of the core, opened when they are first read
--- in a run. This file has names, arguments, and the reporting of changes of the terminal's size.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local option = require "cohort.option"

local open, missing, check_task = core.stdio.stream, core.missing, object.check_task

local numbers = { stdin = 0, stdout = 1, stderr = 2 }

-- All existing names, for suggestions when one is misspelt.
local known = { stdin = true, stdout = true, stderr = true }

local stdio = setmetatable({}, {
  __index = function(_, name)
    local number = numbers[name]
    if not number then return missing("cohort.stdio", name, known) end
    check_task("stdio." .. name)
    return open(number)
  end,
})

local raw_options = option.known { signals = option.expects.boolean }

--- Is a standard stream a terminal?
--- @param name "stdin"|"stdout"|"stderr"
--- @return boolean
function stdio.is_terminal(name)
  local number = numbers[name]
  if number then return core.stdio.is_terminal(number) end
  misuse('is_terminal expects "stdin", "stdout" or "stderr", got %s',
    type(name) == "string" and ("%q"):format(name) or type(name))
end

--- The size of the terminal: columns and rows; nil when there is none, or its size is unknown.
--- @return integer? columns
--- @return integer? rows
function stdio.size() return core.stdio.size() end

--- Makes the terminal give each byte as it is typed, without echo, until the end of the block: `local raw
--- <close> = stdio.raw_mode()`.
--- @param options? {signals: boolean?}
--- @return cohort.RawMode
function stdio.raw_mode(options)
  local read = option.read("raw_mode", options, raw_options)
  object.check_task "raw_mode"
  return core.stdio.raw_mode(read.signals == true)
end

---------------------------------------------------------------------------
-- Changes of the size

local Sizes = { __name = "cohort.Sizes", __newindex = object.refuse_assignment "sizes" }
Sizes.__index = object.refuse_unknown(Sizes, "sizes")

-- Waits for the next size that differs from the one before.
function Sizes:__call()
  local state = object.state_of(self, Sizes, "sizes", "sizes")
  while true do
    state.signals()
    local columns, rows = core.stdio.size()
    if columns and (columns ~= state.columns or rows ~= state.rows) then
      state.columns, state.rows = columns, rows
      return columns, rows
    end
  end
end

--- Stops listening.
function Sizes:close() object.state_of(self, Sizes, "sizes", "close").signals:close() end

Sizes.__close = Sizes.close

function Sizes:__tostring()
  local state = object.state_of(self, Sizes, "sizes", "tostring")
  return ("sizes (%s)"):format(tostring(state.signals):match "closed" or "open")
end

--- Reports each change of the terminal's size from now on: `for columns, rows in sizes do`.
--- @return cohort.Sizes
function stdio.size_changes()
  object.check_task "size_changes"
  local signals = core.signals "SIGWINCH"
  local columns, rows = core.stdio.size()
  return setmetatable({ { signals = signals, columns = columns, rows = rows } }, Sizes)
end

for name in next, stdio do known[name] = true end

return stdio
