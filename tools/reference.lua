--- Writes docs/reference.md from lua/cohort/meta, and checks that it says all there is.
---
---     lua5.4 tools/reference.lua [--check]
---
--- In a meta file "-- {{ Title" begins a section; a comment above a function, a field, a class or an alias
--- is an entry, and its first lines in backticks are its shape. It fails when a public name of the module, of
--- a submodule or of an object has no entry, when an entry names what is not there, and on links in README.md
--- and docs/*.md that lead nowhere. With --check nothing is written, and a difference is an error. Prints
--- each fault.
local cohort = require "cohort"

local output = "docs/reference.md"
local meta = { "cohort", "scopes", "errors", "combinators", "net", "testing" }
local faults = 0

local function fault(text, ...)
  faults = faults + 1
  print(text:format(...))
end

--- The text of a file, or nil when there is none.
local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")  -- nil for a folder
  file:close()
  return text
end

-- {{ Reading meta files: sections are {title =, entries =}, entries {owner =, name =, head =, doc =}

--- Makes the entry of the comment `doc` above the line `code`; nil when it is none.
local function entry_of(doc, code, module)
  local class = table.concat(doc, "\n"):match("@class ([%w_.]+)")
  local alias = table.concat(doc, "\n"):match("@alias ([%w_.]+)")
  local owner, mark, name = code:match("^function ([%w_]+)([.:])([%w_]+)%(")
  if not owner then owner, mark, name = code:match("^([%w_]+)(%.)([%w_]+) =") end
  if owner then return { owner = owner, name = name, head = owner .. mark .. name, doc = doc } end
  if #doc == 1 then return nil end  -- the class of a module whose text stands in another file
  if class or alias then
    local kind = alias and "type" or class == module and "module" or "class"
    local head = ("%s %s"):format(kind, class or alias)
    return { object = code:match("^local ([%w_]+) ="), head = head, doc = doc }
  end
end

local function read_sections(name, sections)
  local path = ("lua/cohort/meta/%s.lua"):format(name)
  local text = assert(read(path), path .. " is missing")
  local module = text:match("^%-%-%-@meta ([%w_.]+)")
  local section, doc = { title = "The module", entries = {} }, {}
  sections[#sections + 1] = section
  for line in text:gmatch("([^\n]*)\n") do
    local title, comment = line:match("^%-%- {{ (.+)$"), line:match("^%-%-%- ?(.*)$")
    if title then
      section = { title = title, entries = {} }
      sections[#sections + 1] = section
    elseif comment then
      doc[#doc + 1] = comment
    else
      local entry = #doc > 0 and entry_of(doc, line, module)
      if entry then table.insert(section.entries, entry) end
      doc = {}
    end
  end
end

-- }}

-- {{ Writing

--- "- `name`: `type`, text" of what follows a tag; the text stands behind two blanks.
local function item(rest)
  local name, type, text = rest:match("^(%S+) (.-)  (.+)$")
  if not name then name, type, text = rest:match("^(%S+) ?(.*)$"), rest:match("^%S+ (.*)$") or "", nil end
  if type == "" and not text then return nil end
  return ("- `%s`: `%s`%s"):format(name, type:gsub("^async ", ""), text and ", " .. text or "")
end

--- The lines of an entry under its heading: shape, text, then fields or parameters.
local function write_entry(add, entry)
  local shapes, items = {}, {}
  add("### %s\n", entry.head)
  local waits = entry.name and table.concat(entry.doc, "\n"):find("@async", 1, true)
  for _, line in ipairs(entry.doc) do
    local tag, rest = line:match("^@(%w+) (.*)$")
    local kind, meaning = line:match('^| ("%w+") *# (.*)$')
    if tag == "param" or tag == "field" then items[#items + 1] = item(rest)
    elseif kind then items[#items + 1] = ("- `%s`: %s"):format(kind, meaning)
    elseif tag == "alias" and rest:find(" ") then items[#items + 1] = ("`%s`"):format(rest:match(" (.*)"))
    elseif line:find("^`[^`]+`$") and not shapes.done then shapes[#shapes + 1] = line:sub(2, -2)
    elseif not line:find("^[@|]") then
      if #shapes > 0 and not shapes.done then
        add("```lua\n%s\n```\n", table.concat(shapes, "\n"))
        if waits then add("*It may wait: in a task only.*\n") end
      end
      shapes.done = true
      add("%s", line)
    end
  end
  add("")
  if #items > 0 then add("%s\n", table.concat(items, "\n")) end
end

local function anchor(title)
  return title:lower():gsub("[^%w _-]", ""):gsub(" ", "-")
end

local preface = [[
Every public name, made by `make docs` from the definitions in `lua/cohort/meta`, which editors with LuaLS
show while you type. What it is all for is told in the [guide](guide.md).]]

local function render(sections)
  local lines = {}
  local function add(text, ...) lines[#lines + 1] = text:format(...) end
  add("# Reference\n")
  add("%s\n", preface)
  for _, section in ipairs(sections) do
    if #section.entries > 0 then
      local names = {}
      for i, entry in ipairs(section.entries) do
        names[i] = ("[%s](#%s)"):format(entry.name or entry.head, anchor(entry.head))
      end
      add("- [%s](#%s): %s", section.title, anchor(section.title), table.concat(names, ", "))
    end
  end
  add("")
  for _, section in ipairs(sections) do
    if #section.entries > 0 then
      add("## %s\n", section.title)
      for _, entry in ipairs(section.entries) do write_entry(add, entry) end
    end
  end
  return (table.concat(lines, "\n"):gsub("\n\n\n+", "\n\n"):gsub("%s+$", "\n"))
end

-- }}

-- {{ Comparing with what runs

--- Adds the names that a function sees in its tables, or those of a table itself.
local function add_names(names, from)
  if type(from) == "table" then
    for key in next, from do
      if type(key) == "string" and not key:find("^__") then names[key] = true end
    end
  elseif type(from) == "function" then
    for i = 1, 255 do
      local name, value = debug.getupvalue(from, i)
      if not name then break end
      if type(value) == "table" and name ~= "_ENV" then add_names(names, value) end
    end
  end
  return names
end

--- The public names of a module, with those loaded when they are first read; the methods of an object.
local function names_of(value)
  local names, index = {}, (debug.getmetatable(value) or {}).__index
  if type(value) == "table" then add_names(names, value) end
  return add_names(names, index)
end

--- One object of each class, in a state in which no field is nil.
local function samples()
  local objects = { cohort = cohort, testing = cohort.testing, net = cohort.net }
  objects.clock = cohort.testing.clock()
  cohort.run(function()
    local listener <close> = cohort.net.listen("127.0.0.1", 0)
    local stream <close> = cohort.net.connect("127.0.0.1", listener.local_address.port)
    objects.listener, objects.stream = listener, stream
    objects.task = cohort.current_task()
    objects.eg = cohort.error_group("sample", { "sample" })
    cohort.scope({ name = "sample" }, function(scope)
      scope:cancel()
      objects.scope = scope
    end)
    cohort.group(function(g) objects.g = g end)
  end)
  return objects
end

local function check_fields(entry, object)
  for _, line in ipairs(entry.doc) do
    local name, type = line:match("^@field (%S+) (%S+)")
    local may_be_nil = not name or type == "any" or type:find("%?$")
    if not may_be_nil and object[name] == nil then fault("%s has no field %s", entry.head, name) end
  end
end

--- Compares the entries with the objects: each name has an entry, and each entry a name.
local function compare(sections, objects)
  local known = {}
  for _, section in ipairs(sections) do
    for _, entry in ipairs(section.entries) do
      if entry.owner then
        known[entry.owner] = known[entry.owner] or {}
        known[entry.owner][entry.name] = true
      elseif objects[entry.object] and entry.object ~= "cohort" then
        check_fields(entry, objects[entry.object])
      end
    end
  end
  known.cohort.VERSION, known.cohort.testing, known.cohort.net = true, true, true
  for owner, object in pairs(objects) do
    for name in pairs(names_of(object)) do
      if not (known[owner] or {})[name] then fault("%s.%s has no entry in lua/cohort/meta", owner, name) end
    end
    for name in pairs(known[owner] or {}) do
      if object[name] == nil then fault("lua/cohort/meta has %s.%s, which does not exist", owner, name) end
    end
  end
end

-- }}

-- {{ Links

--- The anchors of a document; none for a folder; nil when there is no such file.
local function anchors_of(path)
  local anchors, text = {}, read(path)
  if not text then return os.rename(path, path) and anchors or nil end
  for title in ("\n" .. text):gmatch("\n#+ ([^\n]+)") do anchors[anchor(title)] = true end
  return anchors
end

local function check_links(path)
  local folder = path:match("^(.*/)") or ""
  for target in read(path):gsub("```.-\n```", ""):gmatch("%]%(([^)%s]+)%)") do
    local file, fragment = target:match("^([^#]*)#?(.*)$")
    if not target:find("^%a+:") then
      local anchors = anchors_of(file == "" and path or folder .. file)
      if not anchors then
        fault("%s: the link to %s leads nowhere", path, target)
      elseif fragment ~= "" and not anchors[fragment] then
        fault("%s: there is no heading for %s", path, target)
      end
    end
  end
end

-- }}

local sections = {}
for _, name in ipairs(meta) do read_sections(name, sections) end
compare(sections, samples())

local text = render(sections)
if arg[1] ~= "--check" then
  assert(io.open(output, "w")):write(text):close()
elseif text ~= read(output) then
  fault("%s differs from lua/cohort/meta: run `make docs`", output)
end

local listing = assert(io.popen("ls README.md docs/*.md"))
for path in listing:lines() do check_links(path) end
listing:close()
os.exit(faults == 0, true)
