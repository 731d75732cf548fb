--- What the steps of a fuzzed program share: the bytes that choose them, live objects of every kind, and what
--- is known to be wrong. A fault is kept and not raised, because what a step raises may be caught.
local cohort = require "cohort"
local bytes = require "engines.fuzz.bytes"

local world = {}
world.__index = world

local SLOTS = 3

-- Values that steps raise: of every sort that Lua and cohort have.
local Refused = cohort.error_type "Refused"
local failures = { "engines/fuzz/a.lua:1: text", 42, {}, Refused "no",
  cohort.error_group("several", { Refused "a", 43 }), false,
  setmetatable({}, { __tostring = function() return "shown" end }) }
local is_failure = {}
for _, value in ipairs(failures) do is_failure[value] = true end

world.durations = { 0, 0.5, 1, 2, 3.25, 10, 0, math.huge }
world.counts = { 0, 1, 2, 3, 1000, math.huge }
world.matchers = { cohort.Error, Refused, cohort.Timeout, cohort.Closed, cohort.Broken, "text",
  cohort.Cancelled, { cohort.Aborted, cohort.Busy }, function(err) return err == 42 end }

--- @param text string  the input
--- @param makers table<string, function>  by kind: makes an object of it, in a world
function world.new(text, makers)
  local w = { input = bytes.of(text), makers = makers, members = {}, open = {}, latest = 0,
    inside = {}, coroutines = {}, items = {}, item = 0 }
  for kind in pairs(makers) do w[kind] = {} end
  return setmetatable(w, world)
end

--- The first fault stays.
function world:blame(text, ...)
  self.fault = self.fault or debug.traceback(text:format(...), 2)
end

--- Called right before each step: what an earlier one wants to happen in the middle of it is made ready.
function world:arm()
  local make_ready = self.make_ready
  if not make_ready then return end
  self.make_ready = nil
  make_ready()
end

--- A live object of a kind, made if there is none in its place.
function world:get(kind)
  local slot = self.input:pick(SLOTS)
  if not self[kind][slot] then self[kind][slot] = self.makers[kind](self) end
  return self[kind][slot]
end

--- Puts an object in a place of its kind.
function world:put(kind, object) self[kind][self.input:pick(SLOTS)] = object end

function world:duration() return self.input:one_of(world.durations) end

function world:failure() return self.input:one_of(failures) end

-- {{ What an error may be

local function is_ours(err)
  if is_failure[err] or err == 43 or err == nil then return true end
  if type(err) ~= "userdata" and type(err) ~= "table" then return false end
  return cohort.is(err, cohort.Cancelled) or getmetatable(err) ~= nil and err.message ~= nil
end

-- What is raised where a block is closed and no line is running: while an error unwinds, or at a task's end.
local lineless = { "^a %l+ is closed by the task", "^a %l+ was left open by a coroutine that will not go on",
  "^a group that was cancelled could not end where it was closed", "^as_completed goes on only in the task",
  "^the coroutine of this task was closed or resumed", "^the error of this task is lost",
  "^what this coroutine had open was closed while it was suspended" }

-- Lua's words for a yield where it cannot, and ours for the same.
local is_of_yield = { ["attempt to yield across a C-call boundary"] = true,
  ["attempt to yield from outside a coroutine"] = true }

local function check_text(w, text)
  for _, pattern in ipairs(lineless) do
    if text:find(pattern) then return end
  end
  if is_of_yield[text] then return end
  local is_ours_to_mend = text:find "^[^\n]*engines/fuzz[/_]%a+%.lua:%d+: "
  local is_misuse = is_ours_to_mend and not text:find("attempt to ", 1, true)
  if not is_misuse then w:blame("raised %q", text) end
end

local function check_leaf(w, err)
  if type(err) == "string" then check_text(w, err)
  elseif not is_ours(err) then w:blame("raised %s: %s", type(err), tostring(err)) end
end

--- Keeps a fault when `err` is nothing that cohort promises to raise: what we raised ourselves, an error
--- value of its own, or misuse at a line of ours.
function world:check_error(err)
  if not is_failure[err] and cohort.is(err, cohort.ErrorGroup) then
    for leaf in err:leaves() do check_leaf(self, leaf) end
  else
    check_leaf(self, err)
  end
end

-- }}

-- {{ What must hold

--- Time does not go backwards.
function world:check_time()
  local now = cohort.now()
  if now < self.latest then self:blame("it was %s and is %s", self.latest, now) end
  self.latest = now
end

--- At most `most` at a time are between `enter` and `leave`.
function world:enter(what, most)
  self.inside[what] = (self.inside[what] or 0) + 1
  if self.inside[what] > most then self:blame("%d at once in %s", self.inside[what], tostring(what)) end
end

function world:leave(what) self.inside[what] = self.inside[what] - 1 end

--- An item that was never sent before.
function world:new_item()
  self.item = self.item + 1
  return self.item
end

--- What a channel gave must have been sent, and comes once.
function world:take_item(item)
  if item == nil then return end
  local was_sent = math.type(item) == "integer" and item >= 1 and item <= self.item
  if not was_sent then self:blame("got %s", tostring(item)) end
  if self.items[item] then self:blame("got item %d twice", item) end
  self.items[item] = true
end

local ended = { done = true, failed = true, cancelled = true }

--- From now on a coroutine may be resumed or closed by Lua's own library while it waits: its blocks are left,
--- and what they opened is closed later, with its task.
function world:be_rough() self.rough = true end

--- Lua's own library closes a coroutine, unless that stands inside of `xpcall`, or of a scope: Lua 5.4.4 does
--- not forget the handler of errors, and calls what lies in its place when a `__close` raises.
function world:close_by_hand(co)
  local _, c_functions = debug.traceback(co):gsub("%[C%]: in", "")
  if c_functions > 2 then return end  -- where it waits, and at the bottom
  self:be_rough()
  pcall(coroutine.close, co)
end

--- Remembers a task of a group; later, that all of them have ended.
function world:add_task(g, task)
  self.members[g] = self.members[g] or {}
  table.insert(self.members[g], task)
  return task
end

function world:check_ended(g)
  if self.rough then return end
  for _, task in ipairs(self.members[g] or {}) do
    local status = task:status()
    if not ended[status] then self:blame("a group ended before %s, which is %s", task.name, status) end
  end
end

-- }}

return world
