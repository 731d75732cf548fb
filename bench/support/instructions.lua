--- What bench/gate knows, as text for the page: instructions of operations, and what each step brought.
local figures = require "bench.gate.figures"
local json = require "bench.support.json"

local instructions = {}

local path = "bench/gate/steps.json"
local data  -- read when it is first asked for

local function read()
  if not data then
    local file = assert(io.open(path))
    data = json.decode(file:read("a"))
    file:close()
  end
  return data
end

local function grouped(value)
  return (("%.0f"):format(value):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

local function percent(share) return ("%.0f %%"):format(100 * share) end

--- What the gate holds the operation to.
function instructions.text(name)
  for _, figure in ipairs(figures.read()) do
    if figure.name == name then return grouped(figure.count) end
  end
  error(("no operation '%s'"):format(name), 0)
end

--- "Lua 62 %, cohort 24 %, the C library and the kernel's door 14 %".
function instructions.shares(name)
  local shares = read().shares[name] or error(("no operation '%s'"):format(name), 0)
  return ("Lua %s, cohort %s, the C library %s"):format(percent(shares.lua), percent(shares.cohort),
    percent(shares.others))
end

--- A row for each step, a column for each operation.
function instructions.table()
  local d = read()
  local lines = { "| step | " .. table.concat(d.operations, " | ") .. " |",
    "| --- |" .. (" ---: |"):rep(#d.operations) }
  for _, step in ipairs(d.steps) do
    local cells = { step.what .. (step.commit and (" (%s)"):format(step.commit) or "") }
    for _, operation in ipairs(d.operations) do cells[#cells + 1] = grouped(step.counts[operation]) end
    lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
  end
  return table.concat(lines, "\n")
end

return instructions
