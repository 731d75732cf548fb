-- Runners: one runtime for several functions, and the watchdog.
local child = require "spec.support.child"
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local raised = tasks.raised

-- A runner in virtual time.
local function open(options)
  options = options or {}
  options.clock = testing.clock { autojump = true }
  return testing.open_runner(options)
end

describe("a runner", function()
  it("runs one function after another, in one time", function()
    local runner <close> = open()
    assert.same({ 1, nil, 3, n = 3 }, table.pack(runner:run(function(...)
      cohort.sleep(5)
      return ...
    end, 1, nil, 3)))
    assert.equal(5, runner:run(cohort.now))
    assert.matches("^runner .*%(open%)$", tostring(runner))
  end)

  it("keeps open what is not closed", function()
    local runner <close> = open()
    local listener = runner:run(net.listen, "127.0.0.1", 0)
    runner:run(function()
      local client <close> = net.connect("127.0.0.1", listener.local_address.port)
      local server <close> = listener:accept()
      client:write "hello\n"
      assert.equal("hello", server:read())
    end)
    runner:close()
    assert.is_true(cohort.is(raised(cohort.run, listener.accept, listener), cohort.Closed))
  end)

  it("raises what a function raises, and goes on", function()
    local runner <close> = open()
    local err = {}
    assert.equal(err, raised(runner.run, runner, error, err))
    assert.is_true(cohort.is(raised(runner.run, runner, cohort.sleep_forever), cohort.Deadlock))
    assert.is_nil(runner:run(cohort.sleep, 1))
    assert.equal(1, runner:run(cohort.now))
  end)

  it("is refused while another runtime is open, and after its end", function()
    local runner <close> = open()
    local function misuse(text, f) assert.matches("runner_spec.lua:%d+: " .. text, raised(f)) end
    misuse("open_runner cannot be called while", function() open() end)
    assert.truthy(raised(cohort.run, print):find("run cannot be called inside run"))
    runner:run(function()
      misuse("run cannot be called by", function() runner:run(print) end)
      misuse("close cannot be called by", function() runner:close() end)
    end)
    runner:close()
    runner:close()
    assert.matches("%(closed%)$", tostring(runner))
    misuse("run: the runner is closed", function() runner:run(print) end)
    cohort.run(cohort.checkpoint)
  end)

  it("that is collected is closed", function()
    open()
    collectgarbage()
    collectgarbage()
    assert.is_true(pcall(cohort.run, cohort.checkpoint))
  end)

  it("may be left open at the end of the state, in the middle of a function too", function()
    local open_one = 'local t = require "cohort.testing" local runner = t.open_runner { watchdog = 9 } '
    for _, source in ipairs { "", "runner:run(os.exit, true, true)", "runner:run(print, 1)" } do
      local result = child.run(open_one .. source)
      assert.equal("", result.err)
      assert.equal(0, result.code)
    end
  end)
end)

describe("the watchdog", function()
  -- What a runner with a short one raises; then it must work as before.
  local function stopped(f)
    local runner <close> = open { watchdog = 0.05 }
    local err = raised(runner.run, runner, f)
    assert.is_true(cohort.is(err, cohort.Timeout))
    assert.equal("deadline", err.reason.kind)
    assert.truthy(err.message:find("^stopped by the watchdog after 0.05 s of real time\ntask '"))
    assert.equal("alive", runner:run(function()
      cohort.sleep(1)
      return "alive"
    end))
    return err
  end

  local function count() for _ = 1, 1e6 do end end  -- luacheck: ignore

  it("ends a loop that never waits", function()
    local closed
    local err = stopped(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      while true do end  -- luacheck: ignore
    end)
    assert.truthy(err.message:find("' runs at spec/testing/runner_spec.lua:%d+$"))
    assert.is_true(closed)
  end)

  it("ends it past its own pcalls, in a child, in coroutines of either sort", function()
    local function loop() while true do pcall(pcall, count) end end
    stopped(loop)
    stopped(function() cohort.group(function(g) g:spawn(loop) end) end)
    stopped(function() cohort.coroutine.wrap(loop)() end)
    stopped(function() coroutine.wrap(function() while true do end end)() end)  -- luacheck: ignore
  end)

  it("ends two of them", function()
    stopped(function()
      cohort.group(function(g)
        for _ = 1, 2 do g:spawn(function() while true do pcall(count) end end) end
      end)
    end)
  end)

  it("ends what waits for the outside, or passes checkpoints, under a shield too", function()
    local function accept()
      local listener <close> = net.listen("127.0.0.1", 0)
      listener:accept()
    end
    local function pass() while true do cohort.checkpoint() end end
    for _, f in ipairs { accept, pass } do
      stopped(f)
      stopped(function() cohort.shield(f) end)
    end
  end)

  it("lets clean-up run, which may wait under a shield", function()
    local log = {}
    stopped(function()
      local _ <close> = setmetatable({}, {
        __close = function()
          cohort.shield(cohort.sleep, 1)
          log[1] = cohort.now()
        end,
      })
      while true do pcall(count) end
    end)
    assert.same({ 1 }, log)
  end)

  it("keeps what the function raised as the cause", function()
    local err = stopped(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      pcall(listener.accept, listener)
      error "clean-up failed"
    end)
    assert.truthy(err.cause:find "clean%-up failed")
  end)

  it("leaves alone what ends in time, and no hook behind", function()
    local runner <close> = open { watchdog = 60 }
    local co = runner:run(function()
      assert.is_not_nil((debug.gethook()))
      return coroutine.create(function()
        count()
        return debug.gethook()
      end)
    end)
    runner:close()
    local ok, hook = coroutine.resume(co)
    assert.is_true(ok)
    assert.is_nil(hook)
  end)
end)
