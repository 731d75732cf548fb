--- Wrong values for every kind of parameter, with what the error must say; and the list of all public
--- functions, read from the tables themselves.
local bad_input = {}

local nan, huge = 0 / 0, math.huge

local function raise() error "a metamethod was called" end

--- A table that raises whatever is done with it, but for being read raw.
function bad_input.hostile()
  return setmetatable({}, {
    __index = raise, __newindex = raise, __len = raise, __eq = raise, __tostring = raise, __concat = raise,
    __pairs = raise, __lt = raise, __name = raise, __metatable = false,
  })
end

local hostile = bad_input.hostile()
local thread = coroutine.create(print)
local light = debug.upvalueid(function() return hostile end, 1)

-- Some wrong values and what the error must say to each of them.
local function says(fragment, ...)
  return { fragment = fragment, values = table.pack(...) }
end

-- All values but those of the given types, as arguments of `says`.
local function all_but(...)
  local values = { nil, true, 1, "x", {}, print, thread, light, io.stdout, hostile, n = 10 }
  local left = { n = 0 }
  for i = 1, values.n do
    local keep = true
    for _, name in ipairs { ... } do keep = keep and type(values[i]) ~= name end
    if keep then
      left.n = left.n + 1
      left[left.n] = values[i]
    end
  end
  return table.unpack(left, 1, left.n)
end

local function object(noun)
  return {
    says(("expects a %s first, got"):format(noun), all_but()),
    says("with a colon", all_but()),
  }
end

local counts = { says("a whole number of 1 or more", "8", true, {}, nan, 0, -1, -huge, 1.5, 0.5, 2 ^ -1074) }
local booleans = { says("true or false", 0, "true", {}) }
local names = { says("expects a string", 1, true, {}, print), says("without NUL", "a\0b", "\0") }
local seconds = {
  says("seconds as a number", all_but "number"), says("seconds as a number", "1", "0x10", "nan"),
  says("zero or more seconds", nan, -1, -huge, -2 ^ 63, -1e308, -2 ^ -1074),
}
local times = { says("a time on cohort.now()'s clock", all_but "number"), says("got nan", nan) }

--- By kind of parameter: a list of wrong values. A kind of the spec's fixture has its right value there.
bad_input.kinds = {
  seconds = seconds,
  time = times,
  callable = {
    says("expects a function", nil, true, 1, "f", light, io.stdout, hostile, thread),
  },
  text = { says("a reason as a string, or nothing", true, 1, {}, print, hostile) },
  group = object "group",
  task = object "task",
  scope = object "scope",
  clock = object "clock",
  stream = object "stream",
  listener = object "listener",
  error_group = {
    says("expects an error group", all_but()),
    says("write eg:", all_but()),
  },
  matcher = {
    says("a table as matcher, got", nil, true, 1, thread, light, io.stdout),
    says("malformed pattern", "%", "[a", "(", ")", "%f", "%b", "%1"),
  },
  clause = { says("expects clauses after the body", true, 1, "f", {}, print, hostile) },
  type_name = { says("error_type expects a name", all_but "string") },
  parent = { says("an error type as parent", true, 1, "Error", {}, print, hostile) },
  message = { says("a string as message", all_but "string") },
  fields = { says("a message or a table of fields", all_but("string", "table")) },
  errors = {
    says("expects a list of errors", all_but "table"), says("at least one error", {}),
    says("without nil", { nil, 1 }),
  },
  functions = {
    says("expects a list of functions", all_but "table"),
    says("write the function itself, not a call of it", { 1 }, { print, "f" }, { hostile }, { thread }),
    says("leave out what is nil", { nil, print }, { n = 1 }, { print, n = 2 }, { [1 << 40] = print }),
    says("options come before it", { settle = true }, { print, name = "x" }, { [0] = print }),
  },
  list = { says("map expects a list", nil, true, 1, "x", print, light, io.stdout) },
  host = {
    says("a host as a string", nil, true, 1, {}, print, hostile), says("an empty string", ""),
    says("NUL", "a\0b"),
  },
  path = {
    says("a path as a string", nil, true, 1, {}, print, hostile), says("an empty string", ""),
    says("NUL", "a\0b"),
  },
  port = {
    says("a port as a whole number", all_but "number"), says("a whole number", "80", 1.5, nan, huge),
    says("0 to 65535", -1, 65536, 2 ^ 40),
  },
  bytes = {
    says("number of bytes", true, {}, print), says("whole number of bytes", 1.5, nan, -1, -huge),
  },
  delimiter = { says("a delimiter of one byte or more", nil, true, 1, {}, "") },
  format = { says("\"l\"", true, {}, "x", "n", hostile) },
  line_format = { says("\"l\"", true, {}, hostile) },
  served = { says("net.serve(net.listen(host, port), handler)", all_but()) },
  piece = { says("use tostring", nil, true, {}, print, hostile) },
  boolean = { says("true or false", all_but "boolean") },
}

--- By option: a list of wrong values.
bad_input.options = {
  limit = counts, seed = counts, backlog = counts, line_max = counts,
  name = names,
  on_error = {
    says("\"cancel\" or \"collect\"", "colect", "", "CANCEL"), says("expects a string", 1, true, print),
  },
  signals = booleans, shield = booleans, autojump = booleans, settle = booleans, nodelay = booleans,
  timeout = { says("zero or more seconds", "1", true, {}, nan, -1, -huge, -1e308) },
  deadline = { says("a time on cohort.now()'s clock", "1", true, {}, nan) },
  clock = { says("a clock of cohort.testing", 1, "real", {}, true, io.stdout, hostile) },
  handler = { says("a function", 1, "f", {}, hostile, thread) },
}

-- The table of methods behind a metatable: ours keep it as an upvalue of `__index`.
local function methods_of(value)
  local index = debug.getmetatable(value).__index
  for i = 1, 255 do
    local name, upvalue = debug.getupvalue(index, i)
    if not name then error "no table of methods was found" end
    if type(upvalue) == "table" and upvalue.__index == nil then return upvalue end
  end
end

local function add(list, prefix, functions)
  for name, value in next, functions do
    if type(name) == "string" and not name:find "^__" and
      (type(value) == "function" or type(debug.getmetatable(value) or 0) == "table" and
        debug.getmetatable(value).__call and value ~= functions) then
      list[#list + 1] = prefix .. name
    end
  end
end

--- The names of all public functions, sorted: "cohort.sleep", "group:spawn".
--- @param modules table<string, table>  by the name that stands before the dot
--- @param objects table<string, any>    by the name that stands before the colon
function bad_input.public_functions(modules, objects)
  local list = {}
  for name, module in pairs(modules) do add(list, name .. ".", module) end
  for name, value in pairs(objects) do add(list, name .. ":", methods_of(value)) end
  table.sort(list)
  return list
end

--- Loads what `cohort` loads when it is first asked for, so that it is in the table.
function bad_input.load_all(cohort)
  local index = debug.getmetatable(cohort).__index
  for i = 1, 255 do
    local name, upvalue = debug.getupvalue(index, i)
    if not name then return end
    if name == "submodules" or name == "functions" then
      for field in pairs(upvalue) do pcall(function() return cohort[field] end) end
    end
  end
end

return bad_input
