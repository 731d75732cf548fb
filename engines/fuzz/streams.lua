--- Fuzzes the readers of streams: bytes that arrive in any pieces, read in any way, against Lua's own io on
--- the same bytes where the contract is the same, and against a few lines of Lua where io has no such thing.
---
--- An input is how the stream is made, eight reads, eight sizes of pieces, and the bytes. A read that raises
--- took nothing, and neither did one that was cancelled: the next one goes on where the last one that
--- returned ended.
local cohort = require "cohort"
local testing = require "cohort.testing"
local bytes = require "engines.fuzz.bytes"
local watched = require "engines.fuzz.watched"

local READS, PIECES = 8, 8
local sizes = { 1, 2, 3, 7, 16, 40, 255, 65536 }
local delimiters = { "\n", "\r\n", "ab", "aab", "\0", "\n\n", "abababab", " " }
local formats = { "l", "L", "n", "a", "*l", "*n", 0, 1, 3, 17, 4096 }

-- {{ What is expected: a function of the bytes from `at` on, which returns the values and where it ended, or
-- nil and the names of the errors that it may raise.

local content, file

-- What bytes below 128 become: what delimiters and numerals are made of.
local letters = "abab\n\r 019.-xe\t\0"

local function denser(text)
  return (text:gsub("[\0-\127]", function(byte)
    local i = byte:byte() % #letters + 1
    return letters:sub(i, i)
  end))
end

local function read_by_io(at, ...)
  file:seek("set", at)
  local values = table.pack(file:read(...))
  return values, file:seek()
end

-- The longest line that is touched must fit; so must the blanks before a number.
local function too_long(format, at, limits)
  if type(format) == "number" then return format > limits.buffer end
  local kind = format:sub(-1)
  if kind == "a" then return #content - at > limits.buffer end
  if kind == "n" then return #content:match("^%s*", at + 1) > limits.line end
  local line = content:match("^[^\n]*", at + 1)
  return #line > limits.line
end

-- More than the buffer may hold, and in one piece it may come all the same.
local function maybe_too_long(format, at, limits)
  if type(format) == "number" then return false end
  if format:sub(-1) == "n" then return #content:match("^%s*[%w.+-]*", at + 1) >= limits.buffer end
  return #content:match("^[^\n]*", at + 1) >= limits.buffer
end

local function expect_formats(list)
  return function(at, limits)
    local values, position, maybe = { n = 0 }, at, false
    for i, format in ipairs(list) do
      if too_long(format, position, limits) then return nil, { TooLong = true } end
      maybe = maybe or maybe_too_long(format, position, limits)
      local one
      one, position = read_by_io(position, format)
      values[i], values.n = one[1], i
      if one[1] == nil then break end
    end
    return values, maybe and { TooLong = true } or nil, position
  end
end

local function expect_exactly(n)
  return function(at, limits)
    if n > limits.buffer then return nil, { TooLong = true } end
    if n > 0 and at >= #content then return { n = 1 }, nil, at end
    if at + n > #content then return nil, { Broken = true } end
    return { content:sub(at + 1, at + n), n = 1 }, nil, at + n
  end
end

local function expect_until(delimiter, max)
  return function(at, limits)
    max = max or limits.line
    local first, last = content:find(delimiter, at + 1, true)
    local before = first and first - 1 - at
    local kept = before and before + #delimiter - 1 or #content - at  -- at most, with a part of the delimiter
    local maybe = kept >= limits.buffer and { TooLong = true } or nil
    if first and before > max then return nil, { TooLong = true } end
    if first then return { content:sub(at + 1, first - 1), n = 1 }, maybe, last end
    if #content - at - #delimiter + 1 > max then return nil, { TooLong = true } end
    if at >= #content then return { n = 1 }, nil, at end
    return nil, { Broken = true, TooLong = maybe and true }
  end
end

-- }}

