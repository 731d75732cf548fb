--- Checks that every #include and every require points down, or sideways within its layer.
---
--- The layers of docs/architecture.md are listed below, lowest first. In C a layer is a folder of csrc, or
--- some of its files; in Lua it is a set of modules, named without "cohort.". A file that is in no layer is
--- an error too: give it a place here. init.lua is the front door and may see everything; files that begin
--- with ---@meta contain only annotations and are skipped. Prints each wrong arrow as file:line.

local c_layers = {
  "kernel/hidden", "kernel/random", "kernel/check", "kernel/list", "kernel/heap", "kernel/fault",
  "kernel/mem", "kernel/clock", "kernel/trace", "kernel/core", "kernel/run", "kernel/timer", "kernel/wait",
  "kernel/idle", "kernel/scope", "kernel/task", "kernel/group", "kernel/loop",
  "lua", "errors",
  "glue/state", "glue/fibername glue/lost glue/object", "glue/locals", "glue/inner", "glue/unwind",
  "glue/reuse", "glue/note", "glue/reason", "glue/waiter", "glue/refusal",
  "glue/fiberload", "glue/grouperror", "glue/shed", "glue/deferred", "glue/abandon",
  "glue/wait glue/fiber glue/costep glue/coclose glue/stubborn glue/watch glue/hook",
  "glue", "sync", "io", "stream", "net", "fs", "process", "open", "cohort",
}

local lua_layers = {
  "core",
  "misuse",
  "coroutine object option",
  "try match",
  "combinators stream retry broadcast value",
  "net fs process fd stdio",
  "testing",
  "cohort",
  "cli",
}

--- System headers that count as arrows: the lowest layer that may see them, and who else may.
local system = {
  ["lua.h"] = { from = "lua", cohort = true },
  ["lauxlib.h"] = { from = "lua" },
  ["lualib.h"] = { from = "lua" },
  ["uv.h"] = { from = "io", ["kernel/clock"] = true, ["kernel/loop"] = true, ["errors/system"] = true },
}

local rank = { c = {}, lua = {} }
local function rank_all(layers, ranks)
  for i, layer in ipairs(layers) do
    for name in layer:gmatch("%S+") do ranks[name] = i end
  end
end

rank_all(c_layers, rank.c)
rank_all(lua_layers, rank.lua)

local wrong = 0

local function complain(where, text, ...)
  wrong = wrong + 1
  print(where .. ": " .. text:format(...))
end

local function files(root, names)
  local find = assert(io.popen(("find %s -name '%s' 2>/dev/null | LC_ALL=C sort"):format(root, names)))
  local list = {}
  for path in find:lines() do list[#list + 1] = path end
  find:close()
  return list
end

--- Calls check(where, line, ...) for every line of a file.
local function each_line(path, check, ...)
  local number = 0
  for line in io.lines(path) do
    number = number + 1
    check(("%s:%d"):format(path, number), line, ...)
  end
end

--- The layer of "folder/file.ext" in csrc: the file's own, else its folder's.
local function c_layer(path)
  local stem = path:match("^(.*)%.[ch]$") or path
  local layer = rank.c[stem] and stem or stem:match("^[^/]+")
  return rank.c[layer] and layer, stem
end

local function check_system(where, header, layer, stem)
  local rule = system[header]
  local allowed = not rule or rule[stem] or (layer ~= "cohort" and rank.c[layer] >= rank.c[rule.from])
  if not allowed then complain(where, "%s must not see <%s>", stem, header) end
end

local function check_include(where, line, layer, stem)
  local header = line:match("^%s*#%s*include%s+<([^>]+)>")
  if header then return check_system(where, header, layer, stem) end
  local path = line:match('^%s*#%s*include%s+"([^"]+)"')
  if not path then return end
  local target = c_layer(path)
  if path == "cohort.h" then target = "open" end  -- the public face of what open holds
  if not target then
    complain(where, '"%s" is in no layer: include it as "folder/file.h"', path)
  elseif layer == "cohort" or rank.c[target] > rank.c[layer] then
    complain(where, "%s must not see %s", stem, target)
  end
end

for _, path in ipairs(files("csrc", "*.[ch]")) do
  local layer, stem = c_layer(path:sub(#"csrc/" + 1))
  if layer then
    each_line(path, check_include, layer, stem)
  else
    complain(path .. ":1", "%s is in no layer of tools/arrows.lua", stem)
  end
end

--- The layer of a module's full name: that of its first word after "cohort.".
local function lua_layer(module)
  return module:match("^cohort%.([%w_]+)") or "cohort"
end

local function check_require(where, line, own)
  local code = line:gsub("%-%-.*", "")
  for module in code:gmatch("require%s*%(?%s*[\"'](cohort[%w_.]*)[\"']") do
    local target = lua_layer(module)
    if not rank.lua[target] then
      complain(where, "%s is in no layer of tools/arrows.lua", module)
    elseif rank.lua[target] > rank.lua[own] then
      complain(where, "%s must not see %s", own, module)
    end
  end
end

local function is_meta(path)
  for line in io.lines(path) do
    if line:find("^%-%-%-%s*@meta") then return true end
  end
  return false
end

for _, path in ipairs(files("lua", "*.lua")) do
  local module = path:match("^lua/(.*)%.lua$"):gsub("/init$", ""):gsub("/", ".")
  local own = lua_layer(module)
  if own ~= "cohort" and not is_meta(path) then
    if rank.lua[own] then
      each_line(path, check_require, own)
    else
      complain(path .. ":1", "%s is in no layer of tools/arrows.lua", module)
    end
  end
end

--- The reference that cohort is compared with must not come from cohort.
local function check_reference(where, line)
  local module = line:gsub("%-%-.*", ""):match("require%s*%(?%s*[\"']([^\"']+)")
  if module and not module:find("^engines%.model%.reference%f[%W]") then
    complain(where, "the reference must not see %s", module)
  end
end

for _, path in ipairs(files("engines/model", "*.lua")) do
  if path:find("^engines/model/reference%f[%W]") then each_line(path, check_reference) end
end

os.exit(wrong == 0, true)
