--- A program with something of everything alive at once, for closing it after any of its steps.
local cohort = require "cohort"

local function on_close(f)
  return setmetatable({}, { __close = f })
end

local function ignore() end

local function echo(g)
  local listener = cohort.net.listen("127.0.0.1", 0)
  g:spawn_daemon(cohort.net.serve, listener, { on_error = ignore }, function(stream)
    for line in stream:lines() do stream:write(line, "\n") end
  end)
  g:spawn(function()
    local stream <close> = cohort.net.connect("127.0.0.1", listener.local_address.port)
    for i = 1, 3 do
      stream:write(i, "\n")
      assert(stream:read "l" == tostring(i))
    end
    for _ = 1, 20 do stream:write(("x"):rep(50000), "\n") end  -- more than the sockets hold
  end)
end

-- Files: some operations are with a thread, some are left behind, one is changing something.
local function write_and_read(g)
  local fs = cohort.fs
  local dir <close> = fs.temp_dir()
  local file <close> = fs.temp_file { dir = dir.path }
  local watcher <close> = fs.watch(dir.path)
  g:spawn_daemon(function() pcall(watcher) end)
  for i = 1, 3 do
    fs.write_file(("%s/%d"):format(dir.path, i), ("x"):rep(100000), { atomic = i == 2 })
    file:write("line\n"):seek "set"
    cohort.move_on_after(0, fs.copy, file.path, dir.path .. "/copy")
    assert(file:read "l" == "line")
  end
  cohort.group(function(inner)
    for path in fs.walk(dir.path) do inner:spawn(fs.read_file, path) end
  end)
end

-- What tasks hand to each other: some wait, some have their value and have not run yet, some are done.
local function talk(g)
  local send, receive = cohort.channel(1)
  local idle, never = cohort.channel()
  local news, state = cohort.broadcast(1), cohort.value(0)
  for i = 1, 2 do
    local sub, own = news:subscribe(), send:clone()
    g:spawn(function()
      local s <close> = own
      for _ = 1, 3 do s(i) end
    end)
    g:spawn(function() for _ in sub do cohort.checkpoint() end end)
    g:spawn_daemon(cohort.select, { { receive }, { cohort.event() }, { idle, i }, timeout = 90 })
  end
  g:spawn(function() for _ in receive do cohort.sleep(0.001) end end)
  g:spawn_daemon(function() for _ in state:changes() do cohort.checkpoint() end end)
  for i = 1, 4 do
    state:set(i)
    news:send(i)
  end
  news:close()
  send:close()
  never:close()
end

cohort.main(function()
  cohort.group({ limit = 40 }, function(g)
    echo(g)
    g:spawn(talk, g)
    g:spawn(write_and_read, g)
    g:defer(cohort.sleep, 0.001)
    for i = 1, 3 do
      g:spawn(function()
        local _ <close> = on_close(function() cohort.shield(cohort.checkpoint) end)
        local own <close> = cohort.open_group()
        local _ <close> = cohort.open_scope { timeout = 1 }
        own:spawn(cohort.sleep, 0.001 * i).name = "sleeper"
        own:spawn_daemon(cohort.sleep_forever)
        cohort.move_on_after(0.002, cohort.sleep, 5)
      end)
    end
    local task = g:start(function(started)
      cohort.checkpoint()
      started(1, 2)
      cohort.sleep_forever()
    end)
    g:spawn(function() pcall(task.join, task) end)
    cohort.context("x"):with("y", g.spawn, g, function()
      for _ in cohort.stream(function(emit)
        local co = cohort.coroutine
        for v in co.wrap(function()
          for i = 1, 3 do
            cohort.sleep(0.0005)
            co.yield(i)
          end
        end) do emit(v) end
      end) do cohort.checkpoint() end
      local co = cohort.coroutine.create(function()
        local _ <close> = on_close(function() cohort.shield(cohort.checkpoint) end)
        cohort.coroutine.yield()
      end)
      cohort.coroutine.resume(co)
      cohort.coroutine.close(co)
    end)
    cohort.gather({ settle = true }, { error, cohort.checkpoint, function() error(cohort.Error "x") end })
    cohort.try(function() cohort.group(function(h)
      h:spawn(error, "failed")
      h:spawn(function()
        local _ <close> = on_close(error)
        cohort.sleep_forever()
      end)
    end) end, cohort.except(cohort.Error, ignore), cohort.finally(cohort.checkpoint))
    cohort.sleep(0.003)
    task:cancel "enough"
  end)
end)
