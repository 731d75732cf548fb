--- Streams: a producer that runs on demand, as an iterator.
---
--- The producer is a task of its own, in a group that the iterator holds open for whoever made it: so it may
--- emit inside scopes and groups, where a coroutine could not yield. A relay of the core passes its values to
--- whoever asks; between two values the producer waits in `emit`.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"

local stream = {}

local is_callable, is_cancelled, note, raise = core.is_callable, core.is_cancelled, core.note, core.raise

--- @class cohort.Producer   private
--- @field group cohort.Group
--- @field owner cohort.Task
--- @field f fun(emit: fun(...))?  until the producer starts
--- @field open boolean           its group has not been closed yet
--- @field ended boolean?         nothing more comes
--- @field closed boolean?        its owner wants no more
--- @field task cohort.Task?      the producer, once it has started
--- @field begun cohort.Event?     set at that time, if others have asked before
--- @field ask fun(): ...         of its relay, like the four below
--- @field emit fun(...)
--- @field finish fun(failed: boolean?, err: any)
--- @field failure fun(): boolean, any
--- @field check fun()
local Stream = { __name = "cohort.stream" }

local function check_owner(self)
  if core.current_task() == self.owner then return end
  misuse "a stream is closed by the task that made it"
end

-- {{ The producer

-- Whatever ends the producer, those who ask are told.
local Ending = {}

local function let_others_ask(self)
  if self.begun then self.begun:set() end
end

function Ending:__close()
  let_others_ask(self.stream)
  self.stream.finish()
end

-- Runs in a scope of its own, so that what `f` left open is closed before its end is reported.
local function run(f, emit)
  core.move_on_after(math.huge, f, emit)
end

local function produce(started, self, f)
  local _ <close> = setmetatable({ stream = self }, Ending)
  self.task = core.current_task()
  self.task.name = "stream"
  started()
  let_others_ask(self)
  local ok, err = xpcall(run, note, f, self.emit)
  if ok then return end
  if is_cancelled(err) then raise(err) end
  self.finish(true, err)
end

-- Once it has started, the producer reports its end. A failure before that, for lack of memory, is raised
-- here, and is the end for others who have asked meanwhile. So is a stream that was closed before it could
-- start.
local function start(self)
  local f = self.f
  self.f = nil
  local ok, err = pcall(core.shield, self.group.start, self.group, produce, self, f)
  if ok then return end
  self.ended = true
  self.finish()
  let_others_ask(self)
  if not self.closed then raise(err) end
end

-- Waits until the producer has started, because another task has asked before and has its turn first.
local function await_start(self)
  self.begun = self.begun or core.event()
  self.begun:wait()
end

-- }}

-- {{ The end

local function close_group(self)
  self.open = false
  local _ <close> = self.group
end

-- Nothing more comes. If something opened after the group is still open inside it, the group ends with its
-- block.
local function finish(self)
  self.ended = true
  core.hush(self.group)
  if self.open and core.current_task() == self.owner and core.can_end(self.group) then close_group(self) end
  self.check()
end

-- Raises what must go on when `err` was on its way and the end of the group raised `raised`, if anything.
local function go_on(self, err, raised)
  if err == nil or is_cancelled(err) then
    self.check()
    if raised ~= nil and not rawequal(raised, err) then raise(raised) end
    return
  end
  local failed, failure = self.failure()
  if not failed then failure = raised end
  if failure == nil or is_cancelled(failure) then return end
  raise(core.error_group("an error, and that of a stream that it left", { err, failure }))
end

function Stream:__close(err)
  if not self.open then return end
  check_owner(self)
  if not self.ended then self.group:cancel("the stream was closed") end
  self.ended, self.closed = true, true
  local ok, raised = pcall(close_group, self)
  self.finish()
  go_on(self, err, not ok and raised or nil)
end

-- }}

local function hand_on(self, first, ...)
  if first ~= nil then return first, ... end
  finish(self)
  if self.task and self.task:status() == "cancelled" and not self.closed then raise(self.task:error()) end
  return nil
end

function Stream:__call()
  if self.ended or self.f then object.test() end
  if self.ended then return nil end
  if self.f then start(self) elseif not self.task then await_start(self) end
  return hand_on(self, self.ask())
end

function Stream:__tostring()
  return ("stream (%s)"):format(self.ended and "ended" or self.f and "not begun" or "open")
end

--- Returns an iterator over what `f(emit)` emits.
---
--- `f` runs in a task, on demand: it begins when the first value is asked for, and `emit(value, ...)` returns
--- when the next one is. What it raises is raised, bare, by the step that asked.
--- @async
--- @param f fun(emit: fun(...))
--- @return fun(): ...
function stream.stream(f)
  if not is_callable(f) then
    misuse("stream expects a function, got %s: write stream(function(emit) ... end)", type(f))
  end
  object.check_task "stream"
  local self = { f = f, owner = core.current_task(), open = true }
  self.ask, self.emit, self.finish, self.failure, self.check = core.relay()
  self.group = core.open_iterator({ name = "stream", on_error = "collect" },
    "this stream was left open: write 'local s <close> = cohort.stream(...)' before its loop")
  return setmetatable(self, Stream)
end

return stream
