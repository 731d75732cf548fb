--- Plain tests, which the helper for busted calls as functions, not as tasks.
---
--- The mark is kept here and not in the function, which busted inspects. Without the helper it has no effect.
local core = require "cohort.core"
local misuse = require "cohort.misuse"

local plain = {}

local marked = setmetatable({}, { __mode = "k" })

--- Marks a test that makes runs of its own: `it("...", testing.plain(function() ... end))`.
--- @param f fun(...)
--- @return fun(...) f  the same function
function plain.plain(f)
  if not core.is_callable(f) then
    misuse("plain expects a function, got %s: write it(name, plain(function() ... end))", type(f))
  end
  marked[f] = true
  return f
end

--- @param f any
--- @return boolean
function plain.is_plain(f) return marked[f] == true end

return plain
