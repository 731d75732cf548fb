--- Follows log files, as `tail -F` does: prints every line that is added, whatever happens to the files.
---
---     cohort examples/programs/follow.lua FILE...
---
--- A file may be rotated (moved away and created anew), truncated, or missing at first. Only whole lines are
--- printed. At SIGHUP everything is reopened, for file systems that report no changes; SIGTERM ends it.
local cohort = require "cohort"
local fs = require "cohort.fs"
local stdio = require "cohort.stdio"

local or_missing = cohort.except({ code = "ENOENT" }, function() end)

local function note(...) io.stderr:write("follow: ", string.format(...), "\n") end

--- `file` is the open file, `inode` its number, `at` how far it has been read, `rest` the beginning of a line
--- that is not whole yet, `out` where lines go, `began` whether its folder was there once. Whatever waits
--- here may be cut off and done again.
local Follower = {}
Follower.__index = Follower

local function new(path, prefix, out)
  local self = setmetatable({ path = path, prefix = prefix, out = out, at = 0, rest = "" }, Follower)
  cohort.try(function()
    local stat = fs.stat(path)
    self.inode, self.at = stat.inode, stat.size  -- existing contents are not of interest
  end, or_missing)
  return self
end

function Follower:read_lines()
  self.file:seek("set", self.at)
  for piece in self.file:lines "L" do
    local rest = self.rest .. piece
    if rest:sub(-1) == "\n" then
      self.out(self.prefix .. rest)
      rest = ""
    end
    self.at, self.rest = self.at + #piece, rest
  end
end

function Follower:close()
  if self.file then self.file:close() end
  self.file = nil
end

--- There will be no more of this file, nor of its last line.
function Follower:leave()
  if self.rest ~= "" then self.out(self.prefix .. self.rest .. "\n") end
  self:close()
  self.inode, self.at, self.rest = nil, 0, ""
end

--- Opens the file that has the name now, and continues where it was if that is still the same file.
function Follower:open()
  self:close()
  self.file = fs.open(self.path)
  local inode = self.file:stat().inode
  if inode ~= self.inode then self.inode, self.at, self.rest = inode, 0, "" end
  self:read_lines()
end

--- Prints what is new in the file, and in another file that has its name by now.
function Follower:look()
  if self.file and self.file:stat().size < self.at then
    note("%s was truncated", self.path)
    self.at, self.rest = 0, ""
  end
  if self.file then self:read_lines() end
  cohort.try(function()
    if self.file and fs.stat(self.path).inode == self.inode then return end
    if self.file then
      note("%s is another file now", self.path)
      self:read_lines()  -- once more, for what was added just before it was moved
      self:leave()
    end
    self:open()
  end, or_missing)
end

--- Follows the file until its folder is moved or removed. Any change in the folder is a reason to look, as a
--- file may have been moved to this name.
function Follower:follow(folder)
  local watcher <close> = fs.watch(folder)
  self.began = true
  cohort.try(function() self:open() end, or_missing)
  repeat self:look() until not watcher()
end

--- The same, but once the folder has vanished, does nothing more.
function Follower:run()
  local folder = self.path:match "^(.*/)" or "."
  cohort.try(function() self:follow(folder) end, cohort.except({ code = "ENOENT" }, function(err)
    if not self.began then error(err, 0) end
    note("%s is not there: SIGHUP looks again", folder)
  end))
end

--- Follows the files until SIGTERM. All lines go to one task, because two cannot write at once.
local function follow(paths, signals)
  local out, lines = cohort.channel(1000)
  local followers = {}
  local _ <close> = cohort.defer(function()
    for _, follower in ipairs(followers) do follower:close() end
  end)
  for i, path in ipairs(paths) do followers[i] = new(path, #paths > 1 and path .. ": " or "", out) end
  cohort.group(function(g)
    local writer = g:spawn(function()
      for line in lines do stdio.stdout:write(line) end
    end)
    repeat
      local signal
      cohort.group(function(round)
        for _, follower in ipairs(followers) do round:spawn_daemon(follower.run, follower) end
        signal = signals()  -- then the daemons end
      end)
    until signal == "SIGTERM"
    cohort.move_on_after(1, function()  -- no longer, in case nobody reads
      for _, follower in ipairs(followers) do follower:leave() end
      out:close()
      writer:wait()
    end)
    g:cancel()
  end)
end

local function main(...)
  local paths = { ... }
  if #paths == 0 then
    io.stderr:write "usage: follow.lua FILE...\n"
    return os.exit(2)
  end
  local signals <close> = cohort.signals("SIGHUP", "SIGTERM")
  cohort.try(function() follow(paths, signals) end,
    cohort.except({ code = "EPIPE" }, function() end))  -- whoever read our output has gone
end

cohort.main(main, ...)
