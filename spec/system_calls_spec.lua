-- What is asked of the system, as strace shows it: where the outcome would be the same by slower ways, or
-- until the power fails. And what becomes of the answers that strace gives in its place.
local child = require "spec.support.child"

-- The calls that a program makes, a line each, and in `threads` who made each. $DIR is a folder of its own,
-- $RUN runs the program under strace, and `script` does, in the shell. Behind `names` there may be options.
local function calls(names, source, script)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write("local cohort = require 'cohort'\nlocal fs, net = cohort.fs, cohort.net\n",
    "local function pair()\n  local listener <close> = net.listen('127.0.0.1', 0)\n",
    "  return net.connect('127.0.0.1', listener.local_address.port), listener:accept()\nend\n",
    "cohort.run(function()\n", source, "\nend)\n")
  file:close()
  -- LeakSanitizer traces, too, and there can be one only.
  local options = ("-f -y -E ASAN_OPTIONS=detect_leaks=0 -o %s.trace -e trace=%s"):format(path, names)
  options = options:gsub("%$DIR", path .. ".d")
  local run = ("strace %s lua5.4 -W %s %s.d"):format(options, path, path)
  local command = "mkdir %s.d && (%s); echo $?; cat %s.trace; rm -r %s.d %s %s.trace"
  script = (script or "$RUN"):gsub("%$%w+", { ["$RUN"] = run, ["$DIR"] = path .. ".d" })
  local _, text = child.shell(command:format(path, script, path, path, path, path))
  local code, trace = text:match "^(%d+)\n(.*)$"
  assert.equal("0", code, text)
  local list = { threads = {} }
  for thread, call in trace:gmatch "(%d+) +(%l[^\n]*)\n" do
    list[#list + 1], list.threads[#list + 1] = call, thread
  end
  return list
end

-- The calls that match a pattern, and who made the last of them.
local function of(list, pattern)
  local found, thread = {}, nil
  for i, line in ipairs(list) do
    if line:find(pattern) then found[#found + 1], thread = line, list.threads[i] end
  end
  return found, thread
end

local some = ".* = [1-9]%d*$"  -- bytes

-- What each call is, in order: its name, and the last part of each path in it.
local function sketch(list, ...)
  local lines = {}
  for _, line in ipairs(list) do
    local words = { line:match "^[%w_]+" }
    for path in line:gmatch '[<"](/[^>"]+)[>"]' do
      words[#words + 1] = path:match "[^/]+$":gsub("^lua_%w+%.d$", "folder"):gsub("^(%.cohort)%-%x+$", "%1")
    end
    lines[#lines + 1] = table.concat(words, " ")
  end
  assert.same({ ... }, lines)
end

local receive = [[
  local function received(a, b)
    a:close()
    return #b:read 'a'
  end
]]

describe("the system moves the bytes", function()
  it("from a file to a socket", function()
    local list = calls("sendfile,read,pread64,write,sendmsg,sendto", receive .. [[
      fs.write_file(arg[1] .. '/a', ('x'):rep(100000))
      local file <close> = fs.open(arg[1] .. '/a')
      local a, b = pair()
      assert(file:copy_to(a, 40000) == 40000)
      a:write('head', file)
      assert(received(a, b) == 100004)
    ]])
    local moved = of(list, "^sendfile" .. some)
    assert.matches("%) = 40000$", moved[1])
    assert.matches("%) = 60000$", moved[2])
    assert.equal(2, #moved)
    assert.same({}, of(list, "^p?read.*/a>" .. some))
  end)

  it("from a file to a pipe", function()
    local list = calls("sendfile", [[
      fs.write_file(arg[1] .. '/a', ('x'):rep(100000))
      local file <close> = fs.open(arg[1] .. '/a')
      cohort.stdio.stdout:write(file)
    ]], "$RUN | (wc -c > $DIR/count); test $(cat $DIR/count) = 100000")
    assert.is_true(#of(list, "^sendfile" .. some) > 0)
  end)

  it("from standard input that is a file to a socket", function()
    local list = calls("sendfile", receive .. [[
      local a, b = pair()
      assert(cohort.stdio.stdin:copy_to(a) == 100000)
      assert(received(a, b) == 100000)
    ]], "head -c 100000 /dev/zero > $DIR/a; $RUN < $DIR/a")
    assert.matches("%) = 100000$", of(list, "^sendfile")[1])
  end)

  it("from a pipe to a socket, and from a socket to a pipe", function()
    local source = receive .. [[
      local a, b = pair()
      cohort.stdio.stdin:copy_to(a)
      a:shutdown()
      assert(b:copy_to(cohort.stdio.stdout) == 100000)
    ]]
    local list = calls("splice", source, "head -c 100000 /dev/zero | $RUN | (wc -c > $DIR/count); "
      .. "test $(cat $DIR/count) = 100000")
    assert.is_true(#of(list, "^splice%(%d+<pipe.*<socket" .. some) > 0)
    assert.is_true(#of(list, "^splice%(%d+<socket.*<pipe" .. some) > 0)
  end)

  it("from a file to its copy, which shares them where that can be", function()
    local list = calls("ioctl,copy_file_range,read,pread64", [[
      fs.write_file(arg[1] .. '/a', ('x'):rep(100000))
      fs.copy(arg[1] .. '/a', arg[1] .. '/b')
      assert(fs.read_file(arg[1] .. '/b') == ('x'):rep(100000))
    ]])
    local shared = of(list, "^ioctl.*FICLONE")
    assert.equal(1, #shared)
    local copied = of(list, "^copy_file_range.* = 100000$")
    assert.is_true(shared[1]:find " = 0$" ~= nil or #copied == 1)
    assert.same({}, of(list, "^p?read.*/a>" .. some))
  end)

  it("from a file to its copy where neither can be", function()
    local list = calls("ioctl,copy_file_range,sendfile -e inject=ioctl,copy_file_range:error=EXDEV", [[
      fs.write_file(arg[1] .. '/a', ('x'):rep(100000))
      fs.copy(arg[1] .. '/a', arg[1] .. '/b')
      assert(fs.read_file(arg[1] .. '/b') == ('x'):rep(100000))
    ]])
    assert.equal(1, #of(list, "^sendfile.* = 100000$"))
  end)
end)

describe("a thread, and not the loop, waits for the disk", function()
  it("when a file is sent that the system has not got in memory", function()
    local list = calls("sendfile,preadv2,pread64 -e inject=preadv2:error=EAGAIN", [[
      fs.write_file(arg[1] .. '/a', ('x'):rep(600000))
      local file <close> = fs.open(arg[1] .. '/a')
      local a, b = pair()
      cohort.group(function(g)
        g:spawn(function() assert(b:read 'a' == ('x'):rep(600000)) end)
        a:write(file)
        a:close()
      end)
    ]])
    assert.is_true(#of(list, "^preadv2.*INJECTED") >= 3)
    local read, reader = of(list, "^pread64.*/a>" .. some)
    local moved, sender = of(list, "^sendfile" .. some)
    assert.is_true(#read >= 600000 // 16384 and #moved >= 3)
    assert.is_true(reader ~= sender)
  end)
end)

describe("the system is told to bring to the disk", function()
  it("a file that replaces another, before it has the name, and the name", function()
    for _, call in ipairs { "fs.write_file(a, 'new', options)", "fs.copy(b, a, options)" } do
      local list = calls("fsync,rename,link", ([[
        local a, b, options = arg[1] .. '/a', arg[1] .. '/b', { atomic = true }
        fs.write_file(a, 'old')
        fs.write_file(b, 'new')
        %s
      ]]):format(call))
      sketch(list, "fsync .cohort", "rename .cohort a", "fsync folder")
    end
  end)

  it("a file that comes only when there is none, and its name", function()
    local list = calls("fsync,rename,link", [[
      fs.write_file(arg[1] .. '/a', 'new', { atomic = true, exclusive = true })
    ]])
    sketch(list, "fsync .cohort", "link .cohort a", "fsync folder")
  end)

  it("what is written with sync, and what a file is told to", function()
    local list = calls("fsync", [[
      local a, b = arg[1] .. '/a', arg[1] .. '/b'
      fs.write_file(a, 'text')
      fs.write_file(a, 'text', { sync = true })
      fs.append_file(a, 'text')
      fs.append_file(a, 'text', { sync = true })
      fs.copy(a, b)
      fs.copy(a, b, { sync = true })
      local file <close> = fs.open(a, 'a')
      file:write 'text'
      file:sync()
    ]])
    sketch(list, "fsync a", "fsync a", "fsync b", "fsync a")
  end)
end)

-- Options that let every other call about some files fail that the one thread of the pool makes, from the
-- first on: who asks again is answered.
local function fail(names, code)
  return (" -P $DIR -P $DIR/a -P $DIR/b -P $DIR/c -P $DIR/c/d -E UV_THREADPOOL_SIZE=1 "
    .. "-e inject=preadv2:error=EAGAIN -e inject=%s:error=%s:when=1+2"):format(names, code)
end

-- expect(operation, code, f, ...): f raises a SystemError of these, whose text comes back.
local expect = [[
  local a, b = arg[1] .. '/a', arg[1] .. '/b'
  fs.write_file(a, 'text')
  local function expect(operation, code, f, ...)
    local ok, err = pcall(f, ...)
    assert(not ok and cohort.is(err, cohort.SystemError), operation)
    assert(err.operation == operation and err.code == code, tostring(err))
    return tostring(err)
  end
]]

describe("what the system says of a file", function()
  it("is told, also when it has the word for what was stopped", function()
    local names = "chmod,rename,pread64,pwrite64,fsync"
    local list = calls(names .. ",preadv2" .. fail(names, "ECANCELED"), expect .. [[
      expect('chmod', 'ECANCELED', fs.chmod, a, '600')
      expect('rename', 'ECANCELED', fs.rename, a, b)
      local file <close> = fs.open(a, 'r+')
      local stream = net.pair()
      expect('read', 'ECANCELED', file.read, file, 4)
      assert(file:read(4) == 'text' and file:seek 'set' == 0)
      expect('copy_to', 'ECANCELED', file.copy_to, file, stream)
      expect('write', 'ECANCELED', stream.write, stream, file)
      expect('write', 'ECANCELED', file.write, file, 'x')
      expect('sync', 'ECANCELED', file.sync, file)
    ]])
    assert.equal(7, #of(list, "ECANCELED"))
  end)

  it("is told in its own words, where a refusal of ours has the same code", function()
    calls("chmod" .. fail("chmod", "EOPNOTSUPP"), expect .. [[
      os.execute("mkfifo " .. b)
      assert(not expect('chmod', 'ENOTSUP', fs.chmod, a, '600'):find "regular file")
      assert(expect('open', 'ENOTSUP', fs.open, b):find "this is no regular file")
    ]])
  end)

  it("is asked again for after a signal", function()
    local names = "openat,open,newfstatat,statx,fsync,ftruncate,chmod,fchmod,rename,link,unlink,unlinkat,"
      .. "mkdir,symlink,utimensat,getdents64,copy_file_range,read,write,pread64,pwrite64"
    names = "?" .. names:gsub(",", ",?")
    local list = calls(names .. ",preadv2" .. fail(names, "EINTR"), [[
        local a, b, c = arg[1] .. '/a', arg[1] .. '/b', arg[1] .. '/c'
        fs.write_file(a, 'text', { sync = true })
        fs.write_file(a, 'text', { atomic = true })
        fs.append_file(a, 'more')
        fs.copy(a, b)
        fs.chmod(b, '600')
        fs.utime(b, 1)
        fs.remove(b)
        fs.link(a, b)
        fs.rename(b, c)
        fs.remove(c)
        fs.symlink(a, b)
        assert(fs.readlink(b) == a)
        fs.mkdir(c .. '/d', { parents = true })
        local names = {}
        for name in fs.scandir(arg[1]) do names[#names + 1] = name end
        assert(table.concat(names) == 'abc')
        fs.remove(c, { recursive = true })
        assert(not fs.exists(c))
        local file <close> = fs.open(a, 'r+')
        assert(file:read 'a' == 'textmore')
        file:write 'end'
        file:sync()
        assert(file:stat().size == 11 and fs.read_file(a) == 'textmoreend')
      ]])
    assert.is_true(#of(list, "EINTR.*INJECTED") >= 20)
  end)
end)

describe("a connection that failed before it was accepted", function()
  it("is passed over, whatever the network has said of it", function()
    for _, code in ipairs { "ENETDOWN", "EPROTO", "ENOPROTOOPT", "EHOSTDOWN", "ENONET", "EHOSTUNREACH",
      "EOPNOTSUPP", "ENETUNREACH", "ECONNABORTED" } do
      local list = calls(("accept4 -e inject=accept4:error=%s:when=1+2"):format(code), [[
        local listener <close> = net.listen('127.0.0.1', 0)
        cohort.group(function(g)
          local options = { on_error = function(err) error(err, 0) end }
          local function echo(stream) stream:write(stream:read()) end
          local server = g:spawn(net.serve, listener, options, echo)
          for _ = 1, 3 do
            local stream <close> = net.connect('127.0.0.1', listener.local_address.port)
            stream:write 'x\n'
            assert(stream:read 'a' == 'x')
          end
          server:cancel()
        end)
      ]])
      assert.is_true(#of(list, code .. ".*INJECTED") >= 3, code)
    end
  end)

  it("is another thing than a socket that does not listen", function()
    calls("accept4,getsockopt -e inject=accept4:error=EOPNOTSUPP -e inject=getsockopt:retval=0", expect .. [[
      local listener <close> = net.listen('127.0.0.1', 0)
      local stream <close> = net.connect('127.0.0.1', listener.local_address.port)
      expect('accept', 'ENOTSUP', listener.accept, listener)
    ]])
  end)
end)
