-- Matchers, as lua/cohort/match.lua reads them.
local core = require "cohort.core"
local match = require "cohort.match"

local is, group = match.is, core.error_group
local ValueError = core.error_type "ValueError"
local KeyError = core.error_type("KeyError", ValueError)
local cancelled = core.CANCELLED

local function explode() error "a metamethod of the error ran" end
local hostile = setmetatable({}, {
  __index = explode, __eq = explode, __len = explode, __call = explode, __tostring = explode,
  __pairs = explode, __name = explode,
})

local function misuse(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(err))
  return err
end

describe("is", function()
  it("matches an error type and its descendants", function()
    assert.is_true(is(ValueError "x", ValueError))
    assert.is_true(is(KeyError "x", ValueError))
    assert.is_false(is(ValueError "x", KeyError))
    assert.is_false(is("ValueError", ValueError))
    assert.is_false(is(hostile, ValueError))
  end)

  it("takes Error for every error but Cancelled", function()
    for _, err in ipairs { ValueError "x", "text", 5, false, {}, hostile, group("m", { 1 }), print } do
      assert.is_true(is(err, core.Error))
    end
    assert.is_false(is(cancelled, core.Error))
    assert.is_false(is(nil, core.Error))
  end)

  it("tries a string as a pattern on a string error or on the message", function()
    assert.is_true(is("t.lua:1: no such file", "no such"))
    assert.is_true(is(ValueError "code 17", "%d+$"))
    assert.is_true(is({ message = "foreign" }, "^foreign$"))
    assert.is_true(is(group("message of a group", { 1 }), "of a"))
    assert.is_false(is("other", "no such"))
  end)

  it("tries a pattern on nothing but strings", function()
    assert.is_false(is(17, "17"))
    assert.is_false(is(ValueError { message = 17 }, "17"))
    assert.is_false(is(ValueError { message = hostile }, "."))
    assert.is_false(is(hostile, "."))
    assert.is_false(is(print, "."))
  end)

  it("takes a pattern that is too complex for no match", function()
    assert.is_false(is(("a"):rep(300000), ("a?"):rep(300000) .. ("(.-)"):rep(30) .. "b"))
  end)

  it("asks a predicate", function()
    assert.is_true(is(5, function(err) return err == 5 end))
    assert.is_false(is(5, function() return nil end))
    local err = is(5, function() return "anything but false and nil" end)
    assert.is_true(err)
  end)

  it("passes on what a predicate raises", function()
    local ok, err = pcall(is, 5, function() error(hostile, 0) end)
    assert.is_false(ok)
    assert.is_true(rawequal(hostile, err))
  end)

  it("finds classes of other libraries among metatables and __index tables", function()
    local Base = { name = "Base" }
    local Class = setmetatable({ name = "Class" }, { __index = Base })
    local err = setmetatable({}, { __index = Class })
    assert.is_true(is(err, Class))
    assert.is_true(is(err, Base))
    assert.is_true(is(err, getmetatable(err)))
    assert.is_false(is(setmetatable({}, { __index = Base }), Class))
    Class = { __metatable = "hidden" }
    Class.__index = Class
    assert.is_true(is(setmetatable({}, Class), Class))
    assert.is_true(is("text", string))
  end)

  it("takes a table that looks like a class for a class alone", function()
    local err = { code = 1 }
    assert.is_false(is(err, setmetatable({ code = 1 }, {})))
    assert.is_false(is(err, { __index = explode, code = 1 }))
    assert.is_false(is(err, {}))
    assert.is_false(is(err, setmetatable({}, { __call = explode, __index = explode, __len = explode })))
  end)

  it("matches a list when any of it does", function()
    assert.is_true(is(KeyError "x", { core.Timeout, ValueError }))
    assert.is_true(is("text", { core.Timeout, { "t.xt", core.Busy } }))
    assert.is_true(is(cancelled, { core.Timeout, core.Cancelled }))
    assert.is_false(is(5, { core.Timeout, ValueError }))
  end)

  it("compares fields raw, all of them", function()
    local refused = core.SystemError { code = "ECONNREFUSED", errno = 111 }
    assert.is_true(is(refused, { code = "ECONNREFUSED" }))
    assert.is_true(is(refused, { code = "ECONNREFUSED", errno = 111 }))
    assert.is_false(is(refused, { code = "ECONNREFUSED", errno = 112 }))
    assert.is_false(is({ owner = {} }, { owner = hostile }))
    assert.is_true(is({ owner = hostile }, { owner = hostile }))
    assert.is_true(is({ ok = false }, { ok = false }))
    assert.is_false(is({}, { ok = false }))
    assert.is_false(is(hostile, { code = 1 }))
    assert.is_false(is("text", { code = 1 }))
  end)

  it("reads fields that come from the type", function()
    local Coded = core.error_type "Coded"
    Coded.code = 7
    assert.is_true(is(Coded "x", { code = 7 }))
  end)

  it("takes ErrorGroup for groups", function()
    assert.is_true(is(group("m", { 1 }), core.ErrorGroup))
    assert.is_false(is(ValueError "x", core.ErrorGroup))
    assert.is_false(is(setmetatable({}, core.ErrorGroup), core.ErrorGroup))
    assert.is_true(is(group("m", { 1 }), { ValueError, core.ErrorGroup }))
  end)

  it("matches Cancelled with nothing but itself", function()
    assert.is_true(is(cancelled, core.Cancelled))
    local metatable = getmetatable(core.Cancelled)
    for _, matcher in ipairs {
      core.Error, ".", function() return true end, { message = "cancelled" }, { "." }, metatable,
      core.ErrorGroup,
    } do
      assert.is_false(is(cancelled, matcher))
    end
    assert.is_false(is(setmetatable({}, core.Cancelled), core.Cancelled))
  end)
end)

