--- Runs the examples and compares what they print, to the byte, with the `.out` file beside them.
---
---     lua5.4 spec/support/examples.lua BUILD
---
--- Each example runs by plain Lua, by the launcher and by the C host with a frame loop; `two_hosts` runs
--- by the host that polls and under a virtual clock as well. An example passes, in one way of running it,
--- when it prints what it should and exits with 0. A way that cannot be run here (its host is not built) and
--- an example without expected output are skipped. What was printed is kept in BUILD/scenarios.
local build = assert(arg[1], "usage: examples.lua BUILD")
local folder = build .. "/scenarios"
local seconds_max = 60

local under_virtual_clock = [[
  local cohort, testing = require "cohort", require "cohort.testing"
  cohort.run({ clock = testing.clock { autojump = true } }, dofile, arg[1])
]]

local ways = {
  { name = "plain", command = "lua5.4" },
  { name = "launcher", command = "bin/cohort" },
  { name = "frame host", command = build .. "/hosts/frame", needs = build .. "/hosts/frame" },
}

local more_ways = {
  two_hosts = {
    { name = "poll host", command = build .. "/hosts/poll", needs = build .. "/hosts/poll" },
    { name = "virtual clock", command = "lua5.4 " .. folder .. "/virtual.lua" },
  },
}

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local passed, failed, skipped = 0, 0, 0

local function skip(name, why)
  skipped = skipped + 1
  print("why: " .. why)
  print("skipped: " .. name)
end

local function run(script, expected_path, name, way)
  local out = ("%s/%s.%s"):format(folder, name, way.name:gsub(" ", "_"))
  local redirect = (">%s.out 2>%s.err </dev/null"):format(out, out)
  local ok, _, status = os.execute(("timeout %d %s %s %s"):format(seconds_max, way.command, script, redirect))
  if ok and read(out .. ".out") == read(expected_path) then
    passed = passed + 1
    return
  end
  failed = failed + 1
  print(("failed: %s (%s), exit status %d"):format(name, way.name, status))
  os.execute(("diff -u %s %s.out"):format(expected_path, out))
  io.stdout:write(read(out .. ".err"))
end

local function run_ways(script, expected_path, name, list)
  for _, way in ipairs(list) do
    if way.needs and not read(way.needs) then
      skip(("%s (%s)"):format(name, way.name), way.needs .. " is not built")
    else
      run(script, expected_path, name, way)
    end
  end
end

assert(os.execute("mkdir -p " .. folder))
write(folder .. "/virtual.lua", under_virtual_clock)
io.stdout:setvbuf("line")

local listing = assert(io.popen("ls examples/*.lua 2>/dev/null"))
for script in listing:lines() do
  local name = script:match("([^/]+)%.lua$")
  local expected_path = "examples/" .. name .. ".out"
  if read(expected_path) then
    run_ways(script, expected_path, name, ways)
    run_ways(script, expected_path, name, more_ways[name] or {})
  else
    skip(script, expected_path .. " does not exist")
  end
end
listing:close()

local line = ("%d passed, %d failed"):format(passed, failed)
if skipped > 0 then line = ("%s, %d skipped"):format(line, skipped) end
print(line)
os.exit(failed == 0 and passed > 0, true)
