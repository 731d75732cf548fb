--- Holds the instructions that an operation takes against the figures beside this file.
---
---     lua5.4 bench/gate/gate.lua [--write]
---
--- Instructions are counted by callgrind, so that a noisy machine does not matter. What two runs of
--- bench/gate/work.lua of different length differ by is the cost of the operations between them. A figure
--- that is off by more than the margin, up or down, fails: figures.txt changes in a commit that says why.
--- Lua's hash seed moves a count by up to 1.5 %, so one that is off is counted again before it fails. With
--- --write the figures are written anew. The last line is "N passed, N failed".
local figures_path, work = "bench/gate/figures.txt", "bench/gate/work.lua"
local margin, tries = 0.03, 3

-- How many operations the shorter run does, and the longer one more; a failing group is ten tasks.
local operations = { ["failing group"] = 500 }
local operations_default = 4000

--- The figures in the order of the file: {name =, count =}.
local function read_figures()
  local figures = {}
  for line in io.lines(figures_path) do
    local count, name = line:match("^ *(%d+)  (.+)$")
    if count then figures[#figures + 1] = { name = name, count = tonumber(count) } end
  end
  return figures
end

local function count_run(name, n)
  local command = ("valgrind --tool=callgrind --callgrind-out-file=/dev/null lua5.4 %s '%s' %d 2>&1")
  local pipe = assert(io.popen(command:format(work, name, n)))
  local output = pipe:read("a")
  pipe:close()
  local count = output:match("Collected : (%d+)")
  return tonumber(count) or error(("no count of '%s':\n%s"):format(name, output), 0)
end

local function count(name)
  local n = operations[name] or operations_default
  return (count_run(name, 2 * n) - count_run(name, n)) / n
end

local function is_off(counted, figure)
  return math.abs(counted / figure - 1) > margin
end

--- Counts until it agrees with the figure, or all tries are used up. Returns the last count.
local function count_near(figure)
  local counted
  for _ = 1, tries do
    counted = count(figure.name)
    if not is_off(counted, figure.count) then break end
  end
  return counted
end

--- The least of several counts: what the hash seed adds is not ours.
local function count_least(name)
  local least = math.huge
  for _ = 1, tries do least = math.min(least, count(name)) end
  return least
end

local function write(figures)
  local lines = {
    "Instructions per operation, counted by bench/gate/gate.lua. Change them in a commit that says why.", "",
  }
  for _, figure in ipairs(figures) do
    lines[#lines + 1] = ("%7.0f  %s"):format(count_least(figure.name), figure.name)
  end
  assert(io.open(figures_path, "w")):write(table.concat(lines, "\n"), "\n"):close()
end

local function check(figures)
  local failed = 0
  for _, figure in ipairs(figures) do
    local counted = count_near(figure)
    local off = is_off(counted, figure.count)
    print(("%7.0f of %7d  %s%s"):format(counted, figure.count, figure.name,
      off and (", off by %+.1f %%"):format(100 * (counted / figure.count - 1)) or ""))
    if off then failed = failed + 1 end
  end
  print(("%d passed, %d failed"):format(#figures - failed, failed))
  os.exit(failed == 0, true)
end

local figures = read_figures()
if arg[1] == "--write" then write(figures) else check(figures) end
