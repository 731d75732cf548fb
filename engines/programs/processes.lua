--- Programs that start others. Whatever happens, no child is left when the block of its process has ended.
local cohort = require "cohort"
local process = require "cohort.process"

-- Numbers of the children of this thread, by which all are started; "" where the system does not tell.
local function children()
  local file = io.open "/proc/thread-self/children"
  local text = file and file:read "a" or ""
  if file then file:close() end
  return text
end

local programs = {}

-- The task that reads the output may be the one that is cancelled: then it is a part.
programs["running a program"] = function(c)
  local text = ("line\n"):rep(50000)
  local output = c.act("process.run", process.run, { "cat", stdin = text }).stdout
  c.law(output == text:sub(1, #output), "another output")
end

programs["running a program that does not end"] = function(c)
  cohort.move_on_after(1, c.act, "process.run", process.run, { "sleep", "100" })
end

programs["talking to a program"] = function(c)
  local child <close> = c.act("process.open", process.open, { "cat" })
  for i = 1, 2 do
    child.stdin:write(i, "\n")
    c.law(child.stdout:read() == tostring(i), "another reply")
  end
  child.stdin:shutdown()
  c.law(c.act("child:wait", child.wait, child) == 0, "another status")
end

return function(c)
  c.add_each(programs, function(run, guard)
    local _ <close> = guard()
    local before = children()
    local ok, err = pcall(run, c)
    c.law(children() == before, "a child is left")
    if not ok then error(err, 0) end
  end)
end
