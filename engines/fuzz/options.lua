--- Fuzzes arguments and tables of options: every public function is called with values of any sort in any
--- place, on live objects. Which functions there are, and what they take, is read from lua/cohort/meta.
---
--- A call returns, is cut by the time limit around it, raises an error value, or says that it is misuse, at
--- the line of the call. Texts come from a list, without slashes, so that files lie in the folder this runs
--- in, names of hosts are answered here, and no program is started but the one that the specs start.
local cohort = require "cohort"
local testing = require "cohort.testing"
local meta = require "tools.meta"
local samples = require "tools.samples"
local bad_input = require "spec.support.bad_input"
local bytes = require "engines.fuzz.bytes"
local watched = require "engines.fuzz.watched"

local CALLS_MAX, DEPTH_MAX, PATIENCE = 5, 2, 5
local RATE = 10  -- virtual seconds in a real one: what tries for ever without a wait is cut too

bad_input.load_all(cohort)
bad_input.prepare(cohort)
local definitions = meta.read((rawget(_G, "TREE") or ".") .. "/lua/cohort/meta")
local rows = bad_input.rows(definitions)

-- What cannot be called here: it changes the process, or takes real time. And nothing would end what waits in
-- a shield for good, as a listener does that is called there.
local left_out = {
  ["coroutine.install"] = true, ["testing.wait_all_blocked"] = true, ["cohort.shield"] = true,
}

local names = {}
local words = { "", "a\0b", "x", "%", "[a", "(", "127.0.0.1", "::1", "644", "rw-r--r--", "*l",
  ("y"):rep(300) }

-- {{ Values

local function add_words()
  local seen = {}
  local function add(word)
    if not seen[word] and not word:find "[/.]" then words[#words + 1] = word end
    seen[word] = true
  end
  for name, row in pairs(rows) do
    if not left_out[name] then names[#names + 1] = name end
    for option in pairs(row.option_names or {}) do add(option) end
  end
  for _, entry in ipairs(definitions.functions) do
    for line in io.lines(entry.path) do
      for literal in line:gmatch '"([^"]*)"' do add(literal) end
    end
  end
  table.sort(names)
  table.sort(words)
end

add_words()

local numbers = { 0, 1, 2, -1, 0.5, 1.5, 0 / 0, math.huge, -math.huge, 2 ^ 31, 2 ^ 53, 2 ^ 63,
  math.maxinteger, math.mininteger, 255, 65536, 7 }

local function nothing() end

local function raises() error(42, 0) end

local callable = setmetatable({}, { __call = nothing })
local functions = { nothing, raises, cohort.checkpoint, cohort.sleep_forever, callable }

local value

local function new_table(input, x, depth)
  local t = {}
  for _ = 1, input:pick(5) - 1 do
    local key = input:next() < 80 and #t + 1 or value(input, x, DEPTH_MAX)
    if key ~= nil and key == key then t[key] = value(input, x, depth + 1) end
  end
  return t
end

local kinds = {
  function() return nil end,
  function(input) return input:next() < 128 end,
  function(input) return input:one_of(numbers) end,
  function(input) return input:one_of(words) end,
  function(input) return input:one_of(functions) end,
  function() return bad_input.hostile() end,
  function() return coroutine.create(nothing) end,
  function(input, x) return x[input:one_of(x.variables)] end,
  new_table,
}

-- Any value at all; below some depth no table.
function value(input, x, depth)
  return kinds[input:pick(depth < DEPTH_MAX and #kinds or #kinds - 1)](input, x, depth)
end

-- }}

-- {{ Calls

-- All misuse is told at this line.
local function call(f, ...)
  f(...)
end

local misuse = "^[^\n]*engines/fuzz/options%.lua:" .. debug.getinfo(call, "S").linedefined + 1 .. ": "

local function check_raised(name, err)
  if err == 42 or rawequal(err, nil) then return end
  if type(err) ~= "string" then
    if cohort.is(err, cohort.Cancelled) or err.message ~= nil then return end
  elseif err:find(misuse) and not err:find "attempt to " then
    return
  elseif err:find("not enough memory", 1, true) or err:find("a metamethod was called", 1, true) then
    return
  end
  error(("%s raised %s: %s"):format(name, type(err), tostring(err)), 0)
end

-- Options of the row, with the right names more often than not.
local function new_options(input, x, row)
  local options = {}
  for _ = 1, input:pick(4) do
    local option = input:one_of(row.options)
    if input:next() < 200 then options[option.name] = value(input, x, 1)
    else options[option.name] = option.kind.right end
  end
  if input:next() > 240 then options[input:one_of(words)] = value(input, x, 1) end
  if options.shield == true then options.shield = false end
  return options
end

-- Where files lie that an input names; specs do not say.
local folder = os.getenv "COHORT_FUZZ_DIR" or "build"

-- A path is one below that folder; any other value stays as it is.
local function local_path(v)
  if type(v) ~= "string" or not v:find "/" then return v end
  return folder .. "/" .. v:gsub("/", "_")
end

-- The right arguments, of which some are replaced; options where the function takes them.
local function new_arguments(input, x, name, row)
  local arguments = bad_input.right_arguments(row, x)
  local starts_programs = name:find "^process%." ~= nil
  for i = 1, arguments.n do
    if not starts_programs then arguments[i] = local_path(arguments[i]) end
    local is_self = i == 1 and row.entry.method
    local replaces = input:next() < (is_self and 10 or 120) and not starts_programs
    if replaces then arguments[i] = value(input, x, 0) end
  end
  if row.options and input:next() < 200 then
    table.move(arguments, row.at, arguments.n, row.at + 1)
    arguments[row.at] = new_options(input, x, row)
    arguments.n = arguments.n + 1
  end
  if not starts_programs and input:next() > 230 then
    arguments.n = arguments.n + 1
    arguments[arguments.n] = value(input, x, 0)
  end
  return arguments
end

local function function_of(name, x)
  local owner, field = name:match "^([%w_]+)[.:]([%w_]+)$"
  return (x[owner] or require(definitions.objects[owner]))[field]
end

-- One call. Was it cut, or did it raise?
local function try(input, x)
  local name = input:one_of(names)
  local row = rows[name]
  local f, arguments = function_of(name, x), new_arguments(input, x, name, row)
  local ok, done = pcall(cohort.move_on_after, PATIENCE, call, f, table.unpack(arguments, 1, arguments.n))
  if ok then return not done end
  check_raised(name, done)
  if cohort.is(done, cohort.Cancelled) then error(done, 0) end
  return true
end

-- }}

local function run(input)
  local reached, fault = false, nil
  local ok, err = pcall(samples.with, definitions, function(x)
    x.clock.rate = RATE
    x.variables = {}
    for variable in pairs(definitions.objects) do table.insert(x.variables, variable) end
    table.sort(x.variables)
    testing.with_names({}, function()
      for _ = 1, CALLS_MAX do
        if input:is_over() then return end
        local tried, raised = pcall(try, input, x)
        if not tried and type(raised) == "string" then fault = fault or raised end
        if not tried then error(raised, 0) end
        reached = reached or raised
      end
    end)
  end)
  if fault then error(fault, 0) end
  if not ok then return true, check_raised("what was around", err) end
  return reached
end

return watched(function(text) return (run(bytes.of(text))) end)
