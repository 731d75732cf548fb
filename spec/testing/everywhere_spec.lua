--- testing.cancel_everywhere and testing.fail_everywhere: what they find, and that a right program passes.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"

-- What `name` finds in `f`, which must fail.
local function finding(name, f, options)
  local ok, err = pcall(testing[name], options or {}, f)
  assert.is_false(ok)
  assert.is_true(cohort.is(err, cohort.Error), tostring(err))
  return err
end

local function says(fragment, name, f, options)
  local err = finding(name, f, options)
  assert.is_truthy(err.message:find(fragment, 1, true), err.message)
  return err
end

local function on_close(f) return setmetatable({}, { __close = f }) end

-- An echo of one line over a socket, all of it here.
local function echo()
  local listener <close> = net.listen("127.0.0.1", 0)
  cohort.group(function(g)
    g:spawn_daemon(net.serve, listener, { on_error = function() end }, function(stream)
      for line in stream:lines() do stream:write(line, "\n") end
    end)
    local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
    stream:write "hello\n"
    assert(stream:read "l" == "hello")
    stream:shutdown()
    assert(stream:read "a" == "")
  end)
end

-- Two tasks that work under a lock, with a guard each.
local function locked(guard)
  local lock = cohort.lock()
  cohort.group(function(g)
    for i = 1, 2 do
      g:spawn(function()
        local _ <close> = guard("guard " .. i)
        lock:with(cohort.sleep, 1)
      end)
    end
  end)
end

