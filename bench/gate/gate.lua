--- Holds the instructions that an operation takes against the figures beside this file.
---
---     lua5.4 bench/gate/gate.lua [--write]
---
--- Instructions are counted, so that a noisy machine does not matter. A figure that is off by more than the
--- margin, up or down, fails: figures.txt changes in a commit that says why. One that is off is counted
--- again before it fails, for the sake of Lua's hash seed. With --write the figures are written anew. The
--- last line is "N passed, N failed".
package.path = "./?.lua;" .. package.path
local count = require "bench.gate.count"

local figures_path = "bench/gate/figures.txt"
local margin, tries = 0.03, 3

--- The figures in the order of the file: {name =, count =}.
local function read_figures()
  local figures = {}
  for line in io.lines(figures_path) do
    local number, name = line:match("^ *(%d+)  (.+)$")
    if number then figures[#figures + 1] = { name = name, count = tonumber(number) } end
  end
  return figures
end

local function is_off(counted, figure)
  return math.abs(counted / figure - 1) > margin
end

--- Counts until it agrees with the figure, or all tries are used up. Returns the last count.
local function count_near(figure)
  local counted
  for _ = 1, tries do
    counted = count.operation(figure.name)
    if not is_off(counted, figure.count) then break end
  end
  return counted
end

local function write(figures)
  local lines = {
    "Instructions per operation, counted by bench/gate/gate.lua. Change them in a commit that says why.", "",
  }
  for _, figure in ipairs(figures) do
    lines[#lines + 1] = ("%7.0f  %s"):format(count.median(figure.name, 2 * tries + 1), figure.name)
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
