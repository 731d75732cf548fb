--- Runs a program in many orders of its tasks, and finds the one in which it fails.
---
--- Tasks switch only where they wait or might wait, so a program is determined by which of the ready tasks
--- runs next, each time that there are two or more. Each such time is a choice; number 1 is what the plain
--- order picks. A plan says at which choices another is picked: {[7] = 2} means the second at the seventh
--- choice.
---
--- First come all plans without deviations, then with one, with two: most bugs need few. They are derived
--- from the choices there were in the run of the plan that is one deviation shorter, so each order is run
--- once. Then, if runs are left, picks are random. A plan that fails is shrunk, by leaving out parts of it.
local core = require "cohort.core"
local option = require "cohort.option"
local arguments = require "cohort.testing.arguments"

local explore = {}

local expects = option.expects

local RUNS = 1000
local SHRINK_RUNS_MAX = 1000

---------------------------------------------------------------------------
-- One run

-- Runs f, calling pick(at, tasks) at each choice. `sizes` has the number of tasks at each.
local function run(f, pick)
  local sizes = {}
  local function schedule(tasks)
    if #tasks < 2 then return nil end
    sizes[#sizes + 1] = #tasks
    return pick(#sizes, tasks)
  end
  local run_options = { clock = core.clock { autojump = true }, signals = false, schedule = schedule }
  local ok, err = pcall(core.run, run_options, f)
  return { ok = ok, err = err, sizes = sizes }
end

-- Runs f by a plan. At a choice with fewer tasks than the plan picks from, the last is picked.
local function run_plan(f, plan)
  return run(f, function(at, tasks) return math.min(plan[at] or 1, #tasks) end)
end

local function places_of(plan)
  local places = {}
  for at in pairs(plan) do places[#places + 1] = at end
  table.sort(places)
  return places
end

-- A plan in Lua's syntax.
local function literal(plan)
  local parts = {}
  for i, at in ipairs(places_of(plan)) do parts[i] = ("[%d] = %d"):format(at, plan[at]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

---------------------------------------------------------------------------
-- Shrinking

local function without(plan, places, from, to)
  local fewer = {}
  for i, at in ipairs(places) do
    if i < from or i > to then fewer[at] = plan[at] end
  end
  return fewer
end

-- Leaves out deviations that are not needed: halves first, then smaller parts.
local function drop(fails, plan)
  local places = places_of(plan)
  local size = #places
  while size >= 1 do
    local from = 1
    while from <= #places do
      local fewer = without(plan, places, from, from + size - 1)
      if fails(fewer) then plan, places = fewer, places_of(fewer) else from = from + size end
    end
    size = size // 2
  end
  return plan
end

local function with(plan, at, pick)
  local other = { [at] = pick }
  for place, value in pairs(plan) do other[place] = other[place] or value end
  return other
end

-- Lowers each pick to the earliest task that still fails.
local function lower(fails, plan)
  for _, at in ipairs(places_of(plan)) do
    for pick = 2, plan[at] - 1 do
      local less = with(plan, at, pick)
      if fails(less) then
        plan = less
        break
      end
    end
  end
  return plan
end

-- The shortest plan found that fails as well, and how many runs finding it took.
local function shrink(f, plan)
  local count = 0
  local function fails(shorter)
    if count == SHRINK_RUNS_MAX then return false end
    count = count + 1
    return not run_plan(f, shorter).ok
  end
  plan = lower(fails, drop(fails, plan))
  return plan, count
end

---------------------------------------------------------------------------
-- Reporting

local function describe(task)
  if not task then return "a task that has no name any more" end
  local line = core.line_of(task)
  return ("task '%s' (%s)"):format(task.name, line == "?" and "not begun" or line)
end

-- Runs a plan once more, and describes for each deviation which task went before which.
local function run_telling(f, plan)
  local lines = {}
  local result = run(f, function(at, tasks)
    local pick = math.min(plan[at] or 1, #tasks)
    if pick > 1 then
      lines[#lines + 1] = ("  at choice %d, %s went before %s"):format(at, describe(tasks[pick]),
        describe(tasks[1]))
    end
    return pick
  end)
  return result, lines
end

local function fail(f, plan, err, how)
  local result, lines = run_telling(f, plan)
  if result.ok then
    lines[#lines + 1] = "  though not when it was tried again: it depends on more than the order of its tasks"
  else
    err = result.err
  end
  table.insert(lines, 1, ("explore: the function fails in %s of its tasks (%s)"):format(
    next(plan) and "this order" or "the plain order", how))
  lines[#lines + 1] = ("  to see it again: explore({replay = %s}, f)"):format(literal(plan))
  lines[#lines + 1] = core.text_of(err)
  error(core.Error { message = table.concat(lines, "\n"), cause = err, replay = plan }, 0)
end

---------------------------------------------------------------------------
-- Exploring

-- The state of an exploration: runs so far, orders seen.
local Search = {}
Search.__index = Search

-- Raises when the run of `plan` failed.
function Search:judge(plan, result)
  self.runs = self.runs + 1
  local key = literal(plan)
  if not self.seen[key] then self.seen[key], self.schedules = true, self.schedules + 1 end
  if result.ok then return end
  local shortest, count = shrink(self.f, plan)
  fail(self.f, shortest, result.err, ("found in run %d, shrunk in %d more"):format(self.runs, count))
end

-- The plan of a deviation: that of the run it deviates from, plus itself.
local function plan_of(deviation)
  local plan = {}
  while deviation.at do
    plan[deviation.at] = deviation.pick
    deviation = deviation.parent
  end
  return plan
end

-- Adds every deviation that can follow `deviation`, which was run, until there are `room` in the list.
-- Returns whether there were more.
local function add_next(list, deviation, sizes, room)
  for at = (deviation.at or 0) + 1, #sizes do
    for pick = 2, sizes[at] do
      if #list >= room then return true end
      list[#list + 1] = { parent = deviation, at = at, pick = pick, size = sizes[at] }
    end
  end
  return false
end

-- Up to a deviation everything must be as in the run it deviates from; else more than order matters.
local function check_same(deviation, sizes)
  local size = deviation.at and sizes[deviation.at]
  if size == deviation.size then return end
  error(core.Error(("explore: the function does not do the same when its tasks run in the same order: at "
    .. "choice %d there were %d of them ready, and then %d. Make in it what it works with, and let nothing "
    .. "outside change what it does, as math.random does without math.randomseed(n) in it"):format(
      deviation.at, deviation.size, size or 0)), 0)
end

-- Runs all plans of 0, 1, 2... deviations, up to `limit`. Returns whether there were no others.
function Search:systematic(limit, budget)
  local layer, cut = { {} }, false
  local depth = 0
  while #layer > 0 and depth <= limit do
    local after = {}
    for _, deviation in ipairs(layer) do
      local plan = plan_of(deviation)
      local result = run_plan(self.f, plan)
      self:judge(plan, result)
      check_same(deviation, result.sizes)
      cut = add_next(after, deviation, result.sizes, budget - self.runs) or cut
    end
    for i = #after, budget - self.runs + 1, -1 do after[i], cut = nil, true end
    layer, depth = after, depth + 1
  end
  return #layer == 0 and not cut
end

-- Random integers from 1 to n, the same for the same seed (splitmix64).
local function random_from(seed)
  return function(n)
    seed = seed + 0x9E3779B97F4A7C15
    local x = (seed ~ (seed >> 30)) * 0xBF58476D1CE4E5B9
    x = (x ~ (x >> 27)) * 0x94D049BB133111EB
    return ((x ~ (x >> 31)) >> 1) % n + 1
  end
end

-- One random run: it deviates at one choice in 2, 4, 8... on average, in rotation.
function Search:random(seed)
  local random, plan = random_from(seed), {}
  local rarity = 2 ^ (1 + seed % 5) | 0
  local result = run(self.f, function(at, tasks)
    if random(rarity) > 1 then return 1 end
    plan[at] = 1 + random(#tasks - 1)
    return plan[at]
  end)
  self:judge(plan, result)
end

local function expects_plan(value)
  if type(value) ~= "table" then return "a table of choices, as the error has it" end
  for at, pick in next, value do
    if expects.count(at) or expects.count(pick) then
      return "whole numbers of 1 or more by whole numbers"
    end
  end
end

local function expects_preemptions(value)
  local is = value == 0 or not expects.limit(value)
  return not is and "a whole number of 0 or more, or math.huge" or nil
end

local known = option.known {
  runs = expects.count, preemptions = expects_preemptions, seed = expects.count, replay = expects_plan,
}

--- Runs `f` as the root task of new runtimes, in many orders of its tasks.
---
--- See the reference for the options, and the top of this file for the method.
--- @param options? {runs: integer?, preemptions: number?, seed: integer?, replay: table<integer, integer>?}
--- @param f async fun()
--- @return {runs: integer, schedules: integer, exhaustive: boolean}
function explore.explore(options, f)
  local plan
  options, f = arguments.read("explore", options, f, known)
  arguments.check_outside("explore")
  plan = options.replay
  if plan then
    local result = run_plan(f, plan)
    if not result.ok then fail(f, plan, result.err, "replayed") end
    return { runs = 1, schedules = 1, exhaustive = false }
  end
  local search = setmetatable({ f = f, runs = 0, schedules = 0, seen = {} }, Search)
  local runs, seed = options.runs or RUNS, options.seed or 1
  local exhaustive = search:systematic(options.preemptions or math.huge, math.max(runs // 2, 1))
  while not exhaustive and search.runs < runs do search:random(seed + search.runs) end
  return { runs = search.runs, schedules = search.schedules, exhaustive = exhaustive }
end

return explore
