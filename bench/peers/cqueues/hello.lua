--- W9: one task prints.
local cqueues = require "cqueues"

local loop = cqueues.new()
loop:wrap(print, "hello")
assert(loop:loop())
