--- Reads results and answers with medians. A figure's address is "system workload.cell.figure", as in
--- "cohort w1.1000.ns".
---
--- Several runs are read as one: a workload is that of the newest run which measured it, so a run of a few
--- workloads replaces those and nothing else. Figures of one workload always come from one run.
local json = require "bench.support.json"

local results = {}

local Results = {}
Results.__index = Results

--- A run, its measurements in `cells` by system, workload and cell.
local function load(path)
  local file = assert(io.open(path))
  local run = json.decode(file:read("a"))
  file:close()
  run.cells, run.workloads = {}, {}
  for _, one in ipairs(run.measurements) do
    local key = ("%s %s.%s"):format(one.system, one.workload, one.cell)
    run.cells[key] = run.cells[key] or { faults = {} }
    run.workloads[one.workload] = true
    table.insert(one.figures and run.cells[key] or run.cells[key].faults, one.figures or one.fault)
  end
  return run
end

--- The runs of these files, in `runs` from the oldest to the newest.
--- @param paths string[]
function results.load(paths)
  local self = setmetatable({ runs = {}, by_workload = {} }, Results)
  for i, path in ipairs(paths) do self.runs[i] = load(path) end
  table.sort(self.runs, function(a, b) return a.date < b.date end)
  for _, run in ipairs(self.runs) do
    for workload in pairs(run.workloads) do self.by_workload[workload] = run end
  end
  return self
end

--- The run that a workload is taken from, or nil when none measured it.
function Results:run_of(workload) return self.by_workload[workload] end

local function median(list)
  local middle = #list // 2
  if #list % 2 == 1 then return list[middle + 1] end
  return (list[middle] + list[middle + 1]) / 2
end

--- Of one figure: {median =, min =, max =, count =, faults = list of texts}; without a median when
--- nothing was measured. nil when the system was never asked, or cannot do it.
function Results:figure(system, workload, cell, figure)
  local run = self:run_of(workload)
  local rounds = run and run.cells[("%s %s.%s"):format(system, workload, cell)]
  if not rounds then return nil end
  local values = {}
  for _, figures in ipairs(rounds) do values[#values + 1] = figures[figure] end
  table.sort(values)
  return {
    median = #values > 0 and median(values) or nil,
    min = values[1], max = values[#values], count = #values, faults = rounds.faults,
  }
end

--- Takes an address apart: system, workload, cell, figure.
function results.parse(address)
  local system, workload, cell, figure = address:match("^(%S+) ([^.%s]+)%.([^.%s]+)%.([^.%s]+)$")
  if not system then error(("'%s' is no address: write 'system workload.cell.figure'"):format(address), 0) end
  return system, workload, cell, figure
end

--- The median at an address, or nil when there is none.
function Results:median(address)
  local found = self:figure(results.parse(address))
  return found and found.median
end

return results
