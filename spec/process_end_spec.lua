-- The end of processes: however it comes, nothing of them is left.
local cohort = require "cohort"
local core = require "cohort.core"
local process = require "cohort.process"
local testing = require "cohort.testing"
local child = require "spec.support.child"
local children = require "spec.support.children"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

local function sh(script, options)
  local command = { "sh", "-c", script }
  for name, value in pairs(options or {}) do command[name] = value end
  return command
end

-- Waits in real time until `condition()` holds.
local function await(condition)
  for _ = 1, 2000 do
    if condition() then return true end
    cohort.run({ signals = false }, cohort.sleep, 0.005)
  end
  return false
end

-- The same in a task of a run with a real clock.
local function await_here(condition)
  for _ = 1, 2000 do
    if condition() then return true end
    cohort.sleep(0.005)
  end
  return false
end

local stubborn = "trap '' TERM; echo ready; exec sleep 1000"
local polite = "trap 'echo bye; exit 7' TERM; echo ready; while :; do read line || sleep 0.01; done"

describe("the end of a block", function()
  it("tells a process to end, lets it clean up, and reaps it", function()
    local p
    virtual(function()
      local block <close> = process.open(sh(polite))
      p = block
      assert.equal("ready", p.stdout:read())
    end)
    assert.same({ 7, nil }, { p.status, p.signal })
    assert.equal(0, children.count())
  end)

  it("kills one that does not end in its grace, which is of real time", function()
    local p
    virtual(function()
      local block <close> = process.open(sh(stubborn, { grace = 0.02 }))
      p = block
      p.stdout:read()
    end)
    assert.same({ nil, "SIGKILL" }, { p.status, p.signal })
    assert.equal(0, children.count())
  end)

  it("kills at once without a grace", function()
    local p
    virtual(function()
      local block <close> = process.open(sh(polite, { grace = 0 }))
      p = block
      p.stdout:read()
    end)
    assert.equal("SIGKILL", p.signal)
  end)

  it("ends one that is stopped", function()
    local p
    virtual(function()
      local block <close> = process.open { "cat" }
      p = block
      p:kill "SIGSTOP"
    end)
    assert.equal("SIGTERM", p.signal)
  end)

  it("closes all streams, and is nothing to one that has ended", function()
    virtual(function()
      local p = process.open { "true" }
      p:wait()
      do
        local _ <close> = p
      end
      for _, name in ipairs { "stdin", "stdout", "stderr" } do
        assert.matches("%(closed%)", tostring(p[name]))
      end
      p:close()
      p:close()
    end)
  end)

  it("waits in a cancelled task too, and the cancellation goes on", function()
    local p
    virtual(function()
      local finished = cohort.scope({}, function(scope)
        local block <close> = process.open(sh(polite))
        p = block
        p.stdout:read()
        scope:cancel()
        cohort.sleep_forever()
      end)
      assert.is_false(finished)
      assert.equal(7, p.status)
    end)
  end)

  it("is reached by errors", function()
    local p
    virtual(function()
      local err = raised(function()
        local block <close> = process.open { "cat" }
        p = block
        error "mine"
      end)
      assert.matches("mine", err)
      assert.equal("SIGTERM", p.signal)
    end)
  end)
end)

describe("close", function()
  it("returns at once; the loop sees to the end, of which one can be told", function()
    virtual(function()
      local p = process.open(sh(stubborn, { grace = 0.01 }))
      p.stdout:read()
      p:close()
      assert.is_nil(p.status)
      assert.matches("%(closed%)", tostring(p.stdout))
      assert.same({ nil, "SIGKILL" }, { p:wait() })
      assert.equal(0, children.count())
    end)
  end)

  it("that was forgotten is done when the object is collected, with one warning", function()
    local result = child.run [[
      local cohort = require "cohort"
      local children = require "spec.support.children"
      cohort.run(function()
        cohort.process.open { "cat" }
        collectgarbage()
        collectgarbage()
        cohort.process.run { "true" }
        local p = cohort.process.open { "true" }
        p:wait()
        p = nil
        collectgarbage()
      end)
      print(children.count())
    ]]
    assert.equal("0\n", result.out)
    local warning = "a process started at %S+:4 was collected without close: write 'local x <close> = ...'"
    assert.matches(warning, result.err)
    assert.equal(1, select(2, result.err:gsub("\n", "")))
  end)
end)

