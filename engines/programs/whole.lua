--- What the programs of examples/programs need around them: arguments, files, somebody to talk to.
---
--- Each function is called as surroundings[NAME](run, scratch, law): run(print, ...) calls the program with
--- arguments and a print of ours; `scratch` is a folder, `law` as in engines.programs. A program without
--- surroundings fails the engines.
local cohort = require "cohort"
local net = require "cohort.net"

local surroundings = {}

local host = "127.0.0.1"

local function ignore() end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

-- A function that sends SIGTERM to this process. Its end takes one that the program was cut before it heard
-- of, and that would end us.
local function terminator()
  local signals, sent = cohort.signals "SIGTERM", false
  return setmetatable({}, {
    __call = function()
      sent = true
      os.execute "kill -TERM $PPID"
    end,
    __close = function()
      if sent then cohort.shield(signals) end
      signals:close()
    end,
  })
end

function surroundings.scan(run) run(ignore, host, "1-3,9", "2") end

function surroundings.build(run, scratch)
  local path = scratch .. "/steps.lua"
  write(path, [[return {
    { name = "one", "true" }, { name = "two", "echo", "two" },
    { name = "three", needs = { "one", "two" }, "true" },
  }]])
  run(ignore, path)
end

-- A file is copied as a whole or not at all.
function surroundings.sync(run, scratch, law)
  local from, to = scratch .. "/from", scratch .. "/to"
  assert(os.execute(("rm -rf %s %s; mkdir -p %s/sub %s"):format(from, to, from, to)))
  for _, name in ipairs { "/a", "/b", "/sub/c" } do write(from .. name, ("x"):rep(100000)) end
  write(to .. "/old", "x")
  local ok, err = pcall(run, ignore, from, to)
  for _, name in ipairs { "/a", "/b", "/sub/c" } do
    local text = read(to .. name)
    law((text or not ok) and (not text or #text == 100000), "a part of %s was copied", name)
  end
  if not ok then error(err, 0) end
end

-- A site of three pages.
function surroundings.crawl(run)
  local function answer(stream)
    repeat local line = stream:read() until not line or #line < 2
    stream:write "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<a href='/a'>a</a> <a href='/b'>b</a>"
  end
  local listener <close> = net.listen(host, 0)
  cohort.group(function(g)
    g:spawn_daemon(net.serve, listener, { on_error = ignore }, answer)
    run(ignore, ("http://%s:%d/"):format(host, listener.local_address.port))
  end)
end

function surroundings.chat(run)
  local terminate <close> = terminator()
  local told, port = cohort.event(), nil
  cohort.group(function(g)
    g:spawn(run, function(line)
      port = port or line:match "port (%d+)"
      told:set()
    end, "0")
    told:wait()
    local ann <close> = net.connect(host, math.tointeger(port))
    local bob <close> = net.connect(host, math.tointeger(port))
    ann:write "ann\n"
    bob:write "bob\nhello\n"
    ann:read()
    bob:shutdown()
    ann:shutdown()
    terminate()
    ann:read "a"
  end)
end

function surroundings.follow(run, scratch)
  local terminate <close> = terminator()
  local path, came = scratch .. "/log", cohort.event()
  write(path, "old\n")
  cohort.group(function(g)
    g:spawn(run, function() came:set() end, path)
    cohort.sleep(1)
    local file <close> = assert(io.open(path, "a"))
    file:write "new\n"
    file:flush()
    cohort.move_on_after(5, came.wait, came)
    terminate()
  end)
end

return surroundings
