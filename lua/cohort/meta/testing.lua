---@meta cohort.testing
-- page 90: Testing
--- What LuaLS knows of cohort.testing: see cohort.lua.

-- {{ Testing

--- What makes concurrent code testable: `require "cohort.testing"`, or `cohort.testing`.
--- @class cohort.testing
local testing = {}

--- `cohort.testing.clock([options]) -> clock`
---
--- A virtual clock at 0, for `cohort.run({clock = clock}, main)`. With `autojump = true` it moves by itself
--- to the next deadline whenever every task waits and no operation is in flight that will end by itself: a
--- program full of sleeps takes no real time. Without, it moves only by `clock:jump`, and a program in which
--- all tasks wait for it raises `Deadlock`. Returns at once. (As trio's `MockClock`.)
--- @param options? {autojump: boolean}
--- @return cohort.Clock
function testing.clock(options) end

--- A virtual clock, for one runtime after another. Its time goes on where the last one left it.
--- @class cohort.Clock
--- @field autojump boolean  does it move by itself?
local clock = {}

--- `clock:jump(seconds)`
---
--- Moves the clock forward. Returns at once; tasks whose time has come run when the caller next waits for
--- something else to happen, such as their end.
--- @param seconds number  zero or more, finite
function clock:jump(seconds) end

--- `clock:now() -> seconds`
---
--- The time it shows. Returns at once.
--- @return number seconds
function clock:now() end

-- }}

return testing
