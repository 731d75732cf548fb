-- Error types, error values and Cancelled, as csrc/errors/error.c and cancelled.c make them.
local core = require "cohort.core"

local hostile = setmetatable({}, {
  __tostring = function() error "no text" end,
  __concat = function() error "no concatenation" end,
  __eq = function() error "no comparison" end,
  __index = function() error "no fields" end,
  __name = 1,
})

local function line_here()
  return debug.getinfo(2, "l").currentline
end

local function misuse(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(err))
  return err
end

describe("error_type", function()
  local ValueError = core.error_type "ValueError"

  it("makes values from a message", function()
    local err = ValueError "bad id"
    assert.equal("bad id", err.message)
    assert.equal(ValueError, getmetatable(err))
  end)

  it("makes values from a table of fields, which it copies", function()
    local fields = { message = "no route", code = "EHOSTUNREACH", [1] = "first" }
    local err = ValueError(fields)
    fields.code = "changed"
    assert.equal("EHOSTUNREACH", err.code)
    assert.equal("first", err[1])
    assert.not_equal(fields, err)
    assert.is_nil(fields.where)
  end)

  it("copies fields raw, whatever metamethods their table has", function()
    local fields = setmetatable({ code = 1 }, { __pairs = function() error "no" end, __index = error })
    assert.equal(1, ValueError(fields).code)
  end)

  it("says where the call was made", function()
    local err = ValueError "x"; local line = line_here()
    assert.equal("spec/errors/error_spec.lua:" .. line, (err.where:gsub("^.*(spec/errors)", "%1")))
    local ok, raised = pcall(function() error(ValueError "bad") end); line = line_here()
    assert.is_false(ok)
    assert.equal(line, tonumber(raised.where:match(":(%d+)$")))
  end)

  it("keeps a where that is among the fields", function()
    assert.equal("elsewhere:1", ValueError({ where = "elsewhere:1" }).where)
  end)

  it("reads an absent field as nil", function()
    assert.is_nil((ValueError "x").absent)
    assert.is_nil((ValueError "x").traceback)
  end)

  it("takes methods and defaults from the type and its parents", function()
    local Parent = core.error_type "Parent"
    local Child = core.error_type("Child", Parent)
    function Parent.shout(err) return err.message:upper() end
    Parent.code = "default"
    assert.equal("LOUD", (Child "loud"):shout())
    assert.equal("default", (Child "x").code)
  end)

  it("has Error as parent unless told otherwise", function()
    local Child = core.error_type("Child", ValueError)
    assert.is_true(core.error_is(ValueError "x", core.Error))
    assert.is_true(core.error_is(Child "x", ValueError))
    assert.is_true(core.error_is(Child "x", core.Error))
    assert.is_false(core.error_is(ValueError "x", Child))
    assert.is_false(core.error_is(ValueError "x", core.Timeout))
  end)

  it("has a readable text and an open metatable with a name", function()
    assert.equal("error type ValueError", tostring(ValueError))
    assert.equal("ValueError", getmetatable(ValueError "x").__name)
  end)

  it("is not fooled by a foreign table that looks like a type", function()
    local fake = setmetatable({}, { __index = ValueError })
    assert.is_false(core.error_is(setmetatable({}, fake), ValueError))
    assert.is_false(core.is_error_type(fake))
    assert.is_true(core.is_error_type(ValueError))
  end)

  it("forgets types nobody holds", function()
    local weak = setmetatable({ core.error_type("Child", core.error_type "Parent") }, { __mode = "v" })
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("refuses misuse at the caller's line, with the mend", function()
    local err = misuse(function() core.error_type(3) end)
    assert.truthy(err:find("^[^\n]*error_spec.lua:%d+: error_type expects a name, got number: write"))
    assert.truthy(misuse(core.error_type, "X", {}):find("leave it out"))
    assert.truthy(misuse(core.error_type, "X", ValueError "a value"):find("expects an error type"))
    assert.truthy(misuse(core.error_type, "X", core.Cancelled):find("descend from Cancelled"))
    assert.truthy(misuse(core.error_type, "X", core.ErrorGroup):find("descend from ErrorGroup"))
    err = misuse(function() ValueError() end)
    assert.truthy(err:find("error_spec.lua:%d+: ValueError expects a message or a table of fields, got nil"))
    assert.truthy(misuse(function() ValueError(42) end):find("got number"))
  end)
end)

describe("tostring of an error", function()
  local ValueError = core.error_type "ValueError"

  it("gives file:line: Name: message", function()
    assert.equal("a.lua:3: ValueError: bad", tostring(ValueError { message = "bad", where = "a.lua:3" }))
  end)

  it("leaves out what is not there", function()
    assert.equal("ValueError: bad", tostring(ValueError { message = "bad", where = "" }))
    assert.equal("a.lua:3: ValueError", tostring(ValueError { where = "a.lua:3" }))
  end)

  it("never raises, whatever the fields hold", function()
    for _, message in ipairs { hostile, false, 42, print, {} } do
      local err = ValueError { message = message, where = hostile }
      assert.truthy(tostring(err):find("^ValueError: "))
    end
    local waits = setmetatable({}, { __tostring = coroutine.yield })
    assert.truthy(tostring(ValueError { message = waits, where = "" }):find("^ValueError: table: "))
    local nonsense = setmetatable({}, { __tostring = function() return {} end })
    assert.truthy(tostring(ValueError { message = nonsense, where = "" }):find("^ValueError: table: "))
  end)

  it("ends when a message's text asks for the error's text", function()
    local err = ValueError { where = "" }
    err.message = setmetatable({}, { __tostring = function() return tostring(err) end })
    assert.truthy(tostring(err):find("^ValueError: "))
  end)

  it("keeps bytes that are zero", function()
    assert.equal("ValueError: a\0b", tostring(ValueError { message = "a\0b", where = "" }))
  end)
end)

describe("err .. text", function()
  local ValueError = core.error_type "ValueError"
  local err = ValueError { message = "bad", where = "" }

  it("joins like a string error", function()
    assert.equal("failed: ValueError: bad", "failed: " .. err)
    assert.equal("ValueError: bad!", err .. "!")
    assert.equal("ValueError: bad1", err .. 1)
    assert.equal("ValueError: badValueError: bad", err .. err)
    assert.equal("x (1 error)!", (core.error_group("x", { err }) .. "!"):gsub("\n.*!", "!"))
    assert.equal("Cancelled", ("" .. core.CANCELLED):sub(1, 9))
  end)

  -- Debian 12's Lua loses values when the stack grows in a __concat.
  it("needs no more of a coroutine's stack than a call", function()
    local joined = coroutine.wrap(function()
      local a, b, c, d, e, f, g, h, i = 1, 2, 3, 4, 5, 6, 7, 8, 9
      local text = "a " .. err .. " b"
      return text, a, b, c, d, e, f, g, h, i
    end)()
    assert.equal("a ValueError: bad b", joined)
  end)

  it("does not raise for hostile fields", function()
    assert.truthy(("x" .. ValueError { message = hostile, where = "" }):find("^xValueError: table: "))
  end)

  it("raises for what a string error could not be joined to", function()
    assert.truthy(misuse(function() return err .. nil end):find("attempt to concatenate a nil value"))
    assert.truthy(misuse(function() return err .. {} end):find("attempt to concatenate a table value"))
  end)
end)

describe("the library's types", function()
  local names = {
    "Timeout", "Deadlock", "Interrupted", "Closed", "Broken", "Busy", "Aborted", "Stubborn", "TooLong",
    "ProcessError", "SystemError",
  }

  it("all descend from Error", function()
    for _, name in ipairs(names) do
      local err = core[name] "text"
      assert.is_true(core.error_is(err, core.Error), name)
      assert.truthy(tostring(err):find(name .. ": text$"))
    end
    assert.is_true(core.error_is(core.error_group("x", { 1 }), core.Error))
  end)

  it("may have descendants", function()
    local Slow = core.error_type("Slow", core.Timeout)
    assert.is_true(core.error_is(Slow "x", core.Timeout))
  end)
end)

describe("error_box", function()
  it("puts an Error in the place of nil", function()
    local err = core.error_box(nil)
    assert.equal("nil", err.message)
    assert.is_true(err.boxed)
    assert.is_true(core.error_is(err, core.Error))
    assert.equal("Error: nil", tostring(err))
  end)

  it("leaves every other value as it is", function()
    assert.is_false(core.error_box(false))
    assert.is_true(rawequal(hostile, core.error_box(hostile)))
  end)
end)

describe("error_field", function()
  it("reads along __index tables and never calls anything", function()
    local Base = { code = 5 }
    local Class = setmetatable({ kind = "x" }, { __index = Base })
    local err = setmetatable({ own = 1 }, { __index = Class })
    assert.equal(1, core.error_field(err, "own"))
    assert.equal("x", core.error_field(err, "kind"))
    assert.equal(5, core.error_field(err, "code"))
    assert.is_nil(core.error_field(hostile, "code"))
    assert.is_nil(core.error_field(nil, "code"))
    assert.equal("x", core.error_field(core.error_group("x", { 1 }), "message"))
  end)

  it("ends in a circle of __index tables", function()
    local class = {}
    class.__index = class
    setmetatable(class, class)
    assert.is_nil(core.error_field(setmetatable({}, class), "absent"))
    assert.is_false(core.error_inherits(setmetatable({}, class), {}))
  end)
end)

describe("error_link", function()
  local ValueError = core.error_type "ValueError"

  it("sets the context of an error that has none", function()
    local err, group = ValueError "x", core.error_group("g", { 1 })
    core.error_link(err, group)
    assert.equal(group, err.context)
    core.error_link(err, core.error_group("later", { 2 }))
    assert.equal(group, err.context)
    core.error_link(group, "before")
    assert.equal("before", group.context)
  end)

  it("never closes a circle", function()
    local first, second = ValueError "first", core.error_group("second", { 2 })
    core.error_link(first, second)
    core.error_link(second, first)
    assert.is_nil(second.context)
    core.error_link(second, second)
    assert.is_nil(second.context)
  end)

  it("leaves foreign errors alone", function()
    local foreign = {}
    core.error_link(foreign, "context")
    core.error_link("text", "context")
    core.error_link(core.CANCELLED, "context")
    assert.same({}, foreign)
  end)
end)

describe("Cancelled", function()
  it("is one value, whose metatable is the type", function()
    assert.equal(core.Cancelled, getmetatable(core.CANCELLED))
    assert.equal("Cancelled", core.Cancelled.__name)
    assert.is_true(core.is_cancelled(core.CANCELLED))
    assert.is_false(core.is_cancelled(io.stdout))
    assert.is_false(core.is_cancelled(nil))
  end)

  it("is no Error", function()
    assert.is_false(core.error_is(core.CANCELLED, core.Error))
    assert.is_true(core.error_is(core.CANCELLED, core.Cancelled))
  end)

  it("cannot be made, forged or changed", function()
    assert.truthy(misuse(function() core.Cancelled "x" end):find("error_spec.lua:%d+: .*call cancel"))
    assert.is_false(core.is_cancelled(setmetatable({}, core.Cancelled)))
    assert.is_false(core.error_is(setmetatable({}, core.Cancelled), core.Cancelled))
    misuse(function() core.CANCELLED.reason = "mine" end)
  end)

  it("reads fields without raising", function()
    assert.is_nil(core.CANCELLED.absent)
    assert.is_nil(core.CANCELLED[1])
    assert.truthy(tostring(core.CANCELLED):find("^Cancelled"))
  end)
end)
