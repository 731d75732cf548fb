--- Writes the page: bench/performance.md.in, with every {{placeholder}} replaced by figures of the runs.
---
---     lua5.4 bench/report.lua RESULTS.json... PAGE.md     plots go to PAGE/<workload>.svg
---
--- Each workload is of the newest run that has it, which the line under its table names.
---
--- Placeholders: {{w1.table}}, {{w1.plot}}, {{w1.targets}}, {{targets}}, {{systems}}, {{runs}}, {{figure
--- ADDRESS}} and {{ratio ADDRESS / ADDRESS}}, with addresses as in support/results.lua; {{steps}},
--- {{instructions of OPERATION}} and {{shares of OPERATION}}, from bench/gate/steps.json. One that is not
--- known, or names a workload, cell or system there is not, is an error; so is a workload that the page
--- does not show. A figure no run has is a dash.
package.path = "./?.lua;" .. package.path
local instructions = require "bench.support.instructions"
local plan = require "bench.support.plan"
local plot = require "bench.support.plot"
local results = require "bench.support.results"
local targets = require "bench.targets"

local page = table.remove(arg)
local folder = page:gsub("%.md$", "")

local workloads, systems = plan.workloads(), plan.systems()
local measured = results.load(arg)

local DASH = "–"

---------------------------------------------------------------------------
-- Figures as text

