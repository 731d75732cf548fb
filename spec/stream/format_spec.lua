-- Formats: what `read` and `lines` give is what Lua's io gives, however the bytes come.
local cohort = require "cohort"
local net = require "cohort.net"
local tasks = require "spec.support.tasks"
local transports = require "spec.support.transports"

local raised, virtual = tasks.raised, tasks.virtual

-- What comes before the end: calls body(stream) for a stream in memory that ends with `text`.
local function feed(text, body, options)
  return virtual(function()
    local a, b = net.pair(options)
    local _ <close> = b
    a:write(text)
    a:close()
    return body(b)
  end)
end

local function with_file(text, body)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local ok, err = pcall(body, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

-- A generator of numbers from 1 to n, the same ones for the same seed.
local function random(seed)
  return function(n)
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 33) % n + 1
  end
end

local pieces = { "1", "12", "-3", "+4.5", "0x1F", "0xA.8p1", "1e5", "1e", "0x", ".", "-", "e", "nan", "inf",
  "0x.1", "1.5.2", "00", "007", "1_0", "9223372036854775808", "x", "word", " ", "  ", "\t", "\n", "\n",
  "\r\n", "\0", "é", ("7"):rep(199), ("8"):rep(200), ("9"):rep(201) }
local formats = { "n", "l", "L", "a", "*n", "*l", 0, 1, 3, 500 }

local function made_of(list, count, pick)
  local made = {}
  for i = 1, count do made[i] = list[pick(#list)] end
  return made
end

-- Everything that a source gives for a list of calls, each a list of formats, as one text.
local function transcript(source, calls)
  local lines = {}
  for i, call in ipairs(calls) do
    local got = table.pack(source:read(table.unpack(call)))
    for j = 1, got.n do got[j] = math.type(got[j]) and ("%s %q"):format(math.type(got[j]), got[j]) or
      ("%q"):format(got[j]) end
    lines[i] = table.concat(got, ",")
  end
  return table.concat(lines, "\n")
end

describe("a stream reads as a file of io does", function()
  it("in any formats, from any text, in one piece and byte by byte", function()
    for seed = 1, 60 do
      local pick = random(seed)
      local text, calls = table.concat(made_of(pieces, pick(30), pick)), {}
      for i = 1, 12 do calls[i] = made_of(formats, pick(4), pick) end
      with_file(text, function(path)
        local file <close> = assert(io.open(path, "rb"))
        local expected = transcript(file, calls)
        virtual(function()
          local stream <close> = transports.adopt(transports.descriptors.open(path, "r"))
          assert.equal(expected, transcript(stream, calls))
        end)
        feed(text, function(stream) assert.equal(expected, transcript(stream, calls)) end,
          { capacity = #text + 1 })
        virtual(function()
          local options = { seed = seed, split = true, delay = { 0, 1 }, capacity = #text + 1 }
          local a, b = cohort.testing.stream_pair(options)
          local _ <close> = b
          a:write(text)
          a:close()
          assert.equal(expected, transcript(b, calls))
        end)
      end)
    end
  end)

  it("in loops over lines, with any formats", function()
    local text = "1 one\n2 two\n\n3 three"
    with_file(text, function(path)
      local lists = { {}, { "l" }, { "L" }, { "n" }, { "n", "l" }, { 4 }, { 1, "L" }, { "n", 1, "l" } }
      for _, list in ipairs(lists) do
        local expected, got = {}, {}
        for a, b, c in io.lines(path, table.unpack(list)) do expected[#expected + 1] = table.pack(a, b, c) end
        feed(text, function(s)
          for a, b, c in s:lines(table.unpack(list)) do got[#got + 1] = table.pack(a, b, c) end
        end)
        assert.same(expected, got)
      end
    end)
  end)
end)

describe("several formats", function()
  it("stop at the first that gets nothing, which is nil", function()
    feed("1 x 2", function(s)
      local got = table.pack(s:read("n", "n", "l"))
      assert.same({ n = 2, 1, nil }, got)
    end)
    feed("", function(s) assert.same({ n = 2, "", nil }, table.pack(s:read("a", "l", "l"))) end)
  end)

  it("take nothing when one fails, so that all can be read again", function()
    virtual(function()
      local a, b = net.pair { line_max = 4 }
      local _ <close> = a
      local _ <close> = b
      a:write("1\n12345\n")
      assert.is_true(cohort.is(raised(b.read, b, "l", "l"), cohort.TooLong))
      assert.equal("1\n12345\n", b:read(8))
    end)
  end)

  it("go up to some hundred", function()
    feed(("x"):rep(200), function(s)
      local list = {}
      for i = 1, 200 do list[i] = 1 end
      assert.same({ ("x"):rep(200), 200 }, { table.concat({ s:read(table.unpack(list)) }), #list })
    end)
  end)

  it("are all checked before the first is read, at the caller's line", function()
    feed("x\n", function(s)
      for _, name in ipairs { "read", "lines" } do
        for _, bad in ipairs { "x", "", "ll", "*", "**l", "l ", {}, true, -1, 1.5, print } do
          assert.matches("^spec/stream/format_spec.lua:%d+: " .. name .. " expects",
            raised(function() s[name](s, "l", bad) end))
        end
      end
      assert.matches("lines expects 250 formats at most",
        raised(function() s:lines(table.unpack({}, 1, 251)) end))
      assert.equal("x", s:read())
    end)
  end)
end)

describe("a number", function()
  it("is not looked for behind more blanks than a line may have", function()
    virtual(function()
      local a, b = net.pair { line_max = 100 }
      local _ <close> = a
      local _ <close> = b
      a:write((" "):rep(100), "5 ", (" "):rep(101), "6\n")
      assert.equal(5, b:read("n"))
      assert.is_true(cohort.is(raised(b.read, b, "n"), cohort.TooLong))
    end)
  end)

  it("waits for the byte behind it, which may belong to it", function()
    virtual(function()
      local a, b = net.pair()
      local _ <close> = a
      local _ <close> = b
      a:write("12")
      assert.is_false(cohort.move_on_after(1, b.read, b, "n"))
      a:write("3 ")
      assert.equal(123, b:read("n"))
    end)
  end)
end)
