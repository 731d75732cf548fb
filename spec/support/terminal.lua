--- Runs a program on a terminal of its own: see on_terminal.py.
local child = require "spec.support.child"

local terminal = {}

local folder = debug.getinfo(1, "S").source:match "^@(.*/)" or "spec/support/"

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function run(preload, source, ...)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(source)
  file:close()
  local words = {}
  for _, step in ipairs { ... } do words[#words + 1] = quote(step) end
  local command = ("env -u LD_PRELOAD python3 %son_terminal.py %s -- env %s lua5.4 -W %s")
    :format(folder, table.concat(words, " "), preload, path)
  local _, text = child.shell(command)
  os.remove(path)
  return text
end

--- Runs `source` in lua5.4 on a terminal, and takes the steps of on_terminal.py.
--- @param source string
--- @param ... string  steps
--- @return string text  all that was on the terminal, then how its mode and the program ended
function terminal.run(source, ...)
  return run("LD_PRELOAD=" .. quote(os.getenv "LD_PRELOAD" or ""), source, ...)
end

--- The same with support/<name>.c before the C library; nil where a sanitizer stands there already.
--- @param name string
--- @param variables string  of the environment, as the shell has them
--- @param source string
--- @param ... string  steps
--- @return string? text
function terminal.run_behind(name, variables, source, ...)
  if os.getenv "LD_PRELOAD" then return nil end
  local path = child.build_preload(name)
  local text = run(("%s LD_PRELOAD=%s"):format(variables, path), source, ...)
  os.remove(path)
  return text
end

return terminal
