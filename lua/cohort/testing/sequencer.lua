--- Sequencers: blocks of code in several tasks, run in the order of their numbers.
---
--- Block `n + 1` waits for an event that the end of block `n` sets; block 0 waits for nothing. If a task is
--- cancelled while it waits for its turn, later turns can never come: this breaks the sequence for all.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"

local sequencer = {}

--- @class cohort.SequencerState   private
--- @field turns table<integer, cohort.Event>  set when the turn of that number comes
--- @field taken table<integer, boolean>       numbers that were used
--- @field broken integer?                     number of the block that was cancelled

local Sequencer = { __name = "cohort.Sequencer", __newindex = object.refuse_assignment "sequencer" }

-- The rest of a block; its end begins the turn of the next.
local Block = {}

function Block:__close()
  self.next:set()
end

local function turn(s, n)
  if not s.turns[n] then s.turns[n] = core.event() end
  return s.turns[n]
end

local function check_position(n)
  local is_number = type(n) == "number"
  if is_number and math.tointeger(n) and n >= 0 then return math.tointeger(n) end
  misuse("a sequencer expects a whole number of 0 or more, got %s: write local _ <close> = seq(0)",
    is_number and ("%.14g"):format(n) or type(n))
end

local function raise_broken(s)
  local message = "the sequence is broken: block %d was cancelled while it waited for its turn"
  error(core.Broken { message = message:format(s.broken), operation = "sequencer" }, 0)
end

-- Wakes everybody else who waits, to raise that the sequence is broken.
local function broke(s, n)
  s.broken = s.broken or n
  for _, event in pairs(s.turns) do event:set() end
end

-- Closed when the wait for a turn has ended, in whatever way.
local Wait = {}

function Wait:__close(err)
  if err ~= nil then broke(self.state, self.n) end
end

local function await_turn(s, n)
  local _ <close> = setmetatable({ state = s, n = n }, Wait)
  turn(s, n):wait()
end

function Sequencer:__call(n)
  local s = rawget(self, 1)
  n = check_position(n)
  if s.taken[n] then
    misuse("block %d of this sequencer exists already: each number is used once", n)
  end
  object.check_task "a sequencer"
  if s.broken then raise_broken(s) end
  s.taken[n] = true
  await_turn(s, n)
  if s.broken then raise_broken(s) end
  return setmetatable({ next = turn(s, n + 1) }, Block)
end

function Sequencer:__tostring()
  local s, count = rawget(self, 1), 0
  for _ in pairs(s.taken) do count = count + 1 end
  return s.broken and "sequencer (broken)" or ("sequencer (%d taken)"):format(count)
end

--- Makes a sequencer: `local _ <close> = seq(n)` waits until the blocks of all smaller numbers have ended.
--- @return cohort.Sequencer
function sequencer.sequencer()
  local s = { turns = {}, taken = {} }
  turn(s, 0):set()
  return setmetatable({ s }, Sequencer)
end

return sequencer
