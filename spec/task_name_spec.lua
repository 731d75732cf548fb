-- Tasks for people: names, texts, tracebacks, the current one; and coroutines that are used again.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, fail, raised = tasks.virtual, tasks.fail, tasks.raised

--- Runs `f` as a task of a collecting group and returns it when it has ended.
local function ended(f, ...)
  local task
  local arguments = table.pack(...)
  pcall(cohort.group, { on_error = "collect" }, function(g)
    task = g:spawn(f, table.unpack(arguments, 1, arguments.n))
  end)
  return task
end

--- The same, and it is cancelled by hand after its first step.
local function cancelled(f, reason)
  local task
  pcall(cohort.group, function(g)
    task = g:spawn(f)
    cohort.checkpoint()
    task:cancel(reason)
  end)
  return task
end

describe("task.name", function()
  it("is the position of its function when none was given, also after its end", function()
    virtual(function()
      local line = debug.getinfo(1, "l").currentline + 1
      local function f() cohort.checkpoint() end
      local name = "spec/task_name_spec.lua:" .. line
      cohort.group(function(g)
        local task = g:spawn(f)
        assert.equal(name, task.name)
        cohort.checkpoint()
        assert.equal(name, task.name)
        task:wait()
        assert.equal(name, task.name)
      end)
      assert.equal(name, cancelled(f).name)
      assert.equal("task", ended(setmetatable({}, { __call = function() end })).name)
    end)
  end)

  it("is what a module calls its function when that is none of the user's", function()
    virtual(function()
      assert.equal("type", ended(type, 1).name)
      assert.equal("string.len", ended(string.len, "").name)
      assert.equal("cohort.sleep", ended(cohort.sleep, 0).name)
      assert.equal("cohort.race", ended(cohort.race, { type }).name)
      assert.equal("cohort.net.resolve", ended(cohort.net.resolve, "127.0.0.1").name)
      assert.equal("C function", ended(string.gmatch("a", "a")).name)
      package.loaded[true] = { f = type }
      package.loaded.odd = setmetatable({ type, [type] = type }, { __pairs = error, __index = error })
      assert.equal("type", ended(type, 1).name)
      package.loaded[true], package.loaded.odd = nil, nil
    end)
  end)

  it("is what an object calls its method, of the core or of the Lua side", function()
    virtual(function()
      local stream <close>, other = cohort.net.pair()
      other:close()
      local send, value, group = cohort.channel(1), cohort.value(1), nil
      cohort.group(function(g) group = g end)
      for name, f in pairs {
        ["stream:read"] = stream.read, ["event:wait"] = cohort.event().wait, ["sender:offer"] = send.offer,
        ["group:spawn"] = group.spawn, ["task:join"] = cohort.current_task().join,
        ["context:with"] = cohort.context().with, ["value:wait_for"] = value.wait_for,
        ["broadcast:send"] = cohort.broadcast(1).send,
      } do
        assert.equal(name, ended(f).name)
      end
    end)
  end)

  it("may be given before the first step, later and after the end", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep, 1)
        for _, name in ipairs { "a", "b" } do
          task.name = name
          assert.equal(name, task.name)
          cohort.checkpoint()
        end
        task:wait()
        assert.equal("b", task.name)
        task.name = "c"
        assert.equal("c", task.name)
      end)
    end)
  end)

  it("given in the line of the spawn stays, though nobody keeps the handle", function()
    virtual(function()
      local seen
      cohort.group(function(g)
        g:spawn(function()
          collectgarbage()
          seen = cohort.current_task().name
        end).name = "feed"
        collectgarbage()
      end)
      assert.equal("feed", seen)
    end)
  end)

  it("says what a task of cohort's own is for, from its first step, and so does what waits for it", function()
    virtual(function()
      local names, tree = {}, nil
      local function note_name()
        names[#names + 1] = cohort.current_task().name
        cohort.sleep(1)
      end
      for _ in cohort.stream(note_name) do error "nothing was emitted" end
      cohort.net.resolver:with(note_name, cohort.group, function(g)
        local task = g:spawn(cohort.net.connect, "host.example", 80)
        cohort.sleep(0.5)
        tree = cohort.testing.task_tree()
        task:cancel()
      end)
      assert.same({ "stream", "lookup of host.example", "lookup of host.example" }, names)
      assert.matches("waits for a connection to host.example %(2 lookups and 0 attempts", tree)
      assert.is_nil(tree:find("lua/cohort/", 1, true))
    end)
  end)

  it("takes strings alone, and nothing else can be assigned", function()
    virtual(function()
      local task = ended(function() end)
      assert.matches("^spec/task_name_spec.lua:%d+: task.name expects a string, got number",
        raised(function() task.name = 5 end))
      assert.matches("no such field", raised(function() task.nam = "x" end))
      assert.matches("a task has no .nam.: did you mean .name.", raised(function() return task.nam end))
    end)
  end)
end)

