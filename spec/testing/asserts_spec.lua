--- testing.assert_checkpoints, assert_no_checkpoints, assert_raises_group.
local cohort = require "cohort"
local testing = require "cohort.testing"

local ValueError = cohort.error_type "ValueError"
local KeyError = cohort.error_type "KeyError"

-- What an assertion says, called from this file.
local function said(f, ...)
  local arguments = table.pack(...)
  local ok, err = pcall(function() local _ = { f(table.unpack(arguments, 1, arguments.n)) } end)
  assert.is_false(ok)
  assert.equal("string", type(err))
  local text = err:match "^spec/testing/asserts_spec.lua:%d+: (.*)$"
  assert.is_string(text, err)
  return text
end

describe("assert_checkpoints", function()
  local function each_waiting(check)
    cohort.run(function()
      local lock, semaphore, event = cohort.lock(), cohort.semaphore(5), cohort.event()
      local send, receive = cohort.channel(5)
      event:set()
      check("checkpoint", cohort.checkpoint)
      check("sleep", cohort.sleep, 0)
      check("lock:with", lock.with, lock, function() end)
      check("semaphore:acquire", semaphore.acquire, semaphore)
      check("event:wait", event.wait, event)
      check("send", send, 1)
      check("receive", receive)
      check("select", cohort.select, { { event }, timeout = 5 })
    end)
  end

  it("passes what may wait, also when it need not, and hands its results on", function()
    each_waiting(function(name, f, ...)
      assert.is_true(pcall(testing.assert_checkpoints, f, ...), name)
    end)
    cohort.run(function()
      assert.same({ 1, nil, 3, n = 3 }, table.pack(testing.assert_checkpoints(function()
        cohort.checkpoint()
        return 1, nil, 3
      end)))
    end)
  end)

  it("raises at the caller's line when nothing waited", function()
    cohort.run(function()
      assert.matches("without a checkpoint", said(testing.assert_checkpoints, cohort.now))
      assert.matches("without a checkpoint", said(testing.assert_checkpoints, cohort.group, function() end))
    end)
  end)

  it("lets the error of the function pass", function()
    cohort.run(function()
      local err = ValueError "v"
      assert.equal(err, select(2, pcall(testing.assert_checkpoints, error, err)))
      assert.equal(err, select(2, pcall(testing.assert_no_checkpoints, error, err)))
    end)
  end)

  it("has its opposite, which finds each of them", function()
    each_waiting(function(name, f, ...)
      local ok, err = pcall(testing.assert_no_checkpoints, f, ...)
      assert.is_false(ok, name)
      assert.matches("came to %d checkpoints", err)
    end)
    cohort.run(function()
      local lock, semaphore = cohort.lock(), cohort.semaphore(0)
      assert.same({ 1, nil, n = 2 }, table.pack(testing.assert_no_checkpoints(function()
        semaphore:release()
        cohort.group(function() end)
        cohort.fail_after(1, tostring, lock)
        return 1, nil
      end)))
      assert.matches("^assert_no_checkpoints: it came to 1",
        said(testing.assert_no_checkpoints, cohort.checkpoint))
    end)
  end)
end)

