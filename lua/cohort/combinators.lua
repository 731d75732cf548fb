--- Combinators: gather, race, any, map, as_completed.
---
--- Each is a group and a few lines of policy, built of the same public pieces that a
--- script has. What they start has ended when they return, however they return.
local core = require "cohort.core"

local combinators = {}

local error_is, is_cancelled = core.error_is, core.is_cancelled

local function is_callable(value)
  if type(value) == "function" then return true end
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__call") ~= nil
end

--- Raises at the line that called the combinator.
local function misuse(format, ...)
  error(format:format(...), 4)
end

local function check_functions(functions, who, least)
  if type(functions) ~= "table" or is_callable(functions) then
    misuse("%s expects a list of functions, got %s: write %s{f, g}", who, type(functions), who)
  end
  local n = rawlen(functions)
  for i = 1, n do
    local f = rawget(functions, i)
    if not is_callable(f) then
      misuse("%s expects functions, got %s at %d: write the function itself, not a call of it", who, type(f), i)
    end
  end
  if n < least then misuse("%s expects at least one function", who) end
  return n
end

local function check_options(options, known, who)
  if type(options) ~= "table" or is_callable(options) then
    misuse("%s expects a table of options first, got %s", who, type(options))
  end
  for key in next, options do
    if key ~= known then
      misuse("%s has no option '%s': did you mean '%s'?", who, tostring(key), known)
    end
  end
  return rawget(options, known)
end

--- The results of each function in its place, nils included.
local function gather_all(functions, n)
  local results = { n = n }
  core.group({ name = "gather" }, function(g)
    for i = 1, n do
      g:spawn(function() results[i] = (functions[i]()) end).name = "gather " .. i
    end
  end)
  return results
end

--- How one function ended, never raising but for a cancellation from outside.
local function settle(f)
  local task
  core.group({ name = "settle", on_error = "collect" }, function(g)
    task = g:spawn(f)
  end)
  return task
end

--- What a function that must not fail its group did: a record.
local function record_of(f)
  local ok, result = pcall(settle, f)
  if ok then
    local err = result:error()
    if err ~= nil then return { ok = false, error = err } end
    return { ok = true, value = (result:result()) }
  end
  if error_is(result, core.ErrorGroup) then return { ok = false, error = result.errors[1] } end
  error(result, 0)
end

local function gather_settled(functions, n)
  local results = { n = n }
  core.group({ name = "gather" }, function(g)
    for i = 1, n do
      g:spawn(function() results[i] = record_of(functions[i]) end).name = "gather " .. i
    end
  end)
  return results
end

--- Runs all functions at once and returns a list of their first results, in order.
---
--- Returns when all have ended. The first failure cancels the rest and is raised as
--- an `ErrorGroup`, with those of the others. With `{settle = true}` first nothing is
--- cancelled: the list has `{ok = true, value = v}` or `{ok = false, error = e}` for
--- each. A cancellation of the caller cancels all and comes out, in both forms.
--- @async
--- @param options {settle: boolean}|(async fun(): any)[]
--- @param functions? (async fun(): any)[]
--- @return {n: integer, [integer]: any}
function combinators.gather(options, functions)
  local settled = false
  if functions ~= nil then
    settled = check_options(options, "settle", "gather")
    if type(settled) ~= "boolean" and settled ~= nil then
      error(("option 'settle' expects true or false, got %s"):format(type(settled)), 2)
    end
  else
    functions = options
  end
  local n = check_functions(functions, "gather", 0)
  if settled then return gather_settled(functions, n) end
  return gather_all(functions, n)
end

--- Spawns a function whose end `ended(i, ok, ...)` is told, and that fails nothing.
local function spawn_watched(g, who, i, f, ended)
  g:spawn(function()
    local result = table.pack(pcall(f))
    if not result[1] and is_cancelled(result[2]) then error(result[2], 0) end
    ended(i, table.unpack(result, 1, result.n))
  end).name = who .. " " .. i
end

--- One error, or a group of them, with the message of a combinator.
local function raise_all(who, errors)
  error(core.error_group(("%s failed"):format(who), errors), 0)
end

