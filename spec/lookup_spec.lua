-- Lookups that the system does not answer: what they hold, and what they leave to others. Each program runs
-- in a process whose lookups are spec/support/lookups.c.
local child = require "spec.support.child"

local setup = [[
  local cohort, net, fs = require "cohort", require "cohort.net", require "cohort.fs"
  local path = os.getenv "LOOKUPS"
  local function log()
    local file = io.open(path)
    local text = file and file:read "a" or ""
    if file then file:close() end
    return text
  end
  local function count(word) return select(2, log():gsub(word, "")) end
  local function begun(n) while count "begun" < n do cohort.sleep(0.001) end end
  local function answer() io.open(path .. ".go", "w"):close() end
]]

-- Runs a program; what it printed.
local function run(source, variables)
  local path = os.tmpname()
  local result = child.run_behind("lookups", setup .. source, ("LOOKUPS=%s %s"):format(path, variables or ""))
  for _, name in ipairs { path, path .. ".go" } do os.remove(name) end
  if not result then return nil end
  assert.equal("", result.err)
  return result.out
end

local function says(expected, source, variables)
  local out = run(source, variables)
  if not out then return pending("a sanitizer stands before the system already") end
  assert.equal(expected, out)
end

describe("lookups that hang", function()
  it("take half of the threads and leave the others to files", function()
    says("2\ttrue\t2\n", [[
      cohort.run(function()
        cohort.group(function(g)
          for i = 1, 8 do g:spawn(net.resolve, "hang" .. i) end
          begun(2)
          local waiting = 0
          local done = {}
          for i = 1, 8 do done[i] = g:spawn(fs.readlink, "/proc/self") end
          for i = 1, 8 do done[i]:join() end
          io.write(count "begun", "\t", tostring(#done == 8), "\t", count "begun", "\n")
          answer()
        end)
      end)
    ]])
  end)

  it("that are left behind keep their places until they have ended, and nobody else's", function()
    says("waiting\t1\t1\t2\n127.0.0.1\ttrue\n0\n", [[
      cohort.run(function()
        cohort.group(function(g)
          local hung = {}
          for i = 1, 5 do hung[i] = g:spawn(net.resolve, "hang" .. i) end
          begun(2)
          for i = 1, 5 do hung[i]:cancel() end
          for i = 1, 5 do hung[i]:wait() end
          local quick = g:spawn(net.resolve, "quick")
          cohort.checkpoint()
          print(quick:status(), count "begun hang1", count "begun hang2", count "begun")
          answer()
          print(quick:join()[1].host, log():find "ended" < log():find "quick quick")
        end)
        print(count "hang[345]")
      end)
    ]])
  end)

  it("are what the others wait for, and the tree of tasks says so", function()
    says("2\t3\n", [[
      cohort.run(function()
        cohort.group(function(g)
          for i = 1, 5 do g:spawn(net.resolve, "hang" .. i) end
          begun(2)
          local tree = cohort.testing.task_tree()
          print(select(2, tree:gsub("waits for resolve", "")),
            select(2, tree:gsub("waits for a place among the lookups", "")))
          answer()
        end)
      end)
    ]])
  end)

  it("are waited for in turn, and who is cancelled in the queue leaves no trace", function()
    says("quick1 quick3 quick4\n", [[
      cohort.run(function()
        cohort.group(function(g)
          g:spawn(net.reverse, "127.0.0.99")
          begun(1)
          local quick, order = {}, {}
          for i = 1, 4 do
            quick[i] = g:spawn(function()
              net.resolve("quick" .. i)
              order[#order + 1] = "quick" .. i
            end)
          end
          cohort.sleep(0)
          quick[2]:cancel()
          answer()
          for i = 1, 4 do quick[i]:wait() end
          print(table.concat(order, " "))
          assert(count "quick2" == 0)
        end)
      end)
    ]], "UV_THREADPOOL_SIZE=1")
  end)

  it("give a place to who is cancelled before it goes on, who gives it back", function()
    says("true\t0\t127.0.0.1\n", [[
      cohort.run(function()
        cohort.group(function(g)
          local second
          g:spawn(function()
            net.resolve "quick1"
            second:cancel()
          end)
          second = g:spawn(net.resolve, "quick2")
          second:wait()
          print(second:status() == "cancelled", count "quick2", net.resolve("quick3")[1].host)
        end)
      end)
    ]], "UV_THREADPOOL_SIZE=1")
  end)

  it("or wait for a thread are taken back when they are cancelled, and give their places away", function()
    says("0\n0\n0\nquick3 3, quick4 3, others 0\ntrue\n", [[
      local core, files = require "cohort.core", require "spec.support.files"
      local endless = os.tmpname()
      local function waiting_for_places()
        return select(2, cohort.testing.task_tree():gsub("waits for a place among the lookups", ""))
      end
      local function round(g)
        local busy, quick = files.keep_busy(g, endless), {}
        for i = 1, 4 do quick[i] = g:spawn(net.resolve, "quick" .. i) end
        repeat cohort.checkpoint() until waiting_for_places() == 2
        quick[1]:cancel()
        quick[2]:cancel()
        for _ = 1, 300 do
          if waiting_for_places() == 0 then break end
          cohort.sleep(0.001)
        end
        print(waiting_for_places())
        for _, task in ipairs(busy) do task:cancel() end
      end
      local held = {}
      cohort.run(function()
        files.write_endless(endless)
        for i = 1, 3 do
          cohort.group(round)
          held[i] = core.debug_counts()
        end
      end)
      os.remove(endless)
      print(("quick3 %d, quick4 %d, others %d"):format(count "quick3", count "quick4", count "quick[12]"))
      print(held[2].bytes == held[3].bytes and held[2].handles == held[3].handles)
    ]])
  end)

  it("need no place for a numeric address, and hold up no connect that has one", function()
    says("1\ttrue\n", [[
      cohort.run(function()
        cohort.group(function(g)
          for i = 1, 2 do g:spawn(net.resolve, "hang" .. i) end
          begun(2)
          local listener <close> = net.listen("127.0.0.1", 0)
          local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
          print(#net.resolve("::1"), stream.peer_address.port == listener.local_address.port)
          answer()
        end)
      end)
    ]])
  end)

  it("take as many threads as half of UV_THREADPOOL_SIZE, and one of one", function()
    for size, places in pairs { [1] = 1, [2] = 1, [3] = 2, [8] = 4 } do
      says(places .. "\n", ([[
        cohort.run(function()
          cohort.group(function(g)
            for i = 1, 12 do g:spawn(net.resolve, "hang" .. i) end
            begun(%d)
            cohort.sleep(0.01)
            print(count "begun")
            answer()
          end)
        end)
      ]]):format(places), "UV_THREADPOOL_SIZE=" .. size)
    end
  end)

  it("are waited for when the run ends, and leave nothing behind", function()
    says("begun hang1\n1\t0\n", [[
      local core = require "cohort.core"
      cohort.run(function()
        cohort.group(function(g)
          local hung = g:spawn(net.resolve, "hang1")
          begun(1)
          hung:cancel()
        end)
        io.write(log())
        os.execute("(sleep 0.05; : > " .. path .. ".go) &")  -- later
      end)
      print(count "ended", core.debug_counts().handles)
    ]])
  end)
end)

describe("reverse", function()
  it("gives the name of a numeric address, of both families", function()
    says("name.example\tname.example\n", [[
      cohort.run(function() print(net.reverse("127.0.0.1"), net.reverse("::1")) end)
    ]])
  end)

  it("of this machine's own address says that it is this one", function()
    local result = child.run [[
      local cohort, net = require "cohort", require "cohort.net"
      cohort.run(function()
        local ok, name = pcall(net.reverse, "127.0.0.1")
        print(ok and type(name) or name.code, ok or name.operation)
        local ok, err = pcall(net.reverse, "0.0.0.0")
        print(ok, not ok and err.operation, not ok and err.address, not ok and err.where ~= nil)
      end)
    ]]
    assert.equal("", result.err)
    assert.matches("^string\ttrue\n", result.out)
  end)

  it("that fails raises SystemError at the caller's line and gives its place back", function()
    local result = child.run_clean [[
      local cohort, net, core = require "cohort", require "cohort.net", require "cohort.core"
      cohort.run(function()
        net.reverse("127.0.0.1")
        for _ = 1, 5 do
          core.set_fault(1)
          assert(select(2, pcall(net.reverse, "127.0.0.1")):find "not enough memory")
          core.set_fault(2)
          local ok, err = pcall(net.reverse, "127.0.0.1")
          assert(not ok and cohort.is(err, cohort.SystemError) and core.fault() == "reverse")
          assert(err.where:find ":8$" and err.address == "127.0.0.1" and err.operation == "reverse")
          core.set_fault(0)
        end
        print(type(net.reverse("127.0.0.1")))
      end)
    ]]
    assert.equal("", result.err)
    assert.equal("string\n", result.out)
  end)
end)
