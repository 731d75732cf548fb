--- Runs random programs, each under two collectors and some under a third, which must do the same, and some
--- cancelled at each of their checkpoints.
---
---     lua5.4 engines/law/worker.lua FIRST COUNT      the programs of these seeds
---     lua5.4 engines/law/worker.lua FILE             one program, with its trace
---
--- Of each seed "begin SEED" is printed, and when all is well "end SEED HASH N": a number for its trace, and
--- how much was disturbed in it. What is wrong is printed as "fault: TEXT". Lua's memory may not grow.
local leaks = require "cohort.testing.leaks"
local program = require "engines.law.program"

local MORE_EVERY = 4  -- programs; what takes ten times as long
local WARM_UP, NOISE = 100, 64  -- programs, KiB

local collectors = {
  function() collectgarbage "generational" end,
  function() collectgarbage("incremental", 1, 1000, 4) end,  -- always at work
  function() collectgarbage("incremental", 200, 100, 13) end,  -- Lua's defaults
}

local function fail(text)
  print("fault: " .. text)
  os.exit(1)
end

local function load_program(text) return assert(load(text, "=program"))() end

-- Runs a program; its trace as text, and how much was disturbed.
local function play(text)
  local p = load_program(text).play()
  local trace, disturbed = table.concat(p.trace, "\n"), p.disturbed
  if p.faults[1] then error(p.faults[1], 0) end
  return trace, disturbed
end

-- The same; afterwards nothing of it may be left.
local function play_clean(text)
  local before = leaks.count()
  local trace, disturbed = play(text)
  local left = leaks.grown(before)
  if left[1] then error("left behind: " .. table.concat(left, ", "), 0) end
  return trace, disturbed
end

-- The same under each collector; the trace, and how much was disturbed. With `more` it is cancelled, too.
local function play_all(text, more)
  local first, disturbed
  for i, start in ipairs(collectors) do
    if i ~= 2 or more then
      start()
      local ok, trace, n = pcall(play_clean, text)
      if not ok then fail(trace) end
      if first and first ~= trace then fail(("collectors differ\n%s\n-- and\n%s"):format(first, trace)) end
      first, disturbed = trace, n
    end
  end
  if not more then return first, disturbed end
  local ok, done = pcall(load_program(text).cancel)
  if not ok then fail((tostring(done):gsub("^([^\n]*)\n%s*(.*)$", "%2\n%1"))) end
  return first, disturbed + done.cancelled
end

-- A number for a text (FNV-1a).
local function hash(text)
  local sum = 0xcbf29ce484222325
  for i = 1, #text do sum = (sum ~ text:byte(i)) * 0x100000001b3 end
  return sum
end

local function memory()
  collectgarbage()
  return collectgarbage "count"
end

local function play_seeds(first, count)
  local settled
  for i = 1, count do
    local seed = first + i - 1
    print("begin " .. seed)
    local trace, disturbed = play_all(program.text(program.generate(seed)), i % MORE_EVERY == 0)
    print(("end %d %x %d"):format(seed, hash(trace), disturbed))
    if i == WARM_UP then settled = memory() end
  end
  local grown = settled and memory() - settled or 0
  if grown > NOISE then fail(("Lua's memory grew by %d KiB"):format(grown)) end
end

io.stdout:setvbuf "line"
if arg[2] then
  play_seeds(math.tointeger(arg[1]), math.tointeger(arg[2]))
else
  local file <close> = assert(io.open(arg[1]))
  print((play_all(file:read "a", true)))
end
