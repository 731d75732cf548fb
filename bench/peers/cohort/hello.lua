--- W9: one task prints.
local cohort = require "cohort"

cohort.main(function()
  cohort.group(function(g) g:spawn(print, "hello") end)
end)
