-- try and its clauses, as lua/cohort/try.lua does them. Tasks are not needed.
local core = require "cohort.core"
local try = require "cohort.try"

local except, success, finally = try.except, try.success, try.finally
local group = core.error_group
local ValueError = core.error_type "ValueError"
local KeyError = core.error_type "KeyError"
local IoError = core.error_type "IoError"
local cancelled = core.CANCELLED

local hostile = setmetatable({}, {
  __eq = function() return true end,
  __tostring = function() error "no text" end,
  __index = function() error "no field" end,
})

local function raise(err)
  return function() error(err, 0) end
end

local function nothing() end
local function put_back(eg) error(eg, 0) end

-- What `try` raised.
local function raised(...)
  local ok, err = pcall(try.try, ...)
  assert.is_false(ok)
  return err
end

-- The shape of a group as nested tables, to compare with assert.same.
local function shape(node)
  if not core.is_error_group(node) then return node end
  local result = { node.message }
  for i, member in ipairs(node.errors) do result[i + 1] = shape(member) end
  return result
end

-- Calls f(...) in a coroutine, resumes it until it ends; counts the waits.
local function in_coroutine(f, ...)
  local co = coroutine.create(f)
  local results = table.pack(coroutine.resume(co, ...))
  local waits = 0
  while coroutine.status(co) ~= "dead" do
    waits = waits + 1
    results = table.pack(coroutine.resume(co))
  end
  return waits, table.unpack(results, 1, results.n)
end

local v1, v2 = ValueError "v1", ValueError "v2"
local k1, k2 = KeyError "k1", KeyError "k2"
local io1 = IoError "io1"

local function sample()
  return group("root", { v1, group("inner", { k1, v2, group("deep", { k2 }) }), io1 })
end

