-- Standard streams, whatever they are, in processes of their own.
local cohort = require "cohort"
local core = require "cohort.core"
local process = require "cohort.process"
local testing = require "cohort.testing"
local child = require "spec.support.child"
local tasks = require "spec.support.tasks"
local terminal = require "spec.support.terminal"
local transports = require "spec.support.transports"

local descriptors = transports.descriptors

-- Runs a script in the shell, with $LUA for lua5.4 and $X for a file with `source` in it.
local function shell(script, source)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write("local cohort = require 'cohort'\nlocal stdio = cohort.stdio\n", source)
  file:close()
  local command = ("bash -c '%s'"):format(script:gsub("%$X", path):gsub("%$LUA", "lua5.4 -W"))
  local _, text = child.shell(command)
  os.remove(path)
  return text
end

local copy = [[
  cohort.run(function()
    for line in stdio.stdin:lines() do stdio.stdout:write("<", line, ">\n") end
    stdio.stderr:write "end\n"
  end)
]]

describe("standard streams", function()
  it("are files, pipes, FIFOs, sockets and devices, in any combination", function()
    local expected = "<one>\n<two>\nend\n"
    for _, script in ipairs {
      "printf \"one\\ntwo\\n\" | $LUA $X 2>&1 | cat",
      "printf \"one\\ntwo\\n\" > $X.in; $LUA $X < $X.in > $X.out 2>&1; cat $X.out; rm $X.in $X.out",
      "printf \"one\\ntwo\\n\" > $X.in; $LUA $X < $X.in >> $X.out 2>> $X.out; cat $X.out; rm $X.in $X.out",
      "mkfifo $X.f; printf \"one\\ntwo\\n\" > $X.f & $LUA $X < $X.f 2>&1; rm $X.f",
      "$LUA $X <<< $(printf \"one\\ntwo\")",
    } do
      assert.equal(expected, shell(script, copy), script)
    end
    assert.equal("end\n", shell("$LUA $X < /dev/null", copy))
    assert.equal("end\n", shell("echo x | $LUA $X > /dev/null", copy))
  end)

  it("go on in a file where others were, and leave off where they stopped", function()
    local take = [[
      cohort.run(function()
        stdio.stdout:write(stdio.stdin:read_exactly(4), "\n")
      end)
    ]]
    local script = "printf 0123456789abcdef > $X.in; (head -c 2 > /dev/null; echo first; $LUA $X; echo last) "
      .. "< $X.in > $X.out; cat $X.out; rm $X.in $X.out"
    local text = shell(script, take)
    assert.matches("^first\n%x%x%x%x\nlast\n$", text)
  end)

  it("may be closed: then there is nothing to read, and what is written is dropped", function()
    assert.equal("end\n", shell("$LUA $X <&-", copy))
    assert.equal("end\n", shell("echo x | $LUA $X >&-", copy))
    assert.equal("<x>\n", shell("echo x | $LUA $X 2>&-", copy))
    assert.equal("", shell("$LUA $X <&- >&- 2>&-", copy))
  end)

  it("raise Broken when nobody reads any more, and the process lives on", function()
    local text = shell("{ $LUA $X; echo $? >&2; } | true", [[
      cohort.run(function()
        local ok, err
        repeat
          ok, err = pcall(stdio.stdout.write, stdio.stdout, ("x"):rep(100000))
        until not ok
        stdio.stderr:write(err.code, " ", tostring(cohort.is(err, cohort.Broken)), "\n")
      end)
    ]])
    assert.equal("EPIPE true\n0\n", text)
  end)

  it("are opened once in a run, and closing one leaves the descriptor to others", function()
    local text = shell("echo x 2>/dev/null | $LUA $X | cat", [[
      local function look()
        assert(stdio.stdin == stdio.stdin and stdio.stdout ~= stdio.stderr and stdio.close == nil)
        stdio.stdout:write("a\n"):close()
        assert(not pcall(stdio.stdout.write, stdio.stdout, "b\n"))
        print(tostring(stdio.stdout))
        return stdio.stdin
      end
      local before = cohort.run(look)
      assert(tostring(before):find "closed")
      print(before == cohort.run(look))
    ]])
    assert.equal(("a\nstream of a pipe (closed)\n"):rep(2) .. "false\n", text)
    assert.matches("no task runs here", tasks.raised(function() return cohort.stdio.stdin end))
  end)

  it("have one direction each, also when their terminal has both", function()
    tasks.virtual(function()
      local stdio = cohort.stdio
      assert.matches("for writing only", tasks.raised(function() stdio.stdout:read() end))
      assert.matches("for reading only", tasks.raised(function() stdio.stdin:write "x" end))
    end)
  end)

  it("are no leak in a test that has written to them", function()
    testing.cancel_everywhere(function()
      assert.is_truthy(cohort.stdio.stderr)
      cohort.checkpoint()
    end)
  end)

  it("read while other tasks run", function()
    local text = shell("mkfifo $X.f; (read x < $X.f; echo $x) | $LUA $X; rm $X.f", [[
      cohort.run(function()
        cohort.group(function(g)
          g:spawn(function() stdio.stdout:write("read ", stdio.stdin:read(), "\n") end)
          cohort.sleep(0.01)
          io.open(arg[0] .. ".f", "w"):write("line\n"):close()
        end)
      end)
    ]])
    assert.equal("read line\n", text)
  end)
end)