-- {{ Reads: what is called, and what is expected of it

local function read_formats(input)
  local list = {}
  for i = 1, input:pick(3) do list[i] = input:one_of(formats) end
  return function(stream) return stream:read(table.unpack(list)) end, expect_formats(list)
end

local function read_one(input)
  local format = input:one_of(formats)
  return function(stream) return stream:read(format) end, expect_formats { format }
end

local function read_line(input)
  local format = input:one_of(formats)
  return function(stream) return stream:lines(format)() end, expect_formats { format }
end

local function read_exactly(input)
  local n = input:next()
  return function(stream) return stream:read_exactly(n) end, expect_exactly(n)
end

local function read_until(input)
  local delimiter, max = input:one_of(delimiters), input:one_of(sizes)
  if max == 65536 then max = nil end
  return function(stream) return stream:read_until(delimiter, max) end, expect_until(delimiter, max)
end

local function read_some(input)
  local max = input:one_of(sizes)
  return function(stream) return stream:read_some(max) end, nil, max
end

local function read_chunk(input)
  local max = input:one_of(sizes)
  return function(stream) return stream:chunks(max)() end, nil, max
end

local kinds = { read_one, read_chunk, read_formats, read_line, read_exactly, read_until, read_some }

-- Copies into a second pair, whose other end collects what comes.
local function copy(input)
  local n = input:next()
  return function(stream)
    local parts, copied = {}, nil
    cohort.group(function(g)
      local from, to = testing.stream_pair { capacity = 5 }
      g:spawn(function()
        for chunk in from:chunks() do parts[#parts + 1] = chunk end
        from:close()
      end)
      copied = stream:copy_to(to, n > 0 and n or nil)
      to:close()
    end)
    local text = table.concat(parts)
    assert(copied == #text, "copied otherwise than it says")
    return text
  end, function(at)
    local last = n > 0 and math.min(#content, at + n) or #content
    return { content:sub(at + 1, last), n = 1 }, nil, last
  end
end

table.insert(kinds, copy)

-- }}

-- {{ Trying them

local function show(values)
  local words = {}
  for i = 1, values.n do
    words[i] = type(values[i]) == "string" and ("%q"):format(values[i]) or tostring(values[i])
  end
  return table.concat(words, ", ")
end

local function equal(a, b)
  if math.type(a) ~= math.type(b) then return false end
  return a == b or a ~= a and b ~= b
end

local function check_values(expected, got)
  local same = expected.n == got.n
  for i = 1, expected.n do same = same and equal(expected[i], got[i]) end
  if not same then error(("expected %s, got %s"):format(show(expected), show(got)), 0) end
end

local function check_raised(err, allowed)
  for name in pairs(allowed) do
    if cohort.is(err, cohort[name]) then return end
  end
  error("raised " .. tostring(err), 0)
end

local function check_some(at, got, max)
  local text = got[1]
  if text == nil then
    assert(at == #content, "read_some gave nil before the end")
    return at
  end
  assert(#text > 0 and #text <= max and content:sub(at + 1, at + #text) == text, "read_some gave other bytes")
  return at + #text
end

-- One read, cut after a while if `patience` is not nil, and then tried again. Where it ended, and whether it
-- came to an error.
local function try(stream, read, patience)
  if not patience then return table.pack(pcall(read, stream)) end
  local got = table.pack(pcall(cohort.move_on_after, patience, read, stream))
  if not got[1] or not got[2] then return got[1] and table.pack(pcall(read, stream)) or got, true end
  table.remove(got, 2)
  got.n = got.n - 1
  return got
end

local function check_read(stream, kind, input, at, limits, patience)
  local read, expect, max = kind(input)
  if kind == copy then patience = nil end  -- a copy that is cut has copied a part
  local got, was_cut = try(stream, read, patience)
  local ok = table.remove(got, 1)
  got.n = got.n - 1
  if not expect then
    assert(ok, got[1])
    return check_some(at, got, max), was_cut
  end
  local expected, allowed, position = expect(at, limits)
  if not ok then
    check_raised(got[1], allowed or {})
    return at, true
  end
  if not expected then error("raised nothing, gave " .. show(got), 0) end
  check_values(expected, got)
  return position, was_cut
end

-- Writes the bytes in pieces, waits between them, and ends.
local function write(stream, pieces, ending)
  local at, i = 0, 0
  while at < #content do
    i = i % PIECES + 1
    local n = pieces[i]
    stream:write(content:sub(at + 1, at + (n >> 2) + 1))
    at = at + (n >> 2) + 1
    if n & 3 > 0 then cohort.sleep((n & 3) - 1) end
  end
  if ending then stream:shutdown() end
  stream:close()
end

local function make(input)
  local how, seed = input:next(), input:next()
  local options = { capacity = input:one_of(sizes), line_max = input:one_of(sizes),
    buffer_max = input:one_of(sizes) }
  local limits = { line = options.line_max, buffer = options.buffer_max }
  if how & 1 == 1 then return { cohort.net.pair(options) }, limits, how end
  options.seed, options.split = seed + 1, how & 2 == 2
  options.delay = how & 4 == 4 and { 0, 1 } or nil
  return { testing.stream_pair(options) }, limits, how
end

local function main(g, input)
  local ends, limits, how = make(input)
  local reads, pieces = {}, {}
  for i = 1, READS do reads[i] = { kind = input:next(), input = bytes.of(input:take(4)) } end
  for i = 1, PIECES do pieces[i] = input:next() end
  content = denser(input:rest())
  file = assert(io.tmpfile())
  local _ <close> = file
  file:write(content)
  g:spawn(pcall, write, ends[1], pieces, how & 8 == 8)
  local at, reached = 0, false
  for _, read in ipairs(reads) do
    local patience = read.kind & 128 == 128 and (read.kind >> 4 & 7) / 2 or nil
    local failed
    at, failed = check_read(ends[2], kinds[(read.kind & 7) + 1], read.input, at, limits, patience)
    reached = reached or failed
  end
  ends[2]:close()
  return reached
end

-- }}

return watched(function(text)
  local options = { clock = testing.clock { autojump = true }, signals = false }
  return cohort.run(options, cohort.group, function(g) return main(g, bytes.of(text)) end)
end)
