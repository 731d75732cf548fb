--- Holds the instructions that an operation takes against the figures beside this file.
---
---     lua5.4 bench/gate/gate.lua [--write]
---
--- Instructions are counted, so that a noisy machine does not matter. A figure that is off by more than the
--- margin, up or down, fails: figures.txt changes in a commit that says why. What one seed of Lua's hash puts
--- off is counted with more seeds before it fails. With --write the figures are written anew. The last line
--- is "N passed, N failed".
package.path = "./?.lua;" .. package.path
local count = require "bench.gate.count"
local figures = require "bench.gate.figures"

local margin, seeds = 0.03, 5

local function is_off(counted, figure)
  return math.abs(counted / figure - 1) > margin
end

--- With the first seed, and if that is off, the median over all.
local function count_near(figure)
  local counted = count.operation(figure.name, 1)
  return is_off(counted, figure.count) and count.median(figure.name, seeds) or counted
end

local function count_anew(list)
  for _, figure in ipairs(list) do figure.count = count.median(figure.name, seeds) end
  return list
end

local function check(list)
  local failed = 0
  for _, figure in ipairs(list) do
    local counted = count_near(figure)
    local off = is_off(counted, figure.count)
    print(("%7.0f of %7d  %s%s"):format(counted, figure.count, figure.name,
      off and (", off by %+.1f %%"):format(100 * (counted / figure.count - 1)) or ""))
    if off then failed = failed + 1 end
  end
  print(("%d passed, %d failed"):format(#list - failed, failed))
  os.exit(failed == 0, true)
end

local list = figures.read()
if arg[1] == "--write" then figures.write(count_anew(list)) else check(list) end
