--- Wrong values for every kind of parameter and option, with what the error must say. Which functions there
--- are, what they take and in which order is read from lua/cohort/meta; here stands what the annotations do
--- not say: what is wrong, and how the error words it.
local bad_commands = require "spec.support.bad_commands"
local meta = require "tools.meta"
local metatype = require "tools.metatype"
local add_net = require "spec.support.bad_net"

local bad_input = {}

local nan, huge = 0 / 0, math.huge

local function raise() error "a metamethod was called" end

local function nothing() end

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

-- {{ Kinds of parameters: a list of wrong values each, and a right one, or the variable of an object

local callable = {
  says("expects a function", nil, true, 1, "f", light, io.stdout, hostile, thread),
  right = nothing,
}
local functions = {
  says("expects a list of functions", all_but "table"),
  says("write the function itself, not a call of it", { 1 }, { print, "f" }, { hostile }, { thread }),
  says("leave out what is nil", { nil, print }, { n = 1 }, { print, n = 2 }, { [1 << 40] = print }),
  says("expects a list of functions, got a key", { settle = true }, { print, name = "x" }, { [0] = print }),
  right = { nothing },
}
local bytes = {
  says("number of bytes", true, {}, print), says("whole number of bytes", 1.5, nan, -1, -huge),
  right = 1,
}
local boolean = { says("true or false", all_but "boolean"), right = true }
local function whole(least, ...)
  return {
    says(("a whole number of %d or more"):format(least), all_but "number"),
    says(("a whole number of %d or more"):format(least), "1", nan, least - 1, -huge, 1.5, 2 ^ -1074, ...),
    right = 1,
  }
end
local signal = {
  says("signals expects names of signals", nil, true, 1, {}, print, hostile),
  says("write the name in full", "TERM", "", "SIGTERMS", "sigterm", "a\0b", "SIGTERM\0"),
  says("cannot listen for SIGKILL", "SIGKILL"),
  right = "SIGUSR1",
}
local matcher = {
  says("a table as matcher, got", nil, true, 1, thread, light, io.stdout),
  says("malformed pattern", "%", "[a", "(", ")", "%f", "%b", "%1"),
  right = "x",
}

local path = {
  says("a path as a string", nil, true, 1, {}, print, hostile), says("an empty string", ""),
  says("NUL", "a\0b"),
  right = "/nowhere/socket",
}
local times = { says("seconds since 1970", true, {}, print, "x", nan, huge, -huge, 1e300), right = 1 }

--- By "function, name", else by "name: type", else by type, as metatype.key writes it. `free` takes anything.
bad_input.kinds = {
  ["fun"] = callable,
  ["fun[]"] = functions,
  ["coroutine.create, f"] = { says("function expected", all_but "function"), right = nothing },
  ["coroutine.wrap, f"] = { says("function expected", all_but "function"), right = nothing },
  ["thread"] = { says("thread expected", all_but "thread"), right = coroutine.create(nothing) },
  ["boolean"] = boolean,
  ["any"] = { free = true, right = 1 },
  ["boolean|number"] = { free = true, right = true },
  ["seconds: number"] = {
    says("seconds as a number", all_but "number"), says("seconds as a number", "1", "0x10", "nan"),
    says("zero or more seconds", nan, -1, -huge, -2 ^ 63, -1e308, -2 ^ -1074),
    right = 1,
  },
  ["cushion: number"] = {
    says("seconds as a number", true, {}, print, "1", "soon"),
    says("zero or more seconds", nan, -1, -huge), says("a finite number", huge),
    right = 0,
  },
  ["testing.with_names, known"] = {
    says("a table of names", nil, true, 1, "x", print, io.stdout), says("names as strings", { "127.0.0.1" }),
    says("expects an address", { a = 1 }, { a = true }), says("an error of lookups", { a = "b" }),
    right = { ["a.example"] = "127.0.0.1" },
  },
  ["time: number"] = {
    says("a time on cohort.now()'s clock", all_but "number"), says("got nan", nan),
    right = 1,
  },
  ["interval: number"] = {
    says("ticker expects more than zero seconds", all_but "number"),
    says("more than zero seconds", 0, -1, nan, huge, -huge),
    right = 1,
  },
  ["n: integer"] = bytes,
  ["max: integer"] = bytes,
  ["cohort.channel, capacity"] = whole(0),
  ["cohort.broadcast, capacity"] = whole(0),
  ["broadcast:send, ..."] = { says("value", nil), right = 1 },
  ["broadcast:offer, ..."] = { says("value", nil), right = 1 },
  ["cohort.value, v"] = { says("not nil", nil), right = 1 },
  ["value:set, v"] = { says("not nil", nil), right = 1 },
  ["sender:offer, value"] = { says("value", nil), right = 1 },
  ["cohort.select, cases"] = {
    says("select expects a table of cases", nil, true, 1, "x", print, light, io.stdout),
    says("at least one case", {}),
    says("as case 1", { 1 }, { {} }, { { print } }, { { "x" } }),
    says("select knows 'timeout' and 'otherwise'", { timout = 1 }),
    right = { timeout = 0 },
  },
  ["cohort.semaphore, n"] = whole(0, huge),
  ["cohort.semaphore, max"] = whole(1),
  ["cohort.limiter, n"] = whole(0),
  ["cohort.barrier, n"] = whole(1, huge),
  ["condition:notify, n"] = whole(0),
  ["of: cohort.Lock"] = {
    says("condition expects a lock or nothing", true, 1, "x", {}, print, light, io.stdout, hostile),
    variable = "lock",
  },
  ["reason: string"] = {
    says("a reason as a string, or nothing", true, 1, {}, print, hostile),
    right = "why",
  },
  ["name: string"] = { says("error_type expects a name", all_but "string"), right = "T" },
  ["message: string"] = { says("a string as message", all_but "string"), right = "m" },
  ["message_or_fields: string|table"] = {
    says("a message or a table of fields", all_but("string", "table")),
    right = "text",
  },
  ["errors: any[]"] = {
    says("expects a list of errors", all_but "table"), says("at least one error", {}),
    says("without nil", { nil, 1 }),
    right = { 1 },
  },
  ["list: T[]"] = {
    says("map expects a list", nil, true, 1, "x", print, light, io.stdout),
    right = { 1 },
  },
  ["path: string"] = path,
  ["from: string"] = path,
  ["to: string"] = path,
  ["target: string"] = {
    says("a target as a string", nil, true, 1, {}, print, hostile), says("an empty string", ""),
    says("NUL", "a\0b"),
    right = "x",
  },
  ["string|number"] = { says("use tostring", nil, true, {}, print, hostile), right = "x" },
  ["mode: string"] = {
    says('"r", "w", "a"', true, 1, {}, print, hostile, "", "x", "rw", "r ", "r\0", "b", "rbb", "R"),
    right = "r",
  },
  ["permissions: string"] = {
    says("permissions", nil, true, 420, {}, print, hostile),
    says('"644" or "rw-r--r--"', "", "64", "888", "rwx", "rw-r--r-x-", "xwrxwrxwr", "0o644", "-644"),
    right = "644",
  },
  ["whence: string"] = {
    says('"set", "cur" or "end"', true, 1, {}, print, hostile, "", "SET", "begin"),
    right = "set",
  },
  ["offset: integer"] = {
    says("whole number of bytes", true, {}, print, "x", 1.5, nan, huge, 2 ^ 80),
    right = 0,
  },
  ["atime: number"] = times, ["mtime: number"] = times,
  ['integer|"l"|"L"|"a"|"n"'] = {
    says("\"l\"", true, {}, "x", "", "*", hostile),
    says("whole number of bytes", 1.5, nan, -1, -huge, huge, 2 ^ 60),
    right = "l",
  },
  ["delimiter: string"] = { says("a delimiter of one byte or more", nil, true, 1, {}, ""), right = "\n" },
  ["stream:write, ..."] = {
    says("use tostring", nil, true, { {} }, { true }, { 1, print }, print, hostile),
    right = "x",
  },
  ['integer|"n"|"l"|"L"|"a"'] = {
    says("\"l\"", true, {}, "x", "ll", "", hostile),
    says("a whole number of bytes", -1, 1.5, nan, huge, 2 ^ 63),
    right = "l",
  },
  ["other: cohort.Stream"] = { says("copy_to expects a stream to copy to", all_but()), variable = "stream" },
  ["count: integer"] = bytes,
  ["cohort.Matcher"] = matcher,
  ["cohort.Clause"] = { says("expects clauses after the body", true, 1, "f", {}, print, hostile) },
  ["parent: cohort.ErrorType"] = { says("an error type as parent", true, 1, "Error", {}, print, hostile) },
  ["cohort.signals, name"] = signal,
  ["cohort.signals, ..."] = signal,
  ["descriptor: integer|table|userdata"] = {
    says("expects a descriptor, a whole number", nil, true, "1", print, nan, huge, -1, 1.5, 2 ^ 31),
    says("has none of them", {}, light, hostile),
    right = 0,
  },
  ["shape: table"] = {
    says("a list of matchers", nil, true, 1, "x", {}, print, light, io.stdout, hostile),
    says("a table as matcher, got", { 1 }, { "x", { true } }),
    says("malformed pattern", { "%" }, { { "(" } }, { "x", message = "[a" }),
    right = { "x" },
  },
}

bad_commands.add(bad_input.kinds, says, hostile)

-- Right values that need the module.
function bad_input.prepare(cohort)
  bad_input.kinds["cohort.Clause"].right = cohort.success(nothing)
  bad_input.kinds["parent: cohort.ErrorType"].right = cohort.Error
  bad_input.options["cohort.Clock"].right = cohort.testing.clock()
end

-- Classes whose objects are called otherwise than by the last word of their name.
local nouns = {
  ErrorGroup = { "expects an error group", "write eg:" },
  Signals = { "expects a listener first, got", "with a colon" },
  Udp = { "expects a socket first, got", "with a colon" },
  Event = { "expects an event first, got", "with a colon" },
}

--- The kind of the object before the colon of a method.
function bad_input.self_kind(class)
  local name = class:match("[%w_]+$")
  local words = nouns[name] or { ("expects a %s first, got"):format(name:lower()), "with a colon" }
  return { says(words[1], all_but()), says(words[2], all_but()) }
end

-- }}

