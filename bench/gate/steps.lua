--- Counts what each step towards speed brought, and what other compilers' flags would bring.
---
---     lua5.4 bench/gate/steps.lua
---
--- Builds each commit below, and this tree with other flags, in a folder of its own below build/steps; counts
--- the instructions of work.lua's operations in each; writes bench/gate/steps.json, from which the page on
--- speed takes its tables. Takes some minutes.
package.path = "./?.lua;" .. package.path
local count = require "bench.gate.count"
local json = require "bench.support.json"

local operations = {
  "switch", "spawn and join, 1000 in a group", "spawn and join, 10 in a group",
  "spawn and join, 1 in a group", "timeout", "cancel", "failing group",
}

-- The oldest first. A build without a commit is this tree.
local builds = {
  { commit = "06c5eee", what = "before" },
  { commit = "05b914f", what = "hidden symbols: calls inside the library need no detour" },
  { commit = "65e53e5", what = "the fiber is the context of a waiting call, a yield carries no values" },
  { commit = "4061e31", what = "kernel's queue inline; a task's bottom frame refers to its fiber" },
  { commit = "51b07b1", what = "objects know their kind; nothing is looked up twice in a spawn" },
  { commit = "9c43169", what = "a group's object anchored through an upvalue, its stack as it comes" },
  { commit = "a764ea0", what = "Cancelled known by itself, tracebacks without printf" },
  { what = "today" },
  { what = "today, `-O3 -fno-plt`", flags = "-O3 -fno-plt" },
  { what = "today, `-O2 -flto`", flags = "-O2 -flto" },
}

local function run(command, ...)
  command = command:format(...)
  assert(os.execute(command .. " >/dev/null 2>&1"), command)
end

--- Builds in `folder` and returns what the environment must be so that Lua finds it.
local function build(folder, name, flags)
  local place = ("%s/build/steps-%s"):format(folder, name)
  run("make -s -C %s BUILD=%s FLAGS='%s' all", folder, place, flags or "-O2")
  return ("LUA_CPATH_5_4='%s/lib/?.so' LUA_PATH_5_4='%s/lua/?.lua;%s/lua/?/init.lua'"):format(
    place, folder, folder)
end

local pipe = assert(io.popen("pwd"))
local here = pipe:read()
pipe:close()

local function count_build(i, b)
  local folder, name = here, "flags-" .. i
  if b.commit then
    folder, name = ("%s/build/steps/%s"):format(here, b.commit), "commit"
    run("rm -rf %s && git worktree prune && git worktree add --detach %s %s", folder, folder, b.commit)
  end
  local environment = build(folder, name, b.flags)
  local counts = {}
  for _, operation in ipairs(operations) do counts[operation] = count.median(operation, 3, environment) end
  if b.commit then run("git worktree remove --force %s", folder) end
  return { what = b.what, commit = b.commit, counts = counts }
end

local steps, shares = {}, {}
for i, b in ipairs(builds) do
  steps[i] = count_build(i, b)
  print(b.what)
end
for _, operation in ipairs(operations) do shares[operation] = count.shares(operation) end

local result = { operations = operations, steps = steps, shares = shares }
assert(io.open("bench/gate/steps.json", "w")):write(json.encode(result), "\n"):close()
