-- The strace engine bites: what is planted in a copy of the source is found.
local child = require "spec.support.child"
local judge = require "engines.strace.judge"
local programs = require "engines.programs"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- Builds the host with one file of the source changed, and calls use(host, scratch).
local function with_changed(name, from, to, use)
  programs.with_scratch(function(scratch)
    local text = read("csrc/" .. name .. ".c")
    local at, last = text:find(from, 1, true)
    assert(at, from)
    local copy = assert(io.open(scratch .. "/copy.c", "w"))
    copy:write(text:sub(1, at - 1), to, text:sub(last + 1))
    copy:close()
    local ok, said = child.shell(("LD_PRELOAD= cc -std=c11 -D_GNU_SOURCE -Icsrc -o %s/host "
      .. "engines/strace/host.c %s/copy.c "
      .. "$(ls csrc/*/*.c | sed 's,csrc/\\(.*\\)c$,build/obj/\\1o,' | grep -v /%s.o) "
      .. "$(pkg-config --cflags --libs lua5.4 libuv) -lm -Wl,-E"):format(scratch, scratch, name))
    assert(ok, said)
    use(scratch .. "/host", scratch)
  end)
end

-- How the run ended in which occurrence number `n` of a call failed.
local function run(host, scratch, program, call, err, n)
  local command = "LD_PRELOAD= %s engines/strace/program.lua %s %s %s %d %d %s"
  local ok, line = child.shell(command:format(host, program, call, err, n, n, scratch))
  assert(ok, line)
  local count, status, text = line:match "^%d+ (%d+) (-?%d+) (.*)\n$"
  assert(tonumber(count) > 0, line)
  return judge.outcome { program = program, call = call, err = err, occurrence = n, text = text,
    status = tonumber(status), injected = judge.injected(read(scratch .. "/" .. n)) }
end

setup(function() assert(os.execute "LD_PRELOAD= MAKEFLAGS= make -s --no-print-directory engine-hosts") end)

describe("strace", function()
  it("shows that a connect which is interrupted is asked for again", function()
    programs.with_scratch(function(scratch)
      for _, program in ipairs { "tcp", "unix" } do
        assert.equal("works", run("build/engines/strace", scratch, program, "connect", "EINTR", 1))
      end
    end)
  end)

  it("shows that an error names its call", function()
    programs.with_scratch(function(scratch)
      assert.equal("raises", run("build/engines/strace", scratch, "tcp", "socket", "EMFILE", 1))
      assert.equal("works", run("build/engines/strace", scratch, "tcp", "accept4", "EMFILE", 1))
    end)
  end)
end)

describe("the strace engine finds", function()
  it("a connect that is not asked for again", function()
    with_changed("net/tcp", "coh_again(connect(fd, &a->u.any, a->length))",
      "connect(fd, &a->u.any, a->length)", function(host, scratch)
      local outcome, fault = run(host, scratch, "tcp", "connect", "EINTR", 1)
      assert.is_nil(outcome)
      assert.matches("SystemError: connect .*EINTR", fault)
    end)
  end)

  it("a descriptor that stays open when it cannot be watched", function()
    with_changed("net/tcp", "if (fd >= 0) close(fd);", "", function(host, scratch)
      local found
      for n = 1, 12 do  -- libuv watches by the same call, and ends the process when that fails
        local _, fault = run(host, scratch, "tcp", "epoll_ctl", "ENOMEM", n)
        found = found or fault
      end
      assert.equal("left: 1 descriptors", found)
    end)
  end)

  it("an accept that gives up", function()
    local right, wrong = "case EINTR: case ECONNABORTED: ", "case EINTR: "
    with_changed("net/listener", right, wrong, function(host, scratch)
      local outcome, fault = run(host, scratch, "tcp", "accept4", "ECONNABORTED", 1)
      assert.is_nil(outcome)
      assert.matches("ECONNABORTED", fault)
    end)
  end)
end)

describe("the judge of the strace engine", function()
  local function outcome(fields)
    local one = { program = "tcp", call = "read", err = "ENOMEM", occurrence = 1, text = "", injected = {} }
    for name, value in pairs(fields) do one[name] = value end
    return table.pack(judge.outcome(one))
  end

  it("tells crashes, hangs, leaks and errors that nobody may see", function()
    assert.same({ n = 2, nil, "it ends by signal 11" }, outcome { status = -11 })
    assert.same({ n = 2, nil, "it ends by signal 6" }, outcome { status = -6 })
    assert.same({ n = 2, nil, "it hangs" }, outcome { status = -14 })
    assert.same({ n = 2, nil, "left: 1 handles" }, outcome { status = 1, text = "left: 1 handles" })
    assert.same({ n = 2, nil, "x" }, outcome { status = 4, err = "EINTR", text = "x" })
    assert.same({ n = 1, "raises" }, outcome { status = 4, text = "x" })
    assert.same({ n = 1, "works" }, outcome { status = 0 })
  end)

  it("excuses what no kernel does, and what libuv does not survive", function()
    local line = [[write(8, "\1\0\0\0\0\0\0\0", 8) = -1 EPIPE (Broken pipe) (INJECTED)]]
    local run_of_it = { status = -6, call = "write", err = "EPIPE", injected = { line } }
    assert.same({ n = 1, "impossible" }, outcome(run_of_it))
    assert.same({ n = 1, "ends in libuv" }, outcome { status = -6, call = "epoll_ctl" })
    assert.same({ n = 1, "ends in libuv" }, outcome { status = -6, call = "clone3", occurrence = 5 })
    assert.is_nil(outcome({ status = -6, call = "clone3", occurrence = 4 })[1])
    local two = { "close(3) = -1 EINTR (INJECTED)", "close(4) = -1 EINTR (INJECTED)" }
    local function closed(left) return outcome { status = 1, call = "close", text = left, injected = two } end
    assert.same({ n = 1, "works" }, closed "left: 2 descriptors")
    assert.same({ n = 2, nil, "left: 3 descriptors" }, closed "left: 3 descriptors")
  end)

  it("tells of a call that never failed", function()
    local failed = {}
    for _, call in pairs(judge.groups) do failed[call] = true end
    assert.same({}, judge.missed(failed))
    failed.write, failed.openat2 = nil, nil
    assert.same({ "openat2 never failed", "write never failed" }, judge.missed(failed))
  end)

  it("lets nobody see that what is tried without waiting has failed", function()
    for _, call in ipairs { "openat2", "preadv2" } do
      assert.same({ n = 2, nil, "x" }, outcome { status = 4, call = call, err = "ENOMEM", text = "x" })
    end
  end)

  it("finds a call that stands in two lines", function()
    assert.same({ "close(4) = -1 EIO (INJECTED)", "read(3,) = -1 EINTR (INJECTED)" }, judge.injected(
      "10 read(3, <unfinished ...>\n11 close(4) = -1 EIO (INJECTED)\n12 close(5) = 0\n"
      .. "10 <... read resumed>) = -1 EINTR (INJECTED)\n"))
  end)
end)
