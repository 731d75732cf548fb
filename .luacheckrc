-- luacheck: Lua 5.4, and busted's globals in the specs.
std = "lua54"
max_line_length = 110
self = false
exclude_files = { "build" }
files["spec"] = { std = "+busted" }
files["lua/cohort/meta"] = { unused = false }