describe("the end of a run", function()
  it("kills what is left, with nobody waiting", function()
    local p, other
    virtual(function()
      p = process.open(sh(stubborn))
      p.stdout:read()
      other = process.open(sh(stubborn, { process_group = true }))
      other.stdout:read()
      other:close()
    end)
    assert.same({ nil, "SIGKILL", nil, "SIGKILL" }, { p.status, p.signal, other.status, other.signal })
    assert.equal(0, children.count())
    assert.matches("no task runs here", raised(function() p:wait() end))
    assert.is_false(p:kill())
  end)

  it("at any moment, of the state itself, leaves no child", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local p <close> = cohort.process.open { "sh", "-c", "trap '' TERM; echo $$; exec sleep 1000" }
        io.write(p.stdout:read(), "\n"):flush()
        cohort.group(function(g)
          g:spawn(cohort.process.run, { "sleep", 1000 })
          cohort.sleep(0.001)
          os.exit(3, true)
        end)
      end)
    ]]
    assert.equal(3, result.code)
    assert.is_false(children.is_alive(tonumber(result.out)))
  end)

  it("by Ctrl-C is an orderly one", function()
    local result = child.run(([[
      local cohort = require "cohort"
      local ok, err = pcall(cohort.run, function()
        local p <close> = cohort.process.open { "sh", "-c", %q, process_group = true }
        p.stdout:read()
        io.popen("kill -INT $PPID"):close()
        local _ <close> = setmetatable({}, { __close = function() print(p.status) end })
        local _ <close> = p
        p:wait()
      end)
      print(cohort.is(err, cohort.Interrupted))
    ]]):format(polite))
    assert.same({ code = 0, out = "7\ntrue\n", err = "" }, result)
  end)
end)

describe("run that is cancelled", function()
  it("has ended its child when it raises", function()
    virtual(function()
      local a <close>, b = cohort.net.pair()
      cohort.group(function(g)
        g:spawn(process.run, sh("echo $$; exec sleep 1000", { stdout = a }))
        local pid = tonumber(b:read())
        assert.is_true(children.is_alive(pid))
        g:cancel()
        b:close()
      end)
      assert.equal(0, children.count())
    end)
  end)

  it("does not wait for a grandchild that keeps its output open", function()
    local pid
    virtual(function()
      local a <close>, b = cohort.net.pair()
      cohort.group(function(g)
        g:spawn(process.run, sh("sleep 1000 & echo $!", { stdout = a }))
        pid = tonumber(b:read())
        g:cancel()
      end)
      b:close()
      assert.is_true(children.is_alive(pid))
      process.run { "kill", pid }
    end)
    assert.is_true(await(function() return not children.is_alive(pid) end))
  end)

  it("waits for it otherwise, as a shell does", function()
    virtual(function()
      assert.equal("first\nlast\n", process.run(sh "(sleep 0.05; echo last) & echo first").stdout)
    end)
  end)
end)