--- Three digits, or all before the point, in groups of three.
local function number(value)
  local size = math.abs(value)
  if size < 9.995 then return ("%.2f"):format(value) end
  if size < 99.95 then return ("%.1f"):format(value) end
  local digits = ("%.0f"):format(value)
  return (digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^(%-?),", "%1"))
end

local function column_of(workload, cell, figure)
  for _, column in ipairs(workload.columns) do
    if column.cell == cell and column.figure == figure then return column end
  end
end

--- Fails on an address that no run could have.
local function check(address)
  local system, workload, cell, figure = results.parse(address)
  local known = systems[system] and workloads[workload] and workloads[workload].cells[cell]
  if not known then error(("there is no %s"):format(address), 0) end
  local column = column_of(workloads[workload], cell, figure)
  if not column then error(("%s shows no %s of cell %s"):format(workload, figure, cell), 0) end
  return column
end

local function figure(address)
  local column = check(address)
  local value = measured:median(address)
  return value and number(value / (column.scale or 1)) or DASH
end

--- The median of the rounds' ratios, or nil.
local function quotient(of, to)
  check(of)
  check(to)
  return measured:ratio(of, to)
end

local function ratio(of, to)
  local value = quotient(of, to)
  return value and number(value) or DASH
end

---------------------------------------------------------------------------
-- Tables

local function row(...)
  return "| " .. table.concat({ ... }, " | ") .. " |"
end

--- "median [min–max]", with rounds that failed; the fault alone when all did.
local function cell_text(found, scale)
  if not found then return DASH end
  local faults = #found.faults
  if not found.median then return (found.faults[1]:match("^[^:\n]*")) end
  local text = ("%s [%s–%s]"):format(
    number(found.median / scale), number(found.min / scale), number(found.max / scale))
  return faults > 0 and ("%s, %d failed"):format(text, faults) or text
end

local function system_row(workload, system)
  local cells, any = {}, false
  for i, column in ipairs(workload.columns) do
    local found = measured:figure(system.id, workload.id, column.cell, column.figure)
    any = any or found ~= nil
    cells[i] = cell_text(found, column.scale or 1)
  end
  local name = system.id == "cohort" and "**cohort**" or system.name
  local reason = measured:run_of(workload.id).missing[system.id]
  if reason and (system.absent or plan.program(workload, system)) then
    for i in ipairs(cells) do cells[i] = i == 1 and reason or "" end
    any = true
  end
  return any and row(name, table.unpack(cells)) or nil
end

local function table_of(workload)
  local run = measured:run_of(workload.id)
  if not run then return "Not measured yet." end
  local titles, rules = {}, {}
  for i, column in ipairs(workload.columns) do titles[i], rules[i] = column.title, "---:" end
  local lines = { row("system", table.unpack(titles)), row("---", table.unpack(rules)) }
  for _, system in ipairs(systems) do lines[#lines + 1] = system_row(workload, system) end
  return ("%s\n\nCommit `%s`."):format(table.concat(lines, "\n"), run.commit)
end

--- What a target compares with, in words: the system, and its column when it is not that of `of`.
local function describe(address, of)
  local column = check(address)
  local system = systems[results.parse(address)].name
  return column == check(of) and system or ("%s, %s"):format(system, column.title)
end

local function verdict(target, value)
  if not value then return DASH end
  if not target.to then return value >= target.at_least and "met" or "missed" end
  local off = ((target.at_most and value / target.at_most or target.at_least / value) - 1) * 100
  local by = (math.abs(off) < 1 and "by %.1f %%" or "by %.0f %%"):format(math.abs(off))
  if off > 0 then return "missed " .. by end
  if value <= (target.stretch or 0) then return "met, and the stretch" end
  return "met " .. by
end

--- A ratio, as 1/N when its bound is far below one.
local function ratio_text(value, bound)
  if not value then return DASH end
  return bound < 0.1 and ("1/%.0f"):format(1 / value) or ("%.2f"):format(value)
end

local function bound_text(target)
  if target.at_least then return (target.to and "≥ %.2f" or "≥ %g"):format(target.at_least) end
  local text = "≤ " .. ratio_text(target.at_most, target.at_most)
  return target.stretch and ("%s (stretch %.2f)"):format(text, target.stretch) or text
end

local function target_row(target)
  local column = check(target.of)
  local _, workload = results.parse(target.of)
  local name = workload:gsub("^w", "W")
  if not target.to then
    local value = measured:median(target.of)
    return row(name, column.title, bound_text(target), figure(target.of), verdict(target, value))
  end
  local value = quotient(target.of, target.to)
  local what = ("%s, against %s"):format(column.title, describe(target.to, target.of))
  return row(name, what, bound_text(target), ratio_text(value, target.at_most or 1), verdict(target, value))
end

local function targets_of(id)
  local lines = { row("", "what, cohort over the other", "target", "measured", ""),
    row("---", "---", "---:", "---:", "---") }
  for _, target in ipairs(targets) do
    local _, workload = results.parse(target.of)
    if not id or id == workload then lines[#lines + 1] = target_row(target) end
  end
  return #lines > 2 and table.concat(lines, "\n") or "No target."
end

--- As the newest run found them.
local function systems_table()
  local newest = measured.runs[#measured.runs]
  local lines = { row("system", "version"), row("---", "---") }
  for _, system in ipairs(systems) do
    lines[#lines + 1] = row(system.name, newest.versions[system.id] or newest.missing[system.id] or DASH)
  end
  return table.concat(lines, "\n")
end

local function run_text(run)
  local machine = run.machine
  return ("Commit `%s`, built with `%s`, measured %s, rounds: %d, on core %s of %d, %s, %s, %s."):format(
    run.commit, run.flags, run.date, run.rounds, run.core, machine.cores, machine.cpu, machine.kernel,
    machine.system)
end

--- What was measured when and where: a paragraph for each run that something is taken from.
local function runs_text()
  local used, texts = {}, {}
  for _, workload in ipairs(workloads) do
    local run = measured:run_of(workload.id)
    if run then used[run] = true end
  end
  for _, run in ipairs(measured.runs) do
    if used[run] then texts[#texts + 1] = run_text(run) end
  end
  return table.concat(texts, "\n\n")
end

---------------------------------------------------------------------------
-- Plots

local function plotted_columns(workload)
  local list = {}
  for _, column in ipairs(workload.columns) do
    if column.plot ~= false then list[#list + 1] = column end
  end
  return list
end

local function plot_row(workload, columns, system)
  local points, best = {}, nil
  for i, column in ipairs(columns) do
    local found = measured:figure(system.id, workload.id, column.cell, column.figure)
    local scale = column.scale or 1
    if found and found.median then
      local least, most = found.min / scale, found.max / scale
      points[i] = { median = found.median / scale, min = least, max = most }
      best = math.min(best or math.huge, workload.more and -points[i].median or points[i].median)
    end
  end
  return best and { name = system.name, ours = system.id == "cohort", points = points, best = best }
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function plot_of(workload)
  local columns, rows = plotted_columns(workload), {}
  for _, system in ipairs(systems) do rows[#rows + 1] = plot_row(workload, columns, system) end
  if #rows == 0 then return "" end
  table.sort(rows, function(a, b) return a.best < b.best end)
  os.execute(("mkdir -p '%s'"):format(folder))
  local title = ("W%s: %s"):format(workload.id:sub(2), workload.title)
  local unit = ("%s, logarithmic; %s is better"):format(workload.unit, workload.more and "more" or "less")
  write(("%s/%s.svg"):format(folder, workload.id), plot.draw(title, unit, columns, rows))
  return ("![%s, %s](%s/%s.svg)"):format(title, workload.unit, folder:match("[^/]+$"), workload.id)
end

---------------------------------------------------------------------------
-- The page

local shown = {}

local function show_table(workload)
  shown[workload.id] = true
  return table_of(workload)
end

local parts = { table = show_table, plot = plot_of }

function parts.targets(workload) return targets_of(workload.id) end

local plain = { targets = targets_of, systems = systems_table, runs = runs_text, steps = instructions.table }

local function expand(text)
  if plain[text] then return plain[text]() end
  local id, part = text:match("^([^.%s]+)%.(%w+)$")
  if id and workloads[id] and parts[part] then return parts[part](workloads[id]) end
  local of, to = text:match("^ratio (.-)%s*/%s*(.+)$")
  if of then return ratio(of, to) end
  local address = text:match("^figure (.+)$")
  if address then return figure(address) end
  local what, operation = text:match("^(%l+) of (.+)$")
  if what == "instructions" then return instructions.text(operation) end
  if what == "shares" then return instructions.shares(operation) end
  error(("{{%s}} is not known"):format(text), 0)
end

local function main()
  local lines = { "<!-- Written by bench/report.lua from bench/results and bench/performance.md.in: change "
    .. "those, then `make bench-page`. -->", "" }
  local count = 0
  for line in io.lines("bench/performance.md.in") do
    count = count + 1
    local ok, text = pcall(string.gsub, line, "{{(.-)}}", expand)
    if not ok then error(("bench/performance.md.in:%d: %s"):format(count, text), 0) end
    lines[#lines + 1] = text
  end
  for _, workload in ipairs(workloads) do
    if not shown[workload.id] then error("bench/performance.md.in does not show " .. workload.id, 0) end
  end
  write(page, table.concat(lines, "\n") .. "\n")
end

local ok, fault = pcall(main)
if not ok then
  io.stderr:write(fault, "\n")
  os.exit(1)
end
