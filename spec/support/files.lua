--- What specs about files share: a run in a folder of its own, after which nothing more is open than before;
--- and an operation that keeps a thread of the pool busy until it is told to stop.
local cohort = require "cohort"
local core = require "cohort.core"
local fs = require "cohort.fs"
local child = require "spec.support.child"
local children = require "spec.support.children"
local tasks = require "spec.support.tasks"

local files = {}

files.threads = 4  -- of the pool, by default

local function counts()
  local held = core.debug_counts()
  return { descriptors = core.count_descriptors(), handles = held.handles, tasks = held.tasks }
end

-- What there is more of than before, in words. Less is no leak: what ends by itself may do so meanwhile.
local function more_than(before)
  local left = {}
  for name, count in pairs(counts()) do
    if count > before[name] then left[#left + 1] = ("%d %s"):format(count - before[name], name) end
  end
  return table.concat(left, ", ")
end

--- Runs `body(path)` with a temporary folder that ends in "/", under a virtual clock. What it opened must be
--- closed when it has returned, what it held given back, and its tasks ended.
--- @param body fun(path: string)
--- @param place? string  where the folder is made, where that matters
function files.within(body, place)
  return tasks.virtual(function()
    local dir <close> = fs.temp_dir { prefix = "cohort-spec-", dir = place }
    fs.watch(dir.path):close()  -- what a loop opens once is open now
    files.settle()
    local before = counts()
    body(dir.path .. "/")
    local left
    for _ = 1, 100 do  -- what was left behind may still be with a thread
      files.settle()
      left = more_than(before)
      if left == "" then return end
    end
    error("left open: " .. left, 0)
  end)
end

--- Calls `body(change, here)` in a run, in a new folder with "there" in it, with a function that takes the
--- process to another one.
--- @param body fun(change: fun(path: string), here: string)
function files.elsewhere(body)
  child.with_module("directory", "", function(directory)
    tasks.virtual(function()
      local before = fs.readlink "/proc/self/cwd"
      local dir <close> = fs.temp_dir()
      fs.mkdir(dir.path .. "/there")
      local function change(path) assert(directory.change(path)) end
      change(dir.path)
      local ok, err = pcall(body, change, dir.path)
      change(before)
      if not ok then error(err, 0) end
    end)
  end)
end

--- Goes down through new folders until the path of that one is longer than the system tells.
function files.go_deep(change)
  for _ = 1, 20 do
    fs.mkdir(("x"):rep(250))
    change(("x"):rep(250))
  end
end

--- Lets everything end that was left behind. A virtual clock does not move while a task waits for the pool:
--- not to be called while something endless runs.
function files.settle()
  cohort.group(function(g)
    for _ = 1, 8 * files.threads do g:spawn(fs.readlink, "/proc/self") end
  end)
  for _ = 1, 4 do cohort.sleep(1e-6) end
end

--- Writes a file in one go, by Lua's own library.
function files.write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

--- Makes folders (names that end in "/"), and files with what is above them.
function files.make(dir, ...)
  for _, name in ipairs { ... } do
    local folder = name:match "^(.*)/"
    if folder then fs.mkdir(dir .. folder, { parents = true }) end
    if not name:find "/$" then files.write(dir .. name, name) end
  end
end

local BLOCK = 500  -- levels that are made at once, which a path can tell

--- Makes a directory with `depth` more below it, each named "d" and in the one before; `body(path)` with the
--- path of each, which ends in "/", as long as there are paths for them.
function files.make_deep(path, depth, body)
  fs.mkdir(path, { parents = true })
  for left = depth, 1, -BLOCK do
    local upper = path .. "-upper"
    local last = upper .. ("/d"):rep(math.min(left, BLOCK) - 1)
    fs.mkdir(last, { parents = true })
    fs.rename(path, last .. "/d")
    fs.rename(upper, path)
  end
  for level = 0, body and depth or -1 do body(path .. ("/d"):rep(level) .. "/") end
end

--- Reads a file in one go.
function files.read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

--- The names in a folder, with a space between.
function files.names(path)
  local list = {}
  for name in fs.scandir(path) do list[#list + 1] = name end
  return table.concat(list, " ")
end

--- Makes a file that takes a thread very long to copy, though it takes no room.
function files.write_endless(path)
  local file <close> = fs.open(path, "w")
  file:seek("set", 1 << 38)
  file:write "x"
  return path
end

--- Starts `count` operations in `g` that keep as many threads busy until they are cancelled.
function files.keep_busy(g, path, count)
  local busy = {}
  for i = 1, count or files.threads do
    busy[i] = g:spawn(fs.copy, path, "/dev/null")
  end
  cohort.checkpoint()
  return busy
end

--- Can what is cached be had in a folder without a thread? Linux 5.12 does that, where a file system has a
--- device; valgrind knows no such calls.
function files.without_threads(path)
  local uname <close> = io.popen "uname -sr"
  local major, minor = uname:read "l":match "^Linux (%d+)%.(%d+)"
  local is_new = major and major * 1000 + minor >= 5012
  return is_new and not children.in_valgrind and fs.stat(path).device >= 256
end

--- What matches a SystemError.
function files.is_error(err, code, operation, path)
  local fields = { code = code, operation = operation, path = path }
  return cohort.is(err, cohort.SystemError) and cohort.is(err, fields)
end

return files