-- {{ Kinds of options

local counts = {
  says("a whole number of 1 or more", "8", true, {}, nan, 0, -1, -huge, 1.5, 0.5, 2 ^ -1074),
  right = 1,
}

--- By the same keys.
bad_input.options = {
  ["integer"] = counts,
  ["boolean"] = { says("true or false", 0, "true", {}), right = false },
  ["string"] = {
    says("expects a string", 1, true, {}, print), says("without NUL", "a\0b", "\0"),
    right = "name",
  },
  ["permissions: string"] = {
    says("expects a string", 420, true, {}, print), says("without NUL", "a\0b", "\0"),
    says('"644" or "rw-r--r--"', "", "64", "888", "rwx", "rw-r--r-x-"),
    right = "644",
  },
  ["dir: string"] = {
    says("expects a string", 1, true, {}, print), says("without NUL", "a\0b", "\0"),
    says("the path of a directory", ""),
    right = "/nowhere",
  },
  ["prefix: string"] = {
    says("expects a string", 1, true, {}, print), says("without NUL", "a\0b", "\0"),
    says("without '/'", "a/b", "/"),
    right = "x",
  },
  ["overflow: string"] = {
    says("expects a string", 1, true, {}, print), says("without NUL", "a\0b", "\0"),
    says("\"wait\", \"drop_oldest\"", "wat", ""),
    right = "wait",
  },
  ["attempts: integer"] = {
    says("a whole number of 1 or more, or math.huge", "3", true, {}, nan, 0, -1, 1.5, -huge),
    right = 1,
  },
  ["delay: number"] = { says("zero or more seconds", "1", true, {}, nan, -1, huge, -huge), right = 0 },
  ["factor: number"] = { says("a number of 1 or more", "1", true, {}, nan, 0, 0.5, huge), right = 1 },
  ["max_delay: number"] = {
    says("zero or more seconds, or math.huge", "1", true, {}, nan, -1, -huge),
    right = huge,
  },
  ["jitter: number"] = { says("a number from 0 to 1", "1", true, {}, nan, -0.1, 1.1), right = 0 },
  ["seed: integer"] = counts,
  ["reset_after: integer"] = {
    says("a whole number of 0 or more", "8", true, {}, nan, -1, -huge, 1.5, 0.5),
    right = 0,
  },
  ["delay: number[]"] = {
    says("option 'delay' expects", 1, "1", true, {}, { 1 }, { 2, 1 }, { -1, 1 }, { nan, 1 }, { 0, huge }),
    right = { 0, 1 },
  },
  ["cohort.Matcher"] = {
    says("a table as matcher, got", true, 1, thread, light, io.stdout), matcher[2], right = "x",
  },
  ["rate: number"] = {
    says("virtual seconds per real second", "1", true, {}, nan, -1, huge, -huge),
    right = 1,
  },
  ["watchdog: number"] = { says("zero or more seconds", "1", true, {}, nan, -1, -huge), right = 1 },
  ["preemptions: number"] = {
    says("a whole number of 0 or more, or math.huge", "1", true, {}, nan, -1, 1.5, -huge),
    right = 1,
  },
  ["replay: table"] = {
    says("a table of choices", 1, "x", true, print),
    says("whole numbers of 1 or more", { 0 }, { x = 1 }, { 1.5 }),
    right = { [2] = 1 },
  },
  ["code: string"] = {
    says("the code of an error of the system", 1, true, {}, "", "ENOTHING"),
    right = "EMFILE",
  },
  ["timeout: number"] = { says("zero or more seconds", "1", true, {}, nan, -1, -huge, -1e308), right = 1 },
  ["deadline: number"] = { says("a time on cohort.now()'s clock", "1", true, {}, nan), right = 1e9 },
  ["fun"] = { says("a function", 1, "f", {}, hostile, thread), right = nothing },
  ["cohort.Clock"] = { says("a clock of cohort.testing", 1, "real", {}, true, io.stdout, hostile) },
}

add_net(bad_input.kinds, bad_input.options, says, all_but)

-- One of some words: nearly one of them, none, the first in capitals; and what is no string.
local function words_kind(literals)
  local first = literals[1]:sub(2, -2)
  local list = table.concat(literals, ", ", 1, #literals - 1) .. " or " .. literals[#literals]
  return {
    says(list, first:sub(1, -2), "", first:upper(), first .. "s"),
    says("expects a string", 1, true, print),
    right = first,
  }
end

-- }}

-- {{ Rows: what the definitions say about each function

local function lookup(kinds, entry, item)
  local key = metatype.key(item.type)
  return kinds[entry.head .. ", " .. item.name] or kinds[item.name .. ": " .. key] or kinds[key]
end

local function option_kind(entry, field)
  local literals = metatype.literals(field.type)
  return literals and words_kind(literals) or lookup(bad_input.options, entry, field)
end

-- The fields of a parameter that is a table of options, or nil.
local function option_fields(definitions, param)
  local tree = metatype.required(param.type)
  if tree.kind == "table" then return tree.fields end
  local entry = tree.name and definitions.types[tree.name]
  local is_options = entry and entry.class and param.name == "options"
  return is_options and meta.fields_of(definitions, entry.class) or nil
end

-- A row: {entry =, [i] = {kind =, optional =}, options = {{name =, kind =}...}, at = the place of options}.
local function row_of(definitions, entry, params, missing)
  local row = { entry = entry, anywhere = not meta.needs_task(entry), only_options = #params == 1 }
  if entry.method then
    row[1] = { kind = bad_input.self_kind(definitions.objects[entry.owner]), owner = entry.owner }
  end
  for _, param in ipairs(params) do
    local fields = option_fields(definitions, param)
    if fields then
      row.options, row.at, row.option_names = {}, #row + 1, {}
      for _, field in ipairs(fields) do
        local kind = option_kind(entry, field)
        if not kind then missing[#missing + 1] = ("%s: option %s"):format(entry.head, field.name) end
        table.insert(row.options, { name = field.name, kind = kind or {} })
        row.option_names[field.name] = true
      end
    else
      local kind = lookup(bad_input.kinds, entry, param)
      if not kind then missing[#missing + 1] = ("%s: parameter %s"):format(entry.head, param.name) end
      if param.name ~= "..." or not (kind or {}).free then
        table.insert(row, { kind = kind or {}, optional = param.marked or param.type.kind == "optional" })
      end
    end
  end
  if not row.options then row.only_options = false end
  return row
end

-- What may be called of a value: the first form of its type.
local function value_params(definitions, entry)
  local type_entry = definitions.types[metatype.key(entry.type)]
  local form = type_entry and type_entry.overloads[1]
  return form and form.params
end

--- The arguments of a row, all right.
--- @param x table  objects by their variables
function bad_input.right_arguments(row, x)
  local arguments = { n = #row }
  for i, parameter in ipairs(row) do
    arguments[i] = parameter.owner and x[parameter.owner] or parameter.kind.right
    if parameter.kind.variable then arguments[i] = x[parameter.kind.variable] end
  end
  return arguments
end

--- A row for every public function, by its head; and what of it no kind stands for, as a list of texts.
function bad_input.rows(definitions)
  local rows, missing = {}, {}
  for _, entry in ipairs(definitions.functions) do
    if entry.kind == "function" then
      rows[entry.head] = row_of(definitions, entry, entry.params, missing)
    else
      local params = value_params(definitions, entry)
      if params then rows[entry.head] = row_of(definitions, entry, params, missing) end
    end
  end
  return rows, missing
end

-- }}

-- {{ The public functions, from the tables themselves

-- The table of methods behind a metatable: ours keep it as an upvalue of `__index`, or are it themselves.
local function methods_of(value)
  local metatable = debug.getmetatable(value)
  if type(metatable.__index) == "table" then return metatable.__index end
  for i = 1, 255 do
    local name, upvalue = debug.getupvalue(metatable.__index, i)
    if not name then return metatable end
    if type(upvalue) == "table" and upvalue.__index == nil then return upvalue end
  end
end

local function add(list, prefix, functions_of)
  for name, value in next, functions_of do
    if type(name) == "string" and not name:find "^__" and
      (type(value) == "function" or type(debug.getmetatable(value) or 0) == "table" and
        debug.getmetatable(value).__call and value ~= functions_of) then
      list[#list + 1] = prefix .. name
    end
  end
end

--- The names of all public functions, sorted: "cohort.sleep", "g:spawn".
--- @param definitions table  of tools/meta.lua
--- @param objects table<string, any>  modules and objects by their variables
function bad_input.public_functions(definitions, objects)
  local list = {}
  for variable, class in pairs(definitions.objects) do
    if definitions.types[class].kind == "module" then add(list, variable .. ".", objects[variable])
    else add(list, variable .. ":", methods_of(objects[variable])) end
  end
  table.sort(list)
  return list
end

-- Loads the fields of a module that are loaded when they are first asked for.
local function load_fields(module)
  local index = (debug.getmetatable(module) or {}).__index
  for i = 1, index and 255 or 0 do
    local name, upvalue = debug.getupvalue(index, i)
    if not name then return end
    if name == "submodules" or name == "functions" or name == "parts" then
      for field in pairs(upvalue) do pcall(function() return module[field] end) end
    end
  end
end

--- Loads what `cohort` loads when it is first asked for, so that it is in the table.
function bad_input.load_all(cohort)
  load_fields(cohort)
  load_fields(cohort.testing)
end

-- }}

return bad_input
