--- Writes docs/reference from lua/cohort/meta, a page for each file, and checks that it is complete.
---
---     lua5.4 tools/reference.lua [--check]
---
--- It fails on the faults that tools/meta.lua finds in the definitions; when a public name of a module or an
--- object has no entry, or an entry names what does not exist; when a field is not of its type; and on links
--- in any document that lead nowhere. With --check nothing is written, and a difference is a fault too.
--- Prints each fault.
local meta = require "tools.meta"
local metatype = require "tools.metatype"
local links = require "tools.links"
local samples = require "tools.samples"

local folder, index = "docs/reference", "README"
local definitions = meta.read "lua/cohort/meta"
local check_only = arg[1] == "--check"
local faults = 0

local function fault(text, ...)
  faults = faults + 1
  print(text:format(...))
end

for _, text in ipairs(definitions.faults) do fault("%s", text) end

-- {{ Writing

--- The place of an entry, as a link from the page `from`.
local function address(entry, from)
  local page = entry.page.name == from and "" or entry.page.name .. ".md"
  return page .. "#" .. links.anchor(entry.head)
end

--- The entry that a word in backticks means: `cohort.sleep`, `task:result()`, `Timeout`; or nil.
local function entry_named(word)
  word = word:gsub("%b()$", ""):gsub("%b{}$", "")
  local error_type = definitions.heads["cohort." .. (word:match("^%u%w+$") or "")]
  return definitions.heads[word] or error_type or definitions.types[word]
end

--- Text with links at the names in backticks, except those of the entry itself.
local function linked(text, own, from)
  return (text:gsub("(%[?)`([^`]+)`", function(bracket, word)
    local entry = bracket == "" and entry_named(word)
    if not entry or entry == own then return end
    return ("[`%s`](%s)"):format(word, address(entry, from))
  end))
end

--- A parameter or a field as a list item.
local function item(param, own, from)
  local tree = metatype.required(param.type)
  local shown = param.shown:gsub("^async ", ""):gsub("%?$", "")
  local entry = tree.name and definitions.types[tree.name]
  local type = entry and ("[`%s`](%s)"):format(shown, address(entry, from)) or ("`%s`"):format(shown)
  local optional = param.optional and tree.name ~= "any" and " or nil" or ""
  local text = param.text and ", " .. linked(param.text, own, from) or ""
  return ("- `%s`: %s%s%s"):format(param.name, type, optional, text)
end

local function write_entry(add, entry, level, from)
  add("%s %s\n", level, entry.head)
  if #entry.shapes > 0 then add("```\n%s\n```\n", table.concat(entry.shapes, "\n")) end
  if entry.async and entry.kind == "function" then add("*May wait: in a task only.*\n") end
  for _, line in ipairs(entry.text) do
    add("%s", line:find("^    ") and line or linked(line, entry, from))
  end
  if #entry.text > 0 then add("") end
  if entry.parent then
    local parent = definitions.types[entry.parent]
    add("With the fields of [`%s`](%s) as well.\n", entry.parent, address(parent, from))
  end
  if entry.kind == "type" and entry.shown then add("`%s`\n", entry.shown) end
  for _, list in ipairs { entry.params, entry.fields } do
    for _, param in ipairs(list) do add("%s", item(param, entry, from)) end
  end
  for _, member in ipairs(entry.members) do
    add("- `%s`: %s", member.text, linked(member.meaning, entry, from))
  end
  add("")
end

--- The first sentence of an entry's text, for the index.
local function summary(entry)
  local paragraph = {}
  for _, line in ipairs(entry.text) do
    if line == "" or line:find("^    ") then break end
    paragraph[#paragraph + 1] = line
  end
  local text = table.concat(paragraph, " ")
  return (text:match("^(.-[.?])%f[%s%z]") or text):gsub("|", "\\|")
end

--- A writer: `add(format, ...)` appends a line, `text()` returns everything.
local function new_writer()
  local lines = {}
  local function add(text, ...) lines[#lines + 1] = text:format(...) end
  local function text()
    return (table.concat(lines, "\n"):gsub("\n\n\n+", "\n\n"):gsub("%s+$", "") .. "\n")
  end
  return add, text
end

local function add_names(add, entries, from)
  add("| name | what it is |\n|---|---|")
  for _, entry in ipairs(entries) do
    add("| [`%s`](%s) | %s |", entry.head, address(entry, from), linked(summary(entry), entry, from))
  end
  add("")
end

--- Two entries of a page must not get the same anchor, as Cancelled and cancelled would.
local function check_anchors(page)
  local heads = {}
  for _, entry in ipairs(page.entries) do
    local anchor = links.anchor(entry.head)
    if heads[anchor] and not entry.continues then
      fault("%s: %s and %s get the same anchor", page.path, heads[anchor], entry.head)
    end
    heads[anchor] = entry.head
  end
end

local function render_page(page)
  local add, text = new_writer()
  local several = #page.sections > 1
  check_anchors(page)
  add("# %s\n", page.title)
  add("Made by `make docs` from `%s`. [All names](%s.md)\n", page.path, index)
  for _, section in ipairs(page.sections) do
    if several then add("## %s\n", section.title) end
    add_names(add, section.entries, page.name)
    for _, entry in ipairs(section.entries) do
      write_entry(add, entry, several and "###" or "##", page.name)
    end
  end
  return text()
end

local preface = [[
Every public name, from the definitions in `lua/cohort/meta`. An editor with the language server LuaLS shows
them while you type, when its `workspace.library` names the folder `lua` of this tree. What it is all for is
told in the [guide](../guide/README.md), the rules behind it in [the law](../model.md).

A function under which *May wait* stands changes places with other tasks, or runs a block of yours that does:
it can be called in a task only. When the task is cancelled a wait raises `Cancelled`, before it has had any
effect. None of the others waits by itself.
]]

local function render_index()
  local add, text = new_writer()
  add("# Reference\n")
  add("%s", linked(preface, nil, index))
  for _, page in ipairs(definitions.pages) do
    add("## %s\n", page.title)
    for _, section in ipairs(page.sections) do
      if #page.sections > 1 then add("**%s**\n", section.title) end
      add_names(add, section.entries, index)
    end
  end
  return text()
end

-- }}

-- {{ Comparing with what runs

--- Adds the names that a function sees in its tables, or those of a table.
local function add_public_names(names, from)
  if type(from) == "table" then
    for key in next, from do
      if type(key) == "string" and not key:find("^__") then names[key] = true end
    end
  elseif type(from) == "function" then
    for i = 1, 255 do
      local name, value = debug.getupvalue(from, i)
      if not name then break end
      if type(value) == "table" and name ~= "_ENV" then add_public_names(names, value) end
    end
  end
  return names
end

--- The public names of a module, including those loaded when they are first read; the methods of an object.
local function names_of(value)
  local names, __index = {}, (debug.getmetatable(value) or {}).__index
  if type(value) == "table" then add_public_names(names, value) end
  return add_public_names(names, __index)
end

local lua_types = { integer = "number", number = "number", string = "string", boolean = "boolean" }

--- Each field that is not optional must be there, and each must be of its type.
local function check_fields(class, object)
  for _, field in ipairs(meta.fields_of(definitions, class)) do
    local value, expected = object[field.name], lua_types[metatype.key(field.type)]
    if value == nil then
      if not field.optional then fault("%s has no field %s", class, field.name) end
    elseif expected and type(value) ~= expected then
      fault("%s: the field %s is a %s, not a %s", class, field.name, type(value), expected)
    end
  end
end

--- The names that the definitions have for the variable of a module or an object.
local function known_names(variable, class)
  local known = {}
  for _, entry in ipairs(definitions.functions) do
    if entry.owner == variable then known[entry.name] = true end
  end
  for _, field in ipairs(meta.fields_of(definitions, class)) do
    known[field.name] = known[field.name] or "field"
  end
  for name in pairs(definitions.types) do  -- submodules are fields of the module above them
    local parent, field = name:match("^(.*)%.([%w_]+)$")
    if parent == class and definitions.types[name].kind == "module" then known[field] = "field" end
  end
  return known
end

local function compare(objects)
  for variable, class in pairs(definitions.objects) do
    local object, known = objects[variable], known_names(variable, class)
    for name in pairs(names_of(object)) do
      if not known[name] then fault("%s.%s has no entry in lua/cohort/meta", class, name) end
    end
    for name, what in pairs(known) do
      if what ~= "field" and object[name] == nil then
        fault("lua/cohort/meta has %s.%s, which does not exist", class, name)
      end
    end
    check_fields(class, object)
  end
end

-- }}

-- {{ The pages on the disk

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function update(path, text)
  if read(path) == text then return end
  if check_only then return fault("%s differs from lua/cohort/meta: run `make docs`", path) end
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- Removes a page of the folder that no meta file makes any more.
local function remove(path)
  if check_only then return fault("%s belongs to no file of lua/cohort/meta: run `make docs`", path) end
  assert(os.remove(path))
end

-- }}

samples.with(definitions, compare)

local texts = { [("%s/%s.md"):format(folder, index)] = render_index() }
for _, page in ipairs(definitions.pages) do
  texts[("%s/%s.md"):format(folder, page.name)] = render_page(page)
end
for path, text in pairs(texts) do update(path, text) end
for _, path in ipairs(links.documents()) do
  if path:find(folder .. "/", 1, true) == 1 and not texts[path] then remove(path)
  else links.check(path, texts, fault) end
end
os.exit(faults == 0, true)
