-- Files that are sent through streams, on their own or among strings, over every transport.
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"
local transports = require "spec.support.transports"

local is, raised, settle = cohort.is, tasks.raised, transports.settle

local function text_of(size)
  local lines = {}
  for i = 1, size // 16 do lines[i] = ("%014d\0\n"):format(i) end
  return table.concat(lines)
end

local text = text_of(1 << 20)

-- Reads a little at a time, with pauses, and then all that comes.
local function read_slowly(stream)
  local parts = {}
  for i = 1, 20 do
    cohort.sleep(1)
    parts[i] = stream:read_some(10000)
  end
  parts[#parts + 1] = stream:read "a"
  return table.concat(parts)
end

for _, transport in ipairs(transports.list) do
  -- A spec over it: body(a, b, open), where open(text [, mode]) opens a file with that text.
  local function with(body)
    return function()
      local path = os.tmpname()
      transports.with(transport, nil, function(a, b)
        local opened <close> = setmetatable({}, { __close = function(list)
          for _, file in ipairs(list) do
            file:close()
            os.remove(file.path)
          end
        end })
        body(a, b, function(what, mode)
          opened[#opened + 1] = fs.open(files.write(path .. #opened, what), mode)
          return opened[#opened]
        end)
      end)
      os.remove(path)
    end
  end

  -- What comes from b while body() runs, until a is closed after it.
  local function came(a, b, body, read)
    local reader
    cohort.group(function(g)
      reader = g:spawn(read or b.read, b, "a")
      body(g)
      settle()
      a:close()
    end)
    return reader:result()
  end

  describe("a file through " .. transport.name, function()
    it("is sent from where it is to its end, which is where it is then", with(function(a, b, open)
      local file = open(text)
      assert.is_true(came(a, b, function()
        assert.equal(#text, file:copy_to(a))
        assert.equal(#text, file:seek())
        assert.equal(0, file:copy_to(a))
      end) == text)
    end))

    it("is sent by parts as they are counted, read in between and sought in", with(function(a, b, open)
      local file = open(text)
      assert.is_true(came(a, b, function()
        assert.equal(14, #file:read(14))
        assert.equal("\0", file:read())
        assert.equal(0, file:copy_to(a, 0))
        assert.equal(1000, file:copy_to(a, 1000))
        assert.equal(1016, file:seek())
        assert.is_true(file:read(300000) == text:sub(1017, 301016))
        assert.equal(400000, file:copy_to(a, 400000))
        file:seek("end", -10)
        assert.equal(10, file:copy_to(a, 1 << 40))
      end) == text:sub(17, 1016) .. text:sub(301017, 701016) .. text:sub(-10))
    end))

    it("is one of several things in a write, in order", with(function(a, b, open)
      local one, two = open "the first\0", open ""
      local three = open(text)
      assert.is_true(came(a, b, function()
        assert.equal(a, a:write("head", one, "", two, 1, { 2, "3" }, three, one, "tail"))
        assert.equal(a, a:write(two))
        assert.equal(#text, three:seek())
        a:write "!"
      end) == "headthe first\000123" .. text .. "tail!")
    end))

    it("waits for a slow reader, and holds up nobody else", with(function(a, b, open)
      local large = text:rep(transport.room // #text + 2)
      local file = open(large)
      local ticks = 0
      local got = came(a, b, function(g)
        g:spawn_daemon(function()
          for n in cohort.ticker(1) do ticks = n end
        end)
        a:write("<", file, ">")
      end, read_slowly)
      assert.is_true(got == "<" .. large .. ">")
      assert.is_true(ticks >= 18)
    end))

    it("loses no byte when copy_to is cut, and both can be used on", with(function(a, b, open)
      local large = text:rep(transport.room // #text + 2)
      local file = open(large)
      assert.is_false(cohort.move_on_after(5, file.copy_to, file, a))
      local position = file:seek()
      assert.is_true(position > 0 and position < #large)
      assert.is_true(came(a, b, function()
        assert.equal(#large - position, file:copy_to(a))
        a:write "!"
      end) == large .. "!")
    end))

    it("leaves the stream as a write does that was cut", with(function(a, b, open)
      local file = open(text:rep(transport.room // #text + 2))
      assert.is_false(cohort.move_on_after(0, a.write, a, "no", file))
      assert.equal(0, file:seek())
      assert.is_false(cohort.move_on_after(5, a.write, a, "head", file, "tail"))
      assert.is_true(file:seek() > 0)
      assert.is_true(is(raised(a.write, a, "more"), cohort.Broken))
      assert.is_true(is(raised(file.copy_to, file, a), cohort.Broken))
      local position = file:seek()
      local reader
      cohort.group(function(g)
        reader = g:spawn(b.read_exactly, b, 4 + position)
        reader:wait()
      end)
      assert.is_true(reader:result() == "head" .. text:rep(position // #text + 1):sub(1, position))
    end))

    it("is busy while it is sent, and so is the stream", with(function(a, b, open)
      local file = open(text:rep(transport.room // #text + 2))
      local free <close>, other = net.pair()
      other:close()
      for _, send in ipairs { function() file:copy_to(a) end, function() a:write(file) end } do
        cohort.group(function(g)
          local sender = g:spawn(send)
          settle()
          assert.is_true(is(raised(a.write, a, "x"), cohort.Busy))
          assert.is_true(is(raised(a.write, a, file), cohort.Busy))
          for _, name in ipairs { "read", "seek", "stat", "sync" } do
            assert.is_true(is(raised(file[name], file), cohort.Busy))
          end
          assert.is_true(is(raised(file.copy_to, file, free), cohort.Busy))
          sender:cancel()
        end)
        assert.equal("table", type(file:stat()))
      end
      b:close()
    end))

    it("ends with Closed when either is closed", with(function(a, _, open)
      local large = text:rep(transport.room // #text + 2)
      local file, other = open(large), open(large)
      cohort.group(function(g)
        local sender = g:spawn(pcall, file.copy_to, file, a)
        settle()
        file:close()
        local err = select(2, sender:join())
        assert.is_true(is(err, cohort.Closed))
        assert.equal("copy_to: the file is closed", err.message)
        sender = g:spawn(pcall, a.write, a, "x", other)
        settle()
        a:close()
        err = select(2, sender:join())
        assert.is_true(is(err, cohort.Closed))
        assert.equal("write: the stream is closed", err.message)
        assert.equal("table", type(other:stat()))
      end)
    end))

    it("leaves the stream cut when it is closed in the middle of a write", with(function(a, _, open)
      local file, other = open(text:rep(transport.room // #text + 2)), open "other"
      cohort.group(function(g)
        local sender = g:spawn(pcall, a.write, a, file, other)
        settle()
        file:close()
        assert.is_true(is(select(2, sender:join()), cohort.Closed))
        assert.is_true(is(raised(a.write, a, "x"), cohort.Broken))
        assert.equal("other", other:read())
      end)
    end))

    it("ends where it ends by then, when others cut it or add to it", with(function(a, b, open)
      local large = text:rep(transport.room // #text + 2)
      local function sent(change)
        local file = open(large)
        local sender
        cohort.group(function(g)
          sender = g:spawn(file.copy_to, file, a)
          settle()
          change(file.path)
          g:spawn_daemon(function() while b:read_some() do end end)  -- luacheck: ignore 542
          sender:wait()
          settle()
        end)
        return sender:result()
      end
      assert.equal(#large + 3, sent(function(path) fs.append_file(path, "new") end))
      local less = sent(function(path) fs.write_file(path, "") end)
      assert.is_true(less > 0 and less < #large)
    end))

    it("is refused when it cannot be sent, before anything is", with(function(a, b, open)
      local closed, writing, file = open "x", open("x", "a"), open "there"
      closed:close()
      local err = raised(a.write, a, "x", file, closed)
      assert.is_true(is(err, cohort.Closed))
      assert.equal("write: the file is closed", err.message)
      assert.matches("^spec/fs_send_spec.lua:%d+: write: this file is for writing only: open it with \"r\"",
        raised(function() a:write("x", file, writing) end))
      assert.matches("^spec/fs_send_spec.lua:%d+: copy_to: this file is for writing only",
        raised(function() writing:copy_to(a) end))
      assert.is_true(is(raised(closed.copy_to, closed, a), cohort.Closed))
      assert.equal("there", came(a, b, function() a:write(file) end))
      assert.is_true(is(raised(a.write, a, file), cohort.Closed))
    end))
  end)
end

describe("what cannot be sent through a stream", function()
  local function says(text_said, f, ...)
    local message = raised(f, ...)
    assert.matches("^spec/fs_send_spec.lua:%d+: ", message)
    assert.equal(text_said, message:match "^[^:]+:%d+: (.*)$")
  end

  it("is told with what to write instead", function()
    files.within(function(path)
      local a <close>, b = net.pair()
      local _ <close> = b
      local file <close> = fs.open(path .. "x", "w+")
      local foreign <close> = io.tmpfile()
      says("write expects strings, numbers, tables of them or files of cohort.fs, got a file of io "
        .. "as argument 2: open it with fs.open", function() a:write("x", foreign) end)
      says("write expects strings or numbers in a table, got a file at 2 of that as argument 1: "
        .. "write it as an argument of its own", function() a:write { "x", file } end)
      says("copy_to expects a stream to copy to, got a file: write for chunk in from:chunks() do "
        .. "file:write(chunk) end", function() a:copy_to(file) end)
      says("copy_to expects a stream to copy to, got cohort.File: write file:copy_to(stream)",
        function() file:copy_to(file) end)
      says("copy_to expects a whole number of bytes, 0 or more, got less", function() file:copy_to(a, -1) end)
    end)
  end)

  it("is a file that the metatable of one was given to", function()
    files.within(function(path)
      local a <close>, b = net.pair()
      local _ <close> = b
      local file <close> = fs.open(path .. "x", "w+")
      local foreign <close> = io.tmpfile()
      local own = debug.getmetatable(foreign)
      debug.setmetatable(foreign, debug.getmetatable(file))
      local message = raised(function() a:write(foreign) end)
      debug.setmetatable(foreign, own)
      assert.matches("got cohort.File as argument 1", message)
    end)
  end)
end)

describe("sending a file", function()
  it("raises Broken when nobody receives it, and the file is where it was cut", function()
    for _, transport in ipairs(transports.list) do
      if transport.halves then
        files.within(function(path)
          local a <close>, b = transport.open()
          local file <close> = fs.open(files.write(path .. "x", text))
          b:close()
          local err = raised(function()
            for _ = 1, 3 do
              file:seek "set"
              file:copy_to(a)
              settle()
            end
          end)
          assert.is_true(is(err, cohort.Broken), transport.name)
          assert.equal("copy_to", err.operation)
          assert.is_true(file:seek() < #text)
        end)
      end
    end
  end)

  it("sends what has no size: files of the system", function()
    files.within(function()
      local a <close>, b = net.pair()
      local _ <close> = b
      local file <close> = fs.open "/proc/self/status"
      a:write(file)
      a:shutdown()
      assert.matches("^Name:.*\nPid:", b:read "a")
    end)
  end)

  -- What is in /proc is always read by a thread, and all are busy until free() is called.
  local function while_a_thread_reads(send, act)
    files.within(function(path)
      local endless = files.write_endless(path .. "endless")
      local a <close>, b = net.pair()
      local _ <close> = b
      local file <close> = fs.open "/proc/self/maps"
      cohort.group(function(g)
        local busy = files.keep_busy(g, endless)
        local function free()
          for _, task in ipairs(busy) do task:cancel() end
        end
        local sender = g:spawn(pcall, send, a, file)
        cohort.checkpoint()
        assert.equal("waiting", sender:status())
        assert.is_true(is(raised(file.read, file), cohort.Busy))
        assert.is_true(is(raised(a.write, a, "x"), cohort.Busy))
        act(sender, a, file, free)
        free()
      end)
    end)
  end

  local function copy(a, file) return file:copy_to(a) end
  local function write(a, file) return a:write("x", file) end

  it("is cut while a thread reads the file, and leaves that and the stream free at once", function()
    while_a_thread_reads(copy, function(sender, a, file)
      sender:cancel()
      cohort.shield(a.write, a, "x")
      assert.equal(0, cohort.shield(file.seek, file))
      assert.is_true(is(select(2, sender:join()), cohort.Cancelled))
    end)
    while_a_thread_reads(write, function(sender, a, file)
      sender:cancel()
      assert.is_true(is(raised(a.write, a, "x"), cohort.Broken))
      assert.equal(0, file:seek())
      sender:wait()
    end)
  end)

  it("raises Closed when one is closed while a thread reads the file, and leaves the other", function()
    while_a_thread_reads(copy, function(sender, a, file)
      file:close()
      assert.equal("copy_to: the file is closed", select(2, sender:join()).message)
      a:write "x"
    end)
    while_a_thread_reads(copy, function(sender, a, file, free)
      a:close()
      free()
      assert.equal("copy_to: the stream is closed", select(2, sender:join()).message)
      assert.equal(0, file:seek())
    end)
    while_a_thread_reads(write, function(sender, a, file)
      file:close()
      assert.equal("write: the file is closed", select(2, sender:join()).message)
      assert.is_true(is(raised(a.write, a, "x"), cohort.Broken))
    end)
  end)

  it("raises SystemError for what cannot be read, and leaves the stream cut", function()
    files.within(function()
      local a <close>, b = net.pair()
      local _ <close> = b
      local file <close> = fs.open "/proc/self/mem"
      local err = raised(a.write, a, "x", file)
      assert.is_true(is(err, { code = "EIO", operation = "write", path = "/proc/self/mem" }))
      assert.is_true(is(raised(a.write, a, "x"), cohort.Broken))
    end)
  end)
end)
