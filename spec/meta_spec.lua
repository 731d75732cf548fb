--- The definitions in lua/cohort/meta against what runs: what is marked @async is what waits, parameters and
--- options are those of the implementation. And their reader, which lets nothing pass that is not understood.
local cohort = require "cohort"
local meta = require "tools.meta"
local metatype = require "tools.metatype"
local samples = require "tools.samples"
local bad_input = require "spec.support.bad_input"

bad_input.load_all(cohort)
bad_input.prepare(cohort)
local definitions = meta.read "lua/cohort/meta"
local rows = bad_input.rows(definitions)

-- What no annotation says: which functions that take a function wait by themselves as well, and which of the
-- others only run a block.
local waits_itself = { ["g:start"] = true, ["net.serve"] = true, ["value:wait_for"] = true }
for _, owner in ipairs { "lock", "semaphore", "limiter", "condition" } do
  waits_itself[owner .. ":with"] = true
end

local block_only = { ["cohort.open_group"] = true, ["g:spawn"] = true }

local function takes_function(entry)
  for _, param in ipairs(entry.params) do
    local key = metatype.key(param.type)
    if key == "fun" or key == "fun[]" then return true end
  end
  return false
end

-- Does the call itself see a cancellation?
local function sees_cancellation(name, entry)
  if waits_itself[name] then return true end
  return entry.async and not takes_function(entry) and not block_only[name] or false
end

local function function_of(name, x)
  local owner, field = name:match "^([%w_]+)[.:]([%w_]+)$"
  if not x then return require(definitions.objects[owner])[field] end
  return x[owner][field], definitions.types[definitions.objects[owner]].kind == "module"
end

-- Closes what was opened by a call that worked.
local function close(value)
  local metatable = debug.getmetatable(value)
  if type(value) == "userdata" and metatable.__close then pcall(metatable.__close, value) end
end

local function call(name, row, x)
  local arguments = bad_input.right_arguments(row, x)
  local result = table.pack(pcall(function_of(name, x), table.unpack(arguments, 1, arguments.n)))
  if result[1] and name:find "open_" then close(result[2]) end
  if result[1] and name == "coroutine.install" then result[2]() end
  return table.unpack(result, 1, 2)
end

