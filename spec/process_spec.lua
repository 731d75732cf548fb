-- Processes: what they are given, what comes back.
local cohort = require "cohort"
local process = require "cohort.process"
local child = require "spec.support.child"
local children = require "spec.support.children"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

-- The output of a command, without the newline at its end.
local function output(command)
  return (process.run(command).stdout:gsub("\n$", ""))
end

local function sh(script, options)
  local command = { "sh", "-c", script }
  for name, value in pairs(options or {}) do command[name] = value end
  return command
end

-- An error that comes from here, and not from where `raised` calls.
local function failing(command)
  return raised(function() process.run(command) end)
end

describe("process.run", function()
  it("returns status, output and errors, each by itself", function()
    virtual(function()
      local result = process.run(sh("echo out; echo err >&2; exit 3", { check = false }))
      assert.same({ status = 3, stdout = "out\n", stderr = "err\n" }, result)
    end)
  end)

  it("hands arguments over as they are, with no shell in between", function()
    virtual(function()
      local words = { "a b", "", "$HOME", "*", "'\"", "\n", "\255\1" }
      local list = { "printf", "[%s]", table.unpack(words) }
      assert.equal("[" .. table.concat(words, "][") .. "]", output(list))
      assert.equal("5 2.5", output { "echo", 5, 2.5 })
    end)
  end)

  it("feeds a string, however long, while it reads what comes back", function()
    virtual(function()
      local text = ("0123456789abcdef"):rep(1 << 16)
      assert.is_true(process.run({ "cat", stdin = text }).stdout == text)
      assert.equal("", process.run({ "cat", stdin = "" }).stdout)
      assert.equal("", process.run({ "cat" }).stdout)
    end)
  end)

  it("feeds a stream, and passes output on to one", function()
    virtual(function()
      local a <close>, b = cohort.net.pair()
      local c, d = cohort.net.pair()
      a:write("one\ntwo\n")
      a:shutdown()
      local result = process.run { "cat", stdin = b, stdout = c }
      assert.same({ status = 0, stderr = "" }, result)
      c:shutdown()
      assert.equal("one\ntwo\n", d:read "a")
      for _, stream in ipairs { b, c, d } do stream:close() end
    end)
  end)

  it("takes files of Lua's io as they are", function()
    local path = os.tmpname()
    virtual(function()
      local out <close> = assert(io.open(path, "w"))
      out:write("before\n")
      process.run { "echo", "after", stdout = out }
      local input <close> = assert(io.open(path))
      assert.equal("before\nafter\n", process.run({ "cat", stdin = input }).stdout)
    end)
    os.remove(path)
  end)

  it("gives a child no other file in place of one that is closed when it is about to begin", function()
    local path, other = os.tmpname(), os.tmpname()
    local outcomes = {}
    virtual(function()
      for calls = 0, 70 do  -- at one of them the task's turn is over when the child is to begin
        cohort.group(function(g)
          local file, same = assert(io.open(path))
          local ready = cohort.event()
          ready:set()
          cohort.checkpoint()
          for _ = 1, calls do ready:wait() end
          g:spawn(function()
            file:close()
            same = assert(io.open(other, "a"))  -- it has the same number
          end)
          local ok, err = pcall(process.run, { "sh", "-c", "echo into it >&0", stdin = file })
          outcomes[ok and "ran" or err.code or "failed"] = true
          if same then same:close() end
        end)
      end
      local written <close> = assert(io.open(other))
      assert.equal("", written:read "a")
    end)
    assert.is_true(outcomes.EBADF)
    os.remove(path)
    os.remove(other)
  end)

  it("takes no path as an output, and says how it is opened", function()
    virtual(function()
      local err = raised(process.run, sh("true", { stdout = "/tmp/out" }))
      assert.matches('got "/tmp/out": open the file first, io.open%(path, "w"%)', err)
    end)
  end)

  it("does not take one stream for both outputs, and says what to write", function()
    virtual(function()
      local a <close>, b = cohort.net.pair()
      local _ <close> = b
      local err = raised(process.run, sh("true", { stdout = a, stderr = a }))
      assert.matches("one stream cannot be both outputs: write stderr = \"stdout\"$", err)
    end)
  end)

  it("merges errors into the output in their order, and drops what is not wanted", function()
    virtual(function()
      local script = "echo 1; echo 2 >&2; echo 3"
      assert.same({ status = 0, stdout = "1\n2\n3\n" }, process.run(sh(script, { stderr = "stdout" })))
      assert.same({ status = 0, stdout = "1\n3\n" }, process.run(sh(script, { stderr = "null" })))
      assert.same({ status = 0, stderr = "2\n" }, process.run(sh(script, { stdout = "null" })))
    end)
  end)

  it("lets a child write to what this process has, after what was written before", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        io.write "before "
        cohort.process.run { "sh", "-c", "echo out; echo err >&2", stdout = "inherit", stderr = "inherit" }
        print "after"
        cohort.process.run { "sh", "-c", "echo swapped >&2", stdout = io.stderr, stderr = io.stdout }
        print(cohort.process.run({ "cat", stdin = io.stdin }).stdout == "")
      end)
    ]]
    assert.same({ code = 0, out = "before out\nafter\nswapped\ntrue\n", err = "err\n" }, result)
  end)

  it("changes variables of the environment, takes some away, or begins with none", function()
    virtual(function()
      local print_both = 'echo "$HOME,$COHORT_A,$COHORT_B"'
      local env = { COHORT_A = "a=b c", COHORT_B = 7 }
      assert.equal(os.getenv "HOME" .. ",a=b c,7", output(sh(print_both, { env = env })))
      assert.equal("none", output(sh("echo ${HOME-none}", { env = { HOME = false } })))
      assert.equal("A=1", output { "env", env = { A = "1" }, clean_env = true })
      assert.equal("", output { "env", clean_env = true })
    end)
  end)

  it("runs in a directory, and finds a program with a slash from there", function()
    virtual(function()
      local dir <close> = cohort.fs.temp_dir()
      cohort.fs.write_file(dir.path .. "/x", "#!/bin/sh\npwd\n", { permissions = "755" })
      local real = cohort.fs.realpath(dir.path)
      assert.equal(real, output { "pwd", cwd = dir.path })
      assert.equal(real, output { "./x", cwd = dir.path })
    end)
  end)

  it("raises ProcessError with all that is known when the command fails", function()
    virtual(function()
      local err = failing(sh "echo out; echo first >&2; echo last >&2; exit 7")
      assert.is_true(cohort.is(err, cohort.ProcessError))
      assert.same({ 7, "out\n", "first\nlast\n" }, { err.status, err.stdout, err.stderr })
      assert.is_nil(err.signal)
      assert.equal("sh failed with status 7: last", err.message)
      assert.matches("process_spec.lua:%d+$", err.where)
      local killed = failing(sh "kill -KILL $$")
      assert.same({ nil, "SIGKILL" }, { killed.status, killed.signal })
      assert.equal("sh was ended by SIGKILL", killed.message)
    end)
  end)

  it("gives a child that reads nothing, or only a part, no trouble, and has none", function()
    virtual(function()
      local text = ("line\n"):rep(1 << 18)
      assert.equal("", process.run({ "true", stdin = text }).stdout)
      assert.equal("line\n", process.run({ "head", "-n", 1, stdin = text }).stdout)
    end)
  end)

  it("does not wait for a source that has more when the child has ended", function()
    virtual(function()
      local a <close>, b = cohort.net.pair()
      local _ <close> = b
      a:write "x"
      assert.equal("x", process.run({ "head", "-c", 1, stdin = b }).stdout)
      a:write "y"
      assert.equal("y", b:read(1))
    end)
  end)

  it("raises what a source or a destination raises, bare, and ends the child", function()
    virtual(function()
      local a <close>, b = cohort.net.pair()
      b:close()
      assert.is_true(cohort.is(raised(process.run, { "cat", stdin = b }), cohort.Closed))
      local err = raised(process.run, { "yes", stdout = a })
      assert.is_true(cohort.is(err, cohort.Broken))
      assert.equal(0, children.count())
    end)
  end)

  it("raises what several of its streams raise as a group, and loses none of it", function()
    virtual(function()
      local out <close>, from_out = cohort.net.pair { capacity = 8 }
      local err <close>, from_err = cohort.net.pair { capacity = 8 }
      local group
      cohort.group(function(g)
        g:spawn(function()
          group = raised(process.run, sh("printf %100s; printf %100s >&2", { stdout = out, stderr = err }))
        end)
        for _, stream in ipairs { from_out, from_err } do stream:read(8) end
        for _ = 1, 10 do cohort.checkpoint() end  -- both have more, and wait for room
        from_out:close()
        from_err:close()
      end)
      assert.is_true(cohort.is(group, cohort.ErrorGroup))
      assert.equal("group 'run sh' failed", group.message)
      assert.equal(2, #group.errors)
      for _, member in ipairs(group.errors) do assert.is_true(cohort.is(member, cohort.Broken)) end
      assert.equal(0, children.count())
    end)
  end)

  it("tells a missing program from a missing directory, and starts nothing", function()
    if children.in_valgrind then return pending "valgrind: posix_spawn says nothing" end
    virtual(function()
      local dir <close> = cohort.fs.temp_dir()
      local script = dir.path .. "/script"
      cohort.fs.write_file(script, "#!/nowhere/at/all\n", { permissions = "755" })
      for _, case in ipairs {
        { { "/nowhere/program" }, "spawn", "ENOENT", "/nowhere/program" },
        { { "no-such-program-in-path" }, "spawn", "ENOENT", "no-such-program-in-path" },
        { { dir.path }, "spawn", "EACCES", dir.path },
        { { script }, "spawn", "ENOENT", script },
        { { "true", cwd = "/nowhere" }, "chdir", "ENOENT", "/nowhere" },
        { { "true", cwd = script }, "chdir", "ENOTDIR", script },
      } do
        local err = failing(case[1])
        assert.is_true(cohort.is(err, cohort.SystemError))
        assert.same({ case[2], case[3], case[4] }, { err.operation, err.code, err.path })
        assert.matches("process_spec.lua:%d+", err.where)
      end
      assert.matches(": the program and each argument are strings of their own", failing({ "ls -l" }).message)
      assert.equal(0, children.count())
    end)
  end)

  it("raises TooLong when there is more output than it may keep", function()
    virtual(function()
      for _, name in ipairs { "stdout", "stderr" } do
        local script = name == "stdout" and "exec yes" or "exec yes >&2"
        local err = failing(sh(script, { max_output = 100000 }))
        assert.is_true(cohort.is(err, cohort.TooLong))
        assert.matches("run: " .. name .. " of 'sh' is more than 100000 bytes: give a larger max_output",
          err.message)
        assert.matches("process_spec.lua:%d+$", err.where)
      end
      local just = process.run { "head", "-c", 1000, "/dev/zero", max_output = 1000 }
      assert.equal(1000, #just.stdout)
      local same = process.run { "head", "-c", 1000, "/dev/zero", max_output = 1e3 }
      assert.equal(1000, #same.stdout)
      local all = process.run { "head", "-c", 1 << 20, "/dev/zero", max_output = math.huge }
      assert.equal(1 << 20, #all.stdout)
    end)
  end)
end)

describe("process.open", function()
  it("gives a stream for each descriptor, and knows how it stands", function()
    virtual(function()
      local sort <close> = process.open { "sort", env = { LD_PRELOAD = false } }  -- of sanitizers
      assert.matches("^process 0x%x+ %(sort, pid %d+, running%)$", tostring(sort))
      assert.same({ "integer", nil, nil }, { math.type(sort.pid), sort.status, sort.signal })
      sort.stdin:write("b\n", "a\n")
      sort.stdin:shutdown()
      assert.equal("a\nb\n", sort.stdout:read "a")
      assert.is_nil(sort.stderr:read())
      assert.same({ 0, nil }, { sort:wait() })
      assert.same({ 0, nil }, { sort:wait() })
      assert.same({ 0, nil }, { sort.status, sort.signal })
      assert.matches("exit status 0%)$", tostring(sort))
      assert.matches("a process has no .nothing.", tasks.raised(function() return sort.nothing end))
    end)
  end)

  it("makes streams only for what is a pipe", function()
    virtual(function()
      local p <close> = process.open { "true", stdin = "null", stdout = "null", stderr = "stdout" }
      assert.same({}, { p.stdin, p.stdout, p.stderr })
      assert.equal(0, p:wait())
    end)
  end)

  it("tells everybody who waits, and a wait that is cut changes nothing", function()
    virtual(function()
      local p <close> = process.open { "cat" }
      cohort.group(function(g)
        local first, second = g:spawn(p.wait, p), g:spawn(p.wait, p)
        cohort.checkpoint()
        first:cancel()
        cohort.checkpoint()
        assert.equal("waiting", second:status())
        p.stdin:close()
        assert.equal(0, second:join())
      end)
    end)
  end)

  it("sends signals, and says whether there was anybody to get one", function()
    virtual(function()
      local p <close> = process.open(sh "trap 'echo usr1' USR1; echo ready; while :; do read line; done")
      assert.equal("ready", p.stdout:read())
      assert.is_true(p:kill "SIGUSR1")
      p.stdin:write "\n"
      assert.equal("usr1", p.stdout:read())
      assert.is_true(p:kill())
      assert.same({ nil, "SIGTERM" }, { p:wait() })
      assert.is_false(p:kill())
      assert.matches("ended by SIGTERM%)$", tostring(p))
    end)
  end)

  it("says at the caller's line what is wrong with a signal", function()
    virtual(function()
      local p <close> = process.open { "cat" }
      for _, wrong in ipairs { "TERM", "SIGTERM\0", "", 15, true } do
        assert.matches("process_spec.lua:%d+: kill [^\n]*%u", raised(function() p:kill(wrong) end))
      end
      assert.matches("kill expects a process first", raised(function() p.kill {} end))
      assert.is_nil(p.status)
    end)
  end)

  it("starts a child that has the three descriptors and no other", function()
    virtual(function()
      local _ <close> = assert(io.open "/dev/null")  -- Lua does not mark it as ours only
      local p <close> = process.open { "ls", "/proc/self/fd" }
      local other <close> = process.open { "cat" }
      assert.equal("0\n1\n2\n3\n", p.stdout:read "a")  -- the last is the directory that it reads
      assert.equal("0\n1\n2\n3\n", process.run({ "ls", "/proc/self/fd" }).stdout)
      assert.is_nil(other.status)
    end)
  end)

  it("starts a child with no signal blocked, and SIGPIPE as a program expects it", function()
    virtual(function()
      local status = output { "cat", "/proc/self/status" }
      assert.equal(0, tonumber(status:match "SigBlk:%s*(%x+)", 16))
      assert.equal(0, tonumber(status:match "SigIgn:%s*(%x+)", 16) & 1 << 12)
      local p <close> = process.open { "yes" }
      p.stdout:read()
      p.stdout:close()
      assert.same({ nil, "SIGPIPE" }, { p:wait() })
    end)
  end)

  it("gives a child an empty stand-in for what this process has closed, and closes it", function()
    local result = child.run([[
      local cohort = require "cohort"
      local function look()
        local p <close> = cohort.process.open { "readlink", "/proc/self/fd/0", "/proc/self/fd/2",
          stdin = "inherit", stderr = "inherit" }
        return p.stdout:read "a"
      end
      print(cohort.run(look), cohort.run(look), io.open("/dev/null"))
    ]], "sh -c 'exec lua5.4 \"$0\" <&- 2>&-'")
    assert.equal(0, result.code)
    assert.matches("^(/dev/null\n/dev/null\n\t)%1file", result.out)
  end)
end)

describe("a process in its host", function()
  it("takes no signal, and leaves others' children alone", function()
    virtual(function()
      local function caught()
        return io.open("/proc/self/status"):read("a"):match "SigCgt:%s*(%x+)"
      end
      local before = caught()
      local mine = io.popen "exit 3"
      local p <close> = process.open { "cat" }
      assert.equal(before, caught())
      p.stdin:close()
      p:wait()
      assert.equal(before, caught())
      assert.same({ nil, "exit", 3 }, { mine:close() })
    end)
  end)

  it("whose SIGCHLD is ignored is not waited for for ever: that its status is lost is an error", function()
    local result = child.run([[
      local cohort = require "cohort"
      cohort.run(function()
        for _ = 1, 3 do
          local ok, err = pcall(cohort.process.run, { "true" })
          print(ok, err.code, cohort.is(err, cohort.SystemError))
        end
        local p <close> = cohort.process.open { "sleep", "1000" }
      end)
    ]], "env --ignore-signal=CHLD lua5.4 -W")
    assert.same({ code = 0, out = ("false\tECHILD\ttrue\n"):rep(3), err = "" }, result)
  end)
end)
