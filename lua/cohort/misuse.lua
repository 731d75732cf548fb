--- Misuse: an error at the line of whoever called the library, however it was called.
---
--- A level counted from here would do only where that caller is the next function: with `attempt`, `g:spawn`
--- or `move_on_after` in between that is one of C, which has no line. So the core looks for the innermost
--- function that is none of ours, as it does for its own. Every file that can find misuse requires this one,
--- so the core knows which files are ours, whichever of them a script asked for first.
local core = require "cohort.core"

core.hide_library()

--- Raises `format`, filled in as by `string.format`, behind "file:line: ".
--- @param format string
--- @param ... any
return function(format, ...)
  core.misuse(format:format(...))
end
