--- Reads results and answers with medians, of figures and of ratios. A figure's address is "system
--- workload.cell.figure", as in "cohort w1.1000.ns".
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
    local cell = run.cells[key] or { rounds = {}, faults = {} }
    run.cells[key] = cell
    run.workloads[one.workload] = true
    if one.figures then cell.rounds[one.round] = one.figures else table.insert(cell.faults, one.fault) end
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

--- Sorts the list.
local function median(list)
  table.sort(list)
  local middle = #list // 2
  if #list % 2 == 1 then return list[middle + 1] end
  return #list > 0 and (list[middle] + list[middle + 1]) / 2 or nil
end

--- The cell of a system: figures by round, and faults. nil when it was never asked, or cannot do it.
function Results:cell(system, workload, cell)
  local run = self:run_of(workload)
  return run and run.cells[("%s %s.%s"):format(system, workload, cell)]
end

--- Of one figure: {median =, min =, max =, faults = list of texts}; without a median when nothing was
--- measured. nil as above.
function Results:figure(system, workload, cell, figure)
  local found = self:cell(system, workload, cell)
  if not found then return nil end
  local values = {}
  for _, figures in pairs(found.rounds) do values[#values + 1] = figures[figure] end
  return { median = median(values), min = values[1], max = values[#values], faults = found.faults }
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

--- The median of the ratios of two figures, one ratio for each round that measured both; nil when none did.
--- What a round measured lies seconds apart: a machine that changes its speed between rounds does not change
--- these.
function Results:ratio(of, to)
  local system, workload, cell, above = results.parse(of)
  local over = self:cell(system, workload, cell)
  local other, other_workload, other_cell, below = results.parse(to)
  local under = self:cell(other, other_workload, other_cell)
  if not over or not under then return nil end
  local ratios = {}
  for round, figures in pairs(over.rounds) do
    local beside = under.rounds[round]
    if beside then ratios[#ratios + 1] = figures[above] / beside[below] end
  end
  return median(ratios)
end

return results
