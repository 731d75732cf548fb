--- Reads results and answers with medians. A figure's address is "system workload.cell.figure", as in
--- "cohort w1.1000.ns"; with " @abc1234" after it, it is that of the run bench/results/abc1234.json.
local json = require "bench.support.json"

local results = {}

local Results = {}
Results.__index = Results

function results.load(path)
  local file = assert(io.open(path))
  local run = setmetatable(json.decode(file:read("a")), Results)
  file:close()
  run.cells = {}
  for _, one in ipairs(run.measurements) do
    local key = ("%s %s.%s"):format(one.system, one.workload, one.cell)
    run.cells[key] = run.cells[key] or { faults = {} }
    table.insert(one.figures and run.cells[key] or run.cells[key].faults, one.figures or one.fault)
  end
  return run
end

local function median(list)
  local middle = #list // 2
  if #list % 2 == 1 then return list[middle + 1] end
  return (list[middle] + list[middle + 1]) / 2
end

--- Of one figure: {median =, min =, max =, count =, faults = list of texts}; without a median when
--- nothing was measured. nil when the system was never asked, or cannot do it.
function Results:figure(system, workload, cell, figure)
  local rounds = self.cells[("%s %s.%s"):format(system, workload, cell)]
  if not rounds then return nil end
  local values = {}
  for _, figures in ipairs(rounds) do values[#values + 1] = figures[figure] end
  table.sort(values)
  return {
    median = #values > 0 and median(values) or nil,
    min = values[1], max = values[#values], count = #values, faults = rounds.faults,
  }
end

--- Takes an address apart: system, workload, cell, figure, commit or nil.
function results.parse(address)
  local name, commit = address:match("^(.-)%s*@(%S+)$")
  local system, workload, cell, figure = (name or address):match("^(%S+) ([^.%s]+)%.([^.%s]+)%.([^.%s]+)$")
  if not system then error(("'%s' is no address: write 'system workload.cell.figure'"):format(address), 0) end
  return system, workload, cell, figure, commit
end

--- The median at an address, or nil when there is none in this run.
function Results:median(address)
  local system, workload, cell, figure, commit = results.parse(address)
  local run = commit and results.load(("bench/results/%s.json"):format(commit)) or self
  local found = run:figure(system, workload, cell, figure)
  return found and found.median
end

return results