--- The first to end, as a function of what it tells.
local function first_to_end(who, functions, n, wins)
  local winner, errors = nil, {}
  core.group({ name = who }, function(g)
    for i = 1, n do
      spawn_watched(g, who, i, functions[i], function(_, ok, ...)
        if winner == nil and wins(ok) then
          winner = table.pack(ok, ...)
          errors = {}
          g:cancel("another one won")
        end
        if not ok then errors[#errors + 1] = core.error_box((...)) end
      end)
    end
  end)
  if #errors > 0 then raise_all(who, errors) end
  return table.unpack(winner, 2, winner.n)
end

--- Runs all functions and returns the results of the first one to end.
---
--- The others are cancelled and waited for. When the first one failed, or one that
--- was cancelled crashes, an `ErrorGroup` is raised and no value returned. Of several
--- that end in the same pass the first in the list wins.
--- @async
--- @param functions (async fun(): ...)[]  at least one
--- @return any ...
function combinators.race(functions)
  local n = check_functions(functions, "race", 1)
  return first_to_end("race", functions, n, function() return true end)
end

--- Runs all functions and returns the results of the first one to succeed.
---
--- The others are cancelled and waited for; failures before the success are
--- forgotten. Raises an `ErrorGroup` when all fail, or when one crashes while it is
--- cancelled.
--- @async
--- @param functions (async fun(): ...)[]  at least one
--- @return any ...
function combinators.any(functions)
  local n = check_functions(functions, "any", 1)
  return first_to_end("any", functions, n, function(ok) return ok end)
end

--- Calls `f(item, i)` for each item of a list, at most `limit` at once.
---
--- Returns the list of first results, in order, when all have ended. The first
--- failure cancels the rest and is raised as an `ErrorGroup`.
--- @async
--- @generic T
--- @param options {limit: integer}|T[]
--- @param list T[]|async fun(item: T, i: integer): any
--- @param f? async fun(item: T, i: integer): any
--- @return {n: integer, [integer]: any}
function combinators.map(options, list, f)
  local limit
  if f ~= nil then
    limit = check_options(options, "limit", "map")
  else
    options, list, f = nil, options, list
  end
  if type(list) ~= "table" then
    error(("map expects a list, got %s: write map(list, f)"):format(type(list)), 2)
  elseif not is_callable(f) then
    error(("map expects a function after the list, got %s"):format(type(f)), 2)
  elseif limit ~= nil and not (limit == math.huge or math.type(limit) == "integer" and limit >= 1) then
    error("option 'limit' expects a whole number of 1 or more", 2)
  end
  local results = { n = #list }
  core.group({ name = "map", limit = limit }, function(g)
    for i = 1, results.n do
      g:spawn(function(item) results[i] = (f(item, i)) end, list[i]).name = "map " .. i
    end
  end)
  return results
end

-- The iterator of as_completed: a group that is open until all were taken, or it is closed.
local Completed = { __name = "cohort.as_completed" }

-- Ends the group; its failures are raised. The rest of it is cancelled first.
local function finish(self)
  local group = self.group
  self.group = nil
  if #self.ended < self.n then group:cancel("the loop was left") end
  getmetatable(group).__close(group, nil)
end

function Completed:__close()
  if self.group ~= nil then finish(self) end
end

-- Waits until one more has ended; who ends cancels the scope of this wait.
local function await(self)
  core.scope(function(scope)
    self.waiting = scope
    core.sleep_forever()
  end)
  self.waiting = nil
end

function Completed:__call()
  if self.group == nil then return nil end
  if self.taken == self.n then return finish(self) end
  local fine, err = true, nil
  if #self.ended == self.taken then fine, err = pcall(await, self) end
  if not fine then
    finish(self)
    error(err, 0)
  end
  self.taken = self.taken + 1
  local i = self.ended[self.taken]
  return i, self.values[i]
end

function Completed:__tostring()
  return ("as_completed (%d of %d taken)"):format(self.taken, self.n)
end

--- Runs all functions at once; an iterator over index and first result as each ends.
---
--- Each step is a checkpoint and waits for the next one. A failure cancels the rest
--- and is raised, as an `ErrorGroup`, by the step. A loop that may be left early is
--- written over `local it <close> = cohort.as_completed(fs)`: leaving it cancels the
--- rest and waits for them.
--- @async
--- @param functions (async fun(): any)[]
--- @return fun(): integer?, any
function combinators.as_completed(functions)
  local n = check_functions(functions, "as_completed", 0)
  local self = setmetatable({ n = n, taken = 0, ended = {}, values = {} }, Completed)
  self.group = core.open_group({ name = "as_completed" }, 2,
    "this as_completed loop was left early: write 'local it <close> = cohort.as_completed(...)' before it")
  for i = 1, n do
    self.group:spawn(function()
      self.values[i] = (functions[i]())
      self.ended[#self.ended + 1] = i
      if self.waiting then self.waiting:cancel() end
    end).name = "as_completed " .. i
  end
  return self
end

return combinators
