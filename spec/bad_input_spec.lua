-- Every public function, given what it does not take: a clear error at the caller's line that says what to
-- write instead, and everything as it was before. The functions, their parameters and options come from
-- lua/cohort/meta; the wrong values from spec/support/bad_input.lua.
local core = require "cohort.core"
local cohort = require "cohort"
local testing = require "cohort.testing"
local meta = require "tools.meta"
local samples = require "tools.samples"
local bad_guesses = require "spec.support.bad_guesses"
local bad_input = require "spec.support.bad_input"
local child = require "spec.support.child"

bad_input.load_all(cohort)
bad_input.prepare(cohort)
local definitions = meta.read "lua/cohort/meta"

local function nothing() end

-- All misuse is from the first line of one of these: what calls is Lua, or it is C.
local function call(f, ...)
  f(...)
end

local function call_by_attempt(f, ...)
  local ok, err = cohort.attempt(f, ...)
  if not ok then error(err, 0) end
end

local function position_of(caller)
  return ("spec/bad_input_spec.lua:%d: "):format(debug.getinfo(caller, "S").linedefined + 1)
end

local position = position_of(call)

---------------------------------------------------------------------------
-- What functions are called with

-- One of everything, inside a task, by the variables of the definitions.
local function with_fixture(body)
  samples.with(definitions, function(x)
    x.scope.deadline = 1e9
    body(x)
  end)
end

