--- The work whose instructions the gate counts.
---
---     lua5.4 bench/gate/work.lua NAME N
---
--- Does operation NAME N times (N is a multiple of 1000) and prints nothing. Two runs of different N, and the
--- difference of what they cost, leave start-up out of the count.
local cohort = require "cohort"

local name, n = arg[1], tonumber(arg[2])

local function nothing() end

--- n tasks, `size` to a group.
local function spawn_join(size)
  for _ = 1, n // size do
    cohort.group(function(g)
      for _ = 1, size do g:spawn(nothing) end
    end)
  end
end

local works = {}

--- A checkpoint and back, two tasks taking turns.
function works.switch()
  local function turns()
    for _ = 1, n // 2 do cohort.checkpoint() end
  end
  cohort.group(function(g)
    g:spawn(turns)
    g:spawn(turns)
  end)
end

works["spawn and join, 1000 in a group"] = function() spawn_join(1000) end
works["spawn and join, 10 in a group"] = function() spawn_join(10) end
works["spawn and join, 1 in a group"] = function() spawn_join(1) end

--- A time limit around what returns at once.
works["timeout"] = function()
  for _ = 1, n do cohort.fail_after(10, nothing) end
end

--- A task that blocks, and is cancelled with its group of 1000.
works["cancel"] = function()
  for _ = 1, n // 1000 do
    cohort.group(function(g)
      for _ = 1, 1000 do g:spawn(cohort.sleep_forever) end
      cohort.checkpoint()
      g:cancel()
    end)
  end
end

--- A group of ten: one fails, nine are cancelled, the error is matched.
works["failing group"] = function()
  local failure = cohort.error_type "Failure"
  local function fail() error(failure "why") end
  local function body(g)
    for _ = 1, 9 do g:spawn(cohort.sleep_forever) end
    g:spawn(fail)
  end
  for _ = 1, n do
    local _, err = pcall(cohort.group, body)
    assert(cohort.is(err:sole(), failure))
  end
end

--- The same without cohort, for scale: a coroutine made, run and dropped; a yield and back.
works["bare create and resume"] = function()
  for _ = 1, n do coroutine.resume(coroutine.create(nothing)) end
end

works["bare switch"] = function()
  local co = coroutine.create(function() while true do coroutine.yield() end end)
  for _ = 1, n do coroutine.resume(co) end
end

cohort.run(assert(works[name], "no such work: " .. tostring(name)))
