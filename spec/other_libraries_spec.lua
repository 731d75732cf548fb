--- Libraries that know nothing of cohort, in tasks of it: all they share is a descriptor to wait for.
local cohort = require "cohort"
local fd = require "cohort.fd"
local net = require "cohort.net"
local child = require "spec.support.child"

--- Calls `body(url)` while a server answers every request with `content`, after a moment.
local function with_web_server(content, body)
  cohort.run(function()
    local listener <close> = net.listen("127.0.0.1", 0)
    local head = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    cohort.group(function(g)
      g:spawn_daemon(net.serve, listener, function(stream)
        for line in stream:lines() do
          if line == "\r" then break end
        end
        cohort.sleep(0.01)
        stream:write(head:format(#content), content)
      end)
      body(("http://127.0.0.1:%d/"):format(listener.local_address.port))
    end)
  end)
end

-- Waits until one of the descriptors is ready, or so many seconds have passed: its number and what it is.
local function wait_for_any(watched, seconds)
  local waits = {}
  for number, what in pairs(watched) do
    if what & 1 ~= 0 then
      waits[#waits + 1] = function()
        fd.wait_readable(number)
        return number, 1
      end
    end
    if what & 2 ~= 0 then
      waits[#waits + 1] = function()
        fd.wait_writable(number)
        return number, 2
      end
    end
  end
  waits[#waits + 1] = function()
    cohort.sleep(seconds < 0 and math.huge or seconds)
    return -1, 0
  end
  return cohort.race(waits)
end

describe("another library", function()
  it("LuaSocket: a client that never blocks talks to a server in the same run", function()
    local socket = require "socket"
    local got
    cohort.run(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      cohort.group(function(g)
        g:spawn(function()
          local stream <close> = listener:accept()
          stream:write(stream:read "l", " and back\n")
        end)
        local client = socket.tcp()
        client:settimeout(0)
        assert.equal("timeout", select(2, client:connect("127.0.0.1", listener.local_address.port)))
        fd.wait_writable(client)
        assert.is_truthy(client:send "there\n")
        while not got do
          fd.wait_readable(client)
          got = client:receive "*l"
        end
        client:close()
      end)
    end)
    assert.equal("there and back", got)
  end)

  it("unbound: names are looked up in its thread, and its descriptor tells when", function()
    local path = os.tmpname()
    local file <close> = io.open(path, "w")
    file:write("192.0.2.7 seven.example\n192.0.2.8 eight.example\n")
    file:flush()
    local resolver = require "lunbound".new { async = true, hoststxt = path, resolvconf = false }
    local addresses, count = {}, 0
    cohort.run(function()
      for _, name in ipairs { "seven.example", "eight.example" } do
        assert.is_truthy(resolver:resolve_async(function(answer)
          addresses[answer.qname] = table.concat({ answer[1]:byte(1, -1) }, ".")
          count = count + 1
        end, name, 1, 1))
      end
      while count < 2 do
        fd.wait_readable(resolver)
        resolver:process()
      end
    end)
    os.remove(path)
    assert.same({ ["seven.example"] = "192.0.2.7", ["eight.example"] = "192.0.2.8" }, addresses)
  end)

  it("libcurl: ten transfers at once, through a binding of its multi interface", function()
    local content = ("x"):rep(50000)
    child.with_module("multi", "$(pkg-config --cflags --libs libcurl)", function(new)
      local multi, most = new(), 0
      with_web_server(content, function(url)
        for _ = 1, 10 do multi:add(url) end
        local running = multi:act(-1, 0)
        while running > 0 do
          most = math.max(most, running)
          running = multi:act(wait_for_any(multi:watched(), multi:timeout()))
        end
      end)
      assert.same({ 10 * #content, 10 }, { multi:finish() })
      assert.equal(10, most)
    end)
  end)

  -- A loop of cqueues as a guest: it steps when its descriptor is readable or its own time has come.
  local function drive(guest)
    assert(guest:step(0))
    while not guest:empty() do
      cohort.move_on_after(guest:timeout() or math.huge, fd.wait_readable, guest)
      assert(guest:step(0))
    end
  end

  it("cqueues: its loop is a guest in a task, its timers and sockets among ours", function()
    local cqueues = require "cqueues"
    local socket = require "cqueues.socket"
    local log = {}
    cohort.run(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local guest = cqueues.new()
      guest:wrap(function()
        local client = socket.connect("127.0.0.1", listener.local_address.port)
        client:setmode("b", "b")
        client:write("hello\n")
        client:flush()
        table.insert(log, (client:read "*l"))
        cqueues.sleep(0.01)
        log[#log + 1] = "slept"
        client:close()
      end)
      cohort.group(function(g)
        g:spawn(drive, guest)
        local stream <close> = listener:accept()
        table.insert(log, (stream:read "l"))
        stream:write "from a task\n"
      end)
    end)
    assert.same({ "hello", "from a task", "slept" }, log)
  end)

  it("lua-http: a request over cqueues, answered by a task", function()
    local script = [[
      local cohort = require "cohort"
      local request = require "http.request"
      local cqueues = require "cqueues"
      cohort.run(function()
        local listener <close> = cohort.net.listen("127.0.0.1", 0)
        local guest = cqueues.new()
        guest:wrap(function()
          local url = ("http://127.0.0.1:%d/"):format(listener.local_address.port)
          local headers, stream = assert(request.new_from_uri(url):go(5))
          print(headers:get ":status", stream:get_body_as_string())
        end)
        cohort.group(function(g)
          g:spawn(function()
            assert(guest:step(0))
            while not guest:empty() do
              cohort.move_on_after(guest:timeout() or math.huge, cohort.fd.wait_readable, guest)
              assert(guest:step(0))
            end
          end)
          local stream <close> = listener:accept()
          for line in stream:lines() do
            if line == "\r" then break end
          end
          stream:write "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        end)
      end)
    ]]
    local paths = {}
    for _, version in ipairs { "5.3", "5.2", "5.1" } do
      paths[#paths + 1] = ("/usr/share/lua/%s/?.lua;/usr/share/lua/%s/?/init.lua"):format(version, version)
    end
    local path = ("%s;%s"):format(os.getenv "LUA_PATH_5_4", table.concat(paths, ";"))
    local result = child.run(script, ("env LUA_PATH_5_4='%s' lua5.4 -W"):format(path))
    assert.same({ code = 0, out = "200\thello\n", err = "" }, result)
  end)
end)
