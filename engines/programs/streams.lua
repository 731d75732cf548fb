--- Programs for each call of a stream that waits, over each transport there is. Whatever happens to them, no
--- byte is lost and none comes twice, and each stream is in the state that docs/model.md says.
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local transports = require "spec.support.transports"

-- More bytes than are on their way at once, and not many more: each piece is a point to cut.
local sizes = { TCP = 4 << 20, ["a Unix socket"] = 1 << 19 }

local function size_of(transport) return sizes[transport.name] or 1 << 17 end

local cut_write, cut_copy = "a write that was cut in the middle", "a copy that was cut in the middle"
local cut_file = "a file that was cut in the middle"

local text = "12 one\nabcdefghij;xyz the second line\nthree\nfour\nfive"

local reads = {
  function(c, b)
    local number, line = c.act("stream:read", b.read, b, "n", "L")
    return number .. line
  end,
  function(c, b) return c.act("stream:read_until", b.read_until, b, ";") .. ";" end,
  function(c, b) return c.act("stream:read_exactly", b.read_exactly, b, 3) end,
  function(c, b) return c.act("stream:read_some", b.read_some, b, 4) end,
  function(c, b) return c.act("stream:chunks", b:chunks(4)) end,
  function(c, b) return c.act("stream:read", b.read, b, "L") end,
}

-- Raises what was raised, when something was.
local function settle(ok, ...)
  if not ok then error(..., 0) end
  return ...
end

-- Writes the text in small pieces, which wait for nobody, and closes. `state.sent` is what was written.
local function feed(state, stream, guard)
  local _ <close> = guard "feed"
  for piece in text:gmatch "..?.?.?.?.?.?" do
    cohort.sleep(1)
    stream:write(piece)
    state.sent = state.sent .. piece
  end
  stream:close()
end

