-- Trying again, and keeping time.
local cohort = require "cohort"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

-- A function that fails with each of the errors in turn, notes when it was called, and then succeeds.
local function failing(errors)
  local times = {}
  return function(...)
    times[#times + 1] = cohort.now()
    local err = errors[#times]
    if err ~= nil then error(err, 0) end
    return ...
  end, times
end

describe("retry", function()
  it("returns the results of the first success, and hands the arguments to each attempt", function()
    virtual(function()
      local f, times = failing { "a", "b" }
      assert.same({ n = 3, 1, nil, 3 }, table.pack(cohort.retry({}, f, 1, nil, 3)))
      assert.equal(3, #times)
      assert.same({ n = 0 }, table.pack(cohort.retry(function(...) assert.equal(0, select("#", ...)) end)))
      assert.equal("x", cohort.retry(tostring, "x"))
    end)
  end)

  it("waits longer each time", function()
    virtual(function()
      local f, times = failing { "a", "b", "c" }
      cohort.retry({ attempts = 4, delay = 1, factor = 3 }, f)
      assert.same({ 0, 1, 4, 13 }, times)
    end)
    virtual(function()
      local f, times = failing { "a", "b", "c", "d" }
      cohort.retry({ attempts = 5, delay = 1, factor = 3, max_delay = 5 }, f)
      assert.same({ 0, 1, 4, 9, 14 }, times)
    end)
    virtual(function()
      local f, times = failing { "a", "b" }
      cohort.retry(f)
      assert.same({ 0, 0.1, 0.3 }, { times[1], times[2], math.floor(times[3] * 1000 + 0.5) / 1000 })
    end)
  end)

  it("raises all errors as one group when every attempt failed, in order, as they are", function()
    virtual(function()
      local value = {}
      local f, times = failing { "a", value, false }
      local eg = raised(cohort.retry, { delay = 1 }, f)
      assert.same({ "a", value, false }, eg.errors)
      assert.equal(value, eg.errors[2])
      assert.equal("3 attempts failed", eg.message)
      assert.equal(3, #times)
      assert.equal(3, cohort.now())
      eg = raised(cohort.retry, { attempts = 1 }, error, "x", 0)
      assert.same({ "x" }, eg.errors)
      eg = raised(cohort.retry, { attempts = 1 }, error, nil)
      assert.is_true(eg.errors[1].boxed)
    end)
  end)

  it("lets errors that do not match leave at once, as they are", function()
    virtual(function()
      local wrong = cohort.Error "wrong"
      local f, times = failing { cohort.Timeout "late", wrong }
      assert.equal(wrong, raised(cohort.retry, { on = cohort.Timeout, delay = 1 }, f))
      assert.equal(2, #times)
      assert.equal("no", raised(cohort.retry, { on = function(err) return err == "yes" end }, error, "no", 0))
    end)
  end)

  it("loses no error about which a predicate raises: both leave as a group", function()
    virtual(function()
      local failure, mistake = cohort.Error "failure", cohort.Error "mistake"
      local function on() error(mistake) end
      local eg = raised(cohort.retry, { on = on }, error, failure)
      assert.same({ mistake, failure }, tasks.shape(eg))
      assert.equal(failure, mistake.context)
      eg = raised(cohort.retry, { on = function() error("mistake", 0) end }, error, "failure", 0)
      assert.matches("mistake\n.*while handling: failure\n.*failure", tostring(eg))
      assert.same({ "mistake", "failure" },
        tasks.shape(raised(cohort.retry, { on = function() error("mistake", 0) end }, error, "failure", 0)))
      assert.equal("no", raised(cohort.retry, { on = function(err) error(err, 0) end }, error, "no", 0))
      assert.is_false(cohort.scope(function(scope)
        local function cancel()
          scope:cancel()
          cohort.checkpoint()
        end
        cohort.retry({ on = cancel }, error, "failure")
      end))
    end)
  end)

  it("tries a group of errors again when all in it match", function()
    virtual(function()
      local count = 0
      local function fails_with(...)
        local errors = { ... }
        return function()
          count = count + 1
          cohort.group(function(g)
            for _, err in ipairs(errors) do g:spawn(error, err, 0) end
          end)
        end
      end
      local late = cohort.Timeout "late"
      local eg = raised(cohort.retry, { on = cohort.Timeout }, fails_with(late, late))
      assert.same({ { late, late }, { late, late }, { late, late } }, tasks.shape(eg))
      assert.equal(3, count)
      eg = raised(cohort.retry, { on = cohort.Timeout }, fails_with(late, "x"))
      assert.same({ late, "x" }, tasks.shape(eg))
      assert.equal(4, count)
    end)
  end)

  it("never tries a cancellation again, in an attempt or between two", function()
    for _, seconds in ipairs { 0.5, 1.5, 2.5 } do
      virtual(function()
        local count = 0
        assert.is_false((cohort.move_on_after(seconds, function()
          cohort.retry({ attempts = math.huge, delay = 1, factor = 1 }, function()
            count = count + 1
            cohort.sleep(1)
            error "fails"
          end)
        end)))
        assert.equal(seconds, cohort.now())
        assert.equal(seconds > 2 and 2 or 1, count)
      end)
    end
  end)

  it("lets a cancellation of the last attempt out bare", function()
    virtual(function()
      assert.is_false((cohort.move_on_after(1, cohort.retry, { attempts = 1 }, cohort.sleep_forever)))
      assert.equal(1, cohort.now())
    end)
  end)

  it("tries again after a deadline of its function's own", function()
    virtual(function()
      local count = 0
      assert.equal(3, cohort.retry({ delay = 1, on = cohort.Timeout }, function()
        count = count + 1
        return cohort.fail_after(5, function()
          if count < 3 then cohort.sleep_forever() end
          return count
        end)
      end))
      assert.equal(5 + 1 + 5 + 2, cohort.now())
    end)
  end)

  it("closes what an attempt left open before the next", function()
    virtual(function()
      local count = 0
      assert.equal("done", cohort.retry(function()
        count = count + 1
        if count == 1 then cohort.open_scope { timeout = 1 } end
        assert.equal(count == 1 and 1 or math.huge, cohort.current_deadline())
        return "done"
      end))
      assert.equal(2, count)
    end)
  end)

  it("leaves out a part of each delay by chance, the same in each run of a seed or virtual clock", function()
    local function times_of(options, clock)
      options.clock = clock or testing.clock { autojump = true }
      return cohort.run(options, function()
        local f, times = failing { "a", "b", "c", "d", "e" }
        cohort.retry({ attempts = 6, delay = 8, factor = 1, jitter = 0.5 }, f)
        return times
      end)
    end
    local first = times_of {}
    for i = 2, #first do
      local delay = first[i] - first[i - 1]
      assert.is_true(delay > 4 - 1e-6 and delay <= 8)
    end
    assert.is_true(first[3] - first[2] ~= first[2])
    assert.same(first, times_of {})
    assert.same(times_of { seed = 7 }, times_of { seed = 7 })
    assert.not_same(first, times_of { seed = 7 })
  end)

  it("keeps the traceback of each error value", function()
    virtual(function()
      local function parse() error(cohort.Error "broken") end
      local eg = raised(cohort.retry, { attempts = 2, delay = 0 }, function() parse() end)
      for _, err in ipairs(eg.errors) do assert.matches("in [^\n]*parse", err.traceback) end
    end)
  end)

  it("has no more attempts than it is given, however many that is", function()
    virtual(function()
      local errors = setmetatable({}, { __index = function(_, n) return n < 3000 and "x" or nil end })
      local f, times = failing(errors)
      cohort.retry({ attempts = math.huge, delay = 0 }, f)
      assert.equal(3000, #times)
      f, times = failing(setmetatable({}, { __index = function() return "x" end }))
      assert.equal(500, #raised(cohort.retry, { attempts = 500, delay = 0 }, f).errors)
      assert.equal(500, #times)
    end)
  end)

  it("outside of tasks says where it works", function()
    local err = raised(function() cohort.retry({}, print) end)
    assert.matches("retry_spec.lua:%d+: retry: no task runs here", err)
  end)
end)

describe("a ticker", function()
  it("gives the number of each tick when it is due, without drift", function()
    virtual(function()
      local times = {}
      for n in cohort.ticker(0.1) do
        times[n] = cohort.now()
        cohort.sleep(n % 3 * 0.03)
        if n == 1000 then break end
      end
      assert.equal(1000, #times)
      for n, time in ipairs(times) do assert.is_true(math.abs(time - n * 0.1) < 1e-6) end
    end)
  end)

  it("skips ticks that were missed: the latest comes at once, and the number tells", function()
    virtual(function()
      local log = {}
      for n in cohort.ticker(1) do
        log[#log + 1] = { n, cohort.now() }
        cohort.sleep(n == 2 and 3.5 or 0)
        if n >= 7 then break end
      end
      assert.same({ { 1, 1 }, { 2, 2 }, { 5, 5.5 }, { 6, 6 }, { 7, 7 } }, log)
    end)
  end)

  it("goes on, in whole numbers, however short its interval is", function()
    for _, interval in ipairs { 1e-9, 1e-12, 1e-300, 5e-324 } do
      virtual(function()
        local step, last = cohort.ticker(interval), 0
        for _ = 1, 5 do
          local in_time, n = cohort.move_on_after(1, step)
          assert.is_true(in_time)
          assert.equal("integer", math.type(n))
          assert.is_true(n > last)
          last = n
          cohort.sleep(1)
        end
      end)
    end
  end)

  it("gives each tick to one of those who share it, when it is due", function()
    virtual(function()
      local tick, log = cohort.ticker(1), {}
      cohort.group(function(g)
        for _ = 1, 3 do
          g:spawn(function()
            for _ = 1, 2 do table.insert(log, { tick(), cohort.now() }) end
          end)
        end
      end)
      assert.same({ { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 }, { 6, 6 } }, log)
    end)
  end)

  it("is a checkpoint at each step, also when it is late", function()
    virtual(function()
      local tick = cohort.ticker(1)
      local count = 0
      assert.is_false((cohort.move_on_after(3.5, function()
        for _ in tick do count = count + 1 end
      end)))
      assert.equal(3, count)
      cohort.sleep(5)
      local turns = 0
      cohort.group(function(g)
        g:spawn(function() turns = turns + 1 end)
        assert.equal(8, tick())
        assert.equal(1, turns)
      end)
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(tasks.is_cancelled(raised(tick)))
      end)
    end)
  end)

  it("outside of tasks says where it works", function()
    assert.matches("retry_spec.lua:%d+: ticker: no task runs here", raised(function() cohort.ticker(1) end))
  end)

  it("refuses a function, which it would never call", function()
    assert.matches("retry_spec.lua:%d+: ticker takes no function: write for n in cohort.ticker%(seconds%) do",
      raised(function() cohort.ticker(1, print) end))
  end)
end)
