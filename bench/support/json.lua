--- As much JSON as the results need: objects, lists, strings, finite numbers, true and false.
---
--- A table with [1] or an `n` is a list, another an object; keys are written in order, so that equal
--- results are equal files. What is short stands on one line: one measurement, one line of a diff.
local json = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }
local characters = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local encode

local function encode_table(value, indent)
  local parts = {}
  local function add(prefix, item) parts[#parts + 1] = prefix .. encode(item, indent .. " ") end
  local is_list = value[1] ~= nil
  if is_list then
    for _, item in ipairs(value) do add("", item) end
  else
    for _, key in ipairs(sorted_keys(value)) do add(quote(key) .. ": ", value[key]) end
  end
  local open, close = is_list and "[" or "{", is_list and "]" or "}"
  if #parts < 8 and indent ~= "" then return open .. table.concat(parts, ", ") .. close end
  local line = "\n" .. indent .. " "
  return open .. line .. table.concat(parts, "," .. line) .. "\n" .. indent .. close
end

function encode(value, indent)
  local kind = type(value)
  if kind == "table" then return encode_table(value, indent) end
  if kind == "string" then return quote(value) end
  return kind == "number" and ("%.10g"):format(value) or tostring(value)
end

--- @return string  ends with a newline
function json.encode(value)
  return encode(value, "") .. "\n"
end

local decode

local function skip(text, at)
  return text:find("[^%s,:]", at) or #text + 1
end

local function decode_string(text, at)
  local from = at + 1
  local to = from
  while text:sub(to, to) ~= '"' do
    if to > #text then error "json: a string without an end" end
    to = to + (text:sub(to, to) == "\\" and 2 or 1)
  end
  local raw = text:sub(from, to - 1)
  raw = raw:gsub("\\u(%x%x%x%x)", function(hex) return utf8.char(tonumber(hex, 16)) end)
  return raw:gsub("\\(.)", function(c) return characters[c] or c end), to + 1
end

local function decode_list(text, at)
  local list = {}
  at = skip(text, at + 1)
  while text:sub(at, at) ~= "]" do
    list[#list + 1], at = decode(text, at)
    at = skip(text, at)
  end
  return list, at + 1
end

local function decode_object(text, at)
  local object = {}
  local key, value
  at = skip(text, at + 1)
  while text:sub(at, at) ~= "}" do
    key, at = decode_string(text, at)
    value, at = decode(text, skip(text, at))
    object[key] = value
    at = skip(text, at)
  end
  return object, at + 1
end

function decode(text, at)
  local first = text:sub(at, at)
  if first == "{" then return decode_object(text, at) end
  if first == "[" then return decode_list(text, at) end
  if first == '"' then return decode_string(text, at) end
  local word = text:match("^[%w%+%-%.]+", at)
  if not word then error(("json: nothing to read at byte %d"):format(at)) end
  local value = tonumber(word)
  if value == nil then value = word == "true" end
  return value, at + #word
end

--- Reads what `encode` wrote.
function json.decode(text)
  return (decode(text, skip(text, 1)))
end

return json