local function adopt_shared(fd) return core.adopt(fd, "a spec", 65536, 1 << 46, true) end

-- Calls body(one, other, blocks) with two descriptors; blocks() tells whether both still do, for those who
-- have them, too.
local function with_shared(kind, body)
  local one, other = descriptors[kind]()
  local copies = { descriptors.duplicate(one), descriptors.duplicate(other) }
  tasks.virtual(body, one, other, function()
    return descriptors.blocks(copies[1]) and descriptors.blocks(copies[2])
  end)
  for _, fd in ipairs(copies) do descriptors.close(fd) end
end

describe("descriptors that others have, too", function()
  it("are never made non-blocking, so that nobody is told 'not now', however we end", function()
    for _, ending in ipairs { "return", "os.exit(0)", "os.exit(0, true)", "error 'x'",
      "io.popen('kill -KILL $PPID'):close()" } do
      local script = "(sleep 0.05; echo one; sleep 0.05; echo two) | "
        .. "(exec 2> /dev/null; $LUA $X; cat) | (cat; echo three)"
      local text = shell(script, ([[
        cohort.run(function()
          stdio.stdout:write(stdio.stdin:read(), "\n")
          %s
        end)
      ]]):format(ending))
      assert.equal("one\ntwo\nthree\n", text, ending)
    end
  end)

  it("are not made non-blocking for a moment either", function()
    local text = shell("mkfifo $X.f; echo x > $X.f & strace -f -y -o $X.trace -e trace=ioctl,fcntl,dup3 "
      .. "$LUA $X < $X.f; cat $X.trace; rm $X.f $X.trace", copy)
    assert.matches("<x>\nend\n", text)
    assert.matches("dup3%([^\n]*%.f>", text)
    for line in text:gmatch "[^\n]+" do
      local changes = line:find "FIONBIO" or line:find "F_SETFL"
      assert.is_nil(changes and line:match "%.f>", line)
    end
  end)

  it("work without being opened once more: pipes", function()
    with_shared("pipe", function(reading, writing, blocks)
      local input <close> = adopt_shared(reading)
      local output = adopt_shared(writing)
      local text = ("0123456789"):rep(100000)
      assert.equal("stream of a pipe or device that is shared", tostring(input))
      cohort.group(function(g)
        g:spawn(function()
          output:write(text)
          assert.is_true(blocks())
          output:close()
        end)
        assert.is_true(input:read_exactly(#text) == text)
        assert.is_true(blocks())
      end)
    end)
  end)

  it("work without being opened once more: sockets", function()
    with_shared("sockets", function(one, other, blocks)
      local a <close> = adopt_shared(one)
      local b = adopt_shared(other)
      local text = ("0123456789"):rep(100000)
      cohort.group(function(g)
        g:spawn(function()
          b:write(text)
          b:shutdown()
        end)
        assert.is_true(a:read "a" == text)
        assert.is_true(blocks())
      end)
      b:close()
    end)
  end)

  it("are copied to and from by hand, because the system would wait", function()
    with_shared("pipe", function(reading, writing)
      local output = adopt_shared(writing)
      local input <close> = adopt_shared(reading)
      local a, b = cohort.net.pair()
      local text = ("x"):rep(300000)
      cohort.group(function(g)
        g:spawn(function()
          a:write(text)
          a:close()
        end)
        g:spawn(function()
          b:copy_to(output)
          output:close()
          b:close()
        end)
        assert.equal(#text, #input:read_exactly(#text))
      end)
    end)
  end)
end)

describe("a terminal", function()
  it("is read by lines, as it gives them, and written to", function()
    local text = terminal.run([[
      local cohort = require "cohort"
      cohort.run(function()
        local stdio = cohort.stdio
        stdio.stdout:write "name? "
        local name = stdio.stdin:read()
        stdio.stdout:write("hello ", name, "\n")
        print(stdio.stdin:read(), stdio.is_terminal "stdin", stdio.is_terminal "stdout", stdio.size())
      end)
    ]], "wait:name? ", "type:you\n", "wait:hello you", "type:\x04")
    assert.equal("name? you\nhello you\nnil\ttrue\ttrue\t80\t24\nmode ok\nstatus 0\n", text)
  end)

  it("tells that its size has changed, each time once", function()
    local text = terminal.run([[
      local cohort = require "cohort"
      cohort.run(function()
        local sizes <close> = cohort.stdio.size_changes()
        print(sizes)
        local count = 0
        for columns, rows in sizes do
          print(columns, rows)
          count = count + 1
          if count == 2 then break end
        end
        sizes:close()
        print(sizes, cohort.is(select(2, pcall(sizes)), cohort.Closed))
      end)
    ]], "wait:open", "size:100x30", "wait:100", "kill:SIGWINCH", "size:50x20")
    assert.equal("sizes (open)\n100\t30\n50\t20\nsizes (closed)\ttrue\nmode ok\nstatus 0\n", text)
  end)

  it("in raw mode gives each byte as it is typed, Ctrl-C too, and shows none", function()
    local text = terminal.run([[
      local cohort = require "cohort"
      cohort.run(function()
        local stdio = cohort.stdio
        do
          local raw <close> = stdio.raw_mode()
          print "raw"
          for _ = 1, 3 do print(stdio.stdin:read_some(1):byte()) end
          print(cohort.is(select(2, pcall(stdio.raw_mode)), cohort.Busy))
          raw:close()
          raw:close()
          local again <close> = stdio.raw_mode()
        end
        print "plain"
      end)
    ]], "wait:raw", "type:a", "wait:97", "type:\\x03", "wait:3", "type:\\r")
    assert.equal("raw\n97\n3\n13\ntrue\nplain\nmode ok\nstatus 0\n", text)
  end)
end)

describe("raw mode", function()
  local function in_raw_mode(body, ...)
    return terminal.run(([[
      local cohort = require "cohort"
      local function raise(err) error(err, 0) end
      print(pcall(cohort.run, function()
        local raw %s = cohort.stdio.raw_mode { signals = true }
        print "raw"
        %s
      end))
    ]]):format(body:find "^%-%-" and "" or "<close>", body), ...)
  end

  it("is put back by whatever ends a run", function()
    for body, expected in pairs {
      ["return 'x'"] = "raw\ntrue\tx\nmode ok\nstatus 0\n",
      ["raise 'mine'"] = "raw\nfalse\tmine\nmode ok\nstatus 0\n",
      ["-- not closed\n"] = "raw\ntrue\nmode ok\nstatus 0\n",
      ["os.exit(3)"] = "raw\nmode ok\nstatus 3\n",
      ["os.exit(3, true)"] = "raw\nmode ok\nstatus 3\n",
      ["cohort.group(function(g) g:spawn(raise, 'x') cohort.sleep(9) end)"] = "raw\nfalse\tgroup",
    } do
      local text = in_raw_mode(body)
      assert.equal(expected, text:sub(1, #expected), body)
      assert.matches("mode ok\nstatus %d\n$", text)
    end
  end)

  it("is put back by signals that end the process, in a busy loop too", function()
    for name, number in pairs { SIGTERM = 15, SIGHUP = 1, SIGQUIT = 3 } do
      for _, body in ipairs { "cohort.sleep(100)", "while true do end" } do
        local text = in_raw_mode(body, "wait:raw", "kill:" .. name)
        assert.equal(("raw\nmode ok\nsignal %d\n"):format(number), text)
      end
    end
  end)

  it("is put back by the first Ctrl-C, and by the second", function()
    local first = in_raw_mode("cohort.sleep(100)", "wait:raw", "type:\x03")
    assert.matches("^raw\nfalse\t[^\n]*Interrupted[^\n]*\nmode ok\nstatus 0\n$", first)
    local second = in_raw_mode([[
      local _ <close> = setmetatable({}, { __close = function()
        print "first"
        cohort.shield(cohort.sleep, 100)
      end })
      cohort.sleep(100)
    ]], "wait:raw", "type:\x03", "wait:first", "type:\x03")
    assert.equal("raw\nfirst\nmode ok\nsignal 2\n", second)
  end)

  it("leaves a signal that somebody has to him", function()
    local text = in_raw_mode([[
      local signals <close> = cohort.signals "SIGTERM"
      print "listening"
      print(signals())
      raw:close()
    ]], "wait:listening", "kill:SIGTERM")
    assert.equal("raw\nlistening\nSIGTERM\ntrue\nmode ok\nstatus 0\n", text)
  end)

  it("is put back by a signal that comes while it becomes raw", function()
    for _, when in ipairs { "before", "behind" } do
      local text = terminal.run_behind("hasty", "WHEN=" .. when, [[
        local cohort = require "cohort"
        cohort.run(function() local raw <close> = cohort.stdio.raw_mode() end)
      ]])
      if not text then return pending "a sanitizer stands before the system already" end
      assert.equal("mode ok\nsignal 15\n", text)
    end
  end)

  it("is put back by a signal that somebody had when it became raw, and has given back", function()
    local text = terminal.run([[
      local cohort = require "cohort"
      cohort.run(function()
        local signals = cohort.signals "SIGTERM"
        local raw <close> = cohort.stdio.raw_mode()
        signals:close()
        print "closed"
        cohort.sleep(100)
      end)
    ]], "wait:closed", "kill:SIGTERM")
    assert.equal("closed\nmode ok\nsignal 15\n", text)
    text = terminal.run([[
      local cohort = require "cohort"
      cohort.run(function()
        local signals <close> = cohort.signals "SIGTERM"
        local raw = cohort.stdio.raw_mode()
        print "listening"
        cohort.sleep(1)
      end)
    ]], "wait:listening", "kill:SIGTERM")
    assert.equal("listening\nmode ok\nsignal 15\n", text)
  end)

  it("is refused where there is no terminal", function()
    local text = shell("$LUA $X < /dev/null", [[
      cohort.run(function()
        local ok, err = pcall(stdio.raw_mode)
        print(err.code, err.operation, stdio.is_terminal "stdin")
        print(err.message)
      end)
    ]])
    assert.equal("ENOTTY\traw_mode\tfalse\n"
      .. "raw_mode: standard input is no terminal: ask stdio.is_terminal first (ENOTTY)\n", text)
  end)

  it("is not put back by a child that was forked and exits", function()
    local text = in_raw_mode([[
      require("spec.support.transports").descriptors.fork_and_exit()
      print(io.popen("stty -a </dev/tty"):read("a"):match "%-echo%f[%s]")
    ]])
    assert.equal("raw\n-echo\ntrue\nmode ok\nstatus 0\n", text)
  end)

  it("is not put back by what made it raw in a run that is over", function()
    local text = terminal.run [[
      local cohort = require "cohort"
      local stdio = require "cohort.stdio"
      local old
      for i = 1, 4 do
        cohort.run(function()
          local now = stdio.raw_mode()
          if old then old:close() end
          old = now
          io.write(tostring(os.execute "stty -a | grep -q -e -icanon"), " ")
        end)
      end
    ]]
    assert.equal("true true true true mode ok\nstatus 0\n", text)
  end)

  it("is what it was whatever fails", function()
    local text = terminal.run [[
      local cohort = require "cohort"
      local stdio = require "cohort.stdio"
      local counts = cohort.testing.fail_everywhere(function()
        local sizes <close> = stdio.size_changes()
        local raw <close> = stdio.raw_mode()
        stdio.stdout:write ""
        stdio.stdin:close()
      end)
      local operations = counts.operations
      print(operations.stdio, operations.tcgetattr, operations.tcsetattr, operations.dup)
    ]]
    assert.equal("2\t1\t1\t1\nmode ok\nstatus 0\n", text)
  end)

  it("leaves no handler behind", function()
    local text = in_raw_mode([[
      local function caught() return io.open("/proc/self/status"):read("a"):match "SigCgt:%s*(%x+)" end
      local with = caught()
      local signals = cohort.signals "SIGTERM"
      raw:close()
      signals:close()
      print(with ~= caught())
    ]])
    assert.equal("raw\ntrue\ntrue\nmode ok\nstatus 0\n", text)
  end)
end)

describe("a child of a process with standard streams", function()
  it("gets them blocking, as they are", function()
    local text = shell("(sleep 0.02; echo one; sleep 0.02; echo two) | $LUA $X | cat", [[
      cohort.run(function()
        stdio.stdout:write(stdio.stdin:read(), "\n")
        cohort.process.run { "cat", stdin = io.stdin, stdout = "inherit" }
      end)
    ]])
    assert.equal("one\ntwo\n", text)
    assert.is_function(process.run)
  end)
end)
