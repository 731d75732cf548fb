--- Checks the part of our style that a program can check. Prints each fault as file:line: text.
---
--- C and Lua: a file begins with a paragraph saying what it is (in a header it may follow the guard and the
--- includes), has at most 500 lines of at most 110 columns, no tabs, no trailing blanks, and no three blank
--- lines together. C only: a function has at most 60 lines, and csrc has one mutable static, as all state
--- hangs on one lua_State.
--- Every text file: no notes about things to do later, and no paths of somebody's machine.

local lines_max, columns_max, function_lines_max = 500, 110, 60

local faults = 0

local function fault(path, number, text, ...)
  faults = faults + 1
  print(("%s:%d: "):format(path, number) .. text:format(...))
end

local function list(find)
  local pipe = assert(io.popen(find .. " | LC_ALL=C sort"))
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path end
  pipe:close()
  return paths
end

local function read_lines(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

--- Is `line` allowed above the opening paragraph?
local function may_precede(path, line)
  if path:find("%.h$") then return line == "" or line:find("^#") end
  return line:find("^#!")
end

local function check_opening(path, lines)
  local first = 1
  while lines[first] and may_precede(path, lines[first]) do first = first + 1 end
  local opening = path:find("%.[ch]$") and "^/%*" or "^%-%-"
  if not (lines[first] or ""):find(opening) then
    fault(path, first, "the file does not begin with a paragraph saying what it is")
  end
end

local function check_layout(path, lines)
  if #lines > lines_max then
    fault(path, #lines, "%d lines, more than %d: look for the second file", #lines, lines_max)
  end
  for number, line in ipairs(lines) do
    local columns = utf8.len(line) or #line
    if columns > columns_max then fault(path, number, "%d columns, more than %d", columns, columns_max) end
    if line:find("\t") then fault(path, number, "a tab") end
    if line:find("%s$") then fault(path, number, "trailing blanks") end
    local is_third = line == "" and lines[number - 1] == "" and lines[number - 2] == ""
    if is_third then fault(path, number, "a third blank line") end
  end
end

--- A function runs from a line at column 0 that ends in "{" to the next line that is "}" alone; structs and
--- tables end in "};" or in a name.
local function check_functions(path, lines)
  local start
  for number, line in ipairs(lines) do
    if line:find("^%a.*{$") or line == "{" then
      start = number
    elseif line:find("^}") then
      local length = start and line == "}" and number - start + 1 or 0
      if length > function_lines_max then
        fault(path, start, "a function of %d lines, more than %d", length, function_lines_max)
      end
      start = nil
    end
  end
end

--- The one exception: the former mode of a raw terminal, which a signal handler must reach.
local reached_by_handlers = { ["csrc/io/terminal.c"] = true }

local function check_statics(path, lines)
  local allowed = reached_by_handlers[path] and 1 or 0
  for number, line in ipairs(lines) do
    local variable = line:match("^%s*static%s+([^()]*)$") or line:match("^%s*static%s+([^()]-)%s*=")
    if variable and not variable:find("%f[%w]const%f[%W]") then
      allowed = allowed - 1
      if allowed < 0 then fault(path, number, "a mutable static: state belongs to a runtime") end
    end
  end
end

--- Written as patterns, so that this file does not match itself.
local notes = { "%f[%w]T[O]DO%f[%W]", "%f[%w]FI[X]ME%f[%W]", "%f[%w]X[X]X%f[%W]" }

local function check_words(path, lines)
  for number, line in ipairs(lines) do
    for _, note in ipairs(notes) do
      if line:find(note) then fault(path, number, "a note for later: do it or leave it") end
    end
    if line:find("/[w]ork/") or line:find("/[r]oot/") then fault(path, number, "a path of one machine") end
  end
end

for _, path in ipairs(list "find csrc lua spec tools examples bench engines bin -type f 2>/dev/null") do
  local lines = read_lines(path)
  if path:find("%.[ch]$") or path:find("%.lua$") then
    check_opening(path, lines)
    check_layout(path, lines)
  end
  if path:find("%.[ch]$") then check_functions(path, lines) end
  if path:find("^csrc/") then check_statics(path, lines) end
end

local tracked = "find . -type f -size -1000k -not -path './.git' -not -path './.git/*' -not -path './build/*'"
for _, path in ipairs(list(tracked)) do
  local is_text = not path:find("%.[oa]$") and not path:find("%.so$") and not path:find("%.rock$")
  if is_text then check_words(path, read_lines(path)) end
end

os.exit(faults == 0, true)
