--- Reads the definitions in lua/cohort/meta, strictly. They are the only source of the reference, of the
--- functions that specs call with wrong values, and of what LuaLS shows in an editor.
---
--- A file is a page of the reference:
---
---     ---@meta cohort.net              the module it is about; `_` for a further part of cohort
---     -- page 60: Sockets              where the page stands among the others, and its title
---     --- A comment above nothing is for whoever reads the file.
---
---     -- {{ Title                      begins a section; `-- }}` ends it
---
--- A comment above a function, a value, a class or an alias is an entry. It has its shape first, in
--- backticks, then its text, then its tags; the description of a parameter, a field or a result comes after
--- two blanks. "Raises outside tasks." in the text means: it never waits, but needs a task. A parameter named
--- `options` is a table of options: of a class, or with its fields written out.
---
--- Faults are collected: an unknown tag or type, a parameter that is not in the function's head or is
--- missing, two entries with one name, an entry without text.
local metatype = require "tools.metatype"

local meta = {}

local builtin = {}
for name in ("any nil boolean number integer string table function thread userdata self"):gmatch("%S+") do
  builtin[name] = true
end

-- {{ Tags: each reads the rest of its line into the entry, and raises its fault as {fault =}

local function wrong(text, ...) error({ fault = text:format(...) }, 0) end

--- The type at the beginning of `rest`, what is between it and two blanks, and what comes after them.
local function read_type(rest)
  local tree, tail = metatype.parse(rest)
  if not tree then wrong("%s", tail) end
  local middle, text = tail:match("^ ?(.-)  +(%S.*)$")
  if not middle then middle = tail:match("^%s*(.-)%s*$") end
  return tree, middle, text
end

--- "name? type  text", as parameters and fields have it.
local function read_named(rest)
  local name, mark, tail = rest:match("^([%w_]+)(%??) +(%S.*)$")
  if not name then name, mark, tail = rest:match("^(%.%.%.)(%??) +(%S.*)$") end
  if not name then wrong("expected a name and a type, got '%s'", rest) end
  local tree, middle, text = read_type(tail)
  if middle ~= "" then wrong("what is said of '%s' stands behind two blanks: '%s'", name, middle) end
  local _, nilable = metatype.required(tree)
  return { name = name, type = tree, optional = mark == "?" or nilable, marked = mark == "?", text = text,
    shown = (text and tail:match("^(.-)  ") or tail) }
end

local tags = {}

function tags.async(entry, rest)
  if rest ~= "" then wrong("@async takes nothing") end
  entry.async = true
end

-- For editors only: a call whose result is not used is a mistake.
function tags.nodiscard(_, rest)
  if rest ~= "" then wrong("@nodiscard takes nothing") end
end

function tags.param(entry, rest) table.insert(entry.params, read_named(rest)) end

function tags.field(entry, rest) table.insert(entry.fields, read_named(rest)) end

tags["return"] = function(entry, rest)
  local tree, name, text = read_type(rest)
  if not name:find("^[%w_.]*$") then wrong("the name of a result is one word, got '%s'", name) end
  table.insert(entry.returns, { type = tree, name = name, text = text })
end

function tags.overload(entry, rest)
  local tree, middle = read_type(rest)
  if tree.kind ~= "fun" or middle ~= "" then wrong("an overload is one function, got '%s'", rest) end
  table.insert(entry.overloads, tree)
end

function tags.class(entry, rest)
  local name, parent = rest:match("^([%w_.]+)$"), nil
  if not name then name, parent = rest:match("^([%w_.]+): ([%w_.]+)$") end
  if not name then wrong("expected the name of a class, got '%s'", rest) end
  entry.class, entry.parent = name, parent
end

function tags.alias(entry, rest)
  local name, tail = rest:match("^([%w_.]+) ?(.*)$")
  if not name then wrong("expected the name of a type, got '%s'", rest) end
  entry.alias, entry.shown = name, tail ~= "" and tail or nil
  entry.type = tail ~= "" and (read_type(tail)) or { kind = "union" }
end

function tags.type(entry, rest)
  local tree, middle = read_type(rest)
  if middle ~= "" then wrong("one type, got '%s'", rest) end
  entry.type = tree
end

function tags.generic(entry, rest)
  for name in rest:gmatch("[%w_]+") do entry.generics[name] = true end
end

function tags.operator(entry, rest)
  local name, tail = rest:match("^(%l+): (.+)$")
  if not name then wrong("expected 'name: type', got '%s'", rest) end
  table.insert(entry.returns, { type = (read_type(tail)), name = name })
end

-- }}

-- {{ Entries

--- Makes an entry from the comment lines `doc`, {text =, number =}.
local function read_entry(source, doc)
  local entry = { shapes = {}, text = {}, params = {}, returns = {}, fields = {}, overloads = {},
    members = {}, generics = {}, path = source.path, line = doc[1].number, page = source }
  for _, line in ipairs(doc) do
    local tag, rest = line.text:match("^@([%w_]+) ?(.*)$")
    local literal, meaning = line.text:match('^| ("[%w_]+") *# (.+)$')
    local ok, err = true, nil
    if tag and not tags[tag] then
      ok, err = false, { fault = "there is no tag @" .. tag }
    elseif tag then
      ok, err = pcall(tags[tag], entry, rest)
    elseif literal and entry.type then
      table.insert(entry.type, { kind = "literal", text = literal })
      table.insert(entry.members, { text = literal, meaning = meaning })
    elseif line.text:find("^`[^`]+`$") and #entry.text == 0 then
      table.insert(entry.shapes, line.text:sub(2, -2))
    elseif line.text:find("^[|@]") then
      ok, err = false, { fault = "not a line of text, nor a tag" }
    else
      table.insert(entry.text, line.text)
    end
    if not ok then
      if type(err) ~= "table" then error(err, 0) end
      source.fault(line.number, "%s", err.fault)
    end
  end
  while entry.text[1] == "" do table.remove(entry.text, 1) end
  while entry.text[#entry.text] == "" do table.remove(entry.text) end
  return entry
end

--- Compares the parameters with those in the function's head.
local function check_params(entry, head, fault)
  local i = 0
  for name in head:gmatch("[^,%s]+") do
    i = i + 1
    local param = entry.params[i]
    if not param then
      fault(entry.line, "%s: @param %s is missing", entry.head, name)
    elseif param.name ~= name then
      fault(entry.line, "%s: parameter %d is '%s', and @param says '%s'", entry.head, i, name, param.name)
    end
  end
  for extra = i + 1, #entry.params do
    fault(entry.line, "%s has no parameter '%s'", entry.head, entry.params[extra].name)
  end
end

--- Sets what the entry above the line `code` is about; false when it is about nothing.
local function name_entry(entry, code, source)
  local owner, mark, name, head = code:match("^function ([%w_]+)([.:])([%w_]+)%((.*)%) end$")
  if owner then
    entry.kind, entry.owner, entry.name, entry.method = "function", owner, name, mark == ":"
    entry.head = owner .. mark .. name
    check_params(entry, head, source.fault)
    if #entry.shapes == 0 then source.fault(entry.line, "%s has no shape in backticks", entry.head) end
    return true
  end
  owner, name = code:match("^([%w_]+)%.([%w_]+) = nil$")
  if owner then
    entry.kind, entry.owner, entry.name, entry.head = "value", owner, name, owner .. "." .. name
    if not entry.type then source.fault(entry.line, "%s has no @type", entry.head) end
    return true
  end
  if not (entry.class or entry.alias) then return false end
  entry.kind = entry.alias and "type" or entry.class == source.module and "module" or "class"
  entry.head = ("%s %s"):format(entry.kind, entry.class or entry.alias)
  entry.object = code:match("^local ([%w_]+) = {}$")
  return true
end

-- }}

-- {{ Files

--- A class without text and fields continues one of another file: it only names the variable.
local function goes_on(entry)
  return entry.class and #entry.text == 0 and #entry.fields == 0 and #entry.overloads == 0
end

local function read_file(path, faults)
  local source = { path = path, name = path:match("([%w_]+)%.lua$"), sections = {}, entries = {} }
  function source.fault(line, text, ...)
    table.insert(faults, ("%s:%d: "):format(path, line) .. text:format(...))
  end
  local lines, doc, section = {}, {}, nil
  for line in io.lines(path) do lines[#lines + 1] = line end
  lines[#lines + 1] = ""  -- for a comment at the end
  for number, line in ipairs(lines) do
    local title, comment = line:match("^%-%- {{ (.+)$"), line:match("^%-%-%-( ?.*)$")
    if number == 1 then
      source.module = line:match("^%-%-%-@meta ([%w_.]+)$")
      if not source.module then source.fault(1, "the first line is ---@meta and the name of the module") end
    elseif number == 2 then
      local order, page_title = line:match("^%-%- page (%d+): (.+)$")
      if not order then source.fault(2, "the second line is '-- page NUMBER: Title', for the reference") end
      source.order, source.title = tonumber(order) or math.huge, page_title or source.name
    elseif title then
      section = { title = title, entries = {} }
      table.insert(source.sections, section)
    elseif comment then
      doc[#doc + 1] = { text = comment:gsub("^ ", ""), number = number }
    elseif line ~= "" or #doc > 0 then
      local entry = #doc > 0 and number > #doc + 3 and read_entry(source, doc)
      if entry and name_entry(entry, line, source) then
        entry.continues = goes_on(entry)
        table.insert(source.entries, entry)
        if not entry.continues then
          if not section then
            section = { title = "The module", entries = {} }
            table.insert(source.sections, section)
          end
          table.insert(section.entries, entry)
        end
      elseif line:find("^function") then
        source.fault(number, "a function without a comment, or not of the form 'function a.b(...) end'")
      end
      doc = {}
    end
  end
  return source
end

local function check_types(entry, known, fault)
  local function check(name)
    if not (builtin[name] or known[name] or entry.generics[name]) then
      fault(entry.line, "%s: there is no type '%s'", entry.head, name)
    end
  end
  for _, list in ipairs { entry.params, entry.fields, entry.returns } do
    for _, item in ipairs(list) do metatype.each_name(item.type, check) end
  end
  for _, overload in ipairs(entry.overloads) do metatype.each_name(overload, check) end
  if entry.type then metatype.each_name(entry.type, check) end
  if entry.parent then check(entry.parent) end
end

-- }}

--- All fields of a class, its parents' first.
function meta.fields_of(definitions, class)
  local entry = definitions.types[class]
  local fields = entry.parent and meta.fields_of(definitions, entry.parent) or {}
  return table.move(entry.fields, 1, #entry.fields, #fields + 1, fields)
end

--- Can it be called only in a task? Either by @async, or because its text says so.
function meta.needs_task(entry)
  return entry.async or table.concat(entry.text, " "):find("Raises outside tasks.", 1, true) ~= nil
end

--- Adds one entry to the definitions.
local function add_entry(definitions, source, entry)
  local heads, types, fault = definitions.heads, definitions.types, source.fault
  if entry.object then
    local class = definitions.objects[entry.object]
    if class and class ~= entry.class then
      fault(entry.line, "'%s' stands for %s elsewhere: take another name", entry.object, class)
    end
    definitions.objects[entry.object] = entry.class
  end
  if entry.continues then return end
  if #entry.text == 0 and entry.kind ~= "type" and #entry.fields == 0 then
    fault(entry.line, "%s has no text", entry.head)
  end
  if heads[entry.head] then fault(entry.line, "%s stands here a second time", entry.head) end
  heads[entry.head] = entry
  local type_name = entry.class or entry.alias
  if type_name and types[type_name] then fault(entry.line, "%s is defined a second time", type_name) end
  if type_name then types[type_name] = entry end
  if entry.owner then table.insert(definitions.functions, entry) end
end

--- Reads a folder of meta files. Returns the definitions: `pages` in order, each with `sections` of
--- `entries`; `heads`, entry by head; `types`, entry by name of a class or an alias; `objects`, class by the
--- variable that stands for it ("g" is a "cohort.Group"); `functions`, every function and value in order; and
--- `faults`, a list of texts.
function meta.read(folder)
  local definitions = { pages = {}, heads = {}, types = {}, objects = {}, functions = {}, faults = {} }
  local listing = assert(io.popen(("LC_ALL=C ls %s/*.lua"):format(folder)))
  for path in listing:lines() do table.insert(definitions.pages, read_file(path, definitions.faults)) end
  listing:close()
  table.sort(definitions.pages, function(a, b)
    if a.order ~= b.order then return a.order < b.order end
    return a.name < b.name
  end)
  local orders = {}
  for _, source in ipairs(definitions.pages) do
    if orders[source.order] then source.fault(2, "%s has this number too", orders[source.order]) end
    orders[source.order] = source.path
    for _, entry in ipairs(source.entries) do add_entry(definitions, source, entry) end
  end
  for _, source in ipairs(definitions.pages) do
    for _, entry in ipairs(source.entries) do
      check_types(entry, definitions.types, source.fault)
      if entry.owner and not definitions.objects[entry.owner] then
        source.fault(entry.line, "%s: '%s' is the variable of no class", entry.head, entry.owner)
      end
    end
  end
  return definitions
end

return meta
