--- Parses the types of LuaLS annotations, strictly: anything outside the grammar below is a fault.
---
---     type    = single {"|" single}
---     single  = primary {"[]"} ["?"]
---     primary = name | name "<" type {"," type} ">" | literal | "(" type ")" | "{" fields "}" | fun
---     fun     = ["async"] "fun" "(" [param {"," param}] ")" [":" result {"," result}]
---
--- A type is a tree: {kind = "name", name =}, {kind = "literal", text =}, {kind = "array", of =},
--- {kind = "optional", of =}, {kind = "union", ...}, {kind = "generic", name =, ...}, {kind = "table",
--- fields =}, {kind = "fun", async =, params =, returns =}, or {kind = "..."} for any number of values.
local metatype = {}

local parse_type

-- A reader is {text =, at =}. `take` skips blanks, then consumes what the pattern matches, or nothing.
local function take(reader, pattern)
  local _, last, value = reader.text:find("^%s*(" .. pattern .. ")", reader.at)
  if not last then return nil end
  reader.at = last + 1
  return value
end

local function expect(reader, pattern, what)
  local value = take(reader, pattern)
  if value then return value end
  error({ fault = ("expected %s at '%s'"):format(what, reader.text:sub(reader.at)) }, 0)
end

local function parse_list(reader, ending, parse)
  local list = {}
  if take(reader, ending) then return list end
  repeat list[#list + 1] = parse(reader) until not take(reader, ",")
  expect(reader, ending, "the end of a list")
  return list
end

local function parse_param(reader)
  local name = take(reader, "%.%.%.") or expect(reader, "[%a_][%w_]*", "a name")
  local optional = take(reader, "%?") ~= nil
  local type = take(reader, ":") and parse_type(reader)
  return { name = name, optional = optional, type = type or { kind = "name", name = "any" } }
end

local function parse_result(reader)
  if take(reader, "%.%.%.") then return { kind = "..." } end
  return parse_type(reader)
end

local function parse_fun(reader, async)
  expect(reader, "%(", "'('")
  local fun = { kind = "fun", async = async, params = parse_list(reader, "%)", parse_param), returns = {} }
  if take(reader, ":") then
    repeat table.insert(fun.returns, parse_result(reader)) until not take(reader, ",")
  end
  return fun
end

local function parse_field(reader)
  local name
  if take(reader, "%[") then
    name = parse_type(reader)
    expect(reader, "%]", "']'")
  else
    name = expect(reader, "[%a_][%w_]*", "the name of a field")
  end
  local optional = take(reader, "%?") ~= nil
  expect(reader, ":", "':'")
  return { name = name, optional = optional, type = parse_type(reader) }
end

local function parse_primary(reader)
  local literal = take(reader, '"[^"]*"') or take(reader, "%d+%f[^%w_.]")
  if literal then return { kind = "literal", text = literal } end
  if take(reader, "%(") then
    local inner = parse_type(reader)
    expect(reader, "%)", "')'")
    return inner
  end
  if take(reader, "{") then return { kind = "table", fields = parse_list(reader, "}", parse_field) } end
  local name = expect(reader, "[%a_][%w_.]*", "a type")
  if name == "async" then
    expect(reader, "fun%f[^%w_]", "'fun' after 'async'")
    return parse_fun(reader, true)
  end
  if name == "fun" then return parse_fun(reader, false) end
  if take(reader, "<") then
    local generic = parse_list(reader, ">", parse_type)
    generic.kind, generic.name = "generic", name
    return generic
  end
  return { kind = "name", name = name }
end

local function parse_single(reader)
  local tree = parse_primary(reader)
  while take(reader, "%[%]") do tree = { kind = "array", of = tree } end
  if take(reader, "%?") then tree = { kind = "optional", of = tree } end
  return tree
end

function parse_type(reader)
  local first = parse_single(reader)
  if not take(reader, "|") then return first end
  local union = { kind = "union", first }
  repeat union[#union + 1] = parse_single(reader) until not take(reader, "|")
  return union
end

--- The type at the beginning of `text`, and what follows it; or nil and the fault.
function metatype.parse(text)
  local reader = { text = text, at = 1 }
  local ok, tree = pcall(parse_type, reader)
  if ok then return tree, text:sub(reader.at) end
  if type(tree) ~= "table" then error(tree, 0) end
  return nil, tree.fault
end

--- Calls visit(name) for every named type in a tree.
function metatype.each_name(tree, visit)
  if tree.kind == "name" or tree.kind == "generic" then visit(tree.name) end
  if tree.of then metatype.each_name(tree.of, visit) end
  for _, member in ipairs(tree) do metatype.each_name(member, visit) end
  for _, list in ipairs { tree.fields or {}, tree.params or {} } do
    for _, member in ipairs(list) do
      if type(member.name) == "table" then metatype.each_name(member.name, visit) end
      metatype.each_name(member.type, visit)
    end
  end
  for _, result in ipairs(tree.returns or {}) do metatype.each_name(result, visit) end
end

--- A type without its "optional", and whether it was optional.
function metatype.required(tree)
  if tree.kind == "optional" then return tree.of, true end
  return tree, tree.kind == "name" and (tree.name == "any" or tree.name == "nil")
end

--- A short name for a type, the same for types that are treated alike: "number", "fun[]", "cohort.Scope".
function metatype.key(tree)
  tree = metatype.required(tree)
  if tree.kind == "name" or tree.kind == "generic" then return tree.name end
  if tree.kind == "literal" then return tree.text end
  if tree.kind == "array" then return metatype.key(tree.of) .. "[]" end
  if tree.kind ~= "union" then return tree.kind end
  local keys = {}
  for i, member in ipairs(tree) do keys[i] = metatype.key(member) end
  return table.concat(keys, "|")
end

--- The texts of a union of literals, such as {"cancel", "collect"} with their quotes; nil for other types.
function metatype.literals(tree)
  tree = metatype.required(tree)
  if tree.kind ~= "union" then return nil end
  local texts = {}
  for i, member in ipairs(tree) do
    if member.kind ~= "literal" then return nil end
    texts[i] = member.text
  end
  return texts
end

return metatype