local function read_all(c, stream, got)
  for _, read in ipairs(reads) do got[#got + 1] = read(c, stream) end
  local step = stream:lines "L"
  repeat
    local line = c.act("stream:lines", step)
    got[#got + 1] = line
  until not line
end

-- All that is still to come from one of a pair, after the other was closed.
local function rest_of(stream, other)
  return cohort.shield(function()
    other:close()
    return stream:read "a"
  end)
end

local function reading(c, transport, guard)
  local a, b = cohort.shield(transport.open)
  local _ <close> = a
  local _ <close> = b
  local _ <close> = guard()
  local state, got = { sent = "" }, {}
  local ended = table.pack(pcall(cohort.group, function(g)
    g:spawn(feed, state, a, guard)
    read_all(c, b, got)
  end))
  local came = table.concat(got) .. rest_of(b, a)
  c.law(came == state.sent, "of %q came %q", state.sent, came)
  settle(table.unpack(ended, 1, ended.n))
end

-- Runs f() beside body(), neither of which is cut, whichever task is cancelled.
local function beside(f, body)
  cohort.shield(cohort.group, function(g)
    g:spawn(cohort.shield, f)
    body()
  end)
end

-- Reads a little now and then, and at last all there is.
local function read_slowly(stream, came)
  for _ = 1, 3 do
    cohort.sleep(1)
    came[#came + 1] = stream:read_some(1000)
  end
  for chunk in stream:chunks() do came[#came + 1] = chunk end
end

-- A file with `all` in it, open.
local function open_file(c, all)
  local path = c.scratch .. "/sent"
  local file = assert(io.open(path, "wb"))
  file:write(all)
  file:close()
  return cohort.shield(fs.open, path)
end

-- A write of more than there is room for, a file among it if there is one, while the other end reads a little
-- of it.
local function writing(c, transport, with_file, guard)
  local a, b = cohort.shield(transport.open)
  local _ <close> = a
  local _ <close> = b
  local _ <close> = guard()
  local all, came, may = ("0123456789abcdef"):rep(size_of(transport) // 16), {}, nil
  local file <close> = with_file and open_file(c, all:sub(3, -4)) or nil
  local ended = table.pack(pcall(cohort.group, function(g)
    g:spawn(read_slowly, b, came)
    c.act("stream:write", a.write, a, table.unpack(file and { "01", file, "def" } or { all }))
    a:close()
  end))
  beside(function() came[#came + 1] = b:read "a" end, function()
    may = pcall(a.write, a, "!")
    a:close()
  end)
  local got = table.concat(came)
  local whole, nothing = got == all, got == "!" and may
  local part = not may and #got < #all and got == all:sub(1, #got)
  if part then c.came(cut_write) end
  c.law(whole or nothing or part, "after a write that was cut %d of %d bytes came, and one could %swrite on",
    #got, #all, may and "" or "not ")
  settle(table.unpack(ended, 1, ended.n))
end

-- Copies from one pair to another, of which one is in memory and too small.
local function copying(c, open_from, open_to, size, guard)
  local a, b = cohort.shield(open_from)
  local _ <close> = a
  local _ <close> = b
  local from, to = cohort.shield(open_to)
  local _ <close> = from
  local _ <close> = to
  local _ <close> = guard()
  local all, came, copied, may = ("0123456789abcdef"):rep(size // 16), {}, false, nil
  cohort.shield(a.write, a, all)
  a:close()
  local ended = table.pack(pcall(cohort.group, function(g)
    g:spawn(read_slowly, to, came)
    c.act("stream:copy_to", b.copy_to, b, from)
    copied = true
    from:close()
  end))
  local left = cohort.shield(b.read, b, "a")
  beside(function() came[#came + 1] = to:read "a" end, function()
    may = pcall(from.write, from, "!")
    from:close()
  end)
  local got = table.concat(came)
  local whole = (may and got:sub(1, -2) or got) .. left
  if not copied and #got > 1 then c.came(cut_copy) end
  c.law(may ~= copied, "after a copy that %s one could %swrite", copied and "ended" or "was cut",
    may and "" or "not ")
  c.law(whole == all, "of %d bytes %d were copied and %d are left", #all, #got, #left)
  settle(table.unpack(ended, 1, ended.n))
end

-- Sends a file, while the other end reads a little of it.
local function sending(c, transport, guard)
  local a, b = cohort.shield(transport.open)
  local _ <close> = a
  local _ <close> = b
  local _ <close> = guard()
  local all, came, sent, may = ("0123456789abcdef"):rep(size_of(transport) // 16), {}, false, nil
  local file <close> = open_file(c, all)
  local ended = table.pack(pcall(cohort.group, function(g)
    g:spawn(read_slowly, b, came)
    c.act("file:copy_to", file.copy_to, file, a)
    sent = true
    a:close()
  end))
  local position = cohort.shield(file.seek, file)
  beside(function() came[#came + 1] = b:read "a" end, function()
    may = pcall(a.write, a, "!")
    a:close()
  end)
  local got = table.concat(came)
  if not sent and #got > 1 then c.came(cut_file) end
  c.law(may ~= sent, "after a file that was %s one could %swrite", sent and "sent" or "cut",
    may and "" or "not ")
  c.law((may and got:sub(1, -2) or got) == all:sub(1, position) and (not sent or position == #all),
    "of %d bytes %d came, and the file is at %d", #all, #got, position)
  settle(table.unpack(ended, 1, ended.n))
end

local function shutting_down(c, transport, guard)
  local a, b = cohort.shield(transport.open)
  local _ <close> = a
  local _ <close> = b
  local _ <close> = guard()
  local came, may
  local ok, err = pcall(c.act, "stream:shutdown", a.shutdown, a)
  beside(function() came = b:read "a" end, function()
    may = pcall(a.write, a, "!")
    if transport.both then
      b:write "?"
      c.law(a:read(1) == "?", "nothing comes from the other end after a shutdown")
    end
    a:close()
  end)
  c.law(may ~= ok and came == (ok and "" or "!"), "after a shutdown that %s one could %swrite, and %q came",
    ok and "was" or "was not", may and "" or "not ", came)
  if not ok then error(err, 0) end
end

return function(c)
  for _, transport in ipairs(transports.list) do
    local name, size = transport.name, size_of(transport)
    c.add("reading from " .. name, function(guard) reading(c, transport, guard) end)
    c.add("writing to " .. name, function(guard) writing(c, transport, false, guard) end, { cut_write })
    c.add("writing a file to " .. name, function(guard) writing(c, transport, true, guard) end,
      { cut_write })
    c.add("sending a file to " .. name, function(guard) sending(c, transport, guard) end, { cut_file })
    local function open_small() return net.pair { capacity = 1000 } end
    local function open_large() return net.pair { capacity = size } end
    c.add("copying from " .. name, function(guard) copying(c, transport.open, open_small, 4000, guard) end,
      { cut_copy })
    c.add("copying to " .. name, function(guard) copying(c, open_large, transport.open, size, guard) end,
      { cut_copy })
    if transport.halves then
      c.add("ending a direction of " .. name, function(guard) shutting_down(c, transport, guard) end)
    end
  end
end
