-- Names that are not there: misspelt ones and those of other libraries, on every module and on an object of
-- every class; and what may well be asked for.
local cohort = require "cohort"
local meta = require "tools.meta"
local samples = require "tools.samples"
local bad_input = require "spec.support.bad_input"
local tasks = require "spec.support.tasks"

local definitions = meta.read "lua/cohort/meta"

local function read(thing, name) return thing[name] end

local line = debug.getinfo(read, "S").linedefined

local function with_all(body)
  bad_input.load_all(cohort)
  samples.with(definitions, body)
end

-- What reading the name of the thing says, without its place, which must be the line that reads it.
local function answer(thing, name)
  local err = tasks.raised(read, thing, name)
  local place, text = err:match "^([^ ]*): (.*)$"
  assert.equal(("spec/lua/names_spec.lua:%d"):format(line), place)
  return text
end

-- Whose names are not the library's to judge, by the variables of the definitions: Lua's library has names
-- that others have put there, an error has those of whoever raises it.
local free = { coroutine = true, err = true, eg = true, type = true }

-- Every name there is: what it belongs to, by its variable, and it.
local function each_name(use)
  for head in pairs((bad_input.rows(definitions))) do
    local owner, name = head:match "^([%w_]+)[.:]([%w_]+)$"
    if owner and not free[owner] and not head:find "Error" then use(owner, name) end
  end
  for owner, class in pairs(definitions.objects) do
    for _, field in ipairs(free[owner] and {} or meta.fields_of(definitions, class)) do
      if field.name:find "^%a[%w_]*$" then use(owner, field.name) end
    end
  end
end

