-- Every public function, given what it does not take: a clear error at the caller's line that says what to
-- write instead, and everything as it was before. The list of functions comes from the public tables.
local core = require "cohort.core"
local cohort = require "cohort"
local testing = require "cohort.testing"
local bad_input = require "spec.support.bad_input"

bad_input.load_all(cohort)
local has_net, net = pcall(require, "cohort.net")

local function nothing() end

-- All misuse is from this line.
local function call(f, ...)
  f(...)
end

local call_line = debug.getinfo(call, "S").linedefined + 1
local position = ("spec/bad_input_spec.lua:%d: "):format(call_line)

---------------------------------------------------------------------------
-- What functions are called with

-- One of everything, inside a task.
local function with_fixture(body)
  local clock = testing.clock { autojump = true }
  cohort.run({ clock = clock }, function()
    cohort.group(function(g)
      local x = {
        group = g, clock = testing.clock(), task = g:spawn(nothing),
        error_group = cohort.error_group("m", { 1 }),
        functions = { nothing }, list = { 1 }, callable = nothing, seconds = 1,
        time = 1, text = "why", matcher = "x", clause = cohort.success(nothing), type_name = "T",
        parent = cohort.Error, message = "m", fields = "text", errors = { 1 }, host = "127.0.0.1", port = 0,
        path = "/nowhere", bytes = 1, delimiter = "\n", format = "l", piece = "x",
        boolean = true, line_format = "l",
      }
      local listener <close> = has_net and net.listen("127.0.0.1", 0) or nil
      local stream <close> = has_net and net.connect("127.0.0.1", listener.local_address.port) or nil
      x.listener, x.stream, x.served = listener, stream, listener
      cohort.scope(function(scope)
        x.scope = scope
        scope.deadline = 1e9
        body(x)
      end)
    end)
  end)
end

