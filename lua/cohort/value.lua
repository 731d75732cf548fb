--- Values that tasks watch: a cell, and the tasks that wait for changes of its content.
---
--- Waiters look at the content of the cell when they run, not at what was set: there is no backlog, and a
--- value that was replaced before a waiter ran never existed for it. They wait for an event that is made when
--- the first of them waits, and is set by the next change; so a cell that nobody watches costs nothing.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"

local state_of = object.state_of
local refuse_assignment, refuse_unknown = object.refuse_assignment, object.refuse_unknown
local check_task, test = object.check_task, object.test

local value = {}

-- The state of a cell is {content =, version =, change = the event that its waiters wait for}; that of an
-- iterator is {cell =, seen = a version, closed =}.

local function check_content(v, what)
  if v ~= nil then return end
  misuse("%s expects a value that is not nil, which would end a loop over its changes: take false", what)
end

-- Waits for the next change of a cell, or until an iterator over it is closed.
local function wait_for_change(cell)
  cell.change = cell.change or core.event()
  cell.change:wait()
end

local function wake(cell)
  local change = cell.change
  cell.change = nil
  if change then change:set() end
end

---------------------------------------------------------------------------
-- Changes: iterators

local Changes = { __name = "cohort.Changes", __newindex = refuse_assignment "iterator" }
Changes.__index = refuse_unknown(Changes, "iterator")

local function check_open(it)
  if not it.closed then return end
  error(core.Closed { message = "next: the iterator is closed", operation = "next" }, 0)
end

-- A loop calls it with nil and the last value.
function Changes:__call(limit, more)
  local it = state_of(self, Changes, "iterator", "next")
  if type(limit) == "number" and more == nil then object.refuse_limit("changes", limit) end
  check_task "next"
  test()
  check_open(it)
  while it.seen == it.cell.version do
    wait_for_change(it.cell)
    check_open(it)
  end
  it.seen = it.cell.version
  return it.cell.content
end

--- Ends the iterator; a task that waits for its next step gets `Closed`. Never waits; calling it again does
--- nothing.
function Changes:close()
  local it = state_of(self, Changes, "changes", "close")
  if it.closed then return end
  it.closed = true
  wake(it.cell)
end

Changes.__close = Changes.close

function Changes:__tostring()
  return ("changes %p (%s)"):format(self, self[1].closed and "closed" or "open")
end

---------------------------------------------------------------------------
-- The cell

local Value = { __name = "cohort.Value", __newindex = refuse_assignment("value", "write value:set(v)") }
Value.__index = refuse_unknown(Value, "value")

--- Returns the content of the cell.
--- @return any
function Value:get()
  return state_of(self, Value, "value", "get").content
end

--- Sets the content of the cell; those who wait look at it. Setting the same value is no change. Never waits.
--- @param v any  not nil
function Value:set(v)
  local cell = state_of(self, Value, "value", "set")
  check_content(v, "set")
  if rawequal(v, cell.content) then return end
  cell.content = v
  cell.version = cell.version + 1
  wake(cell)
end

--- Waits until `predicate(v)` is true for the content of the cell, and returns that.
--- @async
--- @param predicate fun(v: any): boolean
--- @return any v
function Value:wait_for(predicate)
  local cell = state_of(self, Value, "value", "wait_for")
  if not core.is_callable(predicate) then
    misuse("wait_for expects a function, got %s: write value:wait_for(function(v) return v == ... end)",
      type(predicate))
  end
  check_task "wait_for"
  test()
  while true do
    local version, content = cell.version, cell.content
    if predicate(content) then return content end
    if version == cell.version then wait_for_change(cell) else core.checkpoint() end
  end
end

--- Returns an iterator over the content of the cell: first what is there now, then what is there after each
--- change. Values that were replaced before a step are skipped.
--- @return cohort.Changes
function Value:changes(...)
  if core.is_callable((...)) then misuse "changes takes no function: write for v in value:changes() do" end
  return setmetatable({ { cell = state_of(self, Value, "value", "changes") } }, Changes)
end

function Value:__tostring()
  local content = self[1].content
  local kind = type(content)
  return ("value %p (%s)"):format(self, (kind == "number" or kind == "boolean") and tostring(content) or kind)
end

--- Makes a cell that holds a value.
--- @param v any  not nil
--- @return cohort.Value
function value.value(v)
  if rawequal(v, package.loaded.cohort) then misuse "value expects a value of yours, got the module" end
  check_content(v, "value")
  return setmetatable({ { content = v, version = 0 } }, Value)
end

return value