describe("a name that is not there", function()
  it("is told with the nearest of those that are", function()
    with_all(function(x)
      assert.equal("cohort has no 'Timeuot': did you mean 'Timeout'?", answer(cohort, "Timeuot"))
      assert.equal("a group has no 'spwan': did you mean 'spawn'?", answer(x.g, "spwan"))
      assert.equal("cohort.net has no 'conect': did you mean 'connect'?", answer(cohort.net, "conect"))
      assert.equal("an event has no 'isset': did you mean 'is_set'?", answer(x.event, "isset"))
      assert.equal("cohort has no 'rum': did you mean 'run'?", answer(cohort, "rum"))
      local count = 0
      each_name(function(owner, name)
        local text = answer(x[owner] or require(definitions.objects[owner]), name .. "_")
        assert.equal(("did you mean '%s'?"):format(name), text:match "did you mean.*", owner .. "." .. name)
        count = count + 1
      end)
      assert.is_true(count > 150)
    end)
  end)

  it("is told with what is meant when another library has it", function()
    with_all(function(x)
      local send, receive = "it is called, send(value)", "it is called, receive()"
      local spawn = "a group spawns: cohort.group(function(g) g:spawn(f, ...) end)"
      for text, reading in pairs {
        ["cohort has no 'spawn': " .. spawn] = { cohort, "spawn" },
        ["cohort has no 'spwan': " .. spawn] = { cohort, "spwan" },
        ["a group has no 'start_soon': write group:spawn(f, ...)"] = { x.g, "start_soon" },
        ["a sender has no 'send': " .. send] = { x.sender, "send" },
        ["a receiver has no 'receive': " .. receive] = { x.receiver, "receive" },
        ["a condition has no 'signal': write condition:notify()"] = { x.condition, "signal" },
        ["an event has no 'clear': once set it stays set: take a new event, a condition or a cohort.value"] =
          { x.event, "clear" },
        ["a stream has no 'send': write stream:write(data)"] = { x.stream, "send" },
        ["a stream has no 'read_all': write stream:read(\"a\")"] = { x.stream, "read_all" },
        ["a stream has no 'seek': a stream has no position; a file has: cohort.fs.open(path)"] =
          { x.stream, "seek" },
        ["a stream has no 'end': write stream:shutdown(), or stream:close()"] = { x.stream, "end" },
        ["cohort has no 'every': write for n in cohort.ticker(seconds) do"] = { cohort, "every" },
        ["cohort has no 'promise': write cohort.value(), or g:spawn(f) in a group, and task:join()"] =
          { cohort, "promise" },
        ["cohort has no 'trace': write cohort.testing.task_tree() for all tasks, or task:traceback()"] =
          { cohort, "trace" },
        ["cohort has no 'setTimeout': write cohort.sleep(seconds) in a task, and then what shall be done"] =
          { cohort, "setTimeout" },
        ["cohort.net has no 'createServer': write net.serve(net.listen(host, port), handler)"] =
          { cohort.net, "createServer" },
        ["cohort.fs has no 'mkdirs': write fs.mkdir(path, {parents = true})"] = { cohort.fs, "mkdirs" },
        ["a stream has no 'setvbuf': nothing is kept back; small pieces are sent at once after "
          .. "stream:set_nodelay()"] = { x.stream, "setvbuf" },
        ["a process has no 'read': write child.stdout:read(...)"] = { x.child, "read" },
        ["a file has no 'flush': nothing is kept back; file:sync() waits until it is on the disk"] =
          { x.file, "flush" },
      } do
        assert.equal(text, answer(reading[1], reading[2]))
      end
      assert.matches("a stream has no 'flush': nothing is kept back", answer(x.stream, "flush"))
    end)
  end)

  it("is told with what is meant however it is written: in capitals, with or without '_'", function()
    with_all(function(x)
      assert.equal("cohort has no 'Event': did you mean 'event'?", answer(cohort, "Event"))
      assert.equal("cohort.fs has no 'readFile': did you mean 'read_file'?", answer(cohort.fs, "readFile"))
      local nursery = "cohort has no '%s': write cohort.group(function(g) ... end)"
      for _, name in ipairs { "open_nursery", "openNursery", "OpenNursery" } do
        assert.equal(nursery:format(name), answer(cohort, name))
      end
      assert.equal("a group has no 'Go': write group:spawn(f, ...)", answer(x.g, "Go"))
      assert.matches("run has no option 'captureOutput': outputs are captured already",
        tasks.raised(cohort.process.run, { "true", captureOutput = true }))
      assert.equal("cohort has no 'timeout': write cohort.fail_after(seconds, f, ...), or move_on_after",
        answer(cohort, "timeout"))
      assert.equal("cohort has no 'TimeOut': did you mean 'Timeout'?", answer(cohort, "TimeOut"))
      for given, name in pairs { cancelld = "cancelled", Cancelld = "Cancelled" } do
        assert.equal(("cohort has no '%s': did you mean '%s'?"):format(given, name), answer(cohort, given))
      end
    end)
  end)

  it("is told with the one that has it in it, or that is in it, when nothing is nearer", function()
    with_all(function(x)
      for text, reading in pairs {
        ["cohort has no 'TimeoutError': did you mean 'Timeout'?"] = { cohort, "TimeoutError" },
        ["cohort has no 'CapacityLimiter': did you mean 'limiter'?"] = { cohort, "CapacityLimiter" },
        ["cohort has no 'sleep_ms': did you mean 'sleep'?"] = { cohort, "sleep_ms" },
        ["cohort.fs has no 'append': did you mean 'append_file'?"] = { cohort.fs, "append" },
        ["a group has no 'spawn_soon': did you mean 'spawn'?"] = { x.g, "spawn_soon" },
      } do
        assert.equal(text, answer(reading[1], reading[2]))
      end
    end)
  end)

  it("is not told with what is meant by a name that only looks a little like it", function()
    with_all(function(x)
      for text, reading in pairs {
        -- Not as 'time', 'exit', 'race', 'fs', 'current_task', 'set_timeout', 'wait_for' and 'result'.
        ["cohort has no 'file': write cohort.fs.open(path)"] = { cohort, "file" },
        ["cohort has no 'exec': write cohort.process.run{program, ...}"] = { cohort, "exec" },
        ["cohort has no 'once'"] = { cohort, "once" },
        -- Nor as 'context', 'popen', 'Cancelled', 'read_file', 'utime', 'acquire' and 'readlink'.
        ["cohort has no 'connect': write cohort.net.connect(host, port)"] = { cohort, "connect" },
        ["cohort has no 'open': write cohort.fs.open(path)"] = { cohort, "open" },
        ["cohort has no 'is_cancelled': did you mean 'cancelled'?"] = { cohort, "is_cancelled" },
        ["cohort has no 'CancelledError': did you mean 'Cancelled'?"] = { cohort, "CancelledError" },
        ["cohort.fs has no 'rename_file': did you mean 'rename'?"] = { cohort.fs, "rename_file" },
        ["cohort.fs has no 'mtime': write fs.stat(path).mtime"] = { cohort.fs, "mtime" },
        ["a lock has no 'acquire_nowait': write lock:try_acquire()"] = { x.lock, "acquire_nowait" },
        ["cohort has no 'os'"] = { cohort, "os" },
        ["cohort has no 'current_time': write cohort.now()"] = { cohort, "current_time" },
        ["cohort has no 'with_timeout': write cohort.fail_after(seconds, f, ...), or move_on_after"] =
          { cohort, "with_timeout" },
        ["cohort has no 'wait_all': write cohort.gather{f, g}, or spawn in a group, which waits for all"] =
          { cohort, "wait_all" },
        ["a task has no 'resume': it has 'cancel', 'error', 'join', 'name', 'result', 'status', 'traceback', "
          .. "'wait'"] = { x.task, "resume" },
      } do
        assert.equal(text, answer(reading[1], reading[2]))
      end
      assert.matches("and for line in file:lines%(%) do$", answer(cohort.fs, "read_lines"))
      assert.matches("run has no option 'capture_output': outputs are captured already",
        tasks.raised(cohort.process.run, { "true", capture_output = true }))
      assert.matches("run has no option 'capture': it has 'check', 'clean_env'",
        tasks.raised(cohort.process.run, { "true", capture = true }))
    end)
  end)

  it("is told with what is meant when it is an option that somebody might look for there", function()
    with_all(function()
      local limit = "run has no option 'timeout': put a limit around it: cohort.fail_after(seconds, f, ...)"
      for text, call in pairs {
        [limit] = function() cohort.process.run { "true", timeout = 1 } end,
        ["gather has no option 'limit': write cohort.map({limit = n}, list, f)"] = function()
          cohort.gather({ limit = 1 }, {})
        end,
        ["connect has no option 'tls': write process.open{\"openssl\", \"s_client\","] = function()
          cohort.net.connect("127.0.0.1", 1, { tls = true })
        end,
        ["write_file has no option 'append': write fs.append_file(path, data)"] = function()
          cohort.fs.write_file("x", "y", { append = true })
        end,
        ["group has no option 'timeout': write cohort.fail_after(seconds, cohort.group, f)"] = function()
          cohort.group({ timeout = 1 }, print)
        end,
      } do
        assert.matches(text, tasks.raised(call), 1, true)
      end
    end)
  end)

  it("is not told to who writes a colon for the module's dot: that is", function()
    with_all(function()
      for name, call in pairs {
        group = function() cohort:group(print) end,
        run = function() cohort:run(print) end,
        sleep = function() cohort:sleep(1) end,
        fail_after = function() cohort:fail_after(1, print) end,
        main = function() cohort:main(print) end,
        try = function() cohort:try(print) end,
        attempt = function() cohort:attempt(print) end,
        select = function() cohort:select {} end,
        channel = function() cohort:channel(1) end,
        value = function() cohort:value(1) end,
        context = function() cohort:context(1) end,
        ["net.udp"] = function() cohort.net:udp() end,
        ["fs.read_file"] = function() cohort.fs:read_file "x" end,
        ["process.run"] = function() cohort.process:run { "true" } end,
        ["testing.clock"] = function() cohort.testing:clock() end,
      } do
        local told = ("write cohort.%s(...) with a dot, and not with a colon"):format(name)
        assert.matches(told, tasks.raised(call), 1, true)
      end
    end)
  end)

  it("is told with all there are when they are few and none is near", function()
    with_all(function(x)
      assert.equal("a lock has no 'foo': it has 'acquire', 'hold', 'release', 'try_acquire', 'with'",
        answer(x.lock, "foo"))
      assert.equal("a socket has no 'foo': it has 'close', 'join', 'leave', 'local_address', 'peer_address', "
        .. "'receive', 'send'", answer(x.socket, "foo"))
      assert.equal("cohort has no 'foobar'", answer(cohort, "foobar"))
      assert.equal("a stream has no 'foobar'", answer(x.stream, "foobar"))
      local long = ("x"):rep(200)
      assert.equal(("a lock has no '%s'"):format(long), answer(x.lock, long):match "^[^:]*")
    end)
  end)
end)