describe("cancel_everywhere", function()
  it("runs a right program with a cancellation at each of its checkpoints, and twice at each", function()
    for _, f in ipairs { locked, echo } do
      local done = testing.cancel_everywhere({ runs = 1 }, f)
      assert.is_true(done.checkpoints > 8)
      assert.equal(1 + 2 * done.checkpoints, done.runs)
      assert.is_false(done.exhaustive)
    end
  end)

  it("cancels one task and then all at each pair of checkpoints, within its runs", function()
    local done = testing.cancel_everywhere(locked)
    assert.is_true(done.exhaustive)
    assert.is_true(done.runs > 1 + 3 * done.checkpoints)
    local cut = testing.cancel_everywhere({ runs = done.runs - 1 }, locked)
    assert.same({ done.runs - 1, false }, { cut.runs, cut.exhaustive })
    local enough = testing.cancel_everywhere({ runs = done.runs }, locked)
    assert.same({ done.runs, true }, { enough.runs, enough.exhaustive })
  end)

  it("cuts a path that is taken only because a task was cancelled, at each of its checkpoints", function()
    local seat
    local function f()
      seat = "free"
      cohort.group(function(g)
        local first = g:spawn(function() cohort.sleep(1) end)
        first:wait()
        if first:status() == "cancelled" then
          cohort.sleep(1)
          seat = "taken"
          cohort.sleep(1)
          seat = "free"
        end
      end)
    end
    local options = { check = function() assert(seat == "free", "a seat is lost") end }
    local err = says("that task cancelled alone, then all", "cancel_everywhere", f, options)
    assert.matches("then all %d checkpoints later, at checkpoint %d of %d, where task ", err.message)
    options.at = err.at
    assert.equal(err.message, finding("cancel_everywhere", f, options).message)
    options.at, options.runs = nil, 1
    assert.is_false(testing.cancel_everywhere(options, f).exhaustive)
  end)

  it("cancels in each state that a task is in", function()
    local seen = {}
    testing.cancel_everywhere(function()
      local state = "begun"
      local _ <close> = on_close(function(_, err)
        if cohort.is(err, cohort.Cancelled) then seen[state] = true end
      end)
      local places = cohort.semaphore(1)
      places:acquire()
      state = "held"
      cohort.sleep(1)
      state = "slept"
      cohort.checkpoint()
      state = "done"
    end)
    assert.same({ begun = true, held = true, slept = true }, seen)
  end)

  it("finds what is not put back", function()
    local balance
    local function f()
      balance = 0
      cohort.checkpoint()
      balance = 1
      cohort.sleep(1)
      balance = 0
    end
    local err = says("check: ", "cancel_everywhere", f, { check = function() assert(balance == 0) end })
    assert.matches("cancelled at checkpoint 2 of 4, where task 'main' was at spec/testing/everywhere_spec",
      err.message)
  end)

  it("finds a guard that is never closed, or twice", function()
    says("'forgotten' was never closed", "cancel_everywhere", function(guard)
      local forgotten = guard "forgotten"
      cohort.sleep(1)
      getmetatable(forgotten).__close(forgotten)
    end)
    says("'guard' was closed 2 times", "cancel_everywhere", function(guard)
      local own <close> = guard()
      pcall(cohort.sleep, 1)
      if cohort.cancelled() then getmetatable(own).__close(own) end
    end)
  end)

  it("finds a handle or a descriptor that stays open", function()
    local held  -- until the next run: the collector would close it
    says("left open: 1 handle (a listener opened at spec/", "cancel_everywhere", function()
      held = net.listen("127.0.0.1", 0)
      cohort.checkpoint()
      held:close()
    end)
    says("left open: 1 descriptor", "cancel_everywhere", function()
      held = assert(io.open("/dev/null"))
      cohort.checkpoint()
      held:close()
    end)
  end)

  it("finds an error that is no cancellation, unless it is allowed", function()
    local Own = cohort.error_type "Own"
    local function f()
      cohort.group(function(g)
        g:spawn(function()
          local _ <close> = on_close(function(_, err) if err then error(Own "mine") end end)
          cohort.sleep(1)
        end)
      end)
    end
    local err = says("raised group", "cancel_everywhere", f)
    assert.is_true(cohort.is(err.cause, cohort.ErrorGroup))
    says("raised group", "cancel_everywhere", f, { allow = cohort.Timeout })
    assert.is_true(testing.cancel_everywhere({ allow = Own }, f).runs > 5)
  end)

  it("tells of an error whose __tostring raises", function()
    local hostile = setmetatable({}, { __tostring = function() error "no" end })
    says("raised table: 0x", "cancel_everywhere", function()
      if not pcall(cohort.checkpoint) then error(hostile, 0) end
    end)
  end)

  it("finds a program that does not end", function()
    local err = says("it did not end by itself", "cancel_everywhere", function()
      local event = cohort.event()
      cohort.group(function(g)
        g:spawn(cohort.shield, event.wait, event)
        cohort.sleep(1)
        event:set()
      end)
    end)
    assert.is_true(cohort.is(err.cause, cohort.Deadlock))
  end)

  it("finds what breaks when all is cancelled while one task cleans up after its own", function()
    local left
    local function f()
      left = 0
      cohort.group(function(g)
        g:spawn(function()
          left = 1
          pcall(cohort.sleep, 1)
          -- Wrong: it waits, and does not say that it must not be cut.
          if cohort.cancelled() and not pcall(cohort.shield, cohort.sleep, 1) then return end
          left = 0
        end)
        cohort.sleep(3)
      end)
    end
    assert.is_true(testing.cancel_everywhere({ check = function() assert(left == 0) end }, f).runs > 8)
    local function worse()
      left = 0
      cohort.group(function(g)
        local task = g:spawn(function()
          local _ <close> = on_close(function() left = left - 1 end)
          left = left + 1
          cohort.sleep(1)
        end)
        task:wait()
        if task:status() == "cancelled" then left = 1 end  -- takes it for its own mistake
      end)
    end
    local err = says("that task cancelled alone, then all, at checkpoint", "cancel_everywhere", worse,
      { check = function() assert(left == 0) end })
    assert.equal("number", type(err.at))
  end)

  it("takes no offence at tasks that wait for ever for one that was cancelled alone", function()
    local done = testing.cancel_everywhere(function()
      local barrier = cohort.barrier(2)
      cohort.group(function(g)
        for _ = 1, 2 do
          g:spawn(function()
            cohort.sleep(1)
            barrier:wait()
          end)
        end
      end)
    end)
    assert.is_true(done.exhaustive)
  end)

  it("shows one checkpoint alone when asked to", function()
    local err = finding("cancel_everywhere", function(guard)
      cohort.checkpoint()
      local forgotten = guard "forgotten"
      cohort.sleep(1)
      getmetatable(forgotten).__close(forgotten)
    end)
    assert.equal(2, err.at)
    assert.equal(3, testing.cancel_everywhere({ at = 1 }, function() cohort.sleep(1) end).runs)
  end)

  it("raises what the program raises by itself, as it is", function()
    local ok, err = pcall(testing.cancel_everywhere, function() error("mine", 0) end)
    assert.same({ false, "mine" }, { ok, err })
    says("when nothing is done to it\n  'g' was never closed", "cancel_everywhere",
      function(guard) guard "g" end)
    says("when nothing is done to it\n  check: no", "cancel_everywhere", function() end,
      { check = function() error("no", 0) end })
  end)

  it("does not wait for real time", function()
    assert.equal(8, testing.cancel_everywhere(function() cohort.sleep(1e6) end).runs)
  end)
end)

