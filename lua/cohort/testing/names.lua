--- Names that only a test knows: lookups answered from a table, with a delay or not at all.
---
--- An answer is the address, or a list of them; the name of a lookup error; or a function. A list may have a
--- delay. A name that is not in the table does not exist, so that no test asks the network by mistake.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local lookups = require "cohort.net.names"
local option = require "cohort.option"

local names = {}

local usage = "with_names({[\"example.org\"] = \"127.0.0.1\"}, f, ...)"

local function is_error_name(text)
  return not pcall(core.raise_lookup, "", "", text, "resolve")
end

-- What is wrong with one item of an answer, or nil.
local function item_fault(host, key, value)
  if key == "delay" then
    if type(value) == "number" and value >= 0 and value < math.huge then return end
    return ("option 'delay' of '%s' expects zero or more seconds, got %s")
      :format(host, option.describe_seconds(value))
  elseif math.type(key) ~= "integer" then
    return ("'%s' has no option '%s': did you mean 'delay'?"):format(host, tostring(key))
  elseif type(value) ~= "string" then
    return ("'%s' expects addresses as strings, got %s"):format(host, type(value))
  elseif not core.numeric_address(value) and not is_error_name(value) then
    return ("'%s' is neither a numeric address nor an error of lookups such as \"EAI_NONAME\", for '%s'")
      :format(value, host)
  end
end

-- Reads an answer: a function, or a list with its delay; or nil and what is wrong with it.
local function read_answer(host, answer)
  if core.is_callable(answer) then return answer end
  if type(answer) == "string" then answer = { answer } end
  if type(answer) ~= "table" then
    return nil, ("'%s' expects an address, a list of them, an error's name or a function, got %s")
      :format(host, type(answer))
  end
  local copy = {}
  for key, value in next, answer do
    local fault = item_fault(host, key, value)
    if fault then return nil, fault end
    copy[key] = value
  end
  return copy
end

-- Reads all answers; or nil and what is wrong.
local function read(known)
  if type(known) ~= "table" then
    return nil, ("expects a table of names, got %s: write %s"):format(type(known), usage)
  end
  local answers = {}
  for host, answer in next, known do
    if type(host) ~= "string" then return nil, ("expects names as strings, got %s"):format(type(host)) end
    local fault
    answers[host], fault = read_answer(host, answer)
    if fault then return nil, fault end
  end
  return answers
end

local function answer_from(answers, host, family)
  local answer = answers[host]
  if answer == nil then return "EAI_NONAME" end
  if core.is_callable(answer) then return answer(host, family) end
  if answer.delay then core.sleep(answer.delay) end
  local is_error = answer[1] and not core.numeric_address(answer[1])
  return is_error and answer[1] or answer
end

-- The first name, in alphabetical order, whose answers include an address.
local function name_from(answers, address)
  local found
  for host, answer in next, answers do
    for _, item in ipairs(core.is_callable(answer) and {} or answer) do
      local numeric = core.numeric_address(item)
      if numeric and numeric.host == address and (not found or host < found) then found = host end
    end
  end
  return found
end

--- Calls `f(...)`; in it, and in the tasks it spawns, lookups are answered from a table.
--- @param known table<string, any>  answers by name
--- @param f fun(...): ...
--- @param ... any
--- @return any ...  what `f` returned
function names.with_names(known, f, ...)
  local answers, fault = read(known)
  if fault then misuse("with_names: %s", fault) end
  if not core.is_callable(f) then
    misuse("with_names expects a function, got %s: write %s", type(f), usage)
  end
  local function resolve(host, family) return answer_from(answers, host, family) end
  local function reverse(address) return name_from(answers, core.numeric_address(address).host) end
  return lookups.reverser:with(reverse, lookups.resolver.with, lookups.resolver, resolve, f, ...)
end

return names
