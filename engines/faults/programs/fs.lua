--- Programs under faults: see engines/faults/trial.lua. Files.
local cohort = require "cohort"
local fs = require "cohort.fs"
local kit = require "engines.faults.kit"
local net = require "cohort.net"

local programs = {}

--- Opens a file and calls body(file).
local function with_file(mode, body)
  local file <close> = fs.open(kit.path "file", mode)
  body(file)
end

--- Tries something that gives an object, and closes it.
local function closing(try, f, ...)
  local ok, object = try(f, ...)
  if ok then object:close() end
end

programs["fs.read_file"] = function(try)
  local ok, data = try(fs.read_file, kit.path "file")
  assert(not ok or #data == 1000)
  try(fs.read_file, "/proc/self/stat")
end

local write_options = { {}, { atomic = true, permissions = "600" }, { sync = true }, { exclusive = true } }

programs["fs.write_file"] = function(try)
  for i, options in ipairs(write_options) do
    local path = kit.path(i == 2 and "link" or "new" .. i)
    if try(fs.write_file, path, ("y"):rep(9000), options) then assert(#fs.read_file(path) == 9000) end
  end
  try(fs.write_file, kit.path "file", "z")
  try(fs.write_file, kit.path "new", "z", { atomic = true, exclusive = true })
end

programs["fs.append_file"] = function(try)
  if try(fs.append_file, kit.path "file", "more", { sync = true }) then
    assert(fs.stat(kit.path "file").size == 1004)
  end
end

programs["fs.copy"] = function(try)
  for i, options in ipairs { {}, { atomic = true }, { sync = true }, { exclusive = true } } do
    if try(fs.copy, kit.path "file", kit.path("copy" .. i), options) then
      assert(fs.stat(kit.path("copy" .. i)).size == 1000)
    end
  end
  try(fs.copy, "/proc/self/stat", kit.path "stat")
end

programs["fs.open"] = function(try)
  for _, mode in ipairs { "r", "a", "r+", "w+" } do closing(try, fs.open, kit.path "file", mode) end
  closing(try, fs.open, kit.path "new", "w", { exclusive = true, permissions = "600" })
end

programs["fs.temp_file"] = function(try) closing(try, fs.temp_file, { dir = kit.path "", prefix = "x" }) end

programs["file:read"] = function(try)
  with_file("r", function(file)
    local ok, line = try(file.read, file)
    assert(not ok or line == "one two 3")
    try(file.read, file, 4, "l", "L")
    try(file.read, file, "a")
    try(file.read, file, "n")
  end)
end

programs["file:lines"] = function(try)
  with_file("r", function(file)
    try(function()
      local count = 0
      for _ in file:lines() do count = count + 1 end
      assert(count == 100)
    end)
  end)
end

programs["file:write"] = function(try)
  for _, mode in ipairs { "w", "a", "r+" } do
    with_file(mode, function(file) try(file.write, file, "one", 2, ("x"):rep(9000)) end)
  end
end

-- Calls body(stream), of which somebody reads the other end, in memory and over a pipe.
local function to_each(body)
  local function pipe()
    local reading, writing = kit.pipe()
    return writing, reading
  end
  for _, make in ipairs { net.pair, pipe } do
    local a <close>, b = make()
    local _ <close> = b
    cohort.group(function(g)
      g:spawn(function() b:read "a" end)
      body(a)
      a:close()
    end)
  end
end

programs["file:copy_to"] = function(try)
  to_each(function(stream)
    with_file("r", function(file)
      local ok, count = try(file.copy_to, file, stream, 400)
      assert(not ok or count == 400)
      file:read()
      try(file.copy_to, file, stream)
    end)
  end)
end

programs["file:seek"] = function(try)
  with_file("r+", function(file)
    try(file.seek, file, "end", -6)
    try(file.seek, file)
  end)
end

programs["file:sync"] = function(try) with_file("r+", function(file) try(file.sync, file) end) end

programs["file:stat"] = function(try)
  with_file("r", function(file)
    local ok, stat = try(file.stat, file)
    assert(not ok or stat.size == 1000)
  end)
end

programs["file:close"] = function(try)
  with_file("r", function(file) try(file.close, file) end)
end

for _, name in ipairs { "stat", "lstat", "exists", "readlink", "realpath" } do
  programs["fs." .. name] = function(try) try(fs[name], kit.path "link") end
end

programs["fs.scandir"] = function(try)
  local folder = kit.path ""
  try(function()
    local count = 0
    for _ in fs.scandir(folder) do count = count + 1 end
    assert(count == 3)
  end)
end

programs["fs.walk"] = function(try)
  local folder = kit.path ""
  try(function()
    local count = 0
    for _ in fs.walk(folder) do count = count + 1 end
    assert(count == 5 or _G.call == "fstatat")  -- what is of no known type is not entered
  end)
  try(function()
    for path in fs.walk(folder) do
      if path ~= "" then break end
    end
  end)
end

programs["fs.mkdir"] = function(try)
  try(fs.mkdir, kit.path "new")
  try(fs.mkdir, kit.path "a/b/c", { parents = true, permissions = "700" })
end

programs["fs.remove"] = function(try)
  try(fs.remove, kit.path "file")
  os.execute("mkdir -p " .. kit.path("sub" .. ("/d"):rep(12)))  -- deeper than it keeps open
  try(fs.remove, kit.path "sub", { recursive = true })
end

programs["fs.rename"] = function(try) try(fs.rename, kit.path "file", kit.path "other") end
programs["fs.link"] = function(try) try(fs.link, kit.path "file", kit.path "other") end
programs["fs.symlink"] = function(try) try(fs.symlink, "file", kit.path "other") end
programs["fs.chmod"] = function(try) try(fs.chmod, kit.path "file", "600") end
programs["fs.utime"] = function(try) try(fs.utime, kit.path "file", 1, 2) end

programs["fs.temp_dir"] = function(try)
  local ok, tempdir = try(fs.temp_dir, { dir = kit.path "" })
  if ok then tempdir:remove() end
  try(cohort.move_on_after, 0, fs.temp_dir, { dir = kit.path "" })
end

programs["tempdir:remove"] = function(try)
  local tempdir = fs.temp_dir { dir = kit.path "" }
  fs.write_file(tempdir.path .. "/file", "x")
  try(tempdir.remove, tempdir)
  tempdir:remove()
end

programs["fs.watch"] = function(try) closing(try, fs.watch, kit.path "") end

programs["cohort.Watcher()"] = function(try)
  local watcher <close> = fs.watch(kit.path "")
  fs.write_file(kit.path "new", "x")
  fs.write_file(kit.path "newer", "x")
  try(watcher)
  fs.write_file(kit.path "newest", "x")
  try(cohort.fail_after, 5, watcher)
end

programs["watcher:close"] = function(try)
  local watcher = fs.watch(kit.path "")
  cohort.group(function(g)
    g:spawn(pcall, watcher)
    cohort.checkpoint()
    try(watcher.close, watcher)
    watcher:close()
  end)
end

programs.free = { "file:close", "watcher:close" }

return programs
