--- Misuse: an error at the line of whoever called the library, however it was called.
---
--- A level counted from here works only if that caller is the next function: with `attempt`, `g:spawn` or
--- `move_on_after` in between, the next is a C function, which has no line. So the core looks for the
--- innermost function that is not ours, as it does for its own misuse. Every file that detects misuse
--- requires this one, so the core knows which files are ours, whichever of them a script required first.
local core = require "cohort.core"

core.hide_library()

--- Raises `format`, filled in as by `string.format`, with "file:line: " in front.
--- @param format string
--- @param ... any
return function(format, ...)
  core.misuse(format:format(...))
end