describe("try", function()
  it("returns the body's results", function()
    assert.same({ 1, nil, 3, n = 3 }, table.pack(try.try(function() return 1, nil, 3 end)))
    assert.equal(1, (try.try(function() return 1 end, except(core.Error, error), finally(nothing))))
  end)

  it("returns the results of the first handler when the error was handled", function()
    local body = raise(sample())
    assert.same({ "first", nil, n = 2 }, table.pack(try.try(body,
      except(IoError, function() return "first", nil end),
      except(core.Error, function() return "second" end))))
  end)

  it("gives a handler all it matches, in its shape, and once", function()
    local calls = 0
    try.try(raise(sample()), except(ValueError, function(eg)
      calls = calls + 1
      assert.same({ "root", v1, { "inner", v2 } }, shape(eg))
    end), except(core.Error, nothing))
    assert.equal(1, calls)
  end)

  it("offers to each clause what the ones before have left", function()
    local seen = {}
    local function see(eg)
      for leaf in eg:leaves() do seen[#seen + 1] = leaf end
      seen[#seen + 1] = "next"
    end
    try.try(raise(sample()), except(KeyError, see), except(KeyError, see), except({ KeyError, IoError }, see),
      except(core.Error, see), except(core.Error, see))
    assert.same({ k1, k2, "next", io1, "next", v1, v2, "next" }, seen)
  end)

  it("raises what no clause took, in its shape", function()
    local eg = sample()
    assert.same({ "root", v1, { "inner", v2 }, io1 }, shape(raised(raise(eg), except(KeyError, nothing))))
    assert.is_true(rawequal(eg, raised(raise(eg), except(core.Timeout, nothing))))
    assert.is_true(rawequal(eg, raised(raise(eg))))
  end)

  it("gives a catch-all the very group that was raised", function()
    local eg = sample()
    try.try(raise(eg), except(core.Error, function(taken) assert.is_true(rawequal(eg, taken)) end))
  end)

  it("keeps identity of every kind of error", function()
    for _, err in ipairs { v1, "text", false, 5, hostile, print } do
      assert.is_true(rawequal(err, raised(raise(err), except(core.Timeout, nothing))))
      try.try(raise(err), except(core.Error, function(eg) assert.is_true(rawequal(err, eg.errors[1])) end))
    end
  end)

  it("raises an Error for nil", function()
    local err = raised(raise(nil), except(core.Timeout, nothing))
    assert.is_true(err.boxed)
    assert.equal("nil", err.message)
    try.try(raise(nil), except("^nil$", function(eg) assert.is_true(eg:sole().boxed) end))
  end)

  it("works nested and in loops", function()
    local seen = 0
    for _ = 1, 3 do
      try.try(function()
        try.try(raise(sample()), except(KeyError, nothing), except(ValueError, nothing))
      end, except(IoError, function(eg)
        seen = seen + 1
        assert.same({ "root", io1 }, shape(eg))
      end))
    end
    assert.equal(3, seen)
  end)
end)

describe("a bare error in try", function()
  it("reaches a handler as a group of one without a message", function()
    try.try(raise(v1), except(ValueError, function(eg)
      assert.same({ "", v1 }, shape(eg))
    end))
  end)

  it("leaves bare when no clause took it", function()
    assert.is_true(rawequal(v1, raised(raise(v1), except(KeyError, nothing))))
  end)

  it("leaves in its group when a handler put it back", function()
    assert.same({ "", v1 }, shape(raised(raise(v1), except(ValueError, put_back))))
  end)

  it("is given to predicates itself, not its group", function()
    local seen = {}
    raised(raise(v1), except(function(err) seen[#seen + 1] = err end, nothing))
    assert.same({ v1 }, seen)
  end)
end)

describe("a group put back by its handler", function()
  it("leaves with the rest as one group in the original shape", function()
    local eg = sample()
    local text = shape(eg)
    assert.same(text, shape(raised(raise(eg), except(KeyError, put_back))))
    assert.is_true(rawequal(eg, raised(raise(eg), except(KeyError, put_back), except(ValueError, put_back))))
    assert.same({ "root", v1, { "inner", k1, v2, { "deep", k2 } } },
      shape(raised(raise(eg), except(KeyError, put_back), except(IoError, nothing))))
    assert.same({ "root", { "inner", k1, { "deep", k2 } } },
      shape(raised(raise(eg), except(KeyError, put_back), except(core.Error, nothing))))
  end)

  it("brings back no equal leaf that was handled in another place", function()
    local eg = group("root", { group("handled", { "same" }), group("kept", { "same" }) })
    local function named(name)
      return function(node) return core.is_error_group(node) and node.message == name end
    end
    assert.same({ "root", { "kept", "same" } },
      shape(raised(raise(eg), except(named "handled", nothing), except("same", put_back))))
    assert.same({ "root", { "handled", "same" } },
      shape(raised(raise(eg), except(named "handled", put_back), except("same", nothing))))
  end)

  it("is told by identity", function()
    local eg = sample()
    local err = raised(raise(eg), except(KeyError, function(taken) error(taken:derive(taken.errors), 0) end))
    assert.equal("", err.message)
    assert.same({ "root", { "inner", k1, { "deep", k2 } } }, shape(err.errors[1]))
    assert.same({ "root", v1, { "inner", v2 }, io1 }, shape(err.errors[2]))
  end)

  it("is not handled", function()
    local calls = 0
    raised(raise(v1), except(ValueError, put_back), except(core.Error, function() calls = calls + 1 end))
    assert.equal(0, calls)
  end)
end)

describe("a new error raised by a handler", function()
  it("leaves as it is when nothing else is left", function()
    local new, matched = ValueError "new", nil
    assert.is_true(rawequal(new, raised(raise(sample()), except(core.Error, function(eg)
      matched = eg
      error(new, 0)
    end))))
    assert.is_true(rawequal(matched, new.context))
    assert.equal("text", raised(raise(v1), except(core.Error, raise "text")))
    assert.is_false(raised(raise(v1), except(core.Error, raise(false))))
    assert.is_true(rawequal(hostile, raised(raise(v1), except(core.Error, raise(hostile)))))
    assert.is_true(raised(raise(v1), except(core.Error, raise(nil))).boxed)
  end)

  it("leaves in a new group, before the rest, when there is one", function()
    local new = ValueError "new"
    local err = raised(raise(sample()), except(KeyError, raise(new)))
    assert.same({ "", new, { "root", v1, { "inner", v2 }, io1 } }, shape(err))
  end)

  it("leaves with the others, in the order of the clauses, and what was put back last", function()
    local new1, new2 = ValueError "new1", ValueError "new2"
    local err = raised(raise(sample()), except(KeyError, raise(new1)), except(ValueError, put_back),
      except(IoError, raise(new2)))
    assert.same({ "", new1, new2, { "root", v1, { "inner", v2 } } }, shape(err))
    err = raised(raise(sample()), except(KeyError, raise(new1)), except(core.Error, raise(new2)))
    assert.same({ "", new1, new2 }, shape(err))
  end)

  it("is one member when it is a group, and leaves as it is alone", function()
    local new = group("new", { 1, 2 })
    assert.is_true(rawequal(new, raised(raise(v1), except(core.Error, raise(new)))))
    assert.equal("", new.context.message)
    assert.same({ "", { "new", 1, 2 }, { "root", v1, { "inner", v2 }, io1 } },
      shape(raised(raise(sample()), except(KeyError, raise(new)))))
  end)

  it("is new also when it is a leaf of the group", function()
    local leaf = ValueError "leaf"
    assert.is_true(rawequal(leaf, raised(raise(group("m", { leaf })), except(ValueError, raise(leaf)))))
    assert.equal("m", leaf.context.message)
  end)

  it("keeps a context it has", function()
    local new = ValueError { message = "new", context = "mine" }
    assert.equal("mine", raised(raise(v1), except(core.Error, raise(new))).context)
  end)

  it("is not offered to the clauses after it, which still run", function()
    local seen = {}
    local new = KeyError "new"
    local function see(eg)
      for leaf in eg:leaves() do seen[#seen + 1] = leaf end
    end
    local err = raised(raise(group("m", { v1, k1 })), except(ValueError, raise(new)), except(KeyError, see))
    assert.same({ k1 }, seen)
    assert.is_true(rawequal(new, err))
  end)
end)

describe("a predicate that raises in try", function()
  it("is an error of the clause; the rest goes on", function()
    local new, calls = ValueError "new", 0
    local function count() calls = calls + 1 end
    local err = raised(raise(sample()), except(raise(new), nothing), except(KeyError, count))
    assert.equal(1, calls)
    assert.same({ "", new, { "root", v1, { "inner", v2 }, io1 } }, shape(err))
  end)
end)

describe("success and finally", function()
  local function recorder()
    local log = {}
    return log, function(word)
      return function() log[#log + 1] = word end
    end
  end

  it("run when nothing was raised, in this order", function()
    local log, record = recorder()
    assert.equal(7, try.try(function() log[1] = "body" return 7 end, finally(record "finally"),
      except(core.Error, record "except"), success(record "success")))
    assert.same({ "body", "success", "finally" }, log)
  end)

  it("leave success out when something was raised, handled or not", function()
    local log, record = recorder()
    local clauses = {
      except(ValueError, record "except"), success(record "success"), finally(record "finally"),
    }
    try.try(raise(v1), table.unpack(clauses))
    raised(raise(k1), table.unpack(clauses))
    assert.same({ "except", "finally", "finally" }, log)
  end)

  it("offer no error of success to the clauses", function()
    local log, record = recorder()
    assert.is_true(rawequal(v1, raised(nothing, except(core.Error, record "except"), success(raise(v1)),
      finally(record "finally"))))
    assert.same({ "finally" }, log)
  end)

  it("run finally after a handler that raised", function()
    local log, record = recorder()
    assert.is_true(rawequal(k1, raised(raise(v1), except(ValueError, raise(k1)), finally(record "finally"))))
    assert.same({ "finally" }, log)
  end)

  it("raise an error of finally alone when all was well", function()
    assert.is_true(rawequal(v1, raised(nothing, finally(raise(v1)))))
    assert.is_true(rawequal(v1, raised(raise(k1), except(KeyError, nothing), finally(raise(v1)))))
    assert.is_true(rawequal(cancelled, raised(nothing, finally(raise(cancelled)))))
  end)

  it("join an error of finally with the one on its way", function()
    assert.same({ "", v1, k1 }, shape(raised(raise(v1), finally(raise(k1)))))
    local eg = sample()
    local err = raised(raise(eg), finally(raise "cleanup"))
    assert.is_true(rawequal(eg, err.errors[1]))
    assert.equal("cleanup", err.errors[2])
    assert.is_true(raised(raise(v1), finally(raise(nil))).errors[2].boxed)
    assert.is_false(raised(raise(false), finally(raise(v1))).errors[1])
  end)

  it("do not double an error that finally raises again", function()
    assert.is_true(rawequal(v1, raised(raise(v1), finally(raise(v1)))))
  end)

  it("never let a Cancelled of finally replace a real error", function()
    assert.is_true(rawequal(v1, raised(raise(v1), finally(raise(cancelled)))))
    assert.is_true(rawequal(hostile, raised(raise(hostile), finally(raise(cancelled)))))
  end)

  it("let a real error of finally replace a Cancelled", function()
    assert.is_true(rawequal(v1, raised(raise(cancelled), finally(raise(v1)))))
    assert.is_true(rawequal(cancelled, raised(raise(cancelled), finally(raise(cancelled)))))
    assert.is_true(rawequal(cancelled, raised(raise(cancelled), finally(nothing))))
  end)

  it("run finally in a coroutine that dies of the error", function()
    local log, record = recorder()
    local co = coroutine.create(function() try.try(raise(v1), finally(record "finally")) end)
    local ok, err = coroutine.resume(co)
    assert.is_false(ok)
    assert.is_true(rawequal(v1, err))
    assert.same({ "finally" }, log)
    coroutine.close(co)
    assert.same({ "finally" }, log)
  end)

  it("box a nil error", function()
    assert.is_true(raised(nothing, finally(raise(nil))).boxed)
    assert.is_true(raised(nothing, success(raise(nil))).boxed)
    assert.is_true(raised(raise(nil)).boxed)
  end)

  it("run finally when the coroutine is closed", function()
    local log, record = recorder()
    local co = coroutine.create(function() try.try(coroutine.yield, finally(record "finally")) end)
    coroutine.resume(co)
    coroutine.close(co)
    assert.same({ "finally" }, log)
  end)
end)

describe("Cancelled in try", function()
  it("passes every clause but one for Cancelled", function()
    local calls = 0
    local function count() calls = calls + 1 end
    assert.is_true(rawequal(cancelled, raised(raise(cancelled), except(core.Error, count), except(".", count),
      except(function() return true end, count))))
    assert.equal(0, calls)
  end)

  it("goes on, bare, after a handler has looked", function()
    for _, handler in ipairs { nothing, put_back, raise(cancelled) } do
      assert.is_true(rawequal(cancelled, raised(raise(cancelled), except(core.Cancelled, handler))))
    end
    raised(raise(cancelled), except(core.Cancelled, function(eg)
      assert.is_true(rawequal(cancelled, eg:sole()))
    end))
  end)

  it("is beaten by a real error of its handler", function()
    assert.is_true(rawequal(v1, raised(raise(cancelled), except(core.Cancelled, raise(v1)))))
  end)

  it("goes on in its group, whatever a handler did with the others", function()
    local eg = group("m", { cancelled, v1 })
    assert.same({ "m", cancelled }, shape(raised(raise(eg), except({ core.Cancelled, ValueError }, nothing))))
    assert.same({ "m", cancelled }, shape(raised(raise(eg), except(core.Error, nothing))))
    assert.same({ "m", cancelled }, shape(raised(raise(eg), except(function() return true end, nothing))))
    assert.same({ "", k1, { "m", cancelled } },
      shape(raised(raise(eg), except(function() return true end, raise(k1)))))
  end)

  it("leaves when it cut a handler and nothing else is left", function()
    assert.is_true(rawequal(cancelled, raised(raise(v1), except(ValueError, raise(cancelled)))))
  end)

  it("raised by a handler never replaces a real error", function()
    local err = raised(raise(group("m", { v1, k1 })), except(ValueError, raise(cancelled)))
    assert.same({ "m", k1 }, shape(err))
    err = raised(raise(group("m", { v1, k1 })), except(ValueError, raise(cancelled)),
      except(KeyError, raise(io1)))
    assert.is_true(rawequal(io1, err))
  end)
end)

describe("waiting in try", function()
  it("works in body, handlers, success and finally", function()
    local function wait(value)
      return function()
        coroutine.yield()
        return value
      end
    end
    local waits, ok, result = in_coroutine(try.try, function()
      coroutine.yield()
      error(v1, 0)
    end, except(ValueError, wait "handled"), finally(wait()))
    assert.equal(3, waits)
    assert.is_true(ok)
    assert.equal("handled", result)
    waits, ok, result = in_coroutine(try.try, wait "result", success(wait()), finally(wait()))
    assert.equal(3, waits)
    assert.is_true(ok)
    assert.equal("result", result)
  end)

  it("works in finally while an error goes on", function()
    local waits, ok, err = in_coroutine(try.try, raise(v1), finally(coroutine.yield))
    assert.equal(1, waits)
    assert.is_false(ok)
    assert.is_true(rawequal(v1, err))
    waits, ok, err = in_coroutine(try.try, raise(v1), except(ValueError, function()
      coroutine.yield()
      error(k1, 0)
    end), finally(function()
      coroutine.yield()
      error(io1, 0)
    end))
    assert.equal(2, waits)
    assert.is_false(ok)
    assert.same({ "", k1, io1 }, shape(err))
  end)
end)

describe("misuse of try", function()
  local function misuse(f, ...)
    local calls = 0
    local ok, err = pcall(f, function() calls = calls + 1 end, ...)
    assert.is_false(ok)
    assert.equal(0, calls)
    return err
  end

  it("is found before the body runs, at the caller's line", function()
    local err = misuse(function(body) try.try(body, print) end)
    assert.truthy(err:find("try_spec.lua:%d+: try expects clauses after the body, got function as argument"))
    assert.truthy(misuse(try.try, except(core.Error, print), nil):find("got nil as argument 3"))
    assert.truthy(misuse(try.try, finally(nothing), finally(nothing)):find("one finally clause"))
    assert.truthy(misuse(try.try, success(nothing), success(nothing)):find("one success clause"))
    local ok
    ok, err = pcall(function() try.try(5) end)
    assert.is_false(ok)
    assert.truthy(err:find("try_spec.lua:%d+: try expects a function as body, got number"))
  end)

  it("is found where a clause is made", function()
    for _, make in ipairs {
      function() except(core.ErrorGroup, nothing) end,
      function() except({ ValueError, core.ErrorGroup }, nothing) end,
      function() except(nil, nothing) end,
      function() except("[", nothing) end,
      function() except(ValueError) end,
      function() success() end,
      function() finally(5) end,
    } do
      local ok, err = pcall(make)
      assert.is_false(ok)
      assert.truthy(err:find("try_spec.lua:%d+: "))
    end
  end)

  it("is not to call callable objects", function()
    local callable = setmetatable({}, { __call = function() return 7 end })
    assert.equal(7, try.try(callable, finally(callable), success(callable)))
    assert.equal(7, try.try(raise(v1), except(ValueError, callable)))
  end)
end)