describe("tostring of a task", function()
  it("has its name and its status, in every state", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(function()
          assert.equal("task 'feed' (running)", tostring(cohort.current_task()))
          cohort.sleep(1)
        end)
        task.name = "feed"
        assert.equal("task 'feed' (ready)", tostring(task))
        cohort.checkpoint()
        assert.equal("task 'feed' (waiting)", tostring(task))
        task:wait()
        assert.equal("task 'feed' (done)", tostring(task))
      end)
      assert.matches("%(failed%)$", tostring(ended(fail("x"))))
      assert.matches("%(cancelled%)$", tostring(cancelled(cohort.sleep_forever)))
      assert.equal("cohort.Task", getmetatable(ended(type, 1)).__name)
    end)
  end)
end)

describe("task:traceback", function()
  it("shows where the task is and the groups above it, up to the root", function()
    local lines = {}
    local function here() return debug.getinfo(2, "l").currentline + 1 end
    virtual(function()
      local text
      lines.root = here()
      cohort.group(function(g)
        local inner
        g:spawn(function()
          lines.host = here()
          cohort.group(function(h)
            inner = h:spawn(function()
              local function wait()
                lines.wait = here()
                cohort.sleep(1)
              end
              wait()
            end)
          end)
        end)
        cohort.checkpoint()
        cohort.checkpoint()
        text = inner:traceback()
      end)
      for _, line in pairs(lines) do assert.matches(("task_name_spec.lua:%d: in "):format(line), text) end
    end)
  end)

  it("is a string in every state", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(cohort.checkpoint)
        assert.is_string(task:traceback())
        cohort.checkpoint()
        assert.is_string(task:traceback())
      end)
      assert.matches("task_name_spec.lua:%d+: in ", cohort.current_task():traceback())
      for _, task in ipairs { ended(type, 1), ended(fail("x")), cancelled(cohort.sleep_forever) } do
        assert.is_string(task:traceback())
      end
    end)
  end)
end)

describe("current_task", function()
  it("is the very object that spawn returned, and nil outside of tasks", function()
    assert.is_nil(cohort.current_task())
    virtual(function()
      local inside, task
      cohort.group(function(g) task = g:spawn(function() inside = cohort.current_task() end) end)
      assert.is_true(rawequal(task, inside))
      assert.is_true(rawequal(cohort.current_task(), cohort.current_task()))
      assert.matches("^spec/task_name_spec.lua:%d+$", cohort.current_task().name)
    end)
  end)
end)

describe("a coroutine that is used again", function()
  -- Runs `first` as a task, then another one, and returns how that ended.
  local function after(first)
    ended(first)
    local counted = 0
    local task = ended(function(...)
      assert.equal(2, select("#", ...))
      assert.is_nil((debug.gethook()))
      for _ = 1, 1000 do counted = counted + 1 end
      cohort.checkpoint()
      return "clean", ...
    end, "a", "b")
    return task
  end

  it("knows nothing of an error, a hook, a yield, a forgotten group or a deep stack before", function()
    virtual(function()
      local hooked = 0
      local function deep(n) return n == 0 and error "deep" or 1 + deep(n - 1) end
      for _, first in ipairs {
        fail("x"),
        fail(nil),
        function() debug.sethook(function() hooked = hooked + 1 end, "l") end,
        function() debug.sethook(function() error "hook" end, "", 1) end,
        function() coroutine.yield(1, 2, 3) end,
        function() return coroutine.yield() end,
        function() local g = cohort.open_group() g:spawn(fail("y")) end,
        function() return table.unpack({}, 1, 250) end,
        function() deep(10000) end,
        function() deep(1e6) end,
        function() return coroutine.running() end,
        function()
          cohort.current_task():cancel()
          cohort.checkpoint()
        end,
      } do
        local task = after(first)
        assert.same({ "clean", "a", "b" }, { task:result() })
      end
      assert.is_true(hooked < 10)
    end)
  end)
end)

describe("a plain coroutine.yield out of a task", function()
  it("is an error in that task that says what to do", function()
    virtual(function()
      for _, f in ipairs {
        function() coroutine.yield(1) error "went on" end,
        function() return coroutine.yield() end,
        coroutine.yield,
      } do
        assert.matches("cohort.checkpoint%(%)", ended(f):error())
      end
      local function caught() return pcall(coroutine.yield) or 1 end
      assert.matches("cohort.checkpoint%(%)", ended(caught):error())
    end)
  end)
end)
