--- Programs under faults: see engines/faults/trial.lua. The standard streams, of which only input is used:
--- the host's own output is its report. `input`, `resize` and `close` are the host's.
local cohort = require "cohort"
local kit = require "engines.faults.kit"
local stdio = require "cohort.stdio"

local input, resize, close = _G.input, _G.resize, _G.close

local programs, outside = {}, {}

--- A program that is called in a run of its own with input from each of some kinds: body(try, other end).
local function over(kinds, body)
  return function(try)
    for _, kind in ipairs(kinds) do
      local other = input(kind)
      local ok, err = pcall(cohort.run, { signals = false }, body, try, other)
      if other >= 0 then close(other) end
      input "null"
      if not ok then error(err, 0) end
    end
  end
end

local function get(name) return stdio[name] end

outside["stdio.stdin"] = over({ "pipe", "fifo", "socket", "terminal", "null" }, function(try, other)
  local writer = other >= 0 and kit.adopt(_G.dup(other))
  if writer then writer:write "text\n" end
  local ok, stream = try(get, "stdin")
  if ok then try(stream.read, stream, "l") end
  if writer then writer:close() end
end)

outside["stdio.stdout"] = over({ "null" }, function(try) try(get, "stdout") end)
outside["stdio.stderr"] = over({ "null" }, function(try) try(get, "stderr") end)

outside["stdio.is_terminal"] = over({ "terminal" }, function(try) try(stdio.is_terminal, "stdin") end)
outside["stdio.size"] = over({ "terminal" }, function(try) try(stdio.size) end)

outside["stdio.size_changes"] = over({ "terminal" }, function(try)
  local ok, sizes = try(stdio.size_changes)
  if ok then sizes:close() end
end)

outside["cohort.Sizes()"] = over({ "terminal" }, function(try, other)
  local sizes <close> = stdio.size_changes()
  resize(other, 70)
  try(cohort.fail_after, 0.2, sizes)
end)

outside["sizes:close"] = over({ "terminal" }, function(try)
  local sizes = stdio.size_changes()
  try(sizes.close, sizes)
  sizes:close()
end)

outside["stdio.raw_mode"] = over({ "terminal" }, function(try)
  local ok, raw = try(stdio.raw_mode, { signals = true })
  if ok then raw:close() end
end)

programs.outside = outside
programs.free = { "stdio.is_terminal", "stdio.size" }
programs.expected = { ["cohort.Sizes()"] = { "Timeout" } }  -- of no known size

return programs
