--- Host names: who answers lookups, and what an answer may be.
local core = require "cohort.core"

local names = {}

-- Answers lookups in place of the system, for a task and those it spawns.
local resolver = core.context()

-- The same for reverse lookups, only for tests: f(address) -> name, or nil when there is none.
local reverser = core.context()

--- A context that holds nil, or `f(host, family) -> addresses`, which answers lookups in place of the system.
--- `f` returns a list of addresses, numeric as text or as `resolve` returns them; or the name of the error
--- that the lookup fails with, such as "EAI_NONAME". `f` may wait, and raise. `family` is nil, for all, or
--- "inet".
names.resolver = resolver
names.reverser = reverser

-- Converts what a resolver returned to what the system's lookup returns.
local function read_answer(host, where, family, answer)
  if type(answer) == "string" then core.raise_lookup(host, where, answer, "resolve") end
  if type(answer) ~= "table" then
    local got = type(answer) == "string" and answer or type(answer)
    error(("%s: net.resolver: the function returns a list of addresses, or an error's name, got %s for '%s'")
      :format(where, got, host), 0)
  end
  local addresses = {}
  for _, item in ipairs(answer) do
    local text = type(item) == "table" and item.host or item
    local address = type(text) == "string" and core.numeric_address(text)
    if not address then
      error(("%s: net.resolver: the function returns numeric addresses, got %s for '%s'")
        :format(where, tostring(text), host), 0)
    end
    if not family or address.family == family then addresses[#addresses + 1] = address end
  end
  if #addresses == 0 then core.raise_lookup(host, where, "EAI_NODATA", "resolve") end
  return addresses
end

--- The addresses of a host, for all families or for one; a numeric one stands for itself, whoever answers.
function names.lookup(host, where, family)
  local answer = resolver:get()
  if answer == nil or core.numeric_address(host) ~= nil then return core.resolve(host, where, family) end
  if not core.is_callable(answer) then
    error(("%s: net.resolver holds a function or nil, got %s"):format(where, type(answer)), 0)
  end
  core.checkpoint()
  return read_answer(host, where, family, answer(host, family))
end

--- The name of the host that has a numeric address.
function names.reverse(host, where)
  local answer = reverser:get()
  if answer == nil or not core.numeric_address(host) then return core.reverse(host, where) end
  core.checkpoint()
  return answer(host) or core.raise_lookup(host, where, "EAI_NONAME", "reverse")
end

return names