describe("fail_everywhere", function()
  it("lets each thing fail that can, one after the other", function()
    local done = testing.fail_everywhere(echo)
    local names = "socket listen connect accept read write shutdown watch memory"
    for name in names:gmatch "%w+" do
      assert.is_true((done.operations[name] or 0) >= 1, name)
    end
    assert.equal(done.faults + 2, done.runs)
  end)

  it("lets a lookup fail", function()
    local code
    local done = testing.fail_everywhere(function()
      local ok, err = cohort.attempt(net.resolve, "localhost")
      if not ok and cohort.is(err, cohort.SystemError) then code = err.code end
    end)
    assert.equal(1, done.operations.resolve)
    assert.equal("EAI_AGAIN", code)
  end)

  it("fails with what fits each, or with the code that is asked for", function()
    local codes
    local function f()
      local ok, err = cohort.attempt(net.listen, "127.0.0.1", 0)
      if ok then err:close() elseif cohort.is(err, cohort.SystemError) then codes[#codes + 1] = err.code end
    end
    codes = {}
    testing.fail_everywhere(f)
    assert.same({ "EMFILE", "ENOBUFS", "EADDRINUSE", "ENOMEM" }, codes)
    codes = {}
    testing.fail_everywhere({ code = "EACCES" }, f)
    assert.same({ "EACCES", "EACCES", "EACCES", "EACCES" }, codes)
  end)

  it("finds a stream that stays open when a write to it fails", function()
    local function f()
      local listener <close> = net.listen("127.0.0.1", 0)
      local stream = net.connect("127.0.0.1", listener.local_address.port)
      stream:write "x"
      stream:close()
    end
    local place = "spec/testing/everywhere_spec.lua:%d"
    local line = debug.getinfo(f, "S").linedefined
    local err = says("left open: 1 handle (a stream opened at " .. place:format(line + 2) .. ")",
      "fail_everywhere", f)
    local failed = "when number %%d+ of what can fail did, which was write at %s\n"
    assert.matches(failed:format(place:format(line + 3)), err.message)
    assert.equal("write", err.cause.operation)
    local again = says("which was write", "fail_everywhere", f, { at = err.at })
    assert.equal(err.at, again.at)
  end)

  it("finds what is not put back, and a guard that is not closed", function()
    local held
    says("check: ", "fail_everywhere", function()
      held = true
      net.listen("127.0.0.1", 0):close()
      held = false
    end, { check = function() assert(not held) end })
    says("'own' was never closed", "fail_everywhere", function(guard)
      local own = guard "own"
      net.listen("127.0.0.1", 0):close()
      getmetatable(own).__close(own)
    end)
  end)

  it("finds a program that hangs when something fails", function()
    local err = says("it did not end by itself", "fail_everywhere", function()
      local event = cohort.event()
      local ok, listener = cohort.attempt(net.listen, "127.0.0.1", 0)
      if ok then
        listener:close()
        event:set()
      end
      event:wait()
    end)
    assert.is_true(cohort.is(err.cause, cohort.Deadlock))
  end)

  it("raises what the program raises by itself, as it is", function()
    local ok, err = pcall(testing.fail_everywhere, function() error("mine", 0) end)
    assert.same({ false, "mine" }, { ok, err })
  end)

  it("leaves nothing set for what runs afterwards", function()
    testing.fail_everywhere(echo)
    cohort.run(echo)
  end)
end)
