--- What holds after every input, whatever it did: all that was made is gone, and the library counts what it
--- counted before.
local core = require "cohort.core"

local COLLECTIONS_MAX = 4  -- what a finalizer lets go of is collected by the next

-- What is counted otherwise than in `before`, as text.
local function difference(before)
  for name, n in pairs(core.debug_counts()) do
    if n ~= before[name] then return ("%s was %d and is %d"):format(name, before[name], n) end
  end
end

local function collected(before)
  for _ = 1, COLLECTIONS_MAX do
    collectgarbage()
    if not difference(before) then return true end
  end
end

--- Makes of `one(input)` a function that raises when an input leaves something behind.
--- @param one fun(input: string): boolean?
return function(one)
  collectgarbage()
  collectgarbage()
  local before = core.debug_counts()
  return function(input)
    local reached = one(input)
    if not collected(before) then error("left behind: " .. difference(before), 0) end
    return reached
  end
end
