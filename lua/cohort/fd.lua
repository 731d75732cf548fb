--- Waiting for other people's descriptors, so that their C libraries can be used inside tasks.
---
--- This file finds the descriptor of whatever stands for one; the core does the waiting.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"

local fd = {}

local MOST = 2 ^ 31 - 1  -- a descriptor is a C int

-- Where objects have theirs: those of cqueues and lua-unbound, of LuaSocket, of POSIX libraries.
local names = { "pollfd", "getfd", "fileno" }

local function get(thing, name) return thing[name] end

-- The descriptor that an object gives, by a method or a field of one of these names.
local function ask(thing)
  if io.type(thing) then return core.descriptor_of(thing) end
  for _, name in ipairs(names) do
    local ok, found = pcall(get, thing, name)
    if ok and core.is_callable(found) then return found(thing) end
    if ok and found ~= nil then return found end
  end
end

-- The descriptor as a number; `who` is the public function for messages.
local function check(who, value)
  local is_object = type(value) == "table" or type(value) == "userdata"
  local number = value
  if is_object then number = ask(value) end
  local whole = type(number) == "number" and math.tointeger(number)
  if whole and whole >= 0 and whole <= MOST then return whole end
  if not is_object then
    local got = type(value) == "number" and tostring(value) or type(value)
    misuse("%s expects a descriptor, a whole number of 0 or more, or an object with pollfd, getfd or "
      .. "fileno, got %s", who, got)
  elseif number == nil and not io.type(value) then
    misuse("%s expects a descriptor or an object with pollfd, getfd or fileno: this %s has none of them",
      who, type(value))
  end
  misuse("%s: this %s has no open descriptor (got %s)", who, type(value), tostring(number))
end

--- Waits until `fd` can be read, is at its end, or has failed: until a read would not block.
---
--- `fd` is a number, a file of Lua's `io`, or an object with a method or field `pollfd`, `getfd` or `fileno`.
--- It stays its owner's: nothing is read, and it must stay open until this returns. Files are always ready.
---
---     while not client:try_read() do cohort.fd.wait_readable(client) end
---
--- @async
--- @param descriptor integer|file*|table|userdata
function fd.wait_readable(descriptor)
  local number = check("wait_readable", descriptor)
  object.check_task "wait_readable"
  core.wait_readable(number)
end

--- Waits until `fd` can be written, or has failed: until a write would not block.
--- @async
--- @param descriptor integer|file*|table|userdata
function fd.wait_writable(descriptor)
  local number = check("wait_writable", descriptor)
  object.check_task "wait_writable"
  core.wait_writable(number)
end

return object.refuse_unknown(fd, "cohort.fd")
