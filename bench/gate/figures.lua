--- Reads and writes figures.txt beside this file: the instructions that each operation takes.
local figures = {}

local path = "bench/gate/figures.txt"

--- In the order of the file: {name =, count =}.
function figures.read()
  local list = {}
  for line in io.lines(path) do
    local number, name = line:match("^ *(%d+)  (.+)$")
    if number then list[#list + 1] = { name = name, count = tonumber(number) } end
  end
  return list
end

function figures.write(list)
  local lines = {
    "Instructions per operation, counted by bench/gate/gate.lua. Change them in a commit that says why.", "",
  }
  for _, figure in ipairs(list) do
    lines[#lines + 1] = ("%7.0f  %s"):format(figure.count, figure.name)
  end
  assert(io.open(path, "w")):write(table.concat(lines, "\n"), "\n"):close()
end

return figures
