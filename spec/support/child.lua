--- Runs a piece of Lua in a process of its own, for what a spec cannot do in its own: exit, be
--- interrupted, close its state in the middle.
local child = {}

local lua = os.getenv("LUA") or "lua5.4"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

--- Runs `source` and waits for it.
--- @param source string
--- @param command? string  the shell's words before the script; default: lua5.4 with warnings on and
---   SIGINT as a terminal has it
--- @return {code: integer, out: string, err: string}
function child.run(source, command)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(source)
  file:close()
  command = command or ("env --default-signal=INT %s -W"):format(lua)
  local pipe = io.popen(("%s %s >%s.out 2>%s.err </dev/null; echo $?"):format(command, path, path, path))
  local code = tonumber(pipe:read("a"))
  pipe:close()
  local result = { code = code, out = read(path .. ".out"), err = read(path .. ".err") }
  for _, name in ipairs { path, path .. ".out", path .. ".err" } do os.remove(name) end
  return result
end

-- In one line, so that lines keep their numbers.
local before = 'local leaks = require "cohort.testing.leaks" local held = leaks.count() ;(function() '
local after = '\nend)() io.stderr:write("left behind: ", table.concat(leaks.grown(held), ", "), "\\n")\n'

--- The same; when `source` has come to its end, nothing may be open that was not before: no handle,
--- descriptor or task, no memory of the core, no value in the registry.
--- @param source string
--- @param command? string
--- @return {code: integer, out: string, err: string}
function child.run_clean(source, command)
  local result = child.run(before .. source .. after, command)
  local said, left = result.err:match "^(.*)left behind: ([^\n]*)\n$"
  assert(left, "it did not come to its end: " .. result.err)
  assert(left == "", "left behind: " .. left)
  result.err = said
  return result
end

--- Runs a command of the shell.
--- @param command string
--- @return boolean ok
--- @return string text  all that it printed
function child.shell(command)
  local pipe = io.popen(command .. " 2>&1")
  local text = pipe:read("a")
  return pipe:close() == true, text
end

--- Compiles support/<name>.c and hands the path of the program to `use`.
--- @param name string
--- @param use fun(program: string)
function child.with_program(name, use)
  local path = os.tmpname()
  local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "spec/support/"
  local command = "LD_PRELOAD= cc -std=c11 -D_GNU_SOURCE -o %s %s%s.c $(pkg-config --cflags --libs lua5.4) "
    .. "-lpthread -Wl,-E"
  assert(os.execute(command:format(path, folder, name)))
  local ok, err = pcall(use, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

--- Compiles support/<name>.c into a module for Lua, and hands what it opens to `use`.
--- @param name string
--- @param flags string  words for the compiler, as the shell reads them
--- @param use fun(module: any)
function child.with_module(name, flags, use)
  local path = os.tmpname()
  local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "spec/support/"
  local command = "LD_PRELOAD= cc -std=c11 -D_GNU_SOURCE -shared -fPIC -o %s %s%s.c "
    .. "$(pkg-config --cflags lua5.4) %s"
  assert(os.execute(command:format(path, folder, name, flags)))
  local open = assert(package.loadlib(path, "luaopen_" .. name))
  os.remove(path)
  use(open())
end

--- Compiles support/<name>.c into what LD_PRELOAD takes. Who calls this removes it.
--- @param name string
--- @return string path
function child.build_preload(name)
  local path = os.tmpname()
  local build = "cc -std=c11 -D_GNU_SOURCE -shared -fPIC -o %s spec/support/%s.c -ldl -Wl,--no-as-needed -luv"
  assert(os.execute(build:format(path, name)), "no compiler")
  return path
end

--- Runs a piece of Lua in a process in which support/<name>.c stands before the C library and libuv, and
--- which leaves nothing open; nil where a sanitizer stands there already.
--- @param name string
--- @param source string
--- @param variables? string  of the environment, as the shell has them
--- @return {code: integer, out: string, err: string}?
function child.run_behind(name, source, variables)
  if os.getenv "LD_PRELOAD" then return nil end
  local path = child.build_preload(name)
  local command = ("env %s LD_PRELOAD=%s timeout 60 lua5.4 -W"):format(variables or "", path)
  local result = child.run_clean(source, command)
  os.remove(path)
  return result
end

return child
