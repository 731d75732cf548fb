--- W9: one task prints.
local nursery = require "nursery"

nursery.run(function()
  nursery.group(function(g) g:spawn(print, "hello") end)
end)
