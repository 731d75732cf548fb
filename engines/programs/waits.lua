--- The calls that may wait for the outside, for engines that must come to each of them.
---
--- They are read from the source of the reference, lua/cohort/meta, so that a call which is new is asked for
--- by itself. A call has the name that it has there: "net.connect", "stream:read"; an object that is called
--- as a function and waits, that of its variable: "signals()".
local meta = require "tools.meta"

local waits = {}

local first_page, last_page = 69, 79  -- of the reference, about the outside: streams, sockets, files...

local function gives_async(entry)
  for _, result in ipairs(entry.returns) do
    if result.type.kind == "fun" and result.type.async then return true end
  end
  return false
end

local function is_called(entry)
  for _, result in ipairs(entry.returns) do
    if result.name == "call" then return true end
  end
  return false
end

--- Names of all calls that may wait, of those pages.
--- @param folder? string  with the meta files; default lua/cohort/meta
--- @return string[]
function waits.list(folder)
  local list = {}
  for _, page in ipairs(meta.read(folder or "lua/cohort/meta").pages) do
    local outside = page.order >= first_page and page.order <= last_page
    for _, entry in ipairs(outside and page.entries or {}) do
      local waits_itself = entry.kind == "function" and (entry.async or gives_async(entry))
      local waits_called = entry.kind == "class" and entry.object and is_called(entry)
      if waits_itself then list[#list + 1] = entry.head end
      if waits_called then list[#list + 1] = entry.object .. "()" end
    end
  end
  return list
end

return waits