describe("match.check", function()
  it("refuses what is no matcher, at the caller's line", function()
    local err = misuse(function() is(1, nil) end)
    assert.truthy(err:find("match_spec.lua:%d+: is: expected an error type.*got nil$"))
    misuse(is, 1, 5)
    misuse(is, 1, true)
    misuse(is, 1, io.stdout)
    assert.truthy(misuse(is, 1, group("m", { 1 })):find("write cohort.ErrorGroup"))
    assert.truthy(misuse(is, 1, cancelled):find("write cohort.Cancelled"))
    misuse(is, 1, { ValueError, 5 })
  end)

  it("refuses lists without end", function()
    local list = {}
    list[1] = list
    assert.truthy(misuse(is, 1, list):find("nested too deep"))
  end)

  it("refuses every malformed pattern that string.find would refuse, up front", function()
    for _, pattern in ipairs {
      "[a", "[", "[^", "[]", "[^]", "[%", "[a%]", "%", "a%", "(", "a(b", ")", "a)", "(()", "%b", "%bx",
      "%f", "%fa", "%f[a", "%1", "(%1)", "()%2", "%0", "(a)(%2)", ("()"):rep(33),
    } do
      assert.truthy(misuse(is, 1, pattern):find("malformed pattern"), pattern)
    end
  end)

  it("takes every pattern that string.find takes", function()
    for _, pattern in ipairs {
      "", "^", "$", "[]]", "[^]]", "[%]]", "[a-]", "%b()", "%f[%w]", "(a)%1", "()", "((a)b)%2",
      "%%", "[[]", "]", "^(a)$", "a-", "*", "+", "%a+%d-", "\0", "[\0]", "(a(b)%2)%1",
    } do
      assert.is_true(pcall(string.find, "ab", pattern))
      assert.equal("boolean", type(is("text", pattern)), pattern)
    end
  end)

  it("agrees with string.find on every short pattern", function()
    local alphabet = { "%", "[", "]", "(", ")", "^", "a", "1", "b", "f", "-" }
    local subjects = { "", "a", "aa", "ab1", "[a]", "1b(a)", "a]b[", "(a(b)1)" }
    local function try_all(pattern, length)
      local valid = pcall(is, "x", pattern)
      if valid then
        for _, subject in ipairs(subjects) do
          if not pcall(string.find, subject, pattern) then error(pattern .. " was taken") end
        end
      end
      if length == 0 then return end
      for _, char in ipairs(alphabet) do try_all(pattern .. char, length - 1) end
    end
    assert.has_no.errors(function() try_all("", 4) end)
  end)
end)