describe("assert_raises_group", function()
  local raises = testing.assert_raises_group

  -- Raises a group of these, lists as groups in it.
  local function group_of(list)
    local errors = {}
    for i, err in ipairs(list) do
      local is_list = type(err) == "table" and getmetatable(err) == nil and err[1]
      errors[i] = is_list and group_of(err) or err
    end
    return cohort.error_group(list.message or "failed", errors)
  end

  local function raise(list) error(group_of(list), 0) end

  it("takes the errors in any order, and returns the group", function()
    local v, k = ValueError "v", KeyError "k"
    for _, list in ipairs { { v, k, "text" }, { "text", v, k }, { k, "text", v } } do
      local eg = raises({ KeyError, ValueError, "^te" }, raise, list)
      assert.same(list, eg.errors)
    end
  end)

  it("takes a list as a group in the group, at any depth", function()
    raises({ ValueError, { KeyError, { "deep" } } }, raise, { { { "deep" }, KeyError "k" }, ValueError "v" })
    assert.matches("differs", said(raises, { { { "deep" } } }, raise, { { "deep" } }))
  end)

  it("takes every sort of matcher, and a message of the group", function()
    local function is_seven(err) return err == 7 end
    local other = setmetatable({}, { __index = { __name = "other" } })
    raises({ is_seven, cohort.Error, { code = "EPIPE" }, "^te", message = "^fa" }, raise,
      { cohort.SystemError { code = "EPIPE" }, 7, "text", other })
    assert.matches('message   "failed", expected an error like "other"',
      said(raises, { "x", message = "other" }, raise, { "x" }))
  end)

  it("finds the one way to pair them, where the first that comes to mind is wrong", function()
    local function paired(matchers, list) assert.equal(#list, #raises(matchers, raise, list).errors) end
    paired({ cohort.Error, cohort.Error, ValueError }, { ValueError "v", KeyError "a", KeyError "b" })
    paired({ "a", "ab", "abc" }, { "abc", "ab", "a" })
    paired({ { cohort.Error }, { ValueError } }, { { ValueError "v" }, { KeyError "k" } })
  end)

  it("does not take a group that has less, or more", function()
    assert.equal("assert_raises_group: the group is another one:\n  as it is  text\n  missing   error type "
      .. "ValueError", said(raises, { ValueError, "text" }, raise, { "text" }))
    assert.equal("assert_raises_group: the group is another one:\n  as it is  text\n  too many  text",
      said(raises, { "text" }, raise, { "text", "text" }))
  end)

  it("tells the difference group by group", function()
    local text = said(raises, { "one", { "two", ValueError }, { "six" } },
      raise, { { "two", "four" }, "one", "five" })
    assert.equal(table.concat({
      "assert_raises_group: the group is another one:",
      "  differs   failed (2 errors)",
      "    as it is  two",
      "    too many  four",
      "    missing   error type ValueError",
      "  as it is  one",
      "  too many  five",
      "  missing   a group of",
      '              an error like "six"',
    }, "\n"), text)
  end)

  it("says that only the nesting differs, when it is only that", function()
    local hint = "only their nesting differs: each group in the group is a list in the shape"
    local function hints(...) return (said(raises, ...):find(hint, 1, true)) ~= nil end
    assert.is_true(hints({ "x" }, raise, { { "x" } }))
    assert.is_true(hints({ { "x" }, ValueError }, raise, { "x", ValueError "v" }))
    assert.is_true(hints({ { "a" }, { "b", "c" } }, raise, { { "a", "b" }, { "c" } }))
    assert.is_false(hints({ "x" }, raise, { { "y" } }))
    assert.is_false(hints({ "x" }, raise, { { "x", "y" } }))
    assert.is_false(hints({ { "x", message = "mine" } }, raise, { { "x" } }))
  end)

  it("does not take another error, or none", function()
    assert.equal("assert_raises_group: nothing was raised", said(raises, { "x" }, function() end))
    assert.equal("assert_raises_group: no group of errors was raised, but x",
      said(raises, { "x" }, error, "x", 0))
  end)

  it("takes what a group of tasks raises", function()
    cohort.run(function()
      local eg = raises({ ValueError, { "text" } }, cohort.group, function(g)
        g:spawn(error, ValueError "v")
        g:spawn(cohort.group, function(inner) inner:spawn(error, "text") end)
      end)
      assert.equal(2, #eg.errors)
    end)
  end)

  it("lets a cancellation pass, which is no error of the call", function()
    cohort.run(function()
      assert.is_false(cohort.move_on_after(0.001, raises, { "x" }, cohort.sleep_forever))
    end)
  end)

  it("tells of an error whose __tostring raises", function()
    local hostile = setmetatable({}, { __tostring = function() error "no" end })
    assert.matches("was raised, but table: 0x", said(raises, { "x" }, error, hostile, 0))
    assert.matches("too many  table: 0x", said(raises, { "x" }, raise, { hostile }))
  end)
end)
