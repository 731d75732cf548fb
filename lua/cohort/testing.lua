--- What makes concurrent code testable: a clock that stands still until told.
local core = require "cohort.core"

local testing = {}

--- A virtual clock, for `cohort.run({clock = clock}, main)`.
---
--- It starts at 0. With `autojump` it moves by itself to the next deadline whenever
--- every task waits and no operation is in flight that will end by itself, so a
--- program full of sleeps takes no real time. Without, it stands until
--- `clock:jump(seconds)`.
--- @param options? {autojump: boolean}
--- @return cohort.Clock
testing.clock = core.clock

return testing
