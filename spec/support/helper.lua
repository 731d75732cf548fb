--- What every spec runs under: a leak check around each `it`, and a record of what each one did.
---
--- The leak check is that of cohort.testing.leaks, before and after the body: what grew fails the spec and
--- is named. The record counts the assertions a spec made; none at all fails it, because a spec that asserts
--- nothing proves nothing. Options, as `-Xhelper name=value`: `results` (file to write, one spec per line:
--- status, assertions, file, full name, with tabs between), `gc` ("incremental", "generational" or "stress").
--- The last line printed is "N passed, N failed", before it a line "skipped: ..." for each pending spec.
local busted = require "busted"
local leaks = require "cohort.testing.leaks"
local luassert = require "luassert"
local namespaces = require "luassert.namespaces"

local options = {}
for _, word in ipairs(arg) do
  local name, value = word:match("^(%w+)=(.*)$")
  options[assert(name, "helper options are name=value")] = value
end

if options.results then os.remove(options.results) end

if options.gc == "generational" then
  collectgarbage("generational")
elseif options.gc == "stress" then
  collectgarbage("incremental", 1, 1000, 4)  -- no pause between cycles, a step for every 16 bytes
end

-- Counting assertions: every way to assert in luassert ends in one of these callbacks. The calls are
-- tail calls, so that luassert's error levels still point at the spec. luassert checks its own arguments
-- in the same way, so the count may be higher than what is written in the spec; zero is exact.

local assertions = 0

local function counted(callback)
  return function(...)
    assertions = assertions + 1
    return callback(...)
  end
end

for _, assertion in pairs(namespaces.assertion) do
  assertion.callback = counted(assertion.callback)
end

local register = luassert.register
luassert.register = function(self, namespace, name, callback, ...)
  if namespace == "assertion" then callback = counted(callback) end
  return register(self, namespace, name, callback, ...)
end

local plain = getmetatable(luassert)  -- for assert(value, message)
plain.__call = counted(plain.__call)

-- The leak check.

local function check_leaks(before)
  local left = leaks.grown(before)
  if #left > 0 then busted.fail("left behind: " .. table.concat(left, ", "), 2) end
end

-- busted's events. Each handler returns nil, true: no result, and let the others see it too.

local function before_test(element)
  assertions = 0
  if element.descriptor == "it" then
    local body = element.run
    element.run = function(...)
      local before = leaks.count()
      body(...)
      check_leaks(before)
      if assertions == 0 then busted.fail("asserts nothing, so it proves nothing", 2) end
    end
  end
  return nil, true
end

--- The file of a spec and its name with those of the blocks around it.
local function names(element)
  local words = {}
  while element.descriptor ~= "file" do
    table.insert(words, 1, element.name)
    element = busted.parent(element)
  end
  return (element.name:gsub("^%./", "")), table.concat(words, " ")
end

local records = {}
local totals = { success = 0, failure = 0, error = 0, pending = 0 }

local function after_test(element, _, status)
  local file, name = names(element)
  totals[status] = totals[status] + 1
  records[#records + 1] = { status = status, assertions = assertions, file = file, name = name }
  return nil, true
end

--- An error outside any spec: a file that does not load, a broken before_each.
local function outside(element)
  if element.descriptor ~= "it" then totals.error = totals.error + 1 end
  return nil, true
end

local function write_records(path)
  local file = assert(io.open(path, "w"))
  for _, r in ipairs(records) do
    file:write(("%s\t%d\t%s\t%s\n"):format(r.status, r.assertions, r.file, r.name))
  end
  file:close()
end

local function at_exit()
  if options.results then write_records(options.results) end
  for _, r in ipairs(records) do
    if r.status == "pending" then print(("skipped: %s: %s"):format(r.file, r.name)) end
  end
  local line = ("%d passed, %d failed"):format(totals.success, totals.failure + totals.error)
  if totals.pending > 0 then line = ("%s, %d skipped"):format(line, totals.pending) end
  print(line)
  return nil, true
end

busted.subscribe({ "test", "start" }, before_test, { priority = 1 })
busted.subscribe({ "test", "end" }, after_test)
busted.subscribe({ "error" }, outside)
busted.subscribe({ "failure" }, outside)
busted.subscribe({ "exit" }, at_exit)
