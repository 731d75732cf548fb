-- Signals, in processes of their own: what is sent to the whole process would end the suite.
local cohort = require "cohort"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"

-- Begins every script: send("USR1") sends the signal to this very process and returns when it was sent.
local prelude = [[
  local cohort = require "cohort"
  local pid = io.open "/proc/self/stat":read "n"
  local function send(name) io.popen(("kill -%s %d"):format(name, pid)):close() end
  local function look() for _ = 1, 3 do cohort.sleep(0.001) end end
  local function mask(field)  -- which signals the process catches, or ignores
    local text = io.open "/proc/self/status":read "a"
    return tonumber(text:match(field .. ":%s*(%x+)"), 16)
  end
]]

local function run(source, command)
  local result = child.run(prelude .. source, command)
  return { result.code, result.out, result.err }
end

describe("signals", function()
  it("are iterated over by name as they come", function()
    assert.same({ 0, "SIGHUP\nSIGTERM\nended\n", "" }, run [[
      cohort.run(function()
        cohort.group(function(g)
          local signals <close> = cohort.signals("SIGTERM", "SIGHUP")
          g:spawn(function()
            look()
            send "HUP"
            look()
            send "TERM"
          end)
          for name in signals do
            print(name)
            if name == "SIGTERM" then break end
          end
        end)
        print "ended"
      end)
    ]])
  end)

  it("are seen by every listener that asked for them", function()
    assert.same({ 0, "1 SIGUSR1\n2 SIGUSR1\n2 SIGUSR2\n", "" }, run [[
      cohort.run(function()
        cohort.group(function(g)
          local function listen(id, ...)
            local signals <close> = cohort.signals(...)
            while true do print(id, signals()) end
          end
          print = function(id, name) io.write(id, " ", name, "\n") end
          g:spawn(listen, 1, "SIGUSR1")
          g:spawn(listen, 2, "SIGUSR1", "SIGUSR2")
          cohort.checkpoint()
          send "USR1"
          look()
          send "USR2"
          look()
          g:cancel()
        end)
      end)
    ]])
  end)

  it("that come while nobody asks are kept, each once, in the order in which they came", function()
    assert.same({ 0, "SIGUSR2\nSIGUSR1\nfalse\n", "" }, run [[
      cohort.run(function()
        local signals <close> = cohort.signals("SIGUSR1", "SIGUSR2")
        send "USR2"
        look()
        for _ = 1, 3 do send "USR1" end
        send "USR2"
        look()
        print(signals())
        print(signals())
        print(cohort.move_on_after(0.001, signals))
      end)
    ]])
  end)

  it("that come again while each is handled starve no other", function()
    local ten = {}
    for _ = 1, 5 do ten[#ten + 1] = "SIGHUP\nSIGTERM\n" end
    assert.same({ 0, table.concat(ten), "" }, run [[
      cohort.run(function()
        local signals = cohort.signals("SIGHUP", "SIGTERM")
        send "HUP"
        look()
        send "TERM"
        for i = 1, 10 do
          look()
          print(cohort.fail_after(5, signals))
          if i < 9 then send(i % 2 == 1 and "HUP" or "TERM") end
        end
      end)
    ]])
  end)

  it("are not lost when the wait for them is cancelled", function()
    assert.same({ 0, "false\nSIGUSR1\n", "" }, run [[
      cohort.run(function()
        local signals <close> = cohort.signals "SIGUSR1"
        print(cohort.move_on_after(0.001, signals))
        send "USR1"
        look()
        print(signals())
      end)
    ]])
  end)

  it("belong again to who had them, when the last listener has gone", function()
    assert.same({ 0, "true\ntrue\n", "" }, run([[
      local term, hup = 1 << 14, 1
      local caught, ignored = mask "SigCgt", mask "SigIgn"
      assert(ignored & hup ~= 0)
      cohort.run(function()
        local first <close> = cohort.signals("SIGTERM", "SIGHUP")
        local second = cohort.signals "SIGTERM"
        assert(mask "SigCgt" & (term | hup) == term | hup)
        first:close()
        print(mask "SigCgt" & term == term)
        second:close()
        assert(mask "SigCgt" & term == 0)
      end)
      print(mask "SigCgt" == caught and mask "SigIgn" == ignored)
    ]], "env --ignore-signal=HUP lua5.4"))
  end)

  it("belong again to who had them when a run ends with listeners that were left open", function()
    assert.same({ 0, "true\n", "" }, run [[
      local caught = mask "SigCgt"
      local left
      cohort.run(function() left = cohort.signals("SIGINT", "SIGTERM") end)
      print(mask "SigCgt" == caught)
    ]])
  end)

  it("of Ctrl-C go to who listens for them, and not to the run", function()
    assert.same({ 0, "SIGINT\nstill here\n", "" }, run [[
      cohort.run(function()
        local signals <close> = cohort.signals "SIGINT"
        send "INT"
        print(signals())
        cohort.checkpoint()
        print "still here"
      end)
    ]])
  end)

  it("of Ctrl-C go to the run again when nobody listens any more", function()
    assert.same({ 0, "SIGINT\ntrue\n", "" }, run [[
      local ok, err = pcall(cohort.run, function()
        local signals = cohort.signals "SIGINT"
        send "INT"
        print(signals())
        signals:close()
        send "INT"
        cohort.sleep(10)
      end)
      print(cohort.is(err, cohort.Interrupted))
    ]])
  end)

  it("of Ctrl-C are left alone by a run that was told so", function()
    assert.same({ 0, "SIGINT\n", "" }, run [[
      cohort.run({ signals = false }, function()
        local signals <close> = cohort.signals "SIGINT"
        send "INT"
        print(signals())
      end)
    ]])
  end)

  it("of which nobody was told are sent again to who had them before, when the last listener has gone",
  function()
    for _, body in ipairs {
      "local signals <close> = cohort.signals 'SIGTERM' send 'TERM' look()",
      "local signals <close> = cohort.signals 'SIGTERM' send 'TERM'",
      "left = cohort.signals 'SIGTERM' send 'TERM' look()",
      "left = cohort.signals 'SIGTERM' send 'TERM'",
      "do cohort.signals 'SIGTERM' end send 'TERM' look() collectgarbage()",
      "local first, second = cohort.signals 'SIGTERM', cohort.signals 'SIGTERM' send 'TERM' look() "
        .. "first:close() print(1) second:close()",
      "local signals <close> = cohort.signals 'SIGTERM' send 'TERM' look() signals() send 'TERM' look()",
      "cohort.group(function(g) g:spawn(function() local _ <close> = cohort.signals 'SIGTERM' "
        .. "cohort.sleep(9) end) cohort.checkpoint() send 'TERM' g:cancel() end)",
    } do
      local code, out = table.unpack(run(("cohort.run(function() %s end) print 'lives'"):format(body)))
      assert.same({ 143, body:find "print%(1%)" and "1\n" or "" }, { code, out }, body)
    end
    assert.same({ 0, "lives\n", "" }, run([[
      cohort.run(function()
        local signals <close> = cohort.signals "SIGTERM"
        send "TERM"
        look()
      end)
      print "lives"
    ]], "env --ignore-signal=TERM lua5.4"))
  end)

  it("of which another listener was told are not sent again", function()
    assert.same({ 0, "SIGTERM\nlives\n", "" }, run [[
      cohort.run(function()
        local first, second = cohort.signals "SIGTERM", cohort.signals "SIGTERM"
        send "TERM"
        look()
        print(first())
        first:close()
        second:close()
        cohort.group(function(g)  -- and whoever is ended by what another one heard
          g:spawn(function()
            local signals <close> = cohort.signals "SIGTERM"
            cohort.sleep(9)
          end)
          g:spawn(function()
            local signals <close> = cohort.signals "SIGTERM"
            signals()
            g:cancel()
          end)
          cohort.checkpoint()
          send "TERM"
        end)
        print "lives"
      end)
    ]])
  end)

  it("of which nobody was told are told to who still listens", function()
    assert.same({ 0, "SIGTERM\nfalse\n", "" }, run [[
      cohort.run(function()
        local first = cohort.signals "SIGTERM"
        send "TERM"
        look()
        local second <close> = cohort.signals "SIGTERM"
        first:close()
        print(cohort.fail_after(5, second))
        print(cohort.move_on_after(0.001, second))
      end)
    ]])
  end)

  it("of Ctrl-C of which nobody was told are the run's, also when it did not look yet", function()
    for _, body in ipairs {
      "do local signals <close> = cohort.signals 'SIGINT' send 'INT' look() end cohort.sleep(10)",
      "do local signals <close> = cohort.signals 'SIGINT' send 'INT' end cohort.sleep(10)",
      "do local signals <close> = cohort.signals 'SIGINT' send 'INT' look() end return 1",
      "do local signals <close> = cohort.signals 'SIGINT' send 'INT' end return 1",
      "send 'INT' do local signals <close> = cohort.signals 'SIGINT' end return 1",
    } do
      assert.same({ 0, "false\ttrue\n", "" }, run(([[
        local ok, err = pcall(cohort.run, function() %s end)
        print(ok, cohort.is(err, cohort.Interrupted))
      ]]):format(body)), body)
    end
  end)

  it("of Ctrl-C of which nobody was told are whose they were before, when the run ends", function()
    for options, body in pairs {
      ["{}"] = "left = cohort.signals 'SIGINT' send 'INT'",
      ["{ signals = true }"] = "left = cohort.signals 'SIGINT' send 'INT' look()",
      ["{ signals = false }"] = "local signals <close> = cohort.signals 'SIGINT' send 'INT' look()",
    } do
      local code, out, err = table.unpack(run(("cohort.run(%s, function() %s end) print 'lives'")
        :format(options, body)))
      assert.same({ 1, "" }, { code, out })
      assert.match("interrupted!", err)  -- what lua5.4 says
    end
  end)

  it("of Ctrl-C that came just before somebody listens are his", function()
    assert.same({ 0, "SIGINT\nlives\n", "" }, run [[
      cohort.run(function()
        send "INT"
        local signals <close> = cohort.signals "SIGINT"
        print(cohort.fail_after(5, signals))
        look()
        print "lives"
      end)
    ]])
  end)

  it("that another loop of libuv's has too are not sent again: it has heard of them", function()
    for _, order in ipairs { "start() listen()", "listen() start()" } do
      assert.same({ 0, "1\n", "" }, run(([[
        local uv = require "luv"
        local handle, count, signals = uv.new_signal(), 0, nil
        local function start() handle:start("sigterm", function() count = count + 1 end) end
        local function listen() signals = cohort.signals "SIGTERM" end
        cohort.run(function()
          %s
          send "TERM"
          look()
          signals:close()
        end)
        for _ = 1, 3 do uv.run "nowait" end
        print(count)
      ]]):format(order)))
    end
  end)

  it("asked for by two tasks of one listener give Busy to the second", function()
    cohort.run(function()
      local signals <close> = cohort.signals "SIGUSR1"
      cohort.group(function(g)
        g:spawn(signals)
        cohort.checkpoint()
        local err = tasks.raised(signals)
        assert.is_true(cohort.is(err, cohort.Busy) and cohort.is(err, { operation = "signals" }))
        g:cancel()
      end)
    end)
  end)

  it("give Closed to who waits for them when the listener is closed", function()
    cohort.run(function()
      local signals <close> = cohort.signals "SIGUSR1"
      cohort.group(function(g)
        local task = g:spawn(pcall, signals)
        cohort.checkpoint()
        signals:close()
        signals:close()
        task:wait()
        local _, err = task:result()
        assert.is_true(cohort.is(err, cohort.Closed))
      end)
      assert.match("%(SIGUSR1 closed%)$", tostring(signals))
    end)
  end)

  it("that no process can take, or that tell of a broken one, are refused", function()
    cohort.run(function()
      assert.match("SIGKILL: no process can take it", tasks.raised(cohort.signals, "SIGKILL"))
      assert.match("the process itself is broken", tasks.raised(cohort.signals, "SIGSEGV"))
      assert.match("raises Broken instead", tasks.raised(cohort.signals, "SIGPIPE"))
      assert.match("write the name in full, \"SIGTERM\" say", tasks.raised(cohort.signals, "TERM"))
    end)
  end)
end)
