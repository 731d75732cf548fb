--- Builds the host of the close engine and runs scenarios in it; lists the scenarios there are.
local cohort = require "cohort"
local programs = require "engines.programs"

local host = {}

--- The ways to close: see host.c.
host.ways = { "runtime", "state", "cancel", "inside" }

local seconds_max = 900  -- for all ticks of a scenario

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- Builds it by the Makefile, with the sanitizers or without. Returns the path of the program.
function host.build(sanitized)
  local target = sanitized and "sanitized-engine-hosts" or "engine-hosts"
  assert(os.execute("LD_PRELOAD= MAKEFLAGS= make -s -j2 --no-print-directory " .. target))
  return (sanitized and "build/asan" or "build") .. "/engines/close"
end

--- All scenarios by their names: a program with something of everything, the examples, the programs of calls.
--- @param scratch string  a folder
--- @return string[]
function host.scenarios(scratch)
  local list = { "file spec/support/lively.lua" }
  for _, example in ipairs(programs.examples({}, scratch)) do
    list[#list + 1] = "example " .. example.name
  end
  for _, program in ipairs(programs.calls(scratch, cohort)) do list[#list + 1] = "call " .. program.name end
  return list
end

--- Runs a scenario and closes it after each of its ticks.
--- @param path string      of the program
--- @param way string
--- @param seed integer     0: tasks in order
--- @param scenario string
--- @param scratch string   a folder
--- @return integer ticks
--- @return string? fault
function host.run(path, way, seed, scenario, scratch)
  local words = "LD_PRELOAD= SCRATCH=%s timeout %d %s %s %d engines/close/scenario.lua %s 2>&1"
  local command = words:format(quote(scratch), seconds_max, path, way, seed, quote(scenario))
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  local ok = pipe:close()
  local ticks = tonumber(text:match "(%d+) ticks\n$") or 0
  return ticks, not ok and ("%s: %s"):format(scenario, text) or nil
end

return host