-- What a failed call must leave as it was.
local function state(x)
  if not x.group then return core.debug_counts() end
  local list = { core.debug_counts().tasks, cohort.current_deadline(), cohort.now(), x.clock:now(), #x.group }
  for _, value in ipairs { x.scope.deadline, x.scope.shield, x.scope.cancel_called,
    x.group.scope.cancel_called, x.task:status(), x.task.name, x.group.name,
    tostring(x.stream), tostring(x.listener) } do
    list[#list + 1] = value
  end
  return list
end

-- The arguments of a row, all right.
local function right_arguments(row, x)
  local arguments = { n = #row }
  for i, kind in ipairs(row) do arguments[i] = x[(kind:gsub("%?$", ""))] end
  return arguments
end

---------------------------------------------------------------------------
-- Rows: the kinds of the parameters, "?" where one may be left out. `options`: names of options, at the first
-- place, or at `at`. `anywhere`: needs no task. `free`: takes anything or nothing, so nothing is wrong.

local type_row = { "fields", anywhere = true, self = true }

local rows = {
  ["cohort.run"] = { "callable", options = { "signals", "clock", "seed" }, anywhere = true, outside = true },
  ["cohort.main"] = { "callable", anywhere = true },
  ["cohort.now"] = { anywhere = true },
  ["cohort.sleep"] = { "seconds" },
  ["cohort.sleep_until"] = { "time" },
  ["cohort.sleep_forever"] = {},
  ["cohort.checkpoint"] = {},
  ["cohort.cancelled"] = {},
  ["cohort.current_task"] = { anywhere = true },
  ["cohort.current_scope"] = {},
  ["cohort.current_deadline"] = {},

  ["cohort.group"] = { "callable", options = { "name", "limit", "on_error" } },
  ["cohort.open_group"] = { options = { "name", "limit", "on_error" }, only_options = true },
  ["group:spawn"] = { "group", "callable", anywhere = true },
  ["group:spawn_daemon"] = { "group", "callable", anywhere = true },
  ["group:start"] = { "group", "callable" },
  ["group:defer"] = { "group", "callable", anywhere = true },
  ["group:cancel"] = { "group", "text?", anywhere = true },
  ["task:result"] = { "task", anywhere = true },
  ["task:error"] = { "task", anywhere = true },
  ["task:wait"] = { "task" },
  ["task:join"] = { "task" },
  ["task:cancel"] = { "task", "text?", anywhere = true },
  ["task:status"] = { "task", anywhere = true },
  ["task:traceback"] = { "task", anywhere = true },

  ["cohort.move_on_after"] = { "seconds", "callable" },
  ["cohort.fail_after"] = { "seconds", "callable" },
  ["cohort.move_on_at"] = { "time", "callable" },
  ["cohort.fail_at"] = { "time", "callable" },
  ["cohort.shield"] = { "callable" },
  ["cohort.scope"] = { "callable", options = { "timeout", "deadline", "shield", "name" } },
  ["cohort.open_scope"] = { options = { "timeout", "deadline", "shield", "name" }, only_options = true },
  ["scope:cancel"] = { "scope", "text?", anywhere = true },

  ["cohort.error_type"] = { "type_name", "parent?", anywhere = true },
  ["cohort.error_group"] = { "message", "errors", anywhere = true },
  ["error_group:leaves"] = { "error_group", anywhere = true },
  ["error_group:sole"] = { "error_group", anywhere = true },
  ["error_group:derive"] = { "error_group", "errors", anywhere = true },
  ["error_group:split"] = { "error_group", "matcher", anywhere = true },
  ["error_group:subgroup"] = { "error_group", "matcher", anywhere = true },
  ["cohort.is"] = { "free", "matcher", anywhere = true },
  ["cohort.try"] = { "callable", "clause?", anywhere = true },
  ["cohort.except"] = { "matcher", "callable", anywhere = true },
  ["cohort.success"] = { "callable", anywhere = true },
  ["cohort.finally"] = { "callable", anywhere = true },
  ["cohort.attempt"] = { "callable", anywhere = true },
  ["cohort.unwrap"] = { "callable", anywhere = true },
  ["cohort.ErrorGroup"] = { never = "write cohort.error_group" },
  ["cohort.Cancelled"] = { never = "call cancel() on a task, a group or a scope" },

  ["cohort.gather"] = { "functions", options = { "settle" } },
  ["cohort.race"] = { "functions" },
  ["cohort.any"] = { "functions" },
  ["cohort.map"] = { "list", "callable", options = { "limit" } },
  ["cohort.as_completed"] = { "functions" },

  ["testing.clock"] = { options = { "autojump" }, only_options = true, anywhere = true },
  ["clock:jump"] = { "clock", "seconds", anywhere = true },
  ["clock:now"] = { "clock", anywhere = true },

  ["net.connect"] = { "host", "port", options = { "line_max", "nodelay" }, at = 3 },
  ["net.connect_unix"] = { "path", options = { "line_max", "nodelay" }, at = 2 },
  ["net.listen"] = { "host", "port", options = { "line_max", "nodelay", "backlog" }, at = 3 },
  ["net.listen_unix"] = { "path", options = { "line_max", "nodelay", "backlog" }, at = 2 },
  ["net.resolve"] = { "host" },
  ["net.serve"] = { "served", "callable", options = { "limit", on_error = "handler" }, at = 2 },
  ["stream:read"] = { "stream", "format?" },
  ["stream:read_some"] = { "stream", "bytes?" },
  ["stream:read_exactly"] = { "stream", "bytes" },
  ["stream:read_until"] = { "stream", "delimiter", "bytes?" },
  ["stream:lines"] = { "stream", "line_format?", anywhere = true },
  ["stream:write"] = { "stream", "piece" },
  ["stream:shutdown"] = { "stream" },
  ["stream:close"] = { "stream", anywhere = true },
  ["stream:set_nodelay"] = { "stream", "boolean?", anywhere = true },
  ["stream:set_keepalive"] = { "stream", "free", anywhere = true },
  ["listener:accept"] = { "listener" },
  ["listener:close"] = { "listener", anywhere = true },
}

for _, name in ipairs { "Error", "Timeout", "Deadlock", "Interrupted", "Closed", "Broken", "Busy", "Aborted",
  "Stubborn", "TooLong", "ProcessError", "SystemError" } do
  rows["cohort." .. name] = type_row
end

local modules = { cohort = cohort, testing = testing, net = has_net and net or nil }

-- The function of a row: of a module, or the method of the fixture's object.
local function function_of(name, x)
  local owner, separator, field = name:match "^([%w_]+)([.:])([%w_]+)$"
  if separator == "." then return modules[owner][field] end
  return x[owner][field]
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

-- Calls a function with wrong arguments, which must raise what contains `fragment`, and change nothing.
local function try(name, x, arguments, fragment)
  local before = state(x)
  local ok, err = pcall(call, function_of(name, x), table.unpack(arguments, 1, arguments.n))
  if ok then return fault(name, arguments, "raised nothing") end
  if type(err) ~= "string" then return fault(name, arguments, "raised a %s, %s", type(err), tostring(err)) end
  if err:sub(1, #position) ~= position then fault(name, arguments, "not at the caller's line: %s", err) end
  if not err:find(fragment, 1, true) then fault(name, arguments, "does not say '%s': %s", fragment, err) end
  if not pcall(assert.same, before, state(x)) then fault(name, arguments, "changed something") end
end

local function try_parameter(name, row, x, i)
  local kind, optional = row[i]:gsub("%?$", "")
  for _, case in ipairs(bad_input.kinds[kind] or {}) do
    for v = 1, case.values.n do
      local arguments = right_arguments(row, x)
      arguments[i] = case.values[v]
      if arguments[i] ~= nil or optional == 0 then try(name, x, arguments, case.fragment) end
    end
  end
end

-- One wrong table of options, in its place among right arguments.
local function try_options(name, row, x, options, fragment)
  local arguments = right_arguments(row, x)
  table.move(arguments, row.at or 1, arguments.n, (row.at or 1) + 1)
  arguments[row.at or 1] = options
  arguments.n = arguments.n + 1
  try(name, x, arguments, fragment)
end

local function try_option(name, row, x, option, kind)
  for _, case in ipairs(bad_input.options[kind]) do
    for v = 1, case.values.n do
      try_options(name, row, x, { [option] = case.values[v] }, case.fragment)
    end
  end
  try_options(name, row, x, { [option .. "s"] = 1 }, ("did you mean '%s'?"):format(option))
  try_options(name, row, x, { [option:upper()] = 1 }, ("no option '%s'"):format(option:upper()))
end

local function try_all_options(name, row, x)
  for key, value in pairs(row.options) do
    try_option(name, row, x, type(key) == "string" and key or value, value)
  end
  try_options(name, row, x, { [1] = true }, "")
  try_options(name, row, x, { [{}] = true }, "")
  try_options(name, row, x, { ["a\0b"] = true }, "no option 'a")
  if row.only_options then
    for _, wrong in ipairs { 1, "x", true, print, x.group } do try(name, x, { wrong, n = 1 }, "") end
  end
end

local function try_row(name, row)
  local with = row.outside and function(body) body { callable = nothing } end or with_fixture
  with(function(x)
    if row.never then return try(name, x, { n = 0 }, row.never) end
    for i = 1, #row do try_parameter(name, row, x, i) end
    if #row > 0 and not row[1]:find "?$" and row[1] ~= "free" then try(name, x, { n = 0 }, "") end
    if row.options then try_all_options(name, row, x) end
  end)
end

describe("bad input", function()
  before_each(function() faults = {} end)

  it("has a row for every public function, and no row for another", function()
    local objects = {}
    with_fixture(function(x)
      for _, name in ipairs { "group", "task", "scope", "clock", "stream", "listener" } do
        objects[name] = x[name]
      end
    end)
    local expected = {}
    for name in pairs(rows) do
      if has_net or not name:find "^net" and not name:find "^stream" and not name:find "^listener" then
        expected[#expected + 1] = name
      end
    end
    table.sort(expected)
    local found = bad_input.public_functions(modules, objects)
    for name, value in next, cohort.ErrorGroup do
      if not name:find "^__" and type(value) == "function" then found[#found + 1] = "error_group:" .. name end
    end
    table.sort(found)
    assert.same(expected, found)
  end)

  for name, row in pairs(rows) do
    it("of " .. name .. " is told at the caller's line, and changes nothing", function()
      if not has_net and not function_of(name, { stream = {}, listener = {} }) then return end
      try_row(name, row)
      assert.equal("", table.concat(faults, "\n"))
    end)
  end

  it("of functions that need a task is told outside of one", function()
    local x
    with_fixture(function(fixture) x = fixture end)
    for name, row in pairs(rows) do
      local owner = name:match "^%w+"
      if not (row.anywhere or row.never) and (x[owner] or modules[owner]) then
        local arguments = right_arguments(row, x)
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

describe("misuse", function()
  it("of assignments names what can be assigned, and keeps what was", function()
    with_fixture(function(x)
      local scope, task, group = x.scope, x.task, x.group
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
      assert_misuse("no fields to assign", function() x.clock.autojump = true end)
      assert_misuse("eg:derive(errors)", function() x.error_group.message = "x" end)
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
      assert.is_nil(group.none)
    end)
  end)

  it("of a task's result before its end says how to wait for it", function()
    with_fixture(function(x)
      local task = x.group:spawn(function() return "value" end)
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
      x.group:start(function(started)
        late = started
        started()
        assert_misuse("call it once", function() started() end)
      end)
      assert_misuse("called", function() late() end)
      assert_misuse("the task ended without calling started", function() x.group:start(nothing) end)
    end)
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
