--- The close engine: every scenario is closed after each of its ticks, and nothing may be left.
---
---     lua5.4 engines/close.lua short|long
---
--- Scenarios are spec/support/lively.lua, every example, and the programs for calls that wait for the
--- outside. A host in C (engines/close/host.c) runs one under a virtual clock, a step of a task at a time,
--- and closes everything after tick 0, 1, 2... to its end, each time in a process of its own: the runtime,
--- the lua_State alone, out of a task, or after all was cancelled. Then no memory and no descriptor may be
--- left, nothing may run, and it may neither crash nor hang. The short form takes one way for each scenario,
--- by turns; the long one takes all of them, in two orders of tasks, with ASan, UBSan and LSan. Ends with
--- "tried N, injected M": scenarios by ways and orders, and closings.
local host = require "engines.close.host"
local programs = require "engines.programs"

-- The running task's own variables: Lua leaves a coroutine that closes the state where it is.
local not_inside = {
  ["call waiting until one can read"] = "its descriptors are closed by a <close> variable",
  ["call waiting until one can write"] = "its descriptors are closed by a <close> variable",
}

local only_long = { ["example swallow"] = "it has a thousand ticks" }

local long = arg[1] == "long"
assert(long or arg[1] == "short", "usage: close.lua short|long")
io.stdout:setvbuf "line"

local tried, injected, failures = 0, 0, {}

local function try(path, way, seed, scenario, scratch)
  if way == "inside" and not_inside[scenario] then return end
  local ticks, fault = host.run(path, way, seed, scenario, scratch)
  tried, injected = tried + 1, injected + ticks + 1
  if fault then failures[#failures + 1] = fault end
end

programs.with_scratch(function(scratch)
  local path = host.build(long)
  for i, scenario in ipairs(host.scenarios(scratch)) do
    for j, way in ipairs(host.ways) do
      local turn = i == 1 or (i + j) % #host.ways == 0
      for seed = 0, long and 1 or 0 do
        if long or turn and not only_long[scenario] then try(path, way, seed, scenario, scratch) end
      end
    end
    if long then print(("%8d  %s"):format(injected, scenario)) end
  end
end)

for _, failure in ipairs(failures) do print(failure) end
print(("tried %d, injected %d"):format(tried, injected))
os.exit(#failures == 0, true)
