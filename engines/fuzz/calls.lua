--- Fuzzes sequences of calls: the bytes of an input are a program of steps on live objects, in tasks of one
--- run with virtual time, which take their steps from the same bytes in the order in which they run.
---
--- After each: no step has raised what cohort does not promise, every `<close>` ran once, no group ended
--- before its tasks, no lock had two inside, every item came once, every byte in its place, and nothing is
--- left.
local cohort = require "cohort"
local testing = require "cohort.testing"
local watched = require "engines.fuzz.watched"
local world = require "engines.fuzz.world"
local steps = require "engines.fuzz.steps"
require "engines.fuzz.shared"
require "engines.fuzz.flows"

local DEPTH_MAX, STEPS_MAX = 8, 6

local calls = { counts = {} }

-- One step. What it raises is looked at; a cancellation goes on, of the rest every other.
local function take(w, depth)
  local chosen = w.input:one_of(steps.list)
  calls.counts[chosen.name] = (calls.counts[chosen.name] or 0) + 1
  local body = function() return w.script(depth + 1) end
  w:arm()
  local ok, err = pcall(chosen.f, w, body)
  w:check_time()
  if ok then return end
  w.reached = true
  w:check_error(err)
  if cohort.is(err, cohort.Cancelled) or w.input:next() & 1 == 1 then error(err, 0) end
end

-- A value whose end is known, and may wait. Not in a coroutine, which may be left where it is. A hook may run
-- other blocks between any two instructions, so what is open is noted by one.
local function guard(w)
  local is_known = not w.coroutines[cohort.coroutine.running()]
  local block = setmetatable({}, { __close = function(self)
    if is_known and not w.open[self] and not w.rough then w:blame "a block ended twice" end
    w.open[self] = nil
    if w.input:next() & 3 == 3 then cohort.sleep(1) end
  end })
  w.open[block] = is_known or nil
  return block
end

local function script(w, depth)
  local _ <close> = guard(w)
  if depth > DEPTH_MAX or w.ended then return end
  for _ = 1, w.input:pick(STEPS_MAX) do
    if w.input:is_over() then return end
    take(w, depth)
  end
  return depth
end

local function main(w)
  return cohort.group({ on_error = "collect" }, function(g)
    w.root = g
    while not w.input:is_over() do
      w:add_task(g, g:spawn(w.script))
      cohort.checkpoint()
    end
  end)
end

--- Runs one program; the fault, or nil, and the world.
function calls.run(text)
  local w = world.new(text, steps.makers)
  w.clock = testing.clock { autojump = true }
  function w.script(depth) return script(w, math.type(depth) == "integer" and depth or 1) end
  local seed = w.input:next()
  local options = { clock = w.clock, signals = false, seed = seed > 127 and seed or nil }
  local ok, err = pcall(cohort.run, options, main, w)
  w.ended = true  -- what is collected later takes no steps
  if not ok then w:check_error(err) end
  for g in pairs(w.members) do w:check_ended(g) end
  if next(w.open) and not w.rough then w:blame "a block began and did not end" end
  return w.fault, w
end

calls.one = watched(function(text)
  local fault, w = calls.run(text)
  if fault then error(fault, 0) end
  return w.reached
end)

return setmetatable(calls, { __call = function(_, text) return calls.one(text) end })
