--- Counts what happened in programs, so that a run which never tried something is no success.
local program = require "engines.model.program"

local census = {}
census.__index = census

--- What must have happened: a kind of line in the trace, a pattern of its outcome, and for some that others
--- ran while the step waited.
local outcomes = {
  { "a wait was cancelled", "sleep", "^raised Cancelled", waited = true },
  { "a time limit cut its block quietly", "move_on", "^returned false" },
  { "a time limit raised Timeout", "fail_after", "^raised Timeout" },
  { "a block with a time limit was cancelled by hand", "fail_after", "^raised Aborted%(cancel%)" },
  { "a cancellation passed a scope that is not its own", "move_on", "^raised Cancelled" },
  { "a shield held", "shield", "^returned %d+ true", waited = true },
  { "Cancelled was swallowed", "catch", "^returned caught Cancelled" },
  { "an error of clean-up joined another", "finally", "^raised group{[^{}]+, " },
  { "a task failed", "task", "^raised e" },
  { "a task was cancelled", "task", "^raised Cancelled" },
  { "a group failed", "group", "^raised group{" },
  { "a block with a group failed", "group_block", "^raised group{" },
  { "a block with a time limit raised Timeout", "scope_block", "^raised Timeout" },
  { "a group failed with several errors", "group", "^raised group{[^{}]+, " },
  { "a group failed in a group", "group", "^raised group{group{" },
  { "a group was cut quietly", "group", "^returned$" },
  { "a group let a cancellation through", "group", "^raised Cancelled" },
  { "a spawner waited for a place", "spawn", "^returned", waited = true },
  { "a spawner that waited for a place was cancelled", "spawn", "^raised Cancelled", waited = true },
  { "a start failed bare", "start", "^raised [em]%d" },
  { "a start was cancelled", "start", "^raised Cancelled" },
  { "a task that had started was cancelled", "started task", "^raised Cancelled" },
  { "a task that had started failed", "started task", "^raised e" },
  { "a join raised the error of a task", "join", "^raised e" },
  { "a join raised Aborted", "join", "^raised Aborted" },
  { "an event woke a task", "wait", "^returned", waited = true },
  { "an item was handed to a receiver", "receive", "^returned %d", waited = true },
  { "an item was taken from a sender", "send", "^returned", waited = true },
  { "a receiver was told of the end", "receive", "^returned nil" },
  { "a sender lost its receiver", "send", "^raised Broken" },
  { "a lock was handed over", "acquire", "^returned", waited = true },
  { "a lock broke", "with_lock", "^raised Broken" },
  { "a deadlock was raised", "run", "^raised Deadlock" },
}

local by_kind = {}
for _, outcome in ipairs(outcomes) do
  local kind = outcome[2]
  by_kind[kind] = by_kind[kind] or {}
  table.insert(by_kind[kind], outcome)
end

--- Kinds of steps that disturb others.
local disturbing = {
  fail = true, cancel_scope = true, cancel_group = true, cancel_task = true,
  set_deadline = true, set_shield = true, close_sender = true, close_receiver = true,
}

local function is_disturbing(line)
  return disturbing[line.kind] or line.kind == "move_on" and line.outcome == "returned false"
    or line.kind == "fail_after" and line.outcome == "raised Timeout"
end

function census.new()
  return setmetatable({ steps = {}, outcomes = {}, disturbed = 0 }, census)
end

local function increment(counts, name)
  counts[name] = (counts[name] or 0) + 1
end

--- Adds what is in a trace.
function census:add(trace)
  for _, line in ipairs(trace) do
    if line.outcome ~= "returned absent" then
      increment(self.steps, line.kind)
      if is_disturbing(line) then self.disturbed = self.disturbed + 1 end
      for _, outcome in ipairs(by_kind[line.kind] or {}) do
        local is_it = line.outcome:find(outcome[3]) and (line.has_waited or not outcome.waited)
        if is_it then increment(self.outcomes, outcome[1]) end
      end
    end
  end
end

--- What never happened, as texts.
function census:missing()
  local missing = {}
  for _, kind in ipairs(program.kinds) do
    if not self.steps[kind] then table.insert(missing, "no step of this kind was taken: " .. kind) end
  end
  for _, outcome in ipairs(outcomes) do
    if not self.outcomes[outcome[1]] then table.insert(missing, "this never happened: " .. outcome[1]) end
  end
  return missing
end

--- All counts as lines of text.
function census:lines()
  local lines = {}
  for _, kind in ipairs(program.kinds) do
    table.insert(lines, ("%9d  %s"):format(self.steps[kind] or 0, kind))
  end
  for _, outcome in ipairs(outcomes) do
    table.insert(lines, ("%9d  %s"):format(self.outcomes[outcome[1]] or 0, outcome[1]))
  end
  return lines
end

return census
