-- Closing the state in the middle of anything, and states that know nothing of each other.
local child = require "spec.support.child"

-- Every script ends in a way that closes the state early; clean-up may print.
local function run(source)
  local result = child.run([[
    local cohort = require "cohort"
    local function on_close(text, f)
      return setmetatable({}, { __close = function()
        if f then pcall(f) end
        io.write(text, "\n")
      end })
    end
  ]] .. source)
  return result.code, result.out, result.err
end

describe("os.exit(code, true)", function()
  it("in main closes what is open", function()
    assert.same({ 3, "", "" }, { run [[
      cohort.run(function()
        local _ <close> = cohort.open_scope { timeout = 5 }
        cohort.move_on_after(1, os.exit, 3, true)
      end)
    ]] })
  end)

  it("in a task runs the closes of suspended tasks, which cannot wait", function()
    local code, out, err = run [[
      cohort.run(function()
        local _ <close> = on_close "main"
        cohort.group(function(g)
          for i = 1, 3 do
            g:spawn(function()
              local _ <close> = on_close("task " .. i, function() cohort.shield(cohort.sleep, 1) end)
              local _ <close> = cohort.open_scope { timeout = 100 }
              cohort.group(function(inner)
                inner:spawn(function()
                  local _ <close> = on_close("inner " .. i)
                  local own <close> = cohort.open_group()
                  own:spawn(cohort.sleep_forever)
                  cohort.sleep_forever()
                end)
              end)
            end)
          end
          g:spawn_daemon(cohort.sleep_forever)
          g:defer(print, "deferred")
          g:spawn(function()
            cohort.sleep(0.001)
            os.exit(4, true)
          end)
          cohort.fail_after(10, cohort.sleep, 5)
        end)
      end)
    ]]
    assert.equal(4, code)
    assert.equal("", err)
    for i = 1, 3 do
      assert.truthy(out:find("task " .. i))
      assert.truthy(out:find("inner " .. i))
    end
    assert.truthy(out:find("main"))
    assert.is_nil(out:find("deferred"))
  end)

  it("in a task does not run what its own task is in the middle of", function()
    assert.same({ 4, "main\n", "" }, { run [[
      cohort.run(function()
        local _ <close> = on_close "main"
        cohort.group(function(g)
          g:spawn(function()
            local _ <close> = on_close "its own"
            os.exit(4, true)
          end)
        end)
      end)
    ]] })
  end)

  for where, act in pairs {
    ["a __close"] = [[
      local _ <close> = setmetatable({}, { __close = function() os.exit(5, true) end })
      error "x"]],
    ["a message handler"] = [[xpcall(error, function() os.exit(5, true) end)]],
    ["a comparison of sort"] = [[table.sort({ 2, 1 }, function() os.exit(5, true) end)]],
    ["a coroutine"] = [[coroutine.wrap(function()
      local _ <close> = cohort.open_scope()
      os.exit(5, true)
    end)()]],
    ["a deferred function"] = [[cohort.group(function(g)
      g:spawn(cohort.checkpoint)
      g:defer(os.exit, 5, true)
    end)]],
    ["a started task that has not started"] = [[cohort.group(function(g)
      g:start(function() os.exit(5, true) end)
    end)]],
    ["the end of a stubborn task"] = [[warn "@off" cohort.group(function(g)
      g:spawn(function()
        local _ <close> = setmetatable({}, { __close = function() os.exit(5, true) end })
        while true do pcall(cohort.sleep, 1) end
      end)
      cohort.checkpoint()
      g:cancel()
    end)]],
    ["the middle of an unwinding"] = [[cohort.group(function(g)
      g:spawn(error, "one")
      g:spawn(function()
        pcall(cohort.sleep_forever)
        cohort.shield(cohort.sleep, 0.001)
        os.exit(5, true)
      end)
      cohort.sleep_forever()
    end)]],
  } do
    it("in " .. where .. " ends as asked", function()
      assert.same({ 5, "", "" }, { run("cohort.run(function() " .. act .. " end)") })
    end)
  end
end)

describe("what tasks wait for among themselves", function()
  -- Every kind of object held, awaited, and cancelled while the lock of a condition is awaited.
  local busy = [[
    kept = {}
    local function busy(g)
      local lock, limiter, semaphore = cohort.lock(), cohort.limiter(1), cohort.semaphore(1, 1)
      local condition, event, barrier = cohort.condition(lock), cohort.event(), cohort.barrier(3)
      kept = { lock, limiter, semaphore, condition, event, barrier }
      local waiter = g:spawn(condition.with, condition, condition.wait, condition)
      g:spawn(condition.with, condition, condition.wait, condition)
      cohort.checkpoint()
      for _, o in ipairs { lock, limiter, semaphore } do
        g:spawn(function()
          local _ <close> = on_close("released", function() o:release() end)
          o:acquire()
          if o == lock then condition:notify() end
          cohort.sleep_forever()
        end)
        g:spawn(o.with, o, print)
        g:spawn(function() local _ <close> = o:hold() end)
      end
      g:spawn(event.wait, event)
      g:spawn(barrier.wait, barrier)
      g:spawn(barrier.wait, cohort.barrier(2))
      cohort.checkpoint()
      waiter:cancel()
      cohort.checkpoint()
    end
  ]]

  it("is no hindrance to os.exit, and releasing it is quiet", function()
    assert.same({ 5, ("released\n"):rep(3), "" }, { run(busy .. [[
      cohort.run(function()
        cohort.group(function(g)
          busy(g)
          os.exit(5, true)
        end)
      end)
    ]]) })
  end)

  it("outlives the run", function()
    assert.same({ 0, ("released\n"):rep(3) .. "again\n", "" }, { run(busy .. [[
      cohort.run(function()
        cohort.group(function(g)
          busy(g)
          g:cancel()
        end)
      end)
      cohort.run(function()
        kept[2]:with(kept[3].with, kept[3], print, "again")
        cohort.move_on_after(0, kept[6].wait, kept[6])
      end)
    ]]) })
  end)
end)

