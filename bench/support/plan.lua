--- What there is to measure: the workloads, in order, and the systems, as the driver and the page both
--- see them.
local plan = {}

local function by_id(list)
  for _, item in ipairs(list) do list[item.id] = item end
  return list
end

--- The output of a command, without the last newline; nil when it failed or printed nothing.
function plan.output(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null"))
  local text = pipe:read("a"):gsub("%s+$", "")
  return pipe:close() and text ~= "" and text or nil
end

--- Every file of bench/workloads.
function plan.workloads()
  local list = {}
  for path in assert(plan.output "LC_ALL=C ls bench/workloads/*.lua"):gmatch("%S+") do
    local workload = dofile(path)
    by_id(workload.cells)
    list[#list + 1] = workload
  end
  return by_id(list)
end

function plan.systems()
  return by_id(require "bench.systems")
end

--- The command of the program with which a system answers a workload, or nil when it has none.
function plan.program(workload, system)
  return system[workload.program or "run"]
end

--- May this system be asked for this cell?
function plan.applies(workload, cell, system)
  if not plan.program(workload, system) then return false end
  return not cell.systems or (" " .. cell.systems .. " "):find(" " .. system.id .. " ", 1, true) ~= nil
end

return plan
