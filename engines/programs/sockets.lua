--- Programs for connecting, listening, accepting and serving. Whatever happens, no connection is lost, and
--- what a call has opened on its way is closed.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"

local host = "127.0.0.1"

local function listen() return cohort.shield(net.listen, host, 0) end

local function connecting(c, guard)
  local listener <close> = listen()
  local _ <close> = guard()
  local stream <close> = c.act("net.connect", net.connect, host, listener.local_address.port)
  stream:write "x"
end

-- Of three addresses one refuses, one is the right one, and one is never reached.
local function racing(c, guard)
  local listener <close> = listen()
  local _ <close> = guard()
  local addresses = { "127.0.0.2", host, "127.0.0.3" }
  testing.with_names({ ["a.example"] = addresses }, function()
    local stream <close> = c.act("net.connect", net.connect, "a.example", listener.local_address.port)
    stream:write "x"
  end)
end

local function connecting_by_path(c, guard)
  local path = c.scratch .. "/socket"
  os.remove(path)
  local _ <close> = c.act("net.listen_unix", net.listen_unix, path)
  local _ <close> = guard()
  local stream <close> = c.act("net.connect_unix", net.connect_unix, path)
  stream:write "x"
end

local function resolving(c, guard)
  local _ <close> = guard()
  c.law(#c.act("net.resolve", net.resolve, "localhost") > 0, "localhost has no address")
  cohort.attempt(c.act, "net.reverse", net.reverse, host)  -- it may have no name
end

local function listening(c, guard)
  local _ <close> = guard()
  for _, name in ipairs { host, "localhost" } do
    local listener <close> = c.act("net.listen", net.listen, name, 0)
    local _ <close> = net.connect(host, listener.local_address.port)
  end
end

-- Three come, one after the other. Each of them is accepted, then or later.
local function accepting(c, name, guard)
  local listener <close> = listen()
  local _ <close> = guard()
  local accept = name == "listener()" and listener or listener.accept
  local came, accepted = {}, {}
  local function close_all()
    for _, stream in ipairs(came) do stream:close() end
    for _, stream in ipairs(accepted) do stream:close() end
  end
  local _ <close> = setmetatable({}, { __close = close_all })
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(function()
      for i = 1, 3 do
        cohort.sleep(1)
        came[i] = net.connect(host, listener.local_address.port)
      end
    end)
    for i = 1, 3 do accepted[i] = c.act(name, accept, listener) end
  end)
  cohort.shield(function()
    for i = #accepted + 1, #came do
      accepted[i] = select(2, cohort.move_on_after(1, listener.accept, listener))
      c.law(accepted[i], "a connection was lost")
    end
    for _, stream in ipairs(came) do stream:write "x" end
    for _, stream in ipairs(accepted) do c.law(stream:read(1) == "x", "a connection is another one") end
  end)
  if not ok then error(err, 0) end
end

local function serving(c, grace, guard)
  local listener, handled = listen(), 0
  local _ <close> = listener
  local _ <close> = guard()
  local port = listener.local_address.port
  local options = { on_error = function() end, grace = grace }
  local function handle(stream)
    local _ <close> = guard "a handler"
    handled = handled + 1
    for line in stream:lines() do stream:write(line, "\n") end
    handled = handled - 1
  end
  local ok, err = pcall(cohort.group, function(g)
    g:spawn_daemon(c.act, "net.serve", net.serve, listener, options, handle)
    for _ = 1, 2 do
      g:spawn(function()
        local stream <close> = net.connect(host, port)
        stream:write "hello\n"
        c.law(stream:read() == "hello", "the echo is another one")
      end)
    end
  end)
  c.law(not cohort.shield(pcall, net.connect, host, port), "a server that was cut listens still")
  if not ok then error(err, 0) end
end

return function(c)
  local function add(name, f, ...)
    local more = table.pack(...)
    c.add(name, function(guard)
      more[more.n + 1] = guard
      f(c, table.unpack(more, 1, more.n + 1))
    end)
  end
  add("connecting", connecting)
  add("connecting to one of several addresses", racing)
  add("connecting by a path", connecting_by_path)
  add("looking up", resolving)
  add("listening", listening)
  add("accepting", accepting, "listener:accept")
  add("accepting in a loop", accepting, "listener()")
  add("serving", serving, nil)
  add("serving with grace", serving, 5)
end