describe("nil is", function()
  local function each(x, use)
    for variable, class in pairs(definitions.objects) do
      use(x[variable] or require(class), variable)
    end
  end

  it("what a key is that nobody writes to use it", function()
    with_all(function(x)
      each(x, function(thing, variable)
        if variable == "coroutine" or not (debug.getmetatable(thing) or {}).__index then return end
        for _, key in ipairs { 2, 0.5, true, "", "_x", "__foo", "a\0b", "?", print } do
          assert.is_nil(read(thing, key))
        end
      end)
    end)
  end)

  it("what a key is by which code sees what it has got", function()
    with_all(function(x)
      for _, key in ipairs { "message", "code", "pollfd", "getfd", "fileno", "class", "is_a" } do
        for _, variable in ipairs { "g", "task", "scope", "event", "sender", "stream", "file", "value" } do
          assert.is_nil(read(x[variable], key))
        end
        assert.is_nil(read(cohort, key))
      end
      assert.is_nil(read(x.event, "close"))
    end)
  end)

  it("a field that has nothing in it now", function()
    with_all(function(x)
      assert.is_nil(x.child.status)
      assert.is_nil(x.scope.reason)
      assert.is_nil(x.g.scope.name)
    end)
  end)

  it("a field that an error has not, and a name that Lua's coroutine library has not", function()
    local err, group = cohort.Error "text", cohort.error_group("text", { "text" })
    for _, thing in ipairs { err, group, cohort.Error, cohort.Timeout, cohort.coroutine } do
      assert.is_nil(thing.foo)
      assert.is_nil(thing.spwan)
    end
  end)
end)

describe("what looks at values", function()
  it("meets no error: pairs, rawget, busted's comparing and printing", function()
    with_all(function(x)
      for _ in pairs(cohort) do end
      assert.is_nil(rawget(cohort, "foo"))
      for variable in pairs(definitions.objects) do
        local thing = x[variable]
        assert.same({ thing }, { thing })
        local _, err = pcall(assert.same, { thing }, { "another" })
        assert.is_nil(tostring(err):find("has no", 1, true))
      end
    end)
  end)
end)
