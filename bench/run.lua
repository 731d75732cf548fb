--- Measures every workload with every system and writes the results and the page.
---
---     lua5.4 bench/run.lua [check]        (make bench, make bench-check)
---
--- In each round the systems take turns at every cell, on one core, and every other round in reverse, so
--- that what drifts on the machine drifts for all of them. Environment: ROUNDS, ONLY="w1 w2",
--- PEERS="cohort go", CORE, FLAGS (what cohort was built with). A run with all peers writes
--- bench/results/<commit>.json and docs/performance.md, which takes each workload from the newest of those
--- files that has it; but one with ONLY does so only with KEEP=1. Otherwise, and in a check, both are written
--- below build/bench. A check has tiny counts, and fails when a program fails.
package.path = "./?.lua;" .. package.path
local json = require "bench.support.json"
local plan = require "bench.support.plan"

local LIMIT_S = 90  -- for one measurement, start-up included

local checking = arg[1] == "check"

local function words(name)
  local text = os.getenv(name)
  if not text or text == "" then return nil end
  local set = {}
  for word in text:gmatch("%S+") do set[word] = true end
  return set
end

local only, peers = words "ONLY", words "PEERS"
local kept = not checking and not peers and (not only or os.getenv "KEEP" == "1")
if checking and not peers then peers = { cohort = true, bare = true, c = true, epoll = true } end

local rounds = math.tointeger(tonumber(os.getenv "ROUNDS")) or (checking and 1 or 4)
local core = os.getenv "CORE" or "0"
local flags = os.getenv "FLAGS" or ""

local workloads, systems = plan.workloads(), plan.systems()

for name in pairs(only or {}) do assert(workloads[name], "ONLY: no workload " .. name) end
for name in pairs(peers or {}) do assert(systems[name], "PEERS: no system " .. name) end

---------------------------------------------------------------------------
-- What is measured, and where

local function commit()
  local hash = plan.output "git rev-parse --short HEAD" or "unknown"
  local changed = plan.output "git status --porcelain -- . ':!bench/results' ':!docs/performance*'"
  return hash .. (changed and "-dirty" or "")
end

local function machine()
  return {
    cpu = plan.output "lscpu | sed -n 's/^Model name: *//p' | head -n 1" or "unknown",
    cores = tonumber(plan.output "nproc"),
    kernel = plan.output "uname -sr",
    system = plan.output "sed -n 's/^PRETTY_NAME=\"\\(.*\\)\"/\\1/p' /etc/os-release",
  }
end

--- The versions of the systems that are here, and the reasons for those that are not.
local function probe()
  local versions, missing = {}, {}
  for _, system in ipairs(systems) do
    local version = system.version and plan.output(system.version)
    if version then
      versions[system.id] = version
    else
      missing[system.id] = system.absent or "not installed"
    end
  end
  return versions, missing
end

---------------------------------------------------------------------------
-- One measurement

local function sorted(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function arguments(cell)
  local list = {}
  for _, key in ipairs(sorted(cell.args)) do
    local value = cell.args[key]
    local tiny = key == "seconds" and 0.001 or 20
    if checking and type(value) == "number" then value = math.min(value, tiny) end
    list[#list + 1] = ("%s=%s"):format(key, value)
  end
  return table.concat(list, " ")
end

local function command(workload, cell, system)
  local program = plan.program(workload, system)
  if workload.through then return ("%s %s %s"):format(workload.through, arguments(cell), program) end
  return ("%s %s %s"):format(program, workload.id, arguments(cell))
end

--- The figures a program printed, nil when it cannot do this, or nil and what went wrong.
local function measure(workload, cell, system)
  local line = command(workload, cell, system)
  local pipe = assert(io.popen(("timeout -k 5 %d taskset -c %s %s 2>&1"):format(LIMIT_S, core, line)))
  local output = pipe:read("a")
  local ok, _, status = pipe:close()
  if not ok then
    if status == 124 or status == 137 then return nil, ("not done in %d s"):format(LIMIT_S) end
    return nil, ("exit status %d: %s"):format(status, output:sub(1, 200))
  end
  local last = output:match("([^\n]*)\n*$")
  if last == "none" then return nil end
  local figures = {}
  for name, value in last:gmatch("(%S+) (%S+)") do figures[name] = tonumber(value) end
  if not next(figures) then return nil, "no figures: " .. output:sub(1, 200) end
  return figures
end

---------------------------------------------------------------------------
-- Rounds

local results = {
  commit = commit(), date = os.date "!%Y-%m-%d %H:%M UTC", machine = machine(), flags = flags,
  rounds = rounds, core = core, limit_s = LIMIT_S, measurements = {},
}
results.versions, results.missing = probe()

local function in_turn(round)
  local order = {}
  for _, system in ipairs(systems) do
    if results.versions[system.id] and (not peers or peers[system.id]) then
      table.insert(order, round % 2 == 1 and #order + 1 or 1, system)
    end
  end
  return order
end

local failed = 0

local function measure_cell(round, workload, cell)
  io.write(("%d/%d %s %s:"):format(round, rounds, workload.id, cell.id))
  for _, system in ipairs(in_turn(round)) do
    if plan.applies(workload, cell, system) then
      local figures, fault = measure(workload, cell, system)
      if figures or fault then
        table.insert(results.measurements, {
          round = round, workload = workload.id, cell = cell.id, system = system.id,
          figures = figures, fault = fault,
        })
      end
      local first = figures and figures[workload.columns[1].figure]
      io.write((" %s %s"):format(system.id, first and ("%.0f"):format(first) or fault or "-"))
      if fault then failed = failed + 1 end
    end
  end
  io.write("\n")
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

io.stdout:setvbuf("no")
for _, system in ipairs(systems) do
  local reason = not checking and results.missing[system.id]
  if reason then print(("without %s: %s"):format(system.name, reason)) end
end
for round = 1, rounds do
  for _, workload in ipairs(workloads) do
    for _, cell in ipairs(workload.cells) do
      local wanted = (not only or only[workload.id]) and round <= (cell.rounds or rounds)
      if wanted then measure_cell(round, workload, cell) end
    end
  end
end

local path = kept and ("bench/results/%s.json"):format(results.commit) or "build/bench/results.json"
write(path, json.encode(results))
local page = kept and "docs/performance.md" or "build/bench/performance.md"
local sources = kept and "bench/results/*.json" or path
local reported = os.execute(("lua5.4 bench/report.lua %s %s"):format(sources, page)) == true
if not reported then failed = failed + 1 end
print(("%s, %s"):format(path, page))
print(("%d passed, %d failed"):format(#results.measurements - failed, failed))
os.exit(reported and not (checking and failed > 0), true)