-- Calls check(name, row) for every public function, in order; what it returns is wrong with it.
local function each_row(check)
  local names, wrong = {}, {}
  for name in pairs(rows) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local text = check(name, rows[name])
    if text then wrong[#wrong + 1] = name .. " " .. text end
  end
  assert.is_true(#names > 50)
  assert.equal("", table.concat(wrong, "\n"))
end

describe("the definitions", function()
  it("say of exactly those functions that they need a task which raise outside of one", function()
    local x
    samples.with(definitions, function(objects) x = objects end)
    each_row(function(name, row)
      local _, of_module = function_of(name, x)
      local ok, err = call(name, row, x)
      local told = not ok and tostring(err):find "no task runs here" ~= nil
      local needs = meta.needs_task(row.entry)
      if told and not needs then return "raises outside tasks, and is not marked @async" end
      if needs and ok then return "is marked @async, and works outside tasks" end
      -- An object of a runtime that has ended may say that first.
      if needs and not told and of_module then return "does not say that no task runs: " .. tostring(err) end
    end)
  end)

  it("mark exactly those functions as waiting which see a cancellation, or run what may wait", function()
    each_row(function(name, row)
      local ok, err
      samples.with(definitions, function(x)
        cohort.scope(function(scope)
          scope:cancel()
          ok, err = call(name, row, x)
        end)
      end)
      if type(err) == "string" and err:find "does not hold the lock" then return end  -- that comes first
      local seen = not ok and cohort.is(err, cohort.Cancelled)
      local expected = sees_cancellation(name, row.entry)
      if seen and not row.entry.async then return "sees a cancellation, and is not marked @async" end
      if seen ~= expected then return expected and "sees no cancellation" or "sees a cancellation" end
    end)
  end)

  it("mark spawn, which waits in a full group", function()
    assert.is_true(definitions.heads["g:spawn"].async)
    cohort.run(function()
      cohort.group({ limit = 1 }, function(g)
        g:spawn(cohort.sleep, 0.001)
        local in_time = cohort.move_on_after(0, g.spawn, g, print)
        assert.is_false(in_time)
      end)
    end)
  end)

  it("give the parameters of functions written in Lua the names that they have there", function()
    local compared = 0
    samples.with(definitions, function(x)
      each_row(function(name, row)
        local f = function_of(name, x)
        local info = type(f) == "function" and debug.getinfo(f, "Su")
        if not info or info.what == "C" then return end
        compared = compared + 1
        local own, said = {}, {}
        for i = 1, info.nparams do own[i] = debug.getlocal(f, i) end
        if row.entry.method then said[1] = own[1] end
        for _, param in ipairs(row.entry.params) do said[#said + 1] = param.name end
        -- One that is there and not said is for what is refused.
        if info.isvararg and said[#said] == "..." then own[#own + 1] = "..." end
        own, said = table.concat(own, ", "), table.concat(said, ", ")
        if own ~= said then return ("takes (%s), and the definitions say (%s)"):format(own, said) end
      end)
    end)
    assert.is_true(compared > 10)
  end)

  -- Misuse raises a string; what the world does wrong, and a cancellation, is no string.
  local function misuse_of(name, arguments)
    local misuse
    samples.with(definitions, function(x)
      local list = arguments(x)
      local f = function_of(name, x)
      cohort.move_on_after(0.01, function()
        local result = table.pack(cohort.attempt(f, table.unpack(list, 1, list.n)))
        if not result[1] and type(result[2]) == "string" then misuse = result[2] end
        if result[1] and name:find "open_" then close(result[2]) end
        if name == "cohort.as_completed" then close(result[2]) end
        if name == "coroutine.install" then result[2]() end
      end)
    end)
    return misuse
  end

  -- What a call with right arguments cannot show: it has to be elsewhere, or later.
  local elsewhere = { ["cohort.run"] = true, ["testing.explore"] = true, ["testing.cancel_everywhere"] = true,
    ["testing.fail_everywhere"] = true, ["testing.assert_checkpoints"] = true,
    ["testing.assert_raises_group"] = true, ["task:result"] = true, ["task:error"] = true,
    ["g:start"] = true, ["cohort.Cancelled"] = true, ["cohort.ErrorGroup"] = true,
    ["lock:release"] = true, ["semaphore:release"] = true, ["limiter:release"] = true,  -- who holds it
    ["condition:release"] = true, ["condition:wait"] = true, ["condition:wait_for"] = true,
    ["condition:notify"] = true, ["condition:notify_all"] = true, ["coroutine.yield"] = true,
    ["testing.open_runner"] = true, ["runner:run"] = true }

  it("list what the functions take: all of it, and without what is optional", function()
    each_row(function(name, row)
      if elsewhere[name] then return end
      local misuse = misuse_of(name, function(x) return bad_input.right_arguments(row, x) end)
      if misuse then return "does not take right arguments: " .. misuse end
      if not (row[#row] and row[#row].optional) then return end
      misuse = misuse_of(name, function(x)
        local list = bad_input.right_arguments(row, x)
        list.n = list.n - 1
        return list
      end)
      if misuse then return "does not do without what is said to be optional: " .. misuse end
    end)
  end)

  -- What can only be called where no runtime is open.
  local function nothing() end
  local outside = {
    ["cohort.run"] = function(options) cohort.run(options, nothing) end,
    ["testing.open_runner"] = function(options) cohort.testing.open_runner(options):close() end,
    ["testing.explore"] = function(options) cohort.testing.explore(options, nothing) end,
    ["testing.cancel_everywhere"] = function(options) cohort.testing.cancel_everywhere(options, nothing) end,
    ["testing.fail_everywhere"] = function(options) cohort.testing.fail_everywhere(options, nothing) end,
  }

  it("list the options that the functions take", function()
    local tried = 0
    each_row(function(name, row)
      for _, option in ipairs(row.options or {}) do
        tried = tried + 1
        local function arguments(x)
          local list = bad_input.right_arguments(row, x)
          table.move(list, row.at, list.n, row.at + 1)
          list[row.at], list.n = { [option.name] = option.kind.right }, list.n + 1
          return list
        end
        assert.is_not_nil(option.kind.right, option.name)
        local misuse
        if outside[name] then
          local ok, err = pcall(outside[name], { [option.name] = option.kind.right })
          misuse = not ok and err
        else
          misuse = misuse_of(name, arguments)
        end
        if misuse then return ("does not take the option %s: %s"):format(option.name, misuse) end
      end
    end)
    assert.is_true(tried > 15)
  end)
end)

describe("the reader of the definitions", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
  end)

  after_each(function() os.execute("rm -r " .. folder) end)

  -- The faults of a file with these lines, without the path of the folder.
  local function faults_of(text)
    local file = assert(io.open(folder .. "/sample.lua", "w"))
    file:write("---@meta sample\n-- page 10: Sample\n--- A sample.\n\n", text)
    file:close()
    local faults = meta.read(folder).faults
    for i, fault in ipairs(faults) do faults[i] = fault:sub(#folder + 2) end
    return faults
  end

  local module = "--- A module.\n--- @class sample\nlocal sample = {}\n\n"

  it("takes a file that is right", function()
    assert.same({}, faults_of(module .. [[
--- `sample.f(a [, b])`
---
--- Does it.
--- @async
--- @generic T
--- @param a {x: integer, [integer]: any}|(fun(n: T, ...): ...)  a thing
--- @param b? "x"|"y"
--- @param ... string|number
--- @return sample.Thing? thing  that was made
--- @return any ...
--- @overload fun(a: string): boolean, ...
function sample.f(a, b, ...) end

--- @class sample.Thing
--- @field n integer  how many
]]))
  end)

  local function refuses(claim, expected, text)
    it("refuses " .. claim, function()
      assert.same({ expected }, faults_of(module .. text))
    end)
  end

  local head = "--- `sample.f(a)`\n---\n--- Does it.\n"

  refuses("a tag it does not know", "sample.lua:12: there is no tag @asynch",
    head .. "--- @asynch\n--- @param a any\nfunction sample.f(a) end\n")
  refuses("a type that is nowhere", "sample.lua:9: sample.f: there is no type 'strnig'",
    head .. "--- @param a strnig\nfunction sample.f(a) end\n")
  refuses("a type in a type that is nowhere", "sample.lua:9: sample.f: there is no type 'sample.None'",
    head .. "--- @param a (fun(x: sample.None[]): any)?\nfunction sample.f(a) end\n")
  refuses("a type that does not parse", "sample.lua:12: expected the end of a list at ''",
    head .. "--- @param a {x: integer\n--- @param a any\nfunction sample.f(a) end\n")
  refuses("a parameter that is not said", "sample.lua:9: sample.f: @param b is missing",
    head .. "--- @param a any\nfunction sample.f(a, b) end\n")
  refuses("a parameter that is not there", "sample.lua:9: sample.f has no parameter 'b'",
    head .. "--- @param a any\n--- @param b any\nfunction sample.f(a) end\n")
  refuses("parameters in another order",
    "sample.lua:9: sample.f: parameter 1 is 'a', and @param says 'c'",
    head .. "--- @param c any\nfunction sample.f(a) end\n")
  refuses("words behind a type with one blank",
    "sample.lua:12: what is said of 'a' stands behind two blanks: 'a thing'",
    head .. "--- @param a any a thing\n--- @param a any\nfunction sample.f(a) end\n")
  refuses("a function without a comment",
    "sample.lua:10: a function without a comment, or not of the form 'function a.b(...) end'",
    "\nfunction sample.f(a) end\n")
  refuses("a function without a shape", "sample.lua:9: sample.f has no shape in backticks",
    "--- Does it.\nfunction sample.f() end\n")
  refuses("a function without a text", "sample.lua:9: sample.f has no text",
    "--- `sample.f()`\nfunction sample.f() end\n")
  refuses("a second entry of one name", "sample.lua:15: sample.f stands here a second time",
    (head .. "--- @param a any\nfunction sample.f(a) end\n\n"):rep(2))
  refuses("a second type of one name", "sample.lua:12: sample.Twice is defined a second time",
    "--- One.\n--- @class sample.Twice\n\n--- Another.\n--- @alias sample.Twice table\n")
  refuses("a function of a variable that stands for nothing",
    "sample.lua:9: other.f: 'other' is the variable of no class",
    "--- `other.f()`\n---\n--- Does it.\nfunction other.f() end\n")
  refuses("a line that is neither text nor tag", "sample.lua:12: not a line of text, nor a tag",
    head .. "--- | nothing\n--- @param a any\nfunction sample.f(a) end\n")

  it("refuses a file that does not say which page it is", function()
    local file = assert(io.open(folder .. "/bare.lua", "w"))
    file:write("---@meta bare\n\n")
    file:close()
    local faults = meta.read(folder).faults
    assert.equal(1, #faults)
    assert.matches("bare.lua:2: the second line is '%-%- page NUMBER: Title'", faults[1])
  end)
end)
