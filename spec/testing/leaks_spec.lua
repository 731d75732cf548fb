--- What a test leaves behind: cohort.testing.leaks, and testing.check_leaks on top.
local cohort = require "cohort"
local net = require "cohort.net"
local leaks = require "cohort.testing.leaks"
local testing = require "cohort.testing"

describe("leaks", function()
  it("count nothing when nothing was left", function()
    local before = leaks.count()
    cohort.run(function() net.listen("127.0.0.1", 0):close() end)
    assert.same({}, leaks.grown(before))
  end)

  it("count what is open, each by its name", function()
    local before, file = leaks.count(), assert(io.open "/dev/null")
    assert.same({ "1 descriptor" }, leaks.grown(before))
    file:close()
    assert.same({}, leaks.grown(before))
    cohort.run(function()
      local inside = leaks.count()
      local listener <close> = net.listen("127.0.0.1", 0)
      local handle = "1 handle (a listener opened at spec/testing/leaks_spec.lua:21)"
      assert.same({ "1 descriptor", handle }, leaks.grown(inside))
      cohort.group(function(g)
        g:spawn(cohort.sleep, 0)
        assert.same({ "1 descriptor", handle, "1 task" }, leaks.grown(inside))
      end)
      listener:close()
      assert.same({}, leaks.grown(inside))
    end)
  end)

  -- The place of the one call in `text`, which is in this file.
  local function here(text) return (text:gsub("HERE", "spec/testing/leaks_spec.lua")) end

  it("say what is open and where that was done, as far as it is known", function()
    cohort.run(function()
      local before, list = leaks.count(), {}
      for i = 1, 2 do list[i] = net.listen("127.0.0.1", 0) end
      assert.equal(here "2 handles (a listener opened at HERE:39, 2 times)", leaks.handles(before))
      list[3], list[4] = net.pair()
      list[5] = cohort.fs.open "/dev/null"
      list[6] = cohort.process.open { "cat", stdout = "null", stderr = "null" }
      list[7] = cohort.signals "SIGHUP"
      local text = leaks.handles(before)
      for _, thing in ipairs(list) do thing:close() end
      list[6]:wait()
      assert.equal(here("9 handles (a file opened at HERE:42; a listener opened at HERE:39, 2 times; "
        .. "a process started at HERE:43; a stream opened at HERE:41, 2 times; "
        .. "a stream opened at HERE:43)"), text)
      assert.is_nil(leaks.handles(before))
    end)
  end)

  it("say of a connection where it was accepted, and of one that is served where serving began", function()
    cohort.run(function()
      local listener = net.listen("127.0.0.1", 0)
      local port, before, text = listener.local_address.port, leaks.count(), nil
      cohort.group(function(g)
        local daemon = g:spawn_daemon(function()
          listener:accept():close()
          local _ <close> = listener:accept()
          text = leaks.handles(before)
          net.serve(listener, function() text = leaks.handles(before) end)
        end)
        for i, line in ipairs { 62, 64 } do
          if i == 1 then net.connect("127.0.0.1", port):close() end
          local _ <close> = net.connect("127.0.0.1", port)
          while text == nil do cohort.checkpoint() end
          assert.matches(here("a stream opened at HERE:" .. line), text)
          text = nil
        end
        daemon:cancel()
      end)
    end)
  end)

  it("say so of some places only where they are very many", function()
    local now = { handles = 9, opened = {} }
    for i = 1, 9 do now.opened["a file opened at a.lua:" .. i] = 1 end
    assert.matches("^9 handles %(a file opened at a.lua:1; .*a.lua:5; and 4 more%)$",
      leaks.handles(leaks.none(), now))
  end)

  it("count what C code refers to", function()
    local registry, before = debug.getregistry(), leaks.count()
    registry[#registry + 1] = {}
    local grown = leaks.grown(before)
    registry[#registry] = nil
    assert.same({ "1 reference" }, grown)
  end)

  it("do not take for one what is only waiting to be collected", function()
    local before = leaks.count()
    io.open "/dev/null"
    assert.same({ "1 descriptor" }, leaks.growth(before))
    assert.same({}, leaks.grown(before))
  end)

  it("of memory are what grows each time", function()
    assert.is_nil(leaks.climbs { 10, 20, 20, 30 })
    assert.is_nil(leaks.climbs { 10 })
    assert.equal(5, leaks.climbs { 10, 20, 25, 40 })
  end)

  it("of memory count that of the core, which Lua knows nothing of", function()
    cohort.run(function()
      local pairs_of_ends, text, written = {}, ("x"):rep(20000), 0
      for i = 1, 12 do pairs_of_ends[i] = { net.pair() } end
      local climb = leaks.climb(function()
        written = written + 1
        pairs_of_ends[written][1]:write(text)  -- which stands in a buffer of the other end
      end)
      assert.matches("^[23]%d%d%d%d bytes of memory or more each time$", climb)
    end)
  end)
end)

describe("a climb of memory", function()
  -- What is said when memory grows in the first rounds, so many of them; and how many rounds there were.
  local function climb(growing)
    local kept, count = {}, 0
    local text = leaks.climb(function()
      count = count + 1
      if count <= growing then kept[#kept + 1] = ("x"):rep(10000) .. count end
    end)
    return text, count
  end

  it("is confirmed by five rounds more, since what fluctuates may climb by chance", function()
    local text, count = climb(math.huge)
    assert.matches("^1%d%d%d%d bytes of memory or more each time$", text)
    assert.equal(12, count)
  end)

  it("that does not go on is none", function()
    local text, count = climb(7)
    assert.is_nil(text)
    assert.equal(12, count)
    text, count = climb(2)
    assert.is_nil(text)
    assert.equal(7, count)
  end)
end)

describe("check_leaks", function()
  local function echo()
    local listener <close> = net.listen("127.0.0.1", 0)
    local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
    stream:write "x"
  end

  it("passes what leaves nothing, in a task and outside", function()
    assert.is_true(pcall(testing.check_leaks, echo))
    assert.is_true(pcall(cohort.run, testing.check_leaks, echo))
    assert.is_true(pcall(testing.check_leaks, cohort.sleep, 100))
  end)

  it("finds what stays open in the run", function()
    cohort.run(function()
      local kept = {}
      local ok, err = pcall(function()
        testing.check_leaks(function() kept[#kept + 1] = net.listen("127.0.0.1", 0) end)
      end)
      for _, listener in ipairs(kept) do listener:close() end
      assert.is_false(ok)
      assert.matches("^spec/testing/leaks_spec.lua:%d+: .*by 5 calls: 5 descriptors, 5 handles "
        .. "%(a listener opened at spec/testing/leaks_spec.lua:%d+, 5 times%)", err)
    end)
  end)

  it("finds what stays open outside of a task, where each call has a run that closes it", function()
    local kept
    local function leaky() kept = net.listen("127.0.0.1", 0) end
    local ok, err = pcall(testing.check_leaks, leaky)
    assert.is_false(ok)
    assert.matches("left behind by 5 calls: 5 handles %(a listener opened at %S+:%d+, 5 times%)$", err)
    assert.matches("%(closed%)", tostring(kept))
    assert.is_true(pcall(testing.check_leaks, function()
      leaky()
      kept:close()
    end))
  end)

  it("finds a file that nobody closes", function()
    local kept = {}
    local ok, err = pcall(testing.check_leaks, function() kept[#kept + 1] = io.open "/dev/null" end)
    for _, file in ipairs(kept) do file:close() end
    assert.is_false(ok)
    assert.matches("5 descriptors", err)
  end)

  it("finds memory that grows each time, and not a cache that was filled once", function()
    local kept, cache = {}, {}
    testing.check_leaks(function() cache[1] = cache[1] or ("x"):rep(1e6) end)
    local ok, err = pcall(testing.check_leaks, function() kept[#kept + 1] = ("x"):rep(10000) .. #kept end)
    assert.is_false(ok)
    assert.matches("%d%d%d%d%d bytes of memory or more each time", err)
  end)
end)