describe("a process group", function()
  it("ends with its leader's block, all of it, whoever ignores what", function()
    for _, inner in ipairs { "exec sleep 1000", "trap '' TERM; exec sleep 1000" } do
      local pid, own
      virtual(function()
        local p <close> = process.open(sh(("(%s) >&2 & echo $!; wait"):format(inner),
          { process_group = true, grace = 0.05, stderr = "null" }))
        pid, own = tonumber(p.stdout:read()), p.pid
        assert.is_true(children.is_alive(pid))
      end)
      assert.is_true(await(function() return not children.is_alive(pid) end))
      assert.is_false(children.is_alive(own))
      assert.equal(0, children.count())
    end
  end)

  it("whose leader has ended is still ended, politely", function()
    local path = os.tmpname()
    virtual(function()
      local p <close> = process.open(sh(("(%s) <&3 >%s & echo $!"):format(polite, path),
        { process_group = true, stdin = "null", stderr = "null" }))
      assert.is_truthy(tonumber(p.stdout:read()))
      assert.equal(0, p:wait())
    end)
    os.remove(path)
    assert.equal(0, children.count())
  end)

  it("gets the signals that are sent, and not those of a terminal's Ctrl-C to us", function()
    virtual(function()
      local p <close> = process.open(sh("cat & cat; echo over", { process_group = true }))
      assert.equal(p.pid, children.group_of(p.pid))
      assert.is_true(p:kill "SIGKILL")
      assert.same({ nil, "SIGKILL" }, { p:wait() })
      assert.equal("", p.stdout:read "a" or "")
    end)
  end)

  it("whose leader has left it is ended all the same, and gets signals", function()
    local leaves = "import os, time; os.setpgid(0, os.getpgid(os.getppid())); print('x', flush=True); "
      .. "time.sleep(5)"
    local command = { "env", "-u", "LD_PRELOAD", "python3", "-c", leaves, process_group = true, grace = 0 }
    virtual(function()
      local left
      do
        local p <close> = process.open(command)
        p.stdout:read()
        left = p
      end
      assert.same({ nil, "SIGKILL" }, { left:wait() })
      local p <close> = process.open(command)
      p.stdout:read()
      assert.is_true(p:kill "SIGINT")
      assert.same({ nil, "SIGINT" }, { p:wait() })
    end)
  end)

  -- The leader ends; so does a grandchild in its group, whom its parent, in a group of its own, never reaps.
  local unreaped = [[
import os
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os.setpgid(0, 0)
    print(os.getpid(), flush=True)
    os.execvp("sleep", ["sleep", "1000"])
os._exit(0)
]]

  it("does not wait for those who have ended and that nobody reaps", function()
    virtual(function()
      local other
      do
        local p <close> = process.open { "python3", "-c", unreaped, process_group = true, grace = 1000 }
        other = tonumber(p.stdout:read())
        p:wait()
      end
      assert.equal(0, children.count())
      process.run { "kill", other }
    end)
  end)

  it("is reaped at once when nobody is left in it, and its leader no sooner", function()
    virtual(function()
      do
        local p <close> = process.open { "true", process_group = true }
        p:wait()
        assert.same({ p.pid }, children.list())
        assert.is_false(children.is_alive(p.pid))
      end
      assert.equal("x", process.run({ "echo", "-n", "x", process_group = true }).stdout)
      assert.equal(0, children.count())
    end)
  end)
end)

describe("a process that is waited for", function()
  it("is no deadlock, and a real clock goes on meanwhile", function()
    cohort.run(function()
      local p <close> = process.open { "cat" }
      cohort.group(function(g)
        g:spawn(p.wait, p)
        assert.is_true(await_here(function() return true end))
        p.stdin:close()
      end)
      assert.equal(0, p.status)
    end)
  end)

  it("does not hold up a virtual clock", function()
    virtual(function()
      local p <close> = process.open { "cat" }
      assert.is_false((cohort.move_on_after(1000, p.wait, p)))
      assert.equal(1000, cohort.now())
    end)
  end)
end)

