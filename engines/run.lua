--- Runs the engines and holds what they tried against docs/reliability.md.
---
---     lua5.4 engines/run.lua short|long [NAME...]      (without names: all that have this form)
---
--- An engine is a program engines/NAME.lua that takes its form and maybe a seed, ends with the line
--- "tried N, injected M", and fails by its exit status. The rows of docs/reliability.md are the list of
--- them, in the order in which they run:
---
---     | model | short | 10,000 | 12,600 | 13 s | what it tries |
---
--- that is its name, the form, the least that it must try and inject, the time it took when that was written
--- down, and what it does. Engines are found below the folder this is run in. A row without an engine and an
--- engine without a row fail too. One that takes more than LIMIT seconds, by default 15 minutes in its short
--- form and 6 hours in its long one, hangs. At the end stands again what the failed ones said last, and
--- "N passed, N failed".
local page = "docs/reliability.md"
local lua = os.getenv "LUA" or "lua5.4"

local form = arg[1]
if form ~= "short" and form ~= "long" then
  io.stderr:write("usage: run.lua short|long [NAME...]\n")
  os.exit(2)
end
local limit = tonumber(os.getenv "LIMIT") or form == "short" and 900 or 21600
local wanted = table.move(arg, 2, #arg, 1, {})

--- "10,000" as 10000; nil when it is no number.
local function number(text)
  return math.tointeger(tonumber((text:gsub(",", ""))))
end

--- The rows of the page: {name =, form =, tried =, injected =, time =}, in order.
local function read_rows()
  local rows = {}
  for line in io.lines(page) do
    local name, row_form, tried, injected, time =
      line:match "^|%s*([%l_]+)%s*|%s*(%l+)%s*|%s*([%d,]+)%s*|%s*([%d,]+)%s*|%s*([^|]-)%s*|.*|$"
    if name then
      table.insert(rows, { name = name, form = row_form, tried = number(tried), injected = number(injected),
        time = time })
    end
  end
  return rows
end

--- The names of the programs in engines, but for this one.
local function list_engines()
  local listing = assert(io.popen "LC_ALL=C ls engines/*.lua")
  local names = {}
  for path in listing:lines() do
    local name = path:match "([^/]+)%.lua$"
    if name ~= "run" then table.insert(names, name) end
  end
  listing:close()
  return names
end

--- What is wrong with a figure, or nil.
local function below(what, got, least)
  if got < least then return ("%s %d, and %s says at least %d"):format(what, got, page, least) end
end

-- How many lines of a failed engine stand at the end again.
local tail_max = 12

--- What is wrong with how a run ended, or nil.
local function judge(row, last, ok, status)
  if status == 124 then return ("hangs: it took more than %d s"):format(limit) end
  if not ok then return ("ended with status %d"):format(status) end
  local tried, injected = last:match "^tried (%d+), injected (%d+)$"
  if not tried then return "did not end with the line 'tried N, injected M'" end
  return below("tried", tonumber(tried), row.tried) or below("injected", tonumber(injected), row.injected)
end

--- Runs an engine and shows its output as it comes. Returns what is wrong with the run, or nil, and its last
--- lines.
local function run(row)
  local command = ("timeout %d %s engines/%s.lua %s 2>&1"):format(limit, lua, row.name, row.form)
  local pipe = assert(io.popen(command))
  local tail = {}
  for line in pipe:lines() do
    print(line)
    table.insert(tail, line)
    if #tail > tail_max then table.remove(tail, 1) end
  end
  local ok, _, status = pipe:close()
  return judge(row, tail[#tail] or "", ok, status), tail
end

local passed, failures = 0, {}

--- Counts one thing that passed, or failed as `fault` says, with the last lines that it said.
local function count(name, fault, tail)
  if not fault then
    passed = passed + 1
    return
  end
  local lines = table.move(tail or {}, 1, #(tail or {}), 1, {})
  table.insert(lines, ("engine '%s': %s"):format(name, fault))
  print(lines[#lines])
  table.insert(failures, table.concat(lines, "\n"))
end

--- The rows of this form by name, and the names of what is to run: what was asked for, or all, in order.
local function select_engines()
  local rows, names = {}, {}
  for _, row in ipairs(read_rows()) do
    if row.form == form then
      rows[row.name] = row
      table.insert(names, row.name)
    end
  end
  for _, name in ipairs(list_engines()) do
    if not rows[name] then table.insert(names, name) end
  end
  return rows, #wanted > 0 and wanted or names
end

io.stdout:setvbuf "line"
local rows, names = select_engines()
for _, name in ipairs(names) do
  local row, file = rows[name], io.open(("engines/%s.lua"):format(name))
  if file then file:close() end
  if not file then
    count(name, ("there is no engines/%s.lua"):format(name))
  elseif not row then
    count(name, ("%s has no row for its %s form"):format(page, form))
  else
    local before = os.time()
    print(("-- %s %s (took %s)"):format(name, form, row.time))
    count(name, run(row))
    print(("-- %s took %d s"):format(name, os.time() - before))
  end
end
for _, failure in ipairs(failures) do print(failure) end
print(("%d passed, %d failed"):format(passed, #failures))
os.exit(#failures == 0, true)
