-- Error groups, as csrc/errors/group.c, split.c, leaves.c and render.c make them.
local core = require "cohort.core"

local ValueError = core.error_type "ValueError"
local group = core.error_group

local liar = setmetatable({}, {
  __eq = function() return true end,
  __len = function() return 7 end,
  __index = function() return 1 end,
  __tostring = function() error "no text" end,
})

local function misuse(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.equal("string", type(err))
  return err
end

-- A group of one around a group of one ..., `levels` deep.
local function nested(leaf, levels)
  for level = 1, levels do leaf = group("level " .. level, { leaf }) end
  return leaf
end

local function is(leaf)
  return function(node) return rawequal(node, leaf) end
end

-- The shape of a group as nested tables, to compare with assert.same.
local function shape(node)
  if not core.is_error_group(node) then return node end
  local result = { node.message }
  for i, member in ipairs(node.errors) do result[i + 1] = shape(member) end
  return result
end

describe("error_group", function()
  it("holds a message and errors in order", function()
    local eg = group("two failed", { "first", "second" })
    assert.equal("two failed", eg.message)
    assert.same({ "first", "second" }, eg.errors)
    assert.is_true(core.is_error_group(eg))
    assert.equal(core.ErrorGroup, getmetatable(eg))
  end)

  it("refuses a message that is no string, a number too", function()
    local err = misuse(function() group(42, { 1 }) end)
    assert.truthy(err:find("errors/group_spec.lua:%d+: error_group expects a string as message, got number"))
    misuse(group, nil, { 1 })
    misuse(group, ValueError "x", { 1 })
  end)

  it("refuses what is no list of one error or more", function()
    assert.truthy(misuse(group, "m", nil):find("expects a list of errors, got nil"))
    assert.truthy(misuse(group, "m", "text"):find("expects a list of errors, got string"))
    assert.truthy(misuse(group, "m", group("x", { 1 })):find("expects a list of errors"))
    assert.truthy(misuse(group, "m", {}):find("at least one error"))
    assert.truthy(misuse(group, "m", { field = 1 }):find("at least one error"))
  end)

  it("refuses nil among the errors", function()
    assert.truthy(misuse(group, "m", { 1, nil, 3 }):find("without nil"))
    assert.truthy(misuse(group, "m", { nil, 2 }):find("without nil"))
    assert.truthy(misuse(group, "m", { [1] = 1, [9] = 2 }):find("without nil"))
  end)

  it("takes every other value and keeps its identity", function()
    local errors = { false, 5, "text", liar, print, 0 / 0, core.CANCELLED, ValueError "x" }
    local kept = group("m", errors).errors
    assert.equal(#errors, #kept)
    for i, err in ipairs(errors) do
      assert.is_true(rawequal(err, kept[i]) or err ~= err)
    end
  end)

  it("copies the list, which it reads raw", function()
    local errors = setmetatable({ "a" }, {
      __len = function() return 5 end,
      __index = function() return "phantom" end,
      __pairs = function() error "no" end,
    })
    local eg = group("m", errors)
    errors[1] = "changed"
    assert.same({ "a" }, eg.errors)
  end)

  it("cannot be changed", function()
    local eg = group("m", { "a" })
    assert.truthy(misuse(function() eg.message = "other" end):find("errors/group_spec.lua:%d+: .*derive"))
    misuse(function() eg.errors = {} end)
    misuse(function() eg[1] = 1 end)
    eg.errors[1] = "changed"
    eg.errors[2] = "added"
    assert.equal(eg.errors, eg.errors)
    assert.truthy(tostring(eg):find("^m %(1 error%)\n╰─ a$"))
    assert.equal("a", eg:sole())
  end)

  it("is not made by calling its type", function()
    assert.truthy(misuse(function() core.ErrorGroup("m", { 1 }) end):find("write cohort.error_group"))
  end)

  it("is no container", function()
    local eg = group("m", { "a" })
    assert.is_nil(eg[1])
    misuse(function() return #eg end)
    for _ in ipairs(eg) do error "it has no members by index" end
  end)

  it("reads an absent field as nil, and methods of Error and ErrorGroup", function()
    local eg = group("m", { "a" })
    assert.is_nil(eg.absent)
    assert.is_nil(eg.cause)
    assert.is_nil(eg.context)
    assert.is_nil(eg.traceback)
    assert.is_nil(eg.where)
    function core.Error.added_for_this_spec() return "added" end
    assert.equal("added", eg:added_for_this_spec())
    core.Error.added_for_this_spec = nil
  end)

  it("is told from a table with its metatable", function()
    local fake = setmetatable({}, core.ErrorGroup)
    assert.is_false(core.is_error_group(fake))
    assert.truthy(misuse(core.ErrorGroup.leaves, fake):find("expects an error group", 1, true))
    assert.truthy(tostring(fake):find("^table: "))
  end)
end)

describe("eg:sole", function()
  it("gives the one leaf, at any depth", function()
    assert.equal("leaf", nested("leaf", 3):sole())
    assert.is_true(rawequal(liar, nested(liar, 1):sole()))
    assert.is_false(nested(false, 2):sole())
  end)

  it("gives nil when there are more", function()
    assert.is_nil(group("m", { 1, 2 }):sole())
    assert.is_nil(group("m", { group("n", { 1, 2 }) }):sole())
  end)
end)

describe("eg:derive", function()
  it("makes a group with the same message and other errors", function()
    local eg = group("m", { 1, 2 })
    assert.same({ "m", 3 }, shape(eg:derive { 3 }))
    assert.same({ "m", 1, 2 }, shape(eg))
  end)

  it("keeps what is known about the group, and about members that stay", function()
    local inner = group("inner", { "x" })
    local eg = core.error_compose("m", { "a", inner, 0 / 0 },
      { { task = "one", traceback = "a.lua:1" }, { task = "two" }, false }, "host.lua:1", "root.lua:1")
    local seen = {}
    for leaf, details in eg:derive({ inner, "new", "a" }):leaves() do
      seen[#seen + 1] = { leaf, details.task, details.traceback }
    end
    assert.same({
      { "x", "two", "host.lua:1\nroot.lua:1" },
      { "new", nil, "host.lua:1\nroot.lua:1" },
      { "a", "one", "a.lua:1\nhost.lua:1\nroot.lua:1" },
    }, seen)
  end)

  it("refuses what error_group refuses", function()
    local eg = group("m", { 1 })
    assert.truthy(misuse(eg.derive, eg, {}):find("derive expects at least one error"))
    misuse(eg.derive, eg)
    misuse(eg.derive, {}, { 1 })
  end)
end)

describe("eg:leaves", function()
  it("gives each error that is no group, depth first", function()
    local eg = group("m", { 1, group("n", { 2, group("o", { false, 3 }), 4 }), liar })
    local seen = {}
    for leaf in eg:leaves() do seen[#seen + 1] = leaf end
    assert.equal(6, #seen)
    assert.same({ 1, 2, false, 3, 4 }, { table.unpack(seen, 1, 5) })
    assert.is_true(rawequal(liar, seen[6]))
  end)

  it("goes on returning nil after the end, and has no closing value", function()
    local iterator, state, first, closing = group("m", { 1 }):leaves()
    assert.is_nil(state)
    assert.is_nil(first)
    assert.is_nil(closing)
    assert.equal(1, (iterator()))
    assert.is_nil((iterator()))
    assert.is_nil((iterator()))
  end)

  it("joins a leaf's traceback with those of the groups around it", function()
    local inner = core.error_compose("inner", { "x" }, { { task = "t", traceback = "x.lua:1\nx.lua:2" } },
      "inner.lua:1", "not shown: not the outermost")
    local outer = core.error_compose("outer", { inner, ValueError { traceback = "own.lua:9" } },
      { { task = "host of inner" }, { task = "u" } }, "outer.lua:1", "root.lua:1")
    local next_leaf = outer:leaves()
    local _, details = next_leaf()
    assert.same({ task = "t", traceback = "x.lua:1\nx.lua:2\ninner.lua:1\nouter.lua:1\nroot.lua:1" }, details)
    _, details = next_leaf()
    assert.same({ task = "u", traceback = "own.lua:9\nouter.lua:1\nroot.lua:1" }, details)
    _, details = inner:leaves()()
    assert.equal("x.lua:1\nx.lua:2\ninner.lua:1\nnot shown: not the outermost", details.traceback)
  end)

  it("joins those of groups of one task without what they have in common", function()
    for _, other in ipairs { true, false } do
      local inner = core.error_compose("inner", { "x" }, { { task = "t" } }, "a.lua:2\na.lua:1")
      local outer = core.error_compose("outer", { inner }, { { task = "host", other = other } }, "a.lua:1")
      local _, details = outer:leaves()()
      assert.equal(other and "a.lua:2\na.lua:1\na.lua:1" or "a.lua:2\na.lua:1", details.traceback)
      assert.equal("a.lua:2\na.lua:1", inner.traceback)
    end
  end)

  it("takes task and traceback of a group that has none itself from the place it is in", function()
    local outer = core.error_compose("outer", { group("plain", { "x" }) },
      { { task = "raiser", traceback = "raise.lua:1" } }, "outer.lua:1")
    local _, details = outer:leaves()()
    assert.same({ task = "raiser", traceback = "raise.lua:1\nouter.lua:1" }, details)
  end)

  it("gives empty details when nothing is known", function()
    local _, details = group("m", { 1 }):leaves()()
    assert.same({}, details)
  end)
end)

describe("split of the core", function()
  local a, b = ValueError "a", ValueError "b"
  local eg = group("root", { a, group("inner", { b, group("deep", { a }) }), "text" })

  it("keeps the shape in both halves: empty groups vanish, groups of one stay", function()
    local matched, rest = core.split(eg, is(a), false)
    assert.same({ "root", a, { "inner", { "deep", a } } }, shape(matched))
    assert.same({ "root", { "inner", b }, "text" }, shape(rest))
    assert.same({ "root", a, { "inner", b, { "deep", a } }, "text" }, shape(eg))
  end)

  it("keeps the identity of leaves and of groups that go whole", function()
    local matched, rest = core.split(eg, is("text"), false)
    assert.is_true(rawequal(rest.errors[1], a))
    assert.is_true(rawequal(rest.errors[2], eg.errors[2]))
    assert.equal("text", matched.errors[1])
  end)

  it("gives the very same group when all of it goes to one side", function()
    local matched, rest = core.split(eg, function() return true end, false)
    assert.is_true(rawequal(eg, matched))
    assert.is_nil(rest)
    matched, rest = core.split(eg, function() return false end, true)
    assert.is_nil(matched)
    assert.is_true(rawequal(eg, rest))
  end)

  it("offers every node from the root down to a predicate on groups, and takes a group whole", function()
    local seen = {}
    local matched, rest = core.split(eg, function(node)
      seen[#seen + 1] = core.is_error_group(node) and node.message or node
      return rawequal(node, eg.errors[2])
    end, true)
    assert.same({ "root", a, "inner", "text" }, seen)
    assert.is_true(rawequal(eg.errors[2], matched.errors[1]))
    assert.same({ "root", a, "text" }, shape(rest))
  end)

  it("takes the root whole without looking inside", function()
    local calls = 0
    local matched = core.split(eg, function() calls = calls + 1 return true end, true)
    assert.is_true(rawequal(eg, matched))
    assert.equal(1, calls)
  end)

  it("offers leaves only, once each, in order, when not on groups", function()
    local seen = {}
    core.split(eg, function(node) seen[#seen + 1] = node end, false)
    assert.same({ a, b, a, "text" }, seen)
  end)

  it("marks for each leaf, depth first, where it went", function()
    local marks = {}
    core.split(eg, function(node) return rawequal(node, eg.errors[2]) or node == "text" end, true, marks)
    assert.same({ false, true, true, true }, marks)
    marks = {}
    core.split(eg, function() return true end, true, marks)
    assert.same({ true, true, true, true }, marks)
  end)

  it("copies message, cause, context, tracebacks and details to both halves, at every level", function()
    local inner = core.error_compose("inner", { 1, 2 }, { { task = "one" }, { task = "two" } }, "inner.lua:1")
    local outer = core.error_compose("outer", { inner, 3 }, { { task = "in" }, { task = "three" } },
      "outer.lua:1", "root.lua:1")
    core.error_link(outer, "context of outer")
    core.error_link(inner, "context of inner")
    local matched, rest = core.split(outer, is(1), false)
    for _, half in ipairs { matched, rest } do
      assert.equal("outer", half.message)
      assert.equal("outer.lua:1", half.traceback)
      assert.equal("context of outer", half.context)
      assert.equal("inner.lua:1", half.errors[1].traceback)
      assert.equal("context of inner", half.errors[1].context)
    end
    local _, details = matched:leaves()()
    assert.same({ task = "one", traceback = "inner.lua:1\nouter.lua:1\nroot.lua:1" }, details)
    local tasks = {}
    for _, known in rest:leaves() do tasks[#tasks + 1] = known.task end
    assert.same({ "two", "three" }, tasks)
  end)

  it("compares nothing: equal leaves in several places are told apart", function()
    local n = 0
    local twice = group("m", { liar, group("n", { liar }), false })
    local matched, rest = core.split(twice, function() n = n + 1 return n == 2 end, false)
    assert.is_true(rawequal(liar, matched.errors[1].errors[1]))
    assert.equal(2, #rest.errors)
    assert.is_false(rest.errors[2])
  end)

  it("passes on what a predicate raises", function()
    local ok, err = pcall(core.split, eg, function() error(a, 0) end, false)
    assert.is_false(ok)
    assert.is_true(rawequal(a, err))
  end)

  it("is the same for every place of the first difference", function()
    for wanted = 0, 15 do
      local n = -1
      local four = group("m", { 1, group("n", { 2, 3 }), 4 })
      local matched, rest = core.split(four, function()
        n = n + 1
        return wanted >> n & 1 == 1
      end, false)
      local seen = {}
      for _, half in ipairs { matched or rest, matched and rest } do
        for leaf in half:leaves() do seen[leaf] = (seen[leaf] or 0) + 1 end
      end
      assert.same({ 1, 1, 1, 1 }, seen)
    end
  end)
end)

describe("tostring of a group", function()
  it("gives the message and the number of direct members first", function()
    assert.equal("m (1 error)", tostring(group("m", { 1 })):match("^[^\n]*"))
    assert.equal("m (2 errors)", tostring(group("m", { 1, nested(2, 2) })):match("^[^\n]*"))
    assert.equal("(1 error)", tostring(group("", { 1 })):match("^[^\n]*"))
  end)

  it("draws a tree with tasks and joined tracebacks", function()
    local inner = core.error_compose("inner", { "boom\nand more" },
      { { task = "fetch", traceback = "x.lua:1: in f\nx.lua:9: in g" } }, "host.lua:5: in serve")
    local bad = ValueError { message = "bad", where = "v.lua:3" }
    local outer = core.error_compose("two failed", { inner, bad },
      { { task = "serve" }, { task = "check" } }, "main.lua:1: in main")
    assert.equal(table.concat({
      "two failed (2 errors)",
      "├─ task 'serve': inner (1 error)",
      "│  ╰─ task 'fetch': boom",
      "│     and more",
      "│       x.lua:1: in f",
      "│       x.lua:9: in g",
      "│       host.lua:5: in serve",
      "│       main.lua:1: in main",
      "╰─ task 'check': v.lua:3: ValueError: bad",
      "     main.lua:1: in main",
    }, "\n"), tostring(outer))
  end)

  it("shows 15 members of a group and counts the rest", function()
    local errors = {}
    for i = 1, 20 do errors[i] = "error " .. i end
    local text = tostring(group("m", errors))
    assert.truthy(text:find("error 15\n", 1, true))
    assert.falsy(text:find("error 16", 1, true))
    assert.truthy(text:find("\n╰─ ... and 5 more$"))
    assert.falsy(tostring(group("m", { table.unpack(errors, 1, 15) })):find("more"))
  end)

  it("shows 10 levels and counts what is deeper", function()
    local text = tostring(nested("leaf", 10))
    assert.truthy(text:find("leaf", 1, true))
    text = tostring(nested("leaf", 11))
    assert.falsy(text:find("leaf", 1, true))
    assert.truthy(text:find("... 1 error deeper", 1, true))
    assert.truthy(tostring(nested(group("two", { 1, 2 }), 10)):find("... 2 errors deeper", 1, true))
  end)

  it("shows any value, and never raises", function()
    local waits = setmetatable({}, { __tostring = coroutine.yield })
    local named = setmetatable({}, { __name = "Thing" })
    local text = tostring(group("m", { liar, false, core.error_box(nil), waits, named, core.CANCELLED, 1.5 }))
    assert.truthy(text:find("─ table: ", 1, true))
    assert.truthy(text:find("─ false", 1, true))
    assert.truthy(text:find("─ Error: nil", 1, true))
    assert.truthy(text:find("─ Thing: ", 1, true))
    assert.truthy(text:find("─ Cancelled", 1, true))
    assert.truthy(text:find("─ 1.5", 1, true))
  end)

  it("ends when a member's text asks for the group's text", function()
    local eg
    local err = setmetatable({}, { __tostring = function() return "asked: " .. tostring(eg) end })
    eg = group("m", { err, err })
    assert.equal("m (2 errors)\n├─ asked: m (2 errors)\n╰─ asked: m (2 errors)", tostring(eg))
    assert.equal(tostring(eg), tostring(eg))
  end)

  it("stays small when one group stands in many places", function()
    local eg = group("m", { 1 })
    for _ = 1, 9 do eg = group("m", { eg, eg, eg, eg, eg, eg, eg, eg, eg }) end
    assert.truthy(#tostring(eg) < 1000000)
    for _ = 1, 100 do eg = group("m", { eg, eg, eg, eg, eg, eg, eg, eg, eg }) end
    assert.is_nil(eg:sole())
  end)
end)

describe("10,000 levels of groups", function()
  local levels = 10000
  local err = ValueError "leaf"
  local deep = nested(err, levels)

  it("can be read", function()
    local count = 0
    for leaf in deep:leaves() do
      assert.equal(err, leaf)
      count = count + 1
    end
    assert.equal(1, count)
    assert.equal(err, deep:sole())
    assert.truthy(tostring(deep):find("1 error deeper"))
  end)

  it("can be split and derived", function()
    local pair = group("bottom", { err, "other" })
    local matched, rest = core.split(nested(pair, levels), is(err), false)
    assert.equal(err, matched:sole())
    assert.equal("other", rest:sole())
    local depth, node = 0, matched
    while core.is_error_group(node) do
      depth, node = depth + 1, node.errors[1]
    end
    assert.equal(levels + 1, depth)
    assert.is_true(rawequal(deep, (core.split(deep, is(err), true))))
    assert.equal(err, deep:derive({ deep }):sole())
  end)

  it("raises, and does not crash, when they are too many to split", function()
    local ok, text = pcall(core.split, nested(err, 150000), is("none"), false)
    assert.is_false(ok)
    assert.truthy(text:find("too deep"))
  end)
end)
