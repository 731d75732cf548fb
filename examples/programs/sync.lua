--- Makes a directory like another one: copies what is new or changed, removes what is no longer there.
---
---     cohort examples/programs/sync.lua FROM TO [LIMIT]
---
--- A file is unchanged when its size and time are, so a second run copies nothing. At most LIMIT files (8)
--- are copied at once, each entirely or not at all. One that cannot be copied is reported and affects nothing
--- else; the exit status is then 1. When not all of FROM can be read, nothing is removed.
local cohort = require "cohort"
local fs = require "cohort.fs"

local counts = { copied = 0, removed = 0, unchanged = 0, failed = 0 }

local function done(what, name)
  counts[what] = counts[what] + 1
  if what ~= "unchanged" then print(what .. " " .. name) end
end

local function failed(err)
  counts.failed = counts.failed + 1
  io.stderr:write("sync: ", err.message, "\n")
end

--- Calls f(...). What the system refuses is only reported.
local function guarded(f, ...)
  local arguments = { ... }
  cohort.try(function() f(table.unpack(arguments)) end,
    cohort.except(cohort.SystemError, function(eg) failed(eg:sole()) end))
end

local function lstat(path)
  return cohort.try(function() return fs.lstat(path) end, cohort.except({ code = "ENOENT" }, function() end))
end

-- How each type is copied, and whether the copy is the same already. Other types are skipped.
local same, copy = {}, {}

function same.directory() return true end
function copy.directory(_, to) fs.mkdir(to) end

function same.link(from, to) return fs.readlink(from) == fs.readlink(to) end
function copy.link(from, to, _, old)
  if old then fs.remove(to) end
  fs.symlink(fs.readlink(from), to)
end

function same.file(_, _, stat, old)
  return stat.size == old.size and math.abs(stat.mtime - old.mtime) < 1e-3  -- times are floats, and not exact
end
function copy.file(from, to, stat)
  fs.copy(from, to, { atomic = true })
  fs.chmod(to, stat.permissions)
  fs.utime(to, stat.atime, stat.mtime)  -- as they were then: what has changed since is copied next time
end

--- Brings the copy of one thing up to date.
local function update(from, to, name)
  local stat, old = fs.lstat(from), lstat(to)
  local kind = stat.type
  if not copy[kind] then return end
  if old and old.type ~= kind then
    fs.remove(to, { recursive = true })
    old = nil
  end
  if old and same[kind](from, to, stat, old) then return done("unchanged", name) end
  copy[kind](from, to, stat, old)
  done("copied", name)
end

--- Copies what is in `from`. Returns its names as a set; nil when not all of it could be read.
local function copy_all(from, to, limit)
  local names, complete = {}, true
  local function on_error(err) complete = false failed(err) end
  cohort.group({ limit = limit }, function(g)
    for path, kind in fs.walk(from, { on_error = on_error }) do
      local name = path:sub(#from + 2)
      names[name] = true
      if kind == "directory" then
        guarded(update, path, to .. "/" .. name, name)  -- before what is in it
      else
        g:spawn(guarded, update, path, to .. "/" .. name, name)  -- waits while LIMIT copies are running
      end
    end
  end)
  return complete and names or nil
end

local function remove(path, name)
  fs.remove(path, { recursive = true })
  done("removed", name)
end

local function remove_others(to, names)
  for path in fs.walk(to) do
    local name = path:sub(#to + 2)
    if not names[name] then guarded(remove, path, name) end
  end
end

local function main(from, to, limit)
  limit = math.tointeger(limit or 8)
  if not (from and to and limit) then
    io.stderr:write "usage: sync.lua FROM TO [LIMIT]\n"
    return os.exit(2)
  end
  io.stdout:setvbuf "line"
  from = fs.realpath(from)
  fs.mkdir(to, { parents = true })
  to = fs.realpath(to)
  if (from .. "/"):find(to .. "/", 1, true) == 1 or (to .. "/"):find(from .. "/", 1, true) == 1 then
    error("one of the directories is in the other", 0)
  end
  local names = copy_all(from, to, limit)
  if names then remove_others(to, names) end
  print(("%d copied, %d removed, %d unchanged, %d failed"):format(
    counts.copied, counts.removed, counts.unchanged, counts.failed))
  return counts.failed == 0
end

if not cohort.main(main, ...) then os.exit(1) end
