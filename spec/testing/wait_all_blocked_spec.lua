-- Waiting until every other task is blocked.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local virtual = tasks.virtual
local wait_all_blocked = testing.wait_all_blocked

describe("wait_all_blocked", function()
  it("waits until nothing is ready, however often the others switch", function()
    for _, run in ipairs { virtual, cohort.run } do
      run(function()
        cohort.group(function(g)
          local task = g:spawn(function()
            for _ = 1, 200 do cohort.checkpoint() end
            cohort.event():wait()
          end)
          wait_all_blocked()
          assert.equal("waiting", task:status())
          assert.truthy(testing.task_tree():find("waits for an event", 1, true))
          task:cancel()
        end)
      end)
    end
  end)

  it("goes before the clock jumps, whatever its cushion", function()
    for _, cushion in ipairs { 0, 0.005 } do
      local log = {}
      virtual(function()
        cohort.group(function(g)
          g:spawn(function()
            cohort.sleep(1)
            log[#log + 1] = "sleeper"
          end)
          wait_all_blocked(cushion)
          log[#log + 1] = "waiter"
          assert.equal(0, cohort.now())
        end)
      end)
      assert.same({ "waiter", "sleeper" }, log)
    end
  end)

  it("lets the shortest cushions go first and together, and the others count anew", function()
    local log = {}
    cohort.run(function()
      cohort.group(function(g)
        local function wait(cushion, name)
          wait_all_blocked(cushion)
          log[#log + 1] = name
        end
        g:spawn(wait, 0.03, "much")
        g:spawn(wait, 0.005, "little")
        g:spawn(wait, nil, "nothing")
        g:spawn(wait, 0.005, "little")
        g:spawn(function()
          cohort.sleep(0.002)
          log[#log + 1] = "blink"
        end)
      end)
    end)
    assert.equal("nothing blink little little much", table.concat(log, " "))
  end)

  it("sees what comes over a socket", function()
    virtual(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local client <close> = net.connect("127.0.0.1", listener.local_address.port)
      local server <close> = listener:accept()
      local got
      cohort.group(function(g)
        g:spawn(function() got = server:read() end)
        client:write "hello\n"
        wait_all_blocked()
        assert.equal("hello", got)
      end)
    end)
  end)

  it("waits for a lookup, which ends by itself", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(net.resolve, "localhost")
        wait_all_blocked()
        assert.not_equal("waiting", task:status())
      end)
    end)
  end)

  it("lets sleepers end after a jump", function()
    local clock = testing.clock()
    cohort.run({ clock = clock }, function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 5)
        wait_all_blocked()
        clock:jump(10)
        assert.equal("waiting", task:status())
        wait_all_blocked()
        assert.equal("done", task:status())
      end)
    end)
  end)

  it("can be cancelled, and is no deadlock", function()
    virtual(function()
      assert.is_false(cohort.move_on_after(0, wait_all_blocked))
      cohort.group(function(g)
        local task = g:spawn(wait_all_blocked, 3600)
        wait_all_blocked()
        assert.truthy(testing.task_tree():find("waits for all others to be blocked", 1, true))
        task:cancel()
        task:wait()
        assert.equal("cancelled", task:status())
      end)
      wait_all_blocked()
    end)
  end)
end)

describe("task_tree", function()
  it("has a line for each task, whatever it does", function()
    virtual(function()
      cohort.current_task().name = "main"
      cohort.group(function(g)
        g:spawn(cohort.sleep, 1).name = "first"
        wait_all_blocked()
        g:spawn(print).name = "second"
        local lines = {}
        for line in testing.task_tree():gmatch "[^\n]+" do lines[#lines + 1] = line end
        assert.matches("^task 'main' runs at spec/testing/wait_all_blocked_spec.lua:%d+$", lines[1])
        assert.matches("^  task 'first' waits for sleep$", lines[2])
        assert.matches("^  task 'second' has yet to begin$", lines[3])
        assert.equal(3, #lines)
        g:cancel()
      end)
    end)
  end)

  it("is empty outside of run", function() assert.equal("", testing.task_tree()) end)
end)
