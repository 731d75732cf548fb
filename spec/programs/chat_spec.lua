-- examples/programs/chat.lua, with clients that talk, leave, do not read and do not come back.
local cohort = require "cohort"
local net = require "cohort.net"
local programs = require "spec.support.programs"

-- Calls body(port, server) with a server.
local function serving(body)
  programs.within(function()
    local server <close> = programs.example("chat", 0)
    body(tonumber(server:line():match "^listening on port (%d+)$"), server)
  end)
end

-- Joins under a name, and is seen by those who are there.
local function join(port, name, ...)
  local stream = net.connect("127.0.0.1", port)
  stream:write(name, "\n")
  for _, other in ipairs { stream, ... } do assert.equal(("* %s is here"):format(name), other:read()) end
  return stream
end

-- Ends the server by a signal. What it printed after it had begun to listen.
local function stop(server, name)
  server:signal(name)
  local code, out, err = server:wait()
  assert.same({ 0, "" }, { code, err })
  return out
end

describe("the chat server", function()
  it("hands what one says to all others, and tells who comes and goes", function()
    serving(function(port, server)
      local ann <close> = join(port, "Ann")
      local bob <close> = join(port, "Bob", ann)
      local cy <close> = join(port, "Cy", ann, bob)
      ann:write "hello\nhow are you\27[31m?\r\n"
      for _, stream in ipairs { bob, cy } do
        assert.equal("Ann: hello", stream:read())
        assert.equal("Ann: how are you[31m?", stream:read())
      end
      bob:write "fine\n"
      bob:shutdown()
      for _, stream in ipairs { ann, cy } do
        assert.equal("Bob: fine", stream:read())
        assert.equal("* Bob left", stream:read())
      end
      assert.equal("* goodbye\n", bob:read "a")
      cy:close()
      assert.equal("* Cy left", ann:read())
      ann:close()
      bob:close()
      assert.equal("stopped by SIGTERM\n", stop(server, "TERM"))
    end)
  end)

  it("says goodbye to everybody at Ctrl-C, those without a name among them, and lets nobody in", function()
    serving(function(port, server)
      local nameless <close> = net.connect("127.0.0.1", port)
      local ann <close> = join(port, "Ann", nameless)
      local bob <close> = join(port, "Bob", ann, nameless)
      bob:write "last words\n"
      assert.equal("Bob: last words", ann:read())
      server:signal "INT"
      for _, stream in ipairs { ann, bob } do
        assert.equal("* goodbye\n", stream:read "a")
        stream:close()
      end
      assert.equal("Bob: last words\n* goodbye\n", nameless:read "a")
      assert.is_true(cohort.is(select(2, pcall(net.connect, "127.0.0.1", port)), { code = "ECONNREFUSED" }))
      nameless:close()
      assert.same({ 0, "stopped by SIGINT\n", "" }, { server:wait() })
    end)
  end)

  it("drops who does not read, and holds nobody up for it", function()
    serving(function(port, server)
      local ann <close> = join(port, "Ann")
      local mule <close> = join(port, "Mule", ann)
      local bob <close> = join(port, "Bob", ann)
      local text, count = ("x"):rep(20000), 0
      repeat  -- until Mule's sockets are full, and then the list of lines for it
        ann:write(text, "\n")
        count = count + 1
        local line = bob:read()
      until line == "* Mule left"
      assert.is_true(count > 1000)
      assert.equal("Mule is too slow", server:line())
      bob:write "enough\n"
      assert.equal("* Mule left", ann:read())
      assert.equal("Bob: enough", ann:read())
      mule:close()
      for _, stream in ipairs { ann, bob } do stream:close() end
      stop(server, "INT")
    end)
  end)

  it("ends though somebody neither reads nor goes", function()
    serving(function(port, server)
      local ann <close> = join(port, "Ann")
      local mule <close> = join(port, "Mule", ann)
      local text = ("x"):rep(60000)
      for _ = 1, 250 do ann:write(text, "\n") end
      server:signal "INT"
      assert.equal("* goodbye\n", ann:read "a")
      ann:close()
      assert.same({ 0, "stopped by SIGINT\n", "" }, { server:wait() })
      mule:close()
    end)
  end)

  it("minds neither a line without end nor connections that are reset", function()
    serving(function(port, server)
      local ann <close> = join(port, "Ann")
      local bob <close> = join(port, "Bob", ann)
      bob:write(("x"):rep(100000))
      assert.equal("Bob sends too long a line", server:line())
      assert.equal("* Bob left", ann:read())
      local reset = join(port, "Cy", ann)
      ann:write "hello\n"
      cohort.sleep(0)
      reset:close()  -- with a line unread: the system tells the server of it by a reset
      assert.equal("* Cy left", ann:read())
      ann:close()
      stop(server, "INT")
    end)
  end)

  it("says when its port is taken", function()
    serving(function(port, server)
      local second <close> = programs.example("chat", port)
      local code, out, err = second:wait()
      assert.same({ 1, "" }, { code, out })
      assert.matches("EADDRINUSE", err)
      stop(server, "INT")
    end)
  end)
end)
