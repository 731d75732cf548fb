--- Lua's coroutine library, for coroutines that may wait: a generator that sleeps or reads a socket.
---
--- The functions are the core's. Fields that others added to Lua's own table are found here too.
local core = require "cohort.core"

local coroutine = core.coroutine

local stock = _G.coroutine

local function uninstall()
  if _G.coroutine == coroutine then _G.coroutine = stock end
  if package.loaded.coroutine == coroutine then package.loaded.coroutine = stock end
end

--- Puts this table in place of the global `coroutine`, for `require "coroutine"` too.
---
--- Returns at once, with a function that restores what was there. Calling it again changes nothing. Code that
--- has stored a function of Lua's own table in a local keeps using that one.
--- @return fun() uninstall
function coroutine.install()
  if _G.coroutine ~= coroutine then
    stock = _G.coroutine
    _G.coroutine, package.loaded.coroutine = coroutine, coroutine
  end
  return uninstall
end

if type(stock) == "table" and stock ~= coroutine then setmetatable(coroutine, { __index = stock }) end

return coroutine