describe("eg:split", function()
  local a, b, key = ValueError "a", ValueError { message = "b", code = 5 }, KeyError "key"
  local eg = group("root a", { a, group("inner a", { b, "text a" }), key })

  it("tries types, patterns and fields on leaves only", function()
    local matched, rest = eg:split("a$")
    assert.same({ a }, { matched.errors[1] })
    assert.equal("text a", matched.errors[2].errors[1])
    assert.equal(2, #matched.errors)
    assert.equal(b, rest.errors[1].errors[1])
    assert.equal(key, rest.errors[2])
    assert.equal(b, eg:split({ code = 5 }):sole())
    assert.is_nil((eg:split({ message = "inner a" })))
    assert.is_nil((eg:split(core.ErrorGroup)))
  end)

  it("gives predicates every node from the root down", function()
    local seen = {}
    eg:split(function(node) seen[#seen + 1] = node end)
    assert.is_true(rawequal(eg, seen[1]))
    assert.is_true(rawequal(eg.errors[2], seen[3]))
    assert.equal(6, #seen)
  end)

  it("gives groups to the predicates of a list, and to nothing else in it", function()
    local function is_pair(node) return core.is_error_group(node) and #node.errors == 2 end
    local matched, rest = eg:split { "inner", is_pair }
    assert.is_true(rawequal(eg.errors[2], matched.errors[1]))
    assert.equal(2, #rest.errors)
    assert.is_nil((eg:split { "inner", function() return false end }))
  end)

  it("gives back the very same group, and nil", function()
    local matched, rest = eg:split(core.Error)
    assert.is_true(rawequal(eg, matched))
    assert.is_nil(rest)
    matched, rest = eg:split(core.Timeout)
    assert.is_nil(matched)
    assert.is_true(rawequal(eg, rest))
    matched, rest = eg:split {}
    assert.is_nil(matched)
    assert.is_true(rawequal(eg, rest))
  end)

  it("never matches a Cancelled inside but by itself", function()
    local mixed = group("m", { cancelled, a })
    for _, matcher in ipairs { core.Error, ".", { ".", ValueError },
                               function(node) return not core.is_error_group(node) end } do
      local matched, rest = mixed:split(matcher)
      assert.equal(a, matched:sole())
      assert.is_true(rawequal(cancelled, rest:sole()))
    end
    assert.is_true(rawequal(cancelled, mixed:split(core.Cancelled):sole()))
  end)

  it("compares hostile errors by identity", function()
    local matched, rest = group("m", { hostile, a, hostile, false }):split(ValueError)
    assert.equal(a, matched:sole())
    assert.equal(3, #rest.errors)
  end)

  it("refuses what is no matcher, and what is no group", function()
    assert.truthy(misuse(function() eg:split(5) end):find("match_spec.lua:%d+: split: expected"))
    assert.truthy(misuse(function() eg.split(ValueError) end):find("split expects an error group"))
    misuse(function() eg:subgroup "[" end)
    misuse(function() eg.subgroup() end)
  end)
end)

describe("eg:subgroup", function()
  it("is the first half of split", function()
    local a = ValueError "a"
    local eg = group("m", { a, "text" })
    assert.equal(a, eg:subgroup(ValueError):sole())
    assert.equal(1, select("#", eg:subgroup(ValueError)))
    assert.is_nil(eg:subgroup(core.Timeout))
    assert.is_true(rawequal(eg, eg:subgroup(core.Error)))
  end)
end)