describe("what is forgotten", function()
  it("says where it was made, if anybody's code was running there", function()
    local result = child.run [[
      warn "@on"
      local cohort = require "cohort"
      local broadcast = cohort.broadcast(1)
      cohort.run(function()
        for _, call in ipairs {
          { cohort.fs.open, "/dev/null" }, { cohort.process.open, { "true" } },
          { cohort.fs.temp_dir }, { broadcast.subscribe, broadcast },
        } do
          local path = cohort.group(function(g)
            local made = g:spawn(table.unpack(call)):join()
            return call[1] == cohort.fs.temp_dir and made.path
          end)
          for _ = 1, 3 do collectgarbage() end
          if path then cohort.fs.remove(path) end
        end
        local leaks = require "cohort.testing.leaks"
        local held, listener = leaks.count(), nil
        cohort.group(function(g) listener = g:spawn(cohort.net.listen, "127.0.0.1", 0):join() end)
        print(table.concat(leaks.grown(held), ", "))
        listener:close()
        cohort.fs.open "/dev/null"
        for _ = 1, 3 do collectgarbage() end
      end)
    ]]
    assert.equal("1 descriptor, 1 handle (a listener)\n", result.out)
    local warned = {}
    for text in result.err:gmatch "cohort: ([^\n]-) was [^\n]*" do
      warned[#warned + 1] = text:gsub("/%S+", "PATH")
    end
    assert.same({
      "a file", "a process", "the tempdir PATH", "the subscription", "a file opened at PATH",
    }, warned)
  end)
end)

describe("an error in main", function()
  it("closes everything before run raises it", function()
    local code, out, err = run [[
      local ok, err = pcall(cohort.run, function()
        cohort.open_scope()
        cohort.current_scope():cancel()
        error("boom", 0)
      end)
      print(ok, err)
      cohort.run(function() print "again" end)
    ]]
    assert.same({ 0, "false\tboom\nagain\n", "" }, { code, out, err })
  end)

  it("that leaves the program shows its text once", function()
    local code, out, err = run [[ cohort.run(error, "boom") ]]
    assert.same({ 1, "" }, { code, out })
    local _, count = err:gsub("boom", "")
    assert.equal(1, count)
  end)
end)

describe("the end of the program", function()
  it("with objects and coroutines of a run that is over is quiet", function()
    assert.same({ 0, "", "" }, { run [[
      kept = {}
      cohort.run(function()
        cohort.group(function(g)
          kept.g, kept.s, kept.t = g, g.scope, g:spawn(function() return {} end)
        end)
        kept.co = coroutine.wrap(function()
          local _ <close> = cohort.open_scope()
          coroutine.yield()
        end)
        pcall(cohort.scope, kept.co)
      end)
    ]] })
  end)

  it("inside a coroutine that runs cohort is quiet", function()
    assert.same({ 6, "", "" }, { run [[
      coroutine.wrap(function()
        cohort.run(function()
          cohort.group(function(g)
            g:spawn(cohort.sleep_forever)
            cohort.checkpoint()
            os.exit(6, true)
          end)
        end)
      end)()
    ]] })
  end)

  it("without run is quiet", function()
    assert.same({ 0, "", "" }, { run "" })
  end)

  it("comes with os.exit that closes nothing, too", function()
    assert.same({ 7, "", "" }, { run [[
      cohort.run(function()
        cohort.group(function(g)
          g:spawn(cohort.sleep_forever)
          cohort.checkpoint()
          os.exit(7)
        end)
      end)
    ]] })
  end)
end)

describe("two states in two threads", function()
  it("are independent", function()
    child.with_program("host", function(host)
      local result = child.run([[
        local cohort = require "cohort"
        for round = 1, 20 do
          local sum = 0
          cohort.run({ signals = false }, function()
            cohort.group(function(g)
              for i = 1, 100 do
                g:spawn(function()
                  if cohort.move_on_after(0.0005 * (i % 3), cohort.sleep, 0.0007) then sum = sum + 1 end
                end)
              end
              local task = g:spawn(cohort.sleep_forever)
              cohort.checkpoint()
              task:cancel()
            end)
          end)
          assert(sum >= 0)
          local ok, err = pcall(cohort.run, { signals = false }, cohort.sleep_forever)
          assert(not ok and cohort.is(err, cohort.Deadlock))
        end
        io.write "done\n"
      ]], host .. " threads")
      assert.same({ 0, "done\ndone\n", "" }, { result.code, result.out, result.err })
    end)
  end)
end)
