--- Keeps the lists in the rockspec equal to the tree.
---
---     lua5.4 tools/rockspec.lua [--check] ROCKSPEC
---
--- Rewrites what is between the lines "-- NAME: begin" and "-- NAME: end", for the NAMEs `modules` (lua/),
--- `sources` (csrc/) and `bin` (bin/), from the existing files; the rest of the rockspec stays as it is. With
--- --check nothing is written, and a difference is an error.
local check = arg[1] == "--check"
local path = assert(arg[check and 2 or 1], "usage: rockspec.lua [--check] ROCKSPEC")

local function files(root, names)
  local command = "find %s -type f -name '%s' 2>/dev/null | LC_ALL=C sort"
  local find = assert(io.popen(command:format(root, names)))
  local list = {}
  for file in find:lines() do list[#list + 1] = file end
  find:close()
  return list
end

local function module_entry(file)
  local module = file:match("^lua/(.*)%.lua$"):gsub("/init$", ""):gsub("/", ".")
  return ('["%s"] = "%s",'):format(module, file)
end

local function source_entry(file)
  return ('"%s",'):format(file)
end

local function bin_entry(file)
  return ('["%s"] = "%s",'):format(file:match("[^/]+$"), file)
end

local lists = {
  modules = { files = files("lua", "*.lua"), entry = module_entry },
  sources = { files = files("csrc", "*.c"), entry = source_entry },
  bin = { files = files("bin", "*"), entry = bin_entry },
}

--- The lines of the list `name`, indented like its markers.
local function render(name, indent)
  local list = assert(lists[name], name .. " is no list")
  local lines = {}
  for i, file in ipairs(list.files) do lines[i] = indent .. list.entry(file) .. "\n" end
  return table.concat(lines)
end

local file = assert(io.open(path))
local old = file:read("a")
file:close()

local new = old:gsub("( *)(%-%- (%l+): begin\n).-( *%-%- %l+: end\n)", function(indent, head, name, tail)
  return indent .. head .. render(name, indent) .. tail
end)

if check then
  if new ~= old then
    print(path .. ":1: its lists differ from the tree; run `make rockspec`")
    os.exit(false, true)
  end
elseif new ~= old then
  file = assert(io.open(path, "w"))
  file:write(new)
  file:close()
end
