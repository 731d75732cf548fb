--- Checks the links in documents: the files and headings they lead to must exist.
local links = {}

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read("a")  -- nil for a folder
  file:close()
  return text
end

--- The anchor of a heading, as GitHub and others make it.
function links.anchor(title)
  return (title:lower():gsub("[^%w _-]", ""):gsub(" ", "-"))
end

--- A document without its fenced code blocks.
local function prose_of(text)
  local lines, fenced = {}, false
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    if line:find("^%s*```") then fenced = not fenced
    elseif not fenced then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n")
end

--- The anchors of a document; none for a folder; nil when there is no such file.
local function anchors_of(path, texts)
  local anchors, text = {}, texts[path] or read(path)
  if not text then return os.rename(path, path) and anchors or nil end
  for title in ("\n" .. prose_of(text)):gmatch("\n#+ ([^\n]+)") do
    local anchor, again = links.anchor(title:gsub("%[([^%]]*)%]%b()", "%1")), 0
    while anchors[anchor .. (again > 0 and "-" .. again or "")] do again = again + 1 end
    anchors[anchor .. (again > 0 and "-" .. again or "")] = true
  end
  return anchors
end

--- "a/b/../c" is "a/c".
local function normal(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." and #parts > 0 and parts[#parts] ~= ".." then table.remove(parts)
    elseif part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

--- Checks all links of one document.
--- @param path string
--- @param texts table<string, string>  documents that are not on the disk yet, by path
--- @param fault fun(format: string, ...)
function links.check(path, texts, fault)
  local folder = path:match("^(.*/)") or ""
  local prose = prose_of(texts[path] or read(path)):gsub("`[^`\n]*`", "")
  for target in prose:gmatch("%]%(([^)%s]+)%)") do
    local file, fragment = target:match("^([^#]*)#?(.*)$")
    if not target:find("^%a+:") then
      local anchors = anchors_of(file == "" and path or normal(folder .. file), texts)
      if not anchors then
        fault("%s: the link to %s leads nowhere", path, target)
      elseif fragment ~= "" and not anchors[fragment] then
        fault("%s: there is no heading for %s", path, target)
      end
    end
  end
end

--- Every document of the project, by path.
function links.documents()
  local list = {}
  local find = "find . -name '*.md' -not -path './build/*' -not -path './.git/*' | LC_ALL=C sort"
  local pipe = assert(io.popen(find))
  for path in pipe:lines() do list[#list + 1] = path:sub(3) end
  pipe:close()
  return list
end

return links
