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

--- Compiles support/host.c and hands the path of the program to `use`.
--- @param use fun(host: string)
function child.with_host(use)
  local path = os.tmpname()
  local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "spec/support/"
  local command = "LD_PRELOAD= cc -o %s %shost.c $(pkg-config --cflags --libs lua5.4) -lpthread -Wl,-E"
  assert(os.execute(command:format(path, folder)))
  local ok, err = pcall(use, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

return child
