-- What holds for every stream, whatever carries it: a function that takes one works with all.
local cohort = require "cohort"
local core = require "cohort.core"
local tasks = require "spec.support.tasks"
local transports = require "spec.support.transports"

local raised, settle = tasks.raised, transports.settle

-- Bytes of all sorts, the same ones each time.
local function bytes(count)
  local parts, x = {}, 1
  for i = 1, count // 64 do
    x = (x * 1103515245 + 12345) % 2 ^ 31
    parts[i] = string.char(math.floor(x) % 256):rep(63) .. "\n"
  end
  return table.concat(parts)
end

local block = bytes(1 << 18)

local function is(err, type) return cohort.is(err, type) end

-- A write that waits because nobody reads.
local function start_write(g, stream, text)
  local task = g:spawn(stream.write, stream, text)
  settle()
  assert.equal("waiting", task:status())
  return task
end

for _, transport in ipairs(transports.list) do
  local text = block:rep(transport.room >> 18)

  local function with(body, options)
    return function() transports.with(transport, options, body) end
  end

  describe("a stream over " .. transport.name, function()
    it("carries bytes as they are, in any pieces, to the end", with(function(a, b)
      cohort.group(function(g)
        g:spawn(function()
          local at, size = 1, 1
          while at <= #block do
            a:write(block:sub(at, at + size - 1))
            at, size = at + size, size % 99991 * 3 + 1
          end
          settle()
          a:close()
        end)
        local got = { b:read_exactly(1), b:read(100), b:read "L", b:read_some(), b:read_until "\n" }
        got[#got] = got[#got] .. "\n"
        got[#got + 1] = b:read "a"
        assert.is_true(table.concat(got) == block)
        assert.is_nil(b:read())
      end)
    end))

    it("reads every format of io, several at once", with(function(a, b)
      a:write("line\n12 0x1F -3.5e1 word\nrest\n", "kept\n12345", " 678")
      assert.same({ "line", 12, 31, -35.0, " wo" }, { b:read("l", "n", "*n", "n", 3) })
      assert.same({ "rd", "rest\n", "kept", "123" }, { b:read("*l", "L", "l", 3) })
      settle()
      a:close()
      assert.same({ 45, 678, "", nil }, { b:read("n", "n", "a", "l") })
    end))

    it("writes strings, numbers and tables of them", with(function(a, b)
      assert.equal(a, a:write("a", 1, { "b", 2, "c" }, {}, 2.5, { "\n" }))
      assert.equal("a1b2c2.5", b:read())
    end))

    it("ends after what was written, when its writer is closed", with(function(a, b)
      a:write("last\nwords")
      settle()
      a:close()
      assert.same({ "last", "words" }, { b:read(), b:read() })
      for _ = 1, 2 do assert.is_nil(b:read()) end
      assert.equal("", b:read("a"))
    end))

    it("makes its writer wait for who reads, and holds few bytes meanwhile", with(function(a, b)
      cohort.group(function(g)
        local before = core.debug_counts().bytes
        local writer = start_write(g, a, text)
        assert.is_true(core.debug_counts().bytes - before < 200000)
        assert.is_true(b:read_exactly(#text) == text)
        assert.equal(a, writer:join())
      end)
    end))

    it("loses nothing when a read is cut, after one format of several too", with(function(a, b)
      a:write("one\ntw")
      assert.is_false(cohort.move_on_after(1, b.read, b, "l", "l"))
      assert.is_false(cohort.move_on_after(1, b.read_exactly, b, 100))
      assert.is_false(cohort.move_on_after(0, b.read, b))
      a:write("o\n")
      assert.same({ "one", "two" }, { b:read("l", "l") })
    end))

    it("takes no further writes when one was cut in its middle", with(function(a, b)
      cohort.group(function(g)
        local writer = start_write(g, a, text)
        writer:cancel()
        writer:wait()
        assert.equal("cancelled", writer:status())
        assert.is_true(is(raised(a.write, a, "more"), cohort.Broken))
        assert.is_true(is(raised(a.shutdown, a), cohort.Broken))
        assert.is_true(b:read_exactly(1000) == text:sub(1, 1000))
      end)
    end))

    it("is Busy for a second reader and a second writer", with(function(a, b)
      cohort.group(function(g)
        local writer = start_write(g, a, text)
        assert.is_true(is(raised(a.write, a, "x"), cohort.Busy))
        assert.matches("take turns with a cohort.lock%(%)", raised(a.write, a, "x").message)
        assert.is_true(is(raised(b.copy_to, b, a), cohort.Busy))
        assert.is_true(b:read_exactly(#text) == text)
        writer:wait()
        local reader = g:spawn(b.read, b)
        settle()
        assert.is_true(is(raised(b.read_some, b), cohort.Busy))
        a:write("mine\n")
        assert.equal("mine", reader:join())
      end)
    end))

    it("wakes who waits with Closed when it is closed, and stays so", with(function(a, b)
      cohort.group(function(g)
        local writer = g:spawn(pcall, a.write, a, text)
        settle()
        a:close()
        local reader = g:spawn(pcall, function()
          b:read "a"
          b:read_exactly(1)
        end)
        settle()
        b:close()
        for _, task in ipairs { writer, reader } do task:wait() end
        assert.is_true(is(select(2, writer:result()), cohort.Closed))
        for _, name in ipairs { "read", "read_some", "write", "shutdown" } do
          assert.is_true(is(raised(a[name], a), cohort.Closed))
        end
        assert.is_true(is(raised(b.copy_to, b, a), cohort.Closed))
      end)
    end))

    it("wakes a reader with Closed", with(function(_, b)
      cohort.group(function(g)
        local reader = g:spawn(pcall, b.read, b)
        settle()
        b:close()
        assert.is_true(is(select(2, reader:join()), cohort.Closed))
      end)
    end))

    it("raises Broken when its reader is gone, while it waits and afterwards", with(function(a, b)
      cohort.group(function(g)
        local writer = g:spawn(pcall, a.write, a, text)
        settle()
        b:close()
        assert.is_true(is(select(2, writer:join()), cohort.Broken))
        for _ = 1, 3 do
          local err = raised(a.write, a, "x")
          assert.is_true(is(err, cohort.Broken))
          assert.equal("write", err.operation)
        end
      end)
    end))

    it("refuses a line without an end, having held little, and loses nothing", with(function(a, b)
      cohort.group(function(g)
        local before = core.debug_counts().bytes
        g:spawn_daemon(function()
          pcall(function() while true do a:write(("x"):rep(4096)) end end)
        end)
        for _ = 1, 2 do
          assert.is_true(is(raised(b.read, b), cohort.TooLong))
          assert.is_true(is(raised(b.read_until, b, "|", 100), cohort.TooLong))
        end
        assert.is_true(core.debug_counts().bytes - before < 600000)
        assert.equal(("x"):rep(70000), b:read(70000))
        b:close()
      end)
    end))

    it("collects no more than buffer_max for one read", with(function(a, b)
      a:write(("x"):rep(300))
      settle()
      local calls = { { "read", "a" }, { "read", 101 }, { "read_exactly", 1 << 40 }, { "read", "l" } }
      for _, call in ipairs(calls) do
        local err = raised(b[call[1]], b, call[2])
        assert.is_true(is(err, cohort.TooLong))
        assert.matches("buffer_max", err.message)
      end
      for _ = 1, 3 do assert.equal(100, #b:read(100)) end
    end, { buffer_max = 100 }))

    it("takes what comes a byte at a time", with(function(a, b)
      cohort.group(function(g)
        g:spawn(function()
          for byte in ("slow 12 line\nend"):gmatch "." do
            a:write(byte)
            cohort.sleep(1)
          end
          a:close()
        end)
        assert.same({ "slow ", 12, " line" }, { b:read(5, "n", "l") })
        assert.equal("end", b:read("a"))
      end)
    end))

    it("iterates over lines and numbers, with formats as io.lines", with(function(a, b)
      a:write("1 one\n2 two\n")
      settle()
      a:close()
      local seen = {}
      for n, word in b:lines("n", "l") do seen[#seen + 1] = n .. word end
      assert.same({ "1 one", "2 two" }, seen)
    end))

    it("copies into another, and from one, and shows how many bytes", with(function(a, b)
      local c, d = transport.open()
      local _ <close> = c
      local _ <close> = d
      cohort.group(function(g)
        g:spawn(function()
          a:write(text)
          settle()
          a:close()
        end)
        g:spawn(function()
          assert.equal(#text, b:copy_to(c))
          settle()
          c:close()
        end)
        assert.is_true(d:read("a") == text)
      end)
    end))

    it("has a copy that was cut keep every byte, and both streams whole", with(function(a, b)
      local c, d = transport.open()
      local _ <close> = c
      local _ <close> = d
      cohort.group(function(g)
        g:spawn(function()
          a:write(text)
          settle()
          a:close()
        end)
        assert.is_false(cohort.move_on_after(5, b.copy_to, b, c))
        local reader = g:spawn(d.read_exactly, d, #text + 1)
        local copied = 0
        repeat
          local n = b:copy_to(c, 30000)
          copied = copied + n
        until n < 30000
        assert.is_true(copied < #text)
        c:write("!")
        assert.is_true(reader:join() == text .. "!")
      end)
    end))

    it("wakes a copy when either end is closed", with(function(a, b)
      local c, d = transport.open()
      local _ <close> = c
      local _ <close> = d
      cohort.group(function(g)
        local copying = g:spawn(pcall, b.copy_to, b, c)
        settle()
        assert.is_true(is(raised(b.read, b), cohort.Busy))
        assert.is_true(is(raised(c.write, c, "x"), cohort.Busy))
        c:close()
        assert.is_true(is(select(2, copying:join()), cohort.Closed))
        a:write("there\n")
        assert.equal("there", b:read())
      end)
    end))

    it("refuses huge and negative sizes, at the caller's line", with(function(_, b)
      for _, size in ipairs { -1, 2 ^ 63, math.mininteger, 1.5, 0 / 0, -math.huge } do
        for _, name in ipairs { "read", "read_exactly", "read_some" } do
          assert.matches("^spec/stream/transport_spec.lua:%d+: " .. name .. " expects",
            raised(function() b[name](b, size) end))
        end
        assert.matches("copy_to expects", raised(function() b:copy_to(b, size) end))
      end
      assert.is_false(cohort.move_on_after(1, b.read_exactly, b, 1 << 40))
    end))

    it("is told by its own text, and has addresses or none", with(function(a, b)
      for _, s in ipairs { a, b } do
        assert.matches("^stream %S", tostring(s))
        s:close()
        assert.matches("%(closed%)$", tostring(s))
      end
    end))

    if transport.halves then
      it("can be shut down for writing only", with(function(a, b)
        a:write("last\n")
        a:shutdown()
        a:shutdown()
        assert.same({ "last" }, { b:read(), b:read() })
        assert.is_true(is(raised(a.write, a, "x"), cohort.Closed))
        assert.is_true(is(raised(b.copy_to, b, a), cohort.Closed))
        if not transport.both then return end
        b:write("answer\n")
        assert.equal("answer", a:read())
      end))
    end

    if transport.both then
      it("goes on in one direction while the other waits", with(function(a, b)
        cohort.group(function(g)
          local reader = g:spawn(a.read, a)
          settle()
          a:write("there\n")
          assert.equal("there", b:read())
          b:write("back\n")
          assert.equal("back", reader:join())
        end)
      end))

      it("echoes by copying to itself", with(function(a, b)
        cohort.group(function(g)
          local echo = g:spawn(b.copy_to, b, b)
          for i = 1, 10 do
            a:write("line ", i, "\n")
            assert.equal("line " .. i, a:read())
          end
          echo:cancel()
        end)
      end))
    end

    if transport.inside then
      it("waits for another task only, so that a deadlock is seen", function()
        local err = raised(tasks.virtual, function()
          local _, b = transport.open()
          b:read()
        end)
        assert.is_true(is(err, cohort.Deadlock))
        assert.matches("waits for read at [^\n]*transport_spec.lua", tostring(err))
      end)
    end
  end)
end
