--- What specs about processes share: which children this process has, and whether some process is there.
local children = {}

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

--- The number of this process.
function children.self()
  return tonumber(read("/proc/self/stat"):match "^%d+")
end

-- State, parent and process group of a process, or nil when there is none.
local function state_of(pid)
  local text = read(("/proc/%d/stat"):format(pid))
  if text then return text:match "^.*%) (%a) (%d+) (%d+)" end
end

--- Is a process there, and no zombie?
function children.is_alive(pid)
  local state = state_of(pid)
  return state ~= nil and state ~= "Z"
end

--- The number of its process group.
function children.group_of(pid)
  local _, _, group = state_of(pid)
  return tonumber(group)
end

-- The children of this process by a look at all there are, for systems that do not list them.
local function search(own)
  local list, pipe = {}, io.popen "ls -d /proc/[0-9]* 2>/dev/null"
  local paths = pipe:read "a"
  pipe:close()
  for pid in paths:gmatch "%d+" do
    local _, parent = state_of(tonumber(pid))
    if tonumber(parent) == own then list[#list + 1] = tonumber(pid) end
  end
  return list
end

--- The children of this process, zombies included; of its main thread, where the system lists them.
--- @return integer[]
function children.list()
  local own, list = children.self(), {}
  local text = read(("/proc/%d/task/%d/children"):format(own, own))
  if not text then return search(own) end
  for pid in text:gmatch "%d+" do list[#list + 1] = tonumber(pid) end
  return list
end

--- How many there are.
function children.count() return #children.list() end

--- Is this valgrind? There posix_spawn does not tell that a program could not be started.
children.in_valgrind = (read "/proc/self/maps" or ""):find("vgpreload", 1, true) ~= nil

return children
