-- Reading from a stream: what each form gives, where it ends, what is kept when it is cut.
local cohort = require "cohort"
local core = require "cohort.core"
local sockets = require "spec.support.sockets"
local tasks = require "spec.support.tasks"

local pair, look, raised = sockets.pair, sockets.look, tasks.raised

-- The other end sends these pieces, each in a packet of its own, and then ends.
local function feed(pieces, body, options)
  pair(function(a, b)
    cohort.group(function(g)
      g:spawn(function()
        for _, piece in ipairs(pieces) do
          a:write(piece)
          look()
        end
        a:shutdown()
      end)
      body(b)
    end)
  end, options)
end

describe("read", function()
  it("gives lines without their ends, the last one too, then nil for ever", function()
    feed({ "one\ntwo\n\nthr", "ee\nfour" }, function(s)
      assert.same({ "one", "two", "", "three", "four" },
        { s:read(), s:read("l"), s:read("*l"), s:read(nil), s:read() })
      assert.is_nil(s:read())
      assert.is_nil(s:read("l"))
    end)
  end)

  it("keeps the ends of lines with L", function()
    feed({ "one\n\ntwo" }, function(s)
      assert.same({ "one\n", "\n", "two" }, { s:read("L"), s:read("L"), s:read("L") })
      assert.is_nil(s:read("L"))
    end)
  end)

  it("gives n bytes, fewer only at the end, then nil", function()
    feed({ "ab", "cd", "efg" }, function(s)
      assert.same({ "a", "bcd", "efg" }, { s:read(1), s:read(3), s:read(10) })
      assert.is_nil(s:read(1))
    end)
  end)

  it("tells with 0 bytes whether there is more, as io does", function()
    feed({ "x" }, function(s)
      assert.equal("", s:read(0))
      assert.equal("x", s:read(1))
      assert.is_nil(s:read(0))
    end)
  end)

  it("gives all the rest with a, which is empty at the end", function()
    feed({ "one\ntwo", " three" }, function(s)
      assert.equal("one", s:read())
      assert.equal("two three", s:read("a"))
      assert.equal("", s:read("a"))
      assert.is_nil(s:read())
    end)
  end)

  it("hands on what one form left to the next", function()
    feed({ "head\nabc|de", "f|rest" }, function(s)
      assert.same({ "head", "ab", "c", "d" }, { s:read(), s:read(2), s:read_until("|"), s:read_some(1) })
      assert.same({ "ef", "res", "t" }, { s:read_until("|"), s:read_exactly(3), s:read("a") })
    end)
  end)

  it("takes what comes a byte at a time", function()
    local pieces = {}
    for byte in ("slow line\nand another\n"):gmatch(".") do pieces[#pieces + 1] = byte end
    feed(pieces, function(s)
      assert.same({ "slow line", "and another" }, { s:read(), s:read() })
      assert.is_nil(s:read())
    end)
  end)

  it("gives any bytes as they are, in any amount", function()
    local parts = {}
    for i = 0, 255 do parts[#parts + 1] = string.char(i):rep(i + 1) end
    local block = table.concat(parts)
    local sent = block:rep(100)  -- 3.2 MB
    feed({ sent }, function(s)
      assert.equal(#block, #s:read(#block))
      local rest = s:read("a")
      assert.is_true(rest == block:rep(99))
    end)
    feed({ sent }, function(s)
      assert.is_true(s:read_exactly(#sent) == sent)
    end)
  end)
end)

describe("read_some", function()
  it("gives what is there, at most so much, nil at the end", function()
    feed({ "abc" }, function(s)
      assert.same({ "ab", "c" }, { s:read_some(2), s:read_some() })
      assert.is_nil(s:read_some())
      assert.is_nil(s:read_some(math.huge))
    end)
  end)

  it("does not wait for more than there is", function()
    pair(function(a, b)
      a:write("x")
      assert.equal("x", b:read_some(1000))
    end)
  end)
end)

describe("read_exactly", function()
  it("gives so many bytes, or nil at the end", function()
    feed({ "ab", "cdef" }, function(s)
      assert.same({ "abc", "", "def" }, { s:read_exactly(3), s:read_exactly(0), s:read_exactly(3) })
      assert.is_nil(s:read_exactly(1))
    end)
  end)

  it("raises Broken when the stream ends in the middle, and what there was can be read", function()
    feed({ "abc" }, function(s)
      local err = raised(s.read_exactly, s, 10)
      assert.is_true(cohort.is(err, cohort.Broken))
      assert.matches("ended after 3 bytes", err.message)
      assert.equal("read_exactly", err.operation)
      assert.equal("abc", s:read("a"))
    end)
  end)
end)

describe("read_until", function()
  it("gives what stands before the delimiter, and takes it", function()
    feed({ "one\r\n\r", "\ntwo\r\n\r\n\r\n\r\n" }, function(s)
      for _, part in ipairs { "one", "two", "" } do assert.equal(part, s:read_until("\r\n\r\n")) end
      assert.is_nil(s:read_until("\r\n\r\n"))
    end)
  end)

  it("finds a delimiter that comes in any two parts", function()
    local delimiter = "abcab"
    for cut = 1, #delimiter - 1 do
      feed({ "xab" .. delimiter:sub(1, cut), delimiter:sub(cut + 1) .. "y" }, function(s)
        assert.same({ "xab", "y" }, { s:read_until(delimiter), s:read("a") })
      end)
    end
  end)

  it("raises Broken when the stream ends first, and what there was can be read", function()
    feed({ "abc" }, function(s)
      assert.is_true(cohort.is(raised(s.read_until, s, "|"), cohort.Broken))
      assert.equal("abc", s:read())
    end)
  end)

  it("raises TooLong above its limit, however the bytes come", function()
    for _, pieces in ipairs { { "12345|6|" }, { "123", "45|6|" }, { "12345", "|6|" } } do
      feed(pieces, function(s)
        assert.is_true(cohort.is(raised(s.read_until, s, "|", 4), cohort.TooLong))
        assert.equal("12345", s:read_until("|", 5))
        assert.equal("6", s:read_until("|", math.huge))
      end)
    end
  end)
end)

describe("lines", function()
  it("iterates over lines, without a closing value", function()
    feed({ "a\nb\n\nc" }, function(s)
      local seen = {}
      assert.equal(1, select("#", s:lines()))
      for line in s:lines() do
        seen[#seen + 1] = line
        if line == "b" then break end
      end
      for line in s:lines("L") do seen[#seen + 1] = line end
      assert.same({ "a", "b", "\n", "c" }, seen)
    end)
  end)
end)

describe("chunks", function()
  it("iterates over what there is, to the end, without a closing value", function()
    feed({ "tea", "toast", "jam" }, function(s)
      local seen = {}
      assert.equal(1, select("#", s:chunks()))
      for chunk in s:chunks(4) do
        seen[#seen + 1] = chunk
        if chunk == "t" then break end
      end
      assert.same({ "tea", "toas", "t" }, seen)
      for chunk in s:chunks() do seen[#seen + 1] = chunk end
      assert.equal("teatoastjam", table.concat(seen))
    end)
  end)

  it("takes math.huge for no limit, and refuses another when it is made", function()
    feed({ "tea" }, function(s)
      assert.equal("tea", s:chunks(math.huge)())
      assert.matches("^spec/stream/read_spec.lua:%d+: chunks expects a whole number of bytes, 1 or more",
        raised(function() s:chunks(0) end))
      assert.is_nil(s:chunks(nil, table.unpack({}, 1, 252))())
    end)
  end)
end)

describe("the limit of a line", function()
  it("is 64 KiB, and counts the line without its end", function()
    feed({ ("x"):rep(65536) .. "\n" .. ("y"):rep(65537) .. "\n" }, function(s)
      assert.equal(65536, #s:read())
      local err = raised(s.read, s)
      assert.is_true(cohort.is(err, cohort.TooLong))
      assert.matches("65536", err.message)
      assert.equal(65537, #s:read_until("\n", 65537))
    end)
  end)

  it("is an option of connect and listen", function()
    feed({ "1234\n12345\n" }, function(s)
      assert.equal("1234", s:read())
      assert.is_true(cohort.is(raised(s.read, s, "L"), cohort.TooLong))
      assert.is_true(cohort.is(raised(s:lines()), cohort.TooLong))
      assert.equal("12345\n", s:read("a"))
    end, { line_max = 4 })
    local long = ("x"):rep(200000)
    feed({ long .. "\n" }, function(s) assert.equal(long, s:read()) end, { line_max = math.huge })
  end)

  it("bounds what a line without an end can hold", function()
    pair(function(a, b)
      cohort.group(function(g)
        g:spawn_daemon(function()
          while true do a:write(("x"):rep(65536)) end
        end)
        local before = core.debug_counts().bytes
        assert.is_true(cohort.is(raised(b.read, b), cohort.TooLong))
        look(10)
        assert.is_true(cohort.is(raised(b.read, b), cohort.TooLong))
        assert.is_true(core.debug_counts().bytes - before < 600000)
      end)
    end)
  end)
end)

describe("a read that is cut", function()
  it("loses nothing of what had come", function()
    pair(function(a, b)
      a:write("12345")
      assert.is_false(cohort.move_on_after(1, b.read_exactly, b, 10))
      assert.is_false(cohort.move_on_after(1, b.read, b))
      assert.is_false(cohort.move_on_after(1, b.read_until, b, "|"))
      a:write("67890\n")
      assert.equal("1234567890", b:read())
    end)
  end)

  it("does nothing when it was cancelled before it began", function()
    pair(function(a, b)
      a:write("x\n")
      look()
      assert.is_false(cohort.move_on_after(0, b.read, b))
      assert.equal("x", b:read())
    end)
  end)

  it("gives its result when that came before the cancellation", function()
    pair(function(a, b)
      local got
      cohort.group(function(g)
        local reader = g:spawn(function() got = b:read() end)
        look()
        a:write("x\n")
        g:spawn(function() reader:cancel() end)
      end)
      if got == nil then got = b:read() end
      assert.equal("x", got)
    end)
  end)

  it("leaves the stream to the next reader", function()
    pair(function(a, b)
      cohort.group(function(g)
        local first = g:spawn(b.read, b)
        look()
        first:cancel()
        local second = g:spawn(b.read, b)
        a:write("line\n")
        assert.equal("line", second:join())
      end)
    end)
  end)
end)

describe("reading", function()
  it("happens only when somebody reads, so a sender waits and memory does not grow", function()
    pair(function(a, b)
      local sent = ("x"):rep(30000000)
      local before = core.debug_counts().bytes
      cohort.group(function(g)
        local writer = g:spawn(a.write, a, sent)
        look(20)
        assert.equal("waiting", writer:status())
        assert.equal("x", b:read(1))
        look(20)
        assert.equal("waiting", writer:status())
        assert.is_true(core.debug_counts().bytes - before < 200000)
        assert.is_true(b:read_exactly(#sent - 1) == sent:sub(2))
      end)
    end)
  end)

  it("lets others have their turn when bytes come without end", function()
    pair(function(a, b)
      local turns = 0
      cohort.group(function(g)
        g:spawn_daemon(function()
          while true do a:write(("x"):rep(65536)) end
        end)
        g:spawn_daemon(function()
          while true do
            cohort.checkpoint()
            turns = turns + 1
          end
        end)
        assert.equal(20000000, #b:read(20000000))
      end)
      assert.is_true(turns > 10)
    end)
  end)

  it("ends with the last byte that it wants, however many chunks it takes", function()
    pair(function(a, b)
      for chunks = 1, 40 do
        local sent = ("x"):rep(65536 * chunks - 65436)
        cohort.group(function(g)
          g:spawn(a.write, a, sent)
          look(20)
          assert.equal(#sent, #b:read_exactly(#sent))
        end)
      end
    end)
  end)

  it("can be cancelled while bytes come without end", function()
    pair(function(a, b)
      cohort.group(function(g)
        g:spawn(function()
          cohort.attempt(function() while true do a:write(("x"):rep(65536)) end end)
        end)
        local reader = g:spawn(b.read, b, "a")
        for _ = 1, 20 do cohort.checkpoint() end
        reader:cancel()
        reader:wait()
        assert.equal("cancelled", reader:status())
        b:close()
      end)
    end)
  end)

  it("by two tasks at once is Busy for the second", function()
    pair(function(a, b)
      cohort.group(function(g)
        local first = g:spawn(b.read, b)
        look()
        local err = raised(b.read_some, b)
        assert.is_true(cohort.is(err, cohort.Busy))
        assert.equal("read_some", err.operation)
        assert.matches("let one task read", err.message)
        a:write("mine\n")
        assert.equal("mine", first:join())
        a:write("free\n")
        assert.equal("free", b:read())
      end)
    end)
  end)

  it("is kept for the one who waited when another comes between its wake and its turn", function()
    pair(function(a, b)
      cohort.group(function(g)
        local first = g:spawn(b.read, b)
        look()
        a:write("li")  -- wakes the reader, which needs more
        look()
        assert.is_true(cohort.is(raised(b.read_some, b), cohort.Busy))
        a:write("ne\n")
        assert.equal("line", first:join())
      end)
    end)
  end)

  it("goes on in one direction while the other writes", function()
    pair(function(a, b)
      cohort.group(function(g)
        local reader = g:spawn(a.read, a)
        look()
        a:write("there\n")
        assert.equal("there", b:read())
        b:write("back\n")
        assert.equal("back", reader:join())
      end)
    end)
  end)
end)

describe("misuse of a read", function()
  it("is a plain string at the caller's line and changes nothing", function()
    pair(function(a, b)
      local cases = {
        { "read", "x" }, { "read", "" }, { "read", {} }, { "read", -1 }, { "read", 1.5 }, { "read", 0 / 0 },
        { "read", math.huge }, { "read", 2 ^ 63 }, { "read", math.maxinteger }, { "read", true },
        { "read_some", 0 }, { "read_some", -1 }, { "read_some", "5" }, { "read_some", 0 / 0 },
        { "read_exactly" }, { "read_exactly", -1 }, { "read_exactly", math.huge }, { "read_exactly", 1e300 },
        { "read_until" }, { "read_until", "" }, { "read_until", 5 }, { "read_until", "|", 0 },
        { "read_until", "|", "x" }, { "lines", {} }, { "chunks", 0 }, { "chunks", {} },
      }
      a:write("x\n")
      for _, case in ipairs(cases) do
        local err = raised(function() b[case[1]](b, case[2], case[3]) end)
        assert.equal("string", type(err))
        assert.matches("^spec/stream/read_spec.lua:%d+: " .. case[1] .. " expects", err)
      end
      local names = { "read", "read_some", "read_exactly", "read_until", "lines", "chunks", "close" }
      for _, name in ipairs(names) do
        assert.matches("expects a stream first", raised(b[name]))
        assert.matches("expects a stream first", raised(b[name], io.stdout))
      end
      assert.equal("x", b:read())
    end)
  end)

  it("names the stream's methods and no others", function()
    pair(function(_, b)
      assert.matches("a stream has no 'no_such_thing'", raised(function() return b.no_such_thing end))
      assert.is_nil(b[1])
      assert.equal("cohort.Stream", getmetatable(b).__name)
      assert.matches("expects a stream", raised(getmetatable(b).__gc, io.stdout))
    end)
  end)
end)