-- The fields of an object, as far as they are values, and how it shows itself.
local function add_state(list, object, class)
  list[#list + 1] = tostring(object)
  for _, field in ipairs(meta.fields_of(definitions, class)) do
    local value = object[field.name]
    if type(value) ~= "userdata" then list[#list + 1] = value == nil and "nil" or value end
  end
  if (debug.getmetatable(object) or {}).__len then list[#list + 1] = #object end
end

-- What a failed call must leave as it was: what is counted, the time, and every object of the fixture.
local function state(x)
  if not x.g then return core.debug_counts() end
  local list = { core.debug_counts().tasks, cohort.current_deadline(), cohort.now(), x.clock:now(),
    x.g.scope.cancel_called, x.task:status() }
  for variable, class in pairs(definitions.objects) do
    if definitions.types[class].kind ~= "module" then add_state(list, x[variable], class) end
  end
  return list
end

---------------------------------------------------------------------------
-- Rows: what is to be tried of each function, all of it from the definitions. By hand stands only what the
-- annotations cannot say. `outside`: misuse of another sort inside a task. `never`: what it says to any call.

local rows, missing = bad_input.rows(definitions)
for _, name in ipairs { "explore", "cancel_everywhere", "fail_everywhere" } do
  rows["testing." .. name].outside = true
end
rows["cohort.run"].outside = true
rows["testing.open_runner"].outside = true
rows["coroutine.yield"] = { never = "coroutine.yield out of a task", anywhere = true }
rows["cohort.ErrorGroup"] = { never = "write cohort.error_group", anywhere = true }
rows["cohort.Cancelled"] = { never = "call cancel() on a task, a group or a scope", anywhere = true }

-- The function of a row: of a module, or the method of the fixture's object.
local function function_of(name, x)
  local owner, field = name:match "^([%w_]+)[.:]([%w_]+)$"
  return (x[owner] or require(definitions.objects[owner]))[field]
end

---------------------------------------------------------------------------
-- Trying them

local faults

local function fault(name, values, text, ...)
  local words = {}
  for i = 1, values.n do
    words[i] = type(values[i]) == "string" and ("%q"):format(values[i]) or type(values[i])
  end
  faults[#faults + 1] = ("%s(%s): %s"):format(name, table.concat(words, ", "), text:format(...))
end

-- Calls a function with wrong arguments, which must raise what contains `fragment`, at the line of `caller`.
local function try_from(caller, name, x, arguments, fragment)
  local ok, err = pcall(caller, function_of(name, x), table.unpack(arguments, 1, arguments.n))
  if ok then return fault(name, arguments, "raised nothing") end
  if type(err) ~= "string" then return fault(name, arguments, "raised a %s, %s", type(err), tostring(err)) end
  local line = position_of(caller)
  if err:sub(1, #line) ~= line then fault(name, arguments, "not at the caller's line: %s", err) end
  if err:find(line, 2, true) then fault(name, arguments, "tells the line twice: %s", err) end
  if not err:find(fragment, 1, true) then fault(name, arguments, "does not say '%s': %s", fragment, err) end
end

-- The same from each caller, but for what says the same as Lua's own library; and it must change nothing.
local function try(name, x, arguments, fragment)
  local before = state(x)
  try_from(call, name, x, arguments, fragment)
  if not name:find "^coroutine%." then try_from(call_by_attempt, name, x, arguments, fragment) end
  if not pcall(assert.same, before, state(x)) then fault(name, arguments, "changed something") end
end

local function try_parameter(name, row, x, i)
  for _, case in ipairs(row[i].kind) do
    for v = 1, case.values.n do
      local arguments = bad_input.right_arguments(row, x)
      arguments[i] = case.values[v]
      if arguments[i] ~= nil or not row[i].optional then try(name, x, arguments, case.fragment) end
    end
  end
end

-- One wrong table of options, in its place among right arguments.
local function try_options(name, row, x, options, fragment)
  local arguments = bad_input.right_arguments(row, x)
  table.move(arguments, row.at, arguments.n, row.at + 1)
  arguments[row.at] = options
  arguments.n = arguments.n + 1
  try(name, x, arguments, fragment)
end

local function try_option(name, row, x, option)
  for _, case in ipairs(option.kind) do
    for v = 1, case.values.n do
      try_options(name, row, x, { [option.name] = case.values[v] }, case.fragment)
    end
  end
  local capitals = option.name:upper()
  try_options(name, row, x, { [option.name .. "s"] = 1 }, ("did you mean '%s'?"):format(option.name))
  try_options(name, row, x, { [capitals] = 1 }, ("no option '%s'"):format(capitals))
  try_options(name, row, x, { ["?"] = 1 }, ("'%s'"):format(option.name))
end

-- The options that other functions have.
local function try_options_of_others(name, row, x)
  for _, other in pairs(rows) do
    for option in pairs(other.option_names or {}) do
      if not row.option_names[option] then
        try_options(name, row, x, { [option] = 1 }, "no option '" .. option)
      end
    end
  end
end

local function try_all_options(name, row, x)
  for _, option in ipairs(row.options) do try_option(name, row, x, option) end
  try_options_of_others(name, row, x)
  try_options(name, row, x, { [1] = true }, "")
  try_options(name, row, x, { [{}] = true }, "")
  try_options(name, row, x, { ["a\0b"] = true }, "no option 'a")
  if row.only_options then
    for _, wrong in ipairs { 1, "x", true, print, x.g } do try(name, x, { wrong, n = 1 }, "") end
  elseif row.at > #row then
    for _, wrong in ipairs { 1, "x", true } do try_options(name, row, x, wrong, "") end
  end
end

local function try_row(name, row)
  local with = row.outside and function(body) body {} end or with_fixture
  with(function(x)
    if row.never then return try(name, x, { n = 0 }, row.never) end
    for i = 1, #row do try_parameter(name, row, x, i) end
    if row[1] and not row[1].optional and not row[1].kind.free then try(name, x, { n = 0 }, "") end
    if row.options then try_all_options(name, row, x) end
  end)
end

describe("bad input", function()
  before_each(function() faults = {} end)

  it("has a row for every public function, and no row for another", function()
    local expected, found = {}, nil
    for name in pairs(rows) do expected[#expected + 1] = name end
    table.sort(expected)
    with_fixture(function(x) found = bad_input.public_functions(definitions, x) end)
    assert.same(expected, found)
    assert.same({}, definitions.faults)
  end)

  it("has wrong values for every parameter and every option", function()
    assert.same({}, missing)
  end)

  for name, row in pairs(rows) do
    it("of " .. name .. " is told at the caller's line, and changes nothing", function()
      try_row(name, row)
      assert.equal("", table.concat(faults, "\n"))
    end)
  end

  it("of functions that need a task is told outside of one", function()
    local x
    with_fixture(function(fixture) x = fixture end)
    for name, row in pairs(rows) do
      if not row.anywhere then
        local arguments = bad_input.right_arguments(row, x)
        local ok, err = pcall(call, function_of(name, x), table.unpack(arguments, 1, arguments.n))
        local closed = cohort.is(err, cohort.Closed)
        if ok then fault(name, arguments, "raised nothing")
        elseif not closed and tostring(err):sub(1, #position) ~= position then
          fault(name, arguments, "not at the caller's line: %s", tostring(err))
        end
      end
    end
    assert.equal("", table.concat(faults, "\n"))
  end)
end)

-- What f(...) raised: a string at a line of this file, which contains `fragment`.
local function assert_misuse(fragment, f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(err))
  assert.matches("^spec/bad_input_spec.lua:%d+: ", err)
  assert.is_truthy(err:find(fragment, 1, true), err)
end

describe("a guess", function()
  for _, guess in ipairs(bad_guesses) do
    it("at " .. guess.name .. " is told what to write", function()
      with_fixture(function(x)
        local ok, err = pcall(guess.call, cohort, x)
        assert.is_false(ok)
        assert.matches("spec/support/bad_guesses.lua:%d+: ", err)
        assert.is_truthy(err:find(guess.fragment, 1, true), err)
      end)
    end)
  end
end)

describe("misuse", function()
  it("is told at the line of the script also when that has required a part of cohort only", function()
    for part, f in pairs {
      fs = "walk", net = "connect", process = "run", try = "attempt", combinators = "map", value = "value",
      stdio = "is_terminal", ["testing.plain"] = "plain",
    } do
      local text = "local part = require 'cohort.%s'\nprint(pcall(function() part.%s() end))"
      assert.matches("^false%s+%S+:2: ", child.run(text:format(part, f)).out)
    end
  end)

  it("of assignments names what can be assigned, and keeps what was", function()
    with_fixture(function(x)
      local scope, task, group = x.scope, x.task, x.g
      for _, wrong in ipairs { "1", true, {}, 0 / 0 } do
        assert_misuse("scope.deadline expects a time", function() scope.deadline = wrong end)
      end
      assert_misuse("scope.deadline expects a time", function() scope.deadline = nil end)
      for _, wrong in ipairs { 1, "true", {} } do
        assert_misuse("scope.shield expects true or false", function() scope.shield = wrong end)
        assert_misuse("scope.shield expects true or false", function() scope.shield = nil end)
      end
      for _, key in ipairs { "reason", "cancel_called", "x", 1 } do
        assert_misuse("'deadline' and 'shield' can be", function() scope[key] = 1 end)
      end
      assert.equal(1e9, scope.deadline)
      assert.is_false(scope.shield)
      local name = task.name
      for _, wrong in ipairs { 1, true, {} } do
        assert_misuse("task.name expects a string", function() task.name = wrong end)
      end
      assert_misuse("without NUL", function() task.name = "a\0b" end)
      assert_misuse("'name' can be", function() task.result = 1 end)
      assert.equal(name, task.name)
      assert_misuse("no fields to assign", function() group.name = "x" end)
      assert_misuse("'autojump' and 'rate' can be", function() x.clock.now = 1 end)
      for _, wrong in ipairs { 1, "true", {} } do
        assert_misuse("clock.autojump expects true or false", function() x.clock.autojump = wrong end)
      end
      for _, wrong in ipairs { "1", true, -1, 0 / 0, math.huge } do
        assert_misuse("clock.rate expects", function() x.clock.rate = wrong end)
      end
      assert.equal(0, x.clock.rate)
      assert_misuse("eg:derive(errors)", function() x.eg.message = "x" end)
      assert_misuse("all tasks share the one value", function() core.CANCELLED.x = 1 end)
    end)
  end)

  it("of a group that has ended says so, and does not run what it was given", function()
    local group
    cohort.run(function()
      cohort.group(function(g) group = g end)
      for _, name in ipairs { "spawn", "spawn_daemon", "start", "defer" } do
        assert_misuse("this group has ended", function() group[name](group, error) end)
      end
      assert.equal(0, #group)
      group:cancel()
      assert.matches("ended", tostring(group))
    end)
    for _, name in ipairs { "spawn", "spawn_daemon", "start", "defer" } do
      assert_misuse("this group has ended", function() group[name](group, error) end)
    end
    cohort.run(function()
      for _, name in ipairs { "spawn", "spawn_daemon", "start", "defer" } do
        assert_misuse("this group has ended", function() group[name](group, error) end)
      end
      group:cancel "too late"
      assert_misuse("a group has no 'none'", function() return group.none end)
    end)
  end)

  it("of a task's result before its end says how to wait for it", function()
    with_fixture(function(x)
      local task = x.g:spawn(function() return "value" end)
      for _, name in ipairs { "result", "error" } do
        assert_misuse("the task has not ended yet", function() task[name](task) end)
        assert_misuse("write task:join()", function() task[name](task) end)
      end
      assert.equal("value", task:join())
    end)
  end)

  it("of a task that waits for itself is told, not waited for", function()
    with_fixture(function()
      local task = cohort.current_task()
      assert_misuse("a task cannot wait for its own end", function() task:wait() end)
      assert_misuse("a task cannot wait for its own end", function() task:join() end)
    end)
  end)

  it("of objects after their runtime ended leaves what can be read", function()
    local task, cut, scope
    cohort.run(function()
      scope = cohort.open_scope { timeout = 5, name = "s" }
      getmetatable(scope).__close(scope)
      cohort.group(function(g)
        task = g:spawn(function() return 1, nil end)
        cut = g:spawn(cohort.sleep_forever)
        cut:cancel "why"
      end)
    end)
    local function check()
      assert.same({ 1, nil, n = 2 }, table.pack(task:result()))
      assert.equal("done cancelled", task:status() .. " " .. cut:status())
      assert.equal("why", cut:error().reason.text)
      assert.equal("", task:traceback())
      task.name = "renamed"
      assert.equal("renamed", task.name)
      task:cancel()
      scope:cancel()
      assert.is_true(scope.cancel_called)
      assert_misuse("this scope has ended", function() scope.deadline = 1 end)
      assert_misuse("this scope has ended", function() scope.shield = true end)
    end
    check()
    assert_misuse("no task runs here", function() task:join() end)
    cohort.run(check)
    cohort.run(function() assert.equal(1, (task:join())) end)
  end)

  it("of run inside run says to spawn, or main; and main works in both places", function()
    cohort.run(function()
      assert_misuse("run cannot be called inside run", function() cohort.run(print) end)
      assert_misuse("cohort.main", function() cohort.run({ seed = 1 }, print) end)
      assert.equal(1, cohort.main(function(v) return v end, 1))
      cohort.group(function(g)
        g:spawn(function() assert_misuse("inside run", function() cohort.run(print) end) end)
      end)
    end)
    assert.equal(1, cohort.main(function(v) return v end, 1))
  end)

  it("of open_group and open_scope without <close> names the line of the open", function()
    for name, mend in pairs { open_group = "local g <close> =", open_scope = "local s <close> =" } do
      local line = debug.getinfo(1, "l").currentline + 1
      local function forget() return (cohort[name]()) end
      local ended = {}
      for i, around in ipairs { cohort.shield, cohort.scope, cohort.group } do
        local ok, err = pcall(cohort.run, function() around(function() forget(); ended[i] = true end) end)
        assert.is_false(ok)
        if cohort.is(err, cohort.ErrorGroup) then err = err:sole() end
        assert.is_truthy(err:find(("bad_input_spec.lua:%d: this"):format(line), 1, true), err)
        assert.is_truthy(err:find(mend, 1, true), err)
        assert.is_true(ended[i])
      end
      local ok, err = pcall(cohort.run, forget)
      assert.is_false(ok)
      assert.matches("was never closed", err)
    end
  end)

  it("of a block that is closed inside a function form opened since leaves the block as it is", function()
    cohort.run(function()
      local group <close> = cohort.open_group()
      local scope <close> = cohort.open_scope()
      for _, block in ipairs { group, scope } do
        for _, form in ipairs { cohort.shield, cohort.scope, cohort.group } do
          assert_misuse("close it after that", function()
            cohort.unwrap(form, function() getmetatable(block).__close(block) end)
          end)
        end
      end
      assert.equal("done", group:spawn(nothing):wait():status())
      scope.deadline = 5
    end)
  end)

  it("of started is told to the task that calls it", function()
    with_fixture(function(x)
      local late
      x.g:start(function(started)
        late = started
        started()
        assert_misuse("call it once", function() started() end)
      end)
      assert_misuse("called", function() late() end)
      assert_misuse("the task ended without calling started", function() x.g:start(nothing) end)
    end)
  end)

  it("tells the whole call that is meant", function()
    with_fixture(function(x)
      local after, at = "(seconds, f, ...) and not ", "(time, f, ...) and not "
      for _, case in ipairs {
        { "got no value: write move_on_after" .. after, cohort.move_on_after, 1 },
        { "got string: write fail_after" .. after, cohort.fail_after, 1, "x" },
        { "write move_on_at" .. at, cohort.move_on_at, 1 }, { "write fail_at" .. at, cohort.fail_at, 1 },
        { "got no value: write context:with(value, f, ...)", x.context.with, x.context, 5 },
        { "got string: write lock:with(f, ...)", x.lock.with, x.lock, "x" },
        { "got no value: write semaphore:with(f, ...)", x.semaphore.with, x.semaphore },
        { "write cohort.scope({shield = true, timeout = 1}, f)", cohort.shield, { timeout = 1 }, print },
        { "write group({name = \"site\"}, f)", cohort.group, "site", print },
        { "got table: name the task afterwards, g:spawn(f, ...).name", x.g.spawn, x.g, {}, print },
        { "got string: name the task afterwards, g:start(f, ...).name", x.g.start, x.g, "x", print },
        { "which is free: write local _ <close> = condition:hold()", x.condition.notify, x.condition },
        { "which is free: write local _ <close> = condition:hold()", x.condition.wait, x.condition },
        { "write fail_after(seconds, f, ...)", cohort.fail_after, print, 5 },
        { "write move_on_at(time, f, ...)", cohort.move_on_at, print, 5 },
        { "write group({limit = 5}, f)", cohort.group, 5, print },
        { "write scope({timeout = 0.5}, f)", cohort.scope, 0.5, print },
        { "write cohort.shield(cohort.move_on_after, 5, f, ...)", cohort.shield, 5, print },
        { "write channel(capacity, {overflow = ...})", cohort.channel, { overflow = "wait" } },
        { "write broadcast(capacity, {overflow = ...})", cohort.broadcast, { overflow = "wait" } },
        { "write limiter(n)", cohort.limiter }, { "write semaphore(n)", cohort.semaphore },
        { "write attempt(f, ...) and not attempt(f(...))", cohort.attempt, 5 },
        { "write unwrap(f, ...) and not unwrap(f(...))", cohort.unwrap, nil },
        { "got \"read\"", cohort.fs.open, "x", "read" }, { "got \"line\"", x.stream.read, x.stream, "line" },
        { "got a table without one as argument 1", x.stream.write, x.stream, { name = "x" } },
        { "write net.udp{host = host, port = port}", cohort.net.udp, "127.0.0.1", 53 },
        { "write env = {NAME = \"value\"}", cohort.process.run, { "ls", env = { "A=b" } } },
        { "got \"capture\", which is of process.run", cohort.process.open, { "ls", stdout = "capture" } },
        { "got \"pipe\", which is of process.open", cohort.process.run, { "ls", stdout = "pipe" } },
        { "write select{{receive, f}, timeout = 0.1}", cohort.select, { { x.receiver } }, 0.1 },
        { "write select{{receive, f}, {event, f}}", cohort.select, { x.receiver }, { x.event } },
        { "write for item in broadcast:subscribe() do", x.broadcast.subscribe, x.broadcast, print },
        { "write for v in value:changes() do", x.value.changes, x.value, print },
        { "write fs.walk(path, options)", cohort.fs.scandir, "/tmp", { recursive = true } },
        { "an error cannot be a matcher: write its type", cohort.is, "x", cohort.Timeout "late" },
        { "got number: write open_scope{timeout = 5}", cohort.open_scope, 5 },
        { "to a field of this stream: options are for who opens it", function() x.stream.timeout = 5 end },
      } do
        assert_misuse(case[1], call, table.unpack(case, 2))
      end
    end)
    assert_misuse("call this inside cohort.main(function() ... end), or cohort.run", call, cohort.sleep, 1)
    assert_misuse("inside cohort.main(function() ... end), or cohort.run", call, cohort.net.connect, "a", 1)
  end)

  it("of options runs no metamethod of theirs", function()
    cohort.run(function()
      local options = bad_input.hostile()
      assert.equal(1, cohort.group(options, function() return 1 end))
      assert.is_true((cohort.scope(options, nothing)))
      assert.same({ n = 0 }, cohort.gather(options, {}))
      assert.is_truthy(testing.clock(options))
    end)
  end)

  it("of numbers at the far end is none: they are no limit", function()
    for _, far in ipairs { math.huge, 1e308, 2 ^ 63, math.maxinteger } do
      cohort.run(function()
        assert.is_true((cohort.move_on_after(far, nothing)))
        assert.is_true((cohort.move_on_at(far, nothing)))
        local scope <close> = cohort.open_scope { timeout = far }
        assert.equal(math.huge, scope.deadline)
        assert.is_false((cohort.move_on_after(0, cohort.sleep, far)))
        assert.is_false((cohort.move_on_at(-far, cohort.checkpoint)))
        assert.is_false((cohort.move_on_after(0, cohort.sleep_until, far)))
      end)
    end
  end)
end)
