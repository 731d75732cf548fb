--- Files and directories: `read_file`, `open`, `scandir`, `walk`, `copy`, `temp_dir`, `watch` and their kin.
---
--- Most functions are the core's, unchanged. This file adds what can be written with those: walking a tree,
--- and temporary files and directories.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local option = require "cohort.option"
local try = require "cohort.try"

local fs = {}

local attempt, expects = try.attempt, option.expects
local is_cancelled, note, raise = core.is_cancelled, core.note, core.raise

for _, name in ipairs {
  "read_file", "write_file", "append_file", "copy", "open", "stat", "lstat", "exists", "scandir", "mkdir",
  "remove", "rename", "link", "symlink", "readlink", "realpath", "chmod", "utime", "watch",
} do
  fs[name] = core.fs[name]
end

---------------------------------------------------------------------------
-- Arguments

local function expects_dir(value)
  if value == "" then return "the path of a directory", "an empty string" end
  return expects.text(value)
end

local function expects_prefix(value)
  local expected, got = expects.text(value)
  if not expected and value:find("/", 1, true) then return "a name without '/'", ("%q"):format(value) end
  return expected, got
end

---------------------------------------------------------------------------
-- Walking

local walk_options = option.known { descend = expects.callable, on_error = expects.callable }

-- Codes for a directory that others have removed or replaced; ELOOP and ENOTDIR are for a link in its place.
local gone = { ENOENT = true, ENOTDIR = true, ELOOP = true }

-- The entries of a directory, or nil when it cannot be read and that is not an error.
local function scan(walk, path)
  if walk.options.descend and path ~= walk.root and not walk.options.descend(path) then return nil end
  local ok, result = attempt(core.fs.scandir_below, path, #walk.root)
  if ok then return result end
  if not core.error_is(result, core.SystemError) then error(result, 0) end
  if path ~= walk.root and gone[result.code] then return nil end
  if not walk.options.on_error then error(result, 0) end
  try.tell(walk.options.on_error, result)
  return nil
end

-- The next entry of the innermost directory that has one left, with its directory.
local function next_entry(walk)
  local depth = #walk.levels
  while depth > 0 do
    local level = walk.levels[depth]
    local name, kind = level.entries()
    if name then return level.path, name, kind end
    walk.levels[depth] = nil
    depth = depth - 1
  end
end

-- Enters the directory that was returned last. If this is cancelled before it was read, it is still to be
-- read.
local function enter(walk, path)
  local ok, entries = xpcall(scan, note, walk, path)
  if ok or not is_cancelled(entries) then walk.pending = nil end
  if not ok then raise(entries) end
  if entries then table.insert(walk.levels, { path = path, entries = entries }) end
end

local function step(walk)
  walk.stepping = core.current_task()
  if walk.pending then enter(walk, walk.pending) end
  local folder, name, kind = next_entry(walk)
  if not name then return nil end
  local path = folder:find "/$" and folder .. name or folder .. "/" .. name
  if kind == "directory" then walk.pending = path end
  return path, kind
end

local TempDir = { __name = "cohort.TempDir", __newindex = object.refuse_assignment "tempdir" }

--- Iterates over everything below a directory: each path and its type, a directory before what is in it, in
--- the order of names.
---
--- A directory is read when the step after it is taken, and `options.descend(path)` may skip it. What
--- vanishes during the walk is skipped. A directory that cannot be read raises, or is passed to
--- `options.on_error(err)`. Symbolic links are not followed. Nothing stays open between steps. A step that is
--- cancelled loses nothing, and tasks that share a walk take their steps in turn.
--- @param path string
--- @param options? {descend: (fun(path: string): boolean)?, on_error: fun(err: any)?}
--- @return async fun(): string?, string?
function fs.walk(path, options)
  core.fs.check_path(path, "walk", "for path, type in fs.walk(path) do")
  local walk = { root = path, pending = path, levels = {} }
  walk.options = option.read("walk", options, walk_options)
  local turns = core.semaphore(1)  -- else a task that comes while a directory is read is told the end
  return function()
    if walk.stepping == core.current_task() and turns.available == 0 then
      misuse "walk: 'descend' and 'on_error' cannot take a step of the walk that has called them"
    end
    return turns:with(step, walk)
  end
end

---------------------------------------------------------------------------
-- What is temporary

local temp_options = option.known { dir = expects_dir, prefix = expects_prefix }

-- A template for a unique name.
local function template(read)
  local dir = read.dir or os.getenv "TMPDIR"
  return ("%s/%sXXXXXX"):format(dir and dir ~= "" and dir or "/tmp", read.prefix or "cohort-")
end

--- Makes a new file that is open for reading and writing, and is removed when it is closed.
--- @async
--- @param options? {dir: string?, prefix: string?}
--- @return cohort.File
function fs.temp_file(options)
  local read = option.read("temp_file", options, temp_options)
  object.check_task "temp_file"
  return core.fs.make_temp_file(template(read))
end

object.refuse_unknown(TempDir, "tempdir", { path = true, remove = true })

function TempDir:__index(name)
  if name == "path" then return self[1].path end
  return TempDir[name]
end

--- Removes the directory with everything in it; calling it again does nothing.
--- @async
function TempDir:remove()
  local state = object.state_of(self, TempDir, "tempdir", "remove")
  object.check_task "remove"
  if state.removed then return end
  local ok, err = attempt(fs.remove, state.path, { recursive = true })
  local is_gone = ok or core.error_is(err, core.SystemError) and err.code == "ENOENT"
  if not is_gone then error(err, 0) end
  state.removed = true
end

-- Runs at the end of the block, even when that is cancelled or where nothing can wait. An error that was on
-- its way is not lost when removing fails too.
function TempDir:__close(err)
  if self[1].removed then return end
  if not core.can_wait() then
    core.fs.remove_now(self[1].path)
    self[1].removed = true
    return
  end
  local ok, failure = xpcall(core.shield, note, self.remove, self)
  if ok then return end
  if err == nil or is_cancelled(err) then raise(failure) end
  raise(core.error_group("an error, and that of removing a temporary directory", { err, failure }))
end

-- A forgotten directory stays, so its owner must be named.
function TempDir:__gc()
  local state = self[1]
  local folder = not state.removed and io.open(state.path)
  if not folder then return end
  folder:close()
  local at = state.where ~= "" and " made at " .. state.where or ""
  warn(("cohort: the tempdir %s%s was collected and is still there: write 'local dir <close> = "
    .. "fs.temp_dir()'"):format(state.path, at))
end

function TempDir:__tostring()
  return ("tempdir %s%s"):format(self[1].path, self[1].removed and " (removed)" or "")
end

--- Makes a new directory that is removed, with everything in it, where its block ends: `local dir <close> =
--- fs.temp_dir()`.
--- @async
--- @param options? {dir: string?, prefix: string?}
--- @return cohort.TempDir
function fs.temp_dir(options)
  local read = option.read("temp_dir", options, temp_options)
  object.check_task "temp_dir"
  local where = core.where()
  return setmetatable({ { path = core.fs.make_temp_dir(template(read)), where = where } }, TempDir)
end

return object.refuse_unknown(fs, "cohort.fs")
