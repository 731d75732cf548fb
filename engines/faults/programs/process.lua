--- Programs under faults: see engines/faults/trial.lua. Child processes, of which each ends by itself.
local cohort = require "cohort"
local process = require "cohort.process"

local programs = {}

programs["process.run"] = function(try)
  local ok, result = try(process.run, { "cat", stdin = "text", env = { A = "b" }, grace = 0 })
  assert(not ok or result.stdout == "text" or _G.call == "writev")  -- what a child does not read is no error
  try(process.run, { "pwd", cwd = "/", stderr = "stdout", clean_env = true })
  try(process.run, { "true", cwd = "/nowhere" })
  try(process.run, { "/nowhere/program", cwd = "/" })
  try(process.run, { "sh", "-c", "exit 3" })
  try(process.run, { "cat", "/proc/self/stat", max_output = 3, grace = 0 })
end

--- Starts a cat and calls body(child), which may end it.
local function with_cat(options, body)
  options[1], options.grace = "cat", 0
  local child <close> = process.open(options)
  body(child)
end

programs["process.open"] = function(try)
  local silent = { stdin = "null", stdout = "null" }
  for _, options in ipairs { {}, { stderr = "stdout", process_group = true }, silent } do
    try(with_cat, options, function(child)
      if not child.stdin then return end
      child.stdin:write "text"
      child.stdin:shutdown()
      assert(child.stdout:read "a" == "text")
    end)
  end
end

programs["child:wait"] = function(try)
  with_cat({}, function(child)
    cohort.group(function(g)
      g:spawn(try, child.wait, child)
      cohort.checkpoint()
      child.stdin:close()
      try(child.wait, child)
    end)
    try(child.wait, child)
  end)
end

programs["child:kill"] = function(try)
  for _, group in ipairs { false, true } do
    with_cat({ process_group = group }, function(child)
      try(child.kill, child, "SIGUSR1")
      child.stdin:close()
      cohort.attempt(child.wait, child)
      try(child.kill, child)
    end)
  end
end

--- Leaves the block of a process group with a member that does not listen.
local function leave_group()
  local command = "trap '' TERM; sleep 1 & trap - TERM; echo; exec cat"
  local group <close> = process.open { "sh", "-c", command, process_group = true, grace = 0.02 }
  assert(group.stdout:read "l" == "")
end

programs["child:close"] = function(try)
  try(leave_group)
  with_cat({ process_group = true }, function(child)
    try(child.close, child)
    child:close()
  end)
end

programs.free = { "child:kill" }
programs.expected = { ["process.run"] = { "ProcessError", "TooLong", "ENOENT" } }

return programs
