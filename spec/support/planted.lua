--- A cohort with a bug: a copy of one file with a change in it, built into a core for engines/faults.
local driver = require "engines.faults.driver"

local planted = {}

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function shell(command, ...)
  assert(os.execute("env -u LD_PRELOAD sh -ec '" .. command:format(...) .. "'"))
end

-- Compiles the changed file and links it with the other objects, as the Makefile does.
local function link(folder, path)
  shell([[
    flags="$(pkg-config --cflags lua5.4 libuv) -std=c11 -fPIC -D_GNU_SOURCE -Icsrc -O1"
    cc $flags -c -o %s/changed.o %s/changed.c
    others=$(find csrc -name "*.c" ! -path %s | sed "s,^csrc/\(.*\)c\$,build/obj/\1o,")
    cc -shared -o %s/cohort/core.so %s/changed.o $others -luv -lm \
      $(nm build/faulty/calls.o | sed -n "s/.* T __wrap_/-Wl,--wrap=/p")]],
    folder, folder, path, folder, folder)
end

--- Calls use(folder) with a folder for `driver.run`, in which `from` in the file is `to`.
--- @param path string  of a C file or of a Lua file
--- @param from string  stands in it once
--- @param to string
--- @param use fun(folder: string)
function planted.with(path, from, to, use)
  local folder = "build/planted" .. os.tmpname():gsub("%W", "_")
  driver.build()
  shell("mkdir -p %s/cohort %s/lua/cohort && ln -s ../faulty/host %s/host", folder, folder, folder)
  local text = read(path)
  local first, last = text:find(from, 1, true)
  assert(first and not text:find(from, last, true), path .. " has changed: plant the bug anew")
  text = text:sub(1, first - 1) .. to .. text:sub(last + 1)
  if path:find "^csrc/" then
    write(folder .. "/changed.c", text)
    link(folder, path)
  else
    shell("ln -s ../../faulty/cohort/core.so %s/cohort/core.so", folder)
    write(("%s/%s"):format(folder, path), text)
  end
  local ok, err = pcall(use, folder)
  shell("rm -r %s", folder)
  if not ok then error(err, 0) end
end

return planted
