--- Options of public functions: reading them, and what their values are expected to be.
---
--- The core reports what is wrong with the table of options, or with a name in it, as for its own functions.
local core = require "cohort.core"
local misuse = require "cohort.misuse"

local option = {}

local GIVEN_MAX = 40  -- longest string that a message shows

--- Describes a wrong value for a message: a number by its value, a short printable string by its text,
--- anything else by its type.
--- @param value any
--- @return string
function option.describe(value)
  if value ~= value then return "nan" end
  if type(value) == "string" and #value <= GIVEN_MAX and not value:find "[^%g ]" then
    return ('"%s"'):format(value)
  end
  return type(value) == "number" and ("%.14g"):format(value) or type(value)
end

--- The same where seconds are expected: for a text like "100ms" it says what to write.
--- @param value any
--- @return string
function option.describe_seconds(value)
  return type(value) == "string" and core.given_seconds(value) or option.describe(value)
end

--- Declares the options of a function: for each name, `expects` has a function of the value that returns nil
--- when it is right, else what is expected and, where there is a better description than its type, what the
--- value is.
--- @param expects table<string, fun(value: any): string?, string?>
--- @return {expects: table, names: string[]}
function option.known(expects)
  local names = {}
  for name in next, expects do names[#names + 1] = name end
  table.sort(names)
  return { expects = expects, names = names }
end

--- Reads the options given to the public function `who`, checking each. nil means none.
--- @param who string
--- @param given any
--- @param known table   of `option.known`
--- @return table<string, any>
function option.read(who, given, known)
  if given == nil then return {} end
  core.check_options(given, who, known.names)
  local read = {}
  for _, name in ipairs(known.names) do
    local value = rawget(given, name)
    if value ~= nil then
      local expected, got = known.expects[name](value)
      if expected then
        misuse("option '%s' expects %s, got %s", name, expected, got or option.describe(value))
      end
      read[name] = value
    end
  end
  return read
end

---------------------------------------------------------------------------
-- What is expected

local expects = {}
option.expects = expects

function expects.boolean(value)
  return type(value) ~= "boolean" and "true or false" or nil
end

--- A function, or what can be called like one.
function expects.callable(value)
  return not core.is_callable(value) and "a function" or nil
end

function expects.seconds(value)
  if type(value) == "number" and value >= 0 then return nil end
  return "zero or more seconds", option.describe_seconds(value)
end

--- As in Lua, a float with an integral value counts.
function expects.count(value)
  local n = type(value) == "number" and math.tointeger(value)
  return not (n and n >= 1) and "a whole number of 1 or more" or nil
end

function expects.limit(value)
  return value ~= math.huge and expects.count(value) and "a whole number of 1 or more, or math.huge" or nil
end

function expects.text(value)
  if type(value) ~= "string" then return "a string" end
  if value:find("\0", 1, true) then return "a string without NUL bytes", "one with a NUL byte" end
end

return option
