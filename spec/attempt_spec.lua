-- attempt, unwrap, and the tracebacks they and try fill in, as lua/cohort/try.lua does them.
local core = require "cohort.core"
local try = require "cohort.try"

local group = core.error_group
local ValueError = core.error_type "ValueError"
local KeyError = core.error_type "KeyError"
local cancelled = core.CANCELLED
local v1 = ValueError "v1"

local hostile = setmetatable({}, {
  __eq = function() return true end,
  __tostring = function() error "no text" end,
  __index = function() error "no field" end,
})

local function raise(err)
  return function() error(err, 0) end
end

-- What f(...) raised.
local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("attempt", function()
  it("is pcall", function()
    assert.same({ true, 1, nil, 3, n = 4 }, table.pack(try.attempt(function(...) return ... end, 1, nil, 3)))
    for _, err in ipairs { v1, "text", false, hostile, group("m", { 1 }) } do
      local results = table.pack(try.attempt(error, err, 0))
      assert.equal(2, results.n)
      assert.is_false(results[1])
      assert.is_true(rawequal(err, results[2]))
    end
    assert.same({ false, nil, n = 2 }, table.pack(try.attempt(error, nil)))
  end)

  it("never catches Cancelled", function()
    local ok, err = pcall(try.attempt, error, cancelled)
    assert.is_false(ok)
    assert.is_true(rawequal(cancelled, err))
  end)

  it("may wait", function()
    local co = coroutine.wrap(try.attempt)
    assert.equal("waits", (co(coroutine.yield, "waits")))
    assert.same({ true, "result" }, { co("result") })
    co = coroutine.wrap(try.attempt)
    co(function() error(coroutine.yield(), 0) end)
    assert.same({ false, "failure" }, { co("failure") })
  end)

  it("takes what can be called", function()
    local callable = setmetatable({}, { __call = function() return 7 end })
    assert.same({ true, 7 }, { try.attempt(callable) })
    assert.equal(7, try.unwrap(callable))
  end)

  it("refuses what cannot be called, at the caller's line", function()
    local ok, err = pcall(function() try.attempt({}) end)
    assert.is_false(ok)
    assert.matches("_spec.lua:%d+: attempt expects a function, got table: write attempt%(f, .*%)", err)
  end)
end)

describe("unwrap", function()
  it("returns results", function()
    assert.same({ 1, nil, n = 2 }, table.pack(try.unwrap(function(...) return ... end, 1, nil)))
  end)

  it("raises the one error of a group bare", function()
    for _, err in ipairs { v1, "text", false, hostile } do
      local ok, one = pcall(try.unwrap, raise(group("m", { group("n", { err }) })))
      assert.is_false(ok)
      assert.is_true(rawequal(err, one))
    end
  end)

  it("raises everything else as it is", function()
    for _, err in ipairs { v1, "text", false, cancelled, hostile, group("m", { 1, 2 }) } do
      local ok, same = pcall(try.unwrap, raise(err))
      assert.is_false(ok)
      assert.is_true(rawequal(err, same))
    end
  end)
end)

describe("the traceback of an error", function()
  local function fail() error(ValueError "failed") end

  it("is filled where it leaves attempt, try and unwrap, and names the function that failed", function()
    local function attempt(f) error(select(2, try.attempt(f)), 0) end
    for _, call in ipairs { attempt, try.try, try.unwrap } do
      local err = raised(call, function() fail() end)
      assert.truthy(err.traceback:find("attempt_spec.lua:%d+"))
      assert.truthy(err.traceback:find("fail"))
    end
  end)

  it("stays the first one", function()
    local err = ValueError { message = "x", traceback = "first" }
    try.attempt(error, err)
    assert.equal("first", err.traceback)
  end)

  it("is not looked for in foreign errors", function()
    local err = {}
    try.attempt(error, err)
    try.attempt(error, hostile)
    assert.same({}, err)
  end)

  it("is filled for errors of handlers and of finally", function()
    local err = raised(try.try, raise(v1), try.except(ValueError, function() error(KeyError "new") end))
    assert.truthy(err.traceback:find("attempt_spec.lua"))
    err = raised(try.try, function() end, try.finally(function() error(KeyError "new") end))
    assert.truthy(err.traceback:find("attempt_spec.lua"))
  end)
end)
