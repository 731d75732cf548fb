-- What tasks do among themselves allocates nothing, counted by the allocator of a host.
local child = require "spec.support.child"
local driver = require "engines.faults.driver"

-- Counts by name of operation, from support/allocations.lua.
local function counts()
  local found = {}
  local command = driver.command(driver.build(), "once", 1 << 40, 0, "spec/support/allocations.lua", "")
  local ok, out = child.shell(command)
  assert.is_true(ok, out)
  for count, name in out:gmatch "(%d+)\t([^\n]+)" do found[name] = tonumber(count) end
  return found
end

describe("talk between tasks", function()
  local found

  lazy_setup(function() found = counts() end)

  it("is counted by an allocator that sees every table", function()
    assert.equal(100, found["a table, which shows that the count works"])
  end)

  for _, name in ipairs {
    "send and receive", "offer and poll", "wait for an event that is set", "select what is ready",
    "lock: acquire and release", "lock: with", "semaphore: acquire and release", "semaphore: with",
    "limiter: acquire and release", "limiter: with",
  } do
    it("allocates nothing when nothing waits: " .. name, function() assert.equal(0, found[name]) end)
  end

  for _, name in ipairs {
    "a round trip, capacity 0", "a round trip, capacity 1", "an event that wakes", "a select that waits",
    "a lock handed over", "a semaphore handed over", "a limiter handed over",
  } do
    it("allocates nothing when something does: " .. name, function() assert.equal(0, found[name]) end)
  end
end)