describe("a command that is cut or fails at any point", function()
  local function nothing_left() assert.equal(0, children.count()) end

  it("leaves nothing of a run", function()
    local counts = testing.cancel_everywhere({ check = nothing_left }, function(guard)
      local _ <close> = guard()
      process.run { "cat", stdin = "text" }
    end)
    assert.is_true(counts.checkpoints > 3)
  end)

  it("leaves nothing of an open process", function()
    local counts = testing.cancel_everywhere({ check = nothing_left, allow = cohort.Broken }, function(guard)
      local _ <close> = guard()
      local p <close> = process.open { "cat" }
      p.stdin:write "text\n"
      assert(p.stdout:read() == "text")
      p.stdin:close()
      p:wait()
    end)
    assert.is_true(counts.checkpoints > 3)
  end)

  it("raises what failed, and leaves nothing, whatever fails", function()
    local counts = testing.fail_everywhere({ check = nothing_left }, function(guard)
      local _ <close> = guard()
      process.run { "cat", stdin = "text", process_group = true }
    end)
    local watches = children.in_valgrind and 3 or 4  -- it has no pidfds
    for operation, count in pairs { spawn = 1, pidfd_open = 1, pipe = 3, open = 1, watch = watches } do
      assert.equal(count, counts.operations[operation], operation)
    end
  end)

  -- Runs a command with the one call of the system failing that is called so; what pcall returned.
  local function run_with_fault(call, code, command)
    local n, failed, ok, result = 0
    repeat
      n = n + 1
      core.set_fault(n, code)
      ok, result = pcall(process.run, command)
      failed = core.fault()
      core.set_fault(0)
    until failed == call
    return ok, result
  end

  it("says so when there can be no further process", function()
    virtual(function()
      local ok, err = run_with_fault("spawn", "EAGAIN", { "true" })
      assert.is_false(ok)
      assert.is_true(cohort.is(err, { code = "EAGAIN", operation = "spawn", path = "true" }))
      assert.equal(0, children.count())
    end)
  end)

  it("works where the system has no pidfd", function()
    virtual(function()
      for _, group in ipairs { false, true } do
        local ok, result = run_with_fault("pidfd_open", "ENOSYS", { "echo", "x", process_group = group })
        assert.is_true(ok)
        assert.same({ status = 0, stdout = "x\n", stderr = "" }, result)
        local flooded, err = run_with_fault("pidfd_open", "ENOSYS",
          { "yes", max_output = 1, process_group = group })
        assert.is_false(flooded)
        assert.is_true(cohort.is(err, cohort.TooLong))
      end
      assert.equal(0, children.count())
    end)
  end)
end)

describe("descriptors that have run out", function()
  -- The leader of a group ends at once; its child, in the group, cannot be told to end.
  local deaf = "trap '' TERM; sleep 1000 >/dev/null & echo $!"

  it("keep nobody of a process group alive: who cannot be looked at is taken to run", function()
    for free = 0, 2 do  -- to look at a member takes two
      local result = child.run_clean(([[
        local cohort = require "cohort"
        local children = require "spec.support.children"
        local pid, held = nil, {}
        cohort.run(function()
          local p <close> = cohort.process.open { "sh", "-c", %q, process_group = true, grace = 0.02,
            stdin = "null", stderr = "null" }
          pid = tonumber(p.stdout:read())
          p.stdout:close()
          p:wait()
          assert(children.is_alive(pid))
          repeat
            local file = io.open "/dev/null"
            held[#held + 1] = file
          until not file
          for _ = 1, %d do table.remove(held):close() end
        end)
        for _, file in ipairs(held) do file:close() end
        for _ = 1, 2000 do
          if not children.is_alive(pid) then break end
          cohort.run(cohort.sleep, 0.005)
        end
        print(children.is_alive(pid))
      ]]):format(deaf, free), "sh -c 'ulimit -n 32; exec lua5.4 \"$0\"'")
      assert.same({ code = 0, out = "false\n", err = "" }, result)
    end
  end)

  it("raise, and processes can be started again when there are some", function()
    local result = child.run_clean([[
      local cohort = require "cohort"
      local children = require "spec.support.children"
      cohort.run(function()
        for _ = 1, 3 do
          local list = {}
          local ok, err
          repeat
            ok, err = pcall(cohort.process.open, { "cat" })
            list[#list + 1] = ok and err or nil
          until not ok
          print(err.code, err.operation, #list > 3)
          for _, p in ipairs(list) do
            p:close()
            p:wait()
          end
          print(cohort.process.run({ "echo", "again" }).stdout)
        end
      end)
      print(children.count())
    ]], "sh -c 'ulimit -n 32; exec lua5.4 \"$0\"'")
    assert.equal(("EMFILE\tspawn\ttrue\nagain\n\n"):rep(3) .. "0\n", result.out)
  end)
end)
