--- One trial, run by host.c: the program named in `program`, PAGE/HEAD, with its meter on while it tries what
--- it is about. Whatever failed, the error says so, nothing stays open, no child is left, and cohort works.
---
--- A program is a function in engines/faults/programs/PAGE.lua under its head. It is called in a task, in
--- virtual time, with `try`: try(f, ...) calls f with the meter on and returns true and its results, or
--- false. A program in `outside` is called outside tasks. What other tasks raise meanwhile may end the
--- program: it is looked at too. `expected` has patterns of errors that a program may raise by itself, by
--- head, and `free` the heads whose call allocates nothing.
local cohort = require "cohort"
local kit = require "engines.faults.kit"
local leaks = require "cohort.testing.leaks"
local testing = require "cohort.testing"
local children = require "spec.support.children"

local name, call, errno = _G.program, _G.call, _G.errno

local page, head = name:match "^([^/]+)/(.+)$"
local programs = require("engines.faults.programs." .. page)
local outside = programs.outside and programs.outside[head]
local program = assert(outside or programs[head], name)

local errors = {}

local function judge(ok, ...)
  if not ok then table.insert(errors, (...)) end
  return ok, ...
end

local function try(...)
  return judge(_G.try(...))
end

--- Is every error the one that was injected, or what the program says may follow from it? A call that a
--- signal interrupted, or that would have to wait, is made again.
local function check(err)
  if cohort.is(err, cohort.ErrorGroup) then
    for _, member in ipairs(err.errors) do check(member) end
    return
  end
  local text = tostring(err)
  for _, pattern in ipairs(programs.expected and programs.expected[head] or {}) do
    if text:find(pattern) then return end
  end
  if kit.is_expected(err) then return end
  if call then
    local is_it = cohort.is(err, cohort.SystemError) and err.code == errno and err.operation
    local again = errno == "EINTR" or errno == "EAGAIN" and call == "preadv2"
    assert(is_it and not again, text)
  else
    local says_so = text:find "not enough memory" or text:find "stack overflow"
    assert(says_so or cohort.is(err, { code = "ENOMEM" }), text)
  end
end

-- What is opened once for a process, or loaded at the first need, is no leak. When the wait for a child
-- fails, it says that somebody else did that.
cohort.run({ signals = false }, function() end)
local before, children_before = leaks.count(), children.count()

local options = { clock = testing.clock { autojump = true }, signals = false }
if outside then judge(pcall(program, try)) else judge(pcall(cohort.run, options, program, try)) end

local left = leaks.grown(before)
assert(#left == 0, "left open: " .. table.concat(left, ", "))
assert(children.count() == children_before or call == "waitid", "a child was left")
kit.check()
for _, err in ipairs(errors) do check(err) end
assert(cohort.run({ signals = false }, function() return cohort.gather { cohort.now }.n end) == 1)
