-- Users' own coroutines in tasks: who may resume, what is cut, what can be seen of them.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local co = cohort.coroutine
local raised, virtual = tasks.raised, tasks.virtual

local function on_close(f) return setmetatable({}, { __close = f }) end

describe("a coroutine of the stock library", function()
  it("may wait when cohort.coroutine resumes it", function()
    virtual(function()
      local c = coroutine.create(function()
        cohort.sleep(1)
        coroutine.yield(cohort.now())
        cohort.sleep(1)
        return cohort.now()
      end)
      assert.same({ true, 1.0 }, { co.resume(c) })
      assert.same({ true, 2.0 }, { co.resume(c) })
    end)
  end)

  it("that began outside of a task may, too", function()
    local step = co.wrap(function()
      while true do
        co.yield(1)
        cohort.sleep(1)
      end
    end)
    assert.equal(1, step())
    virtual(function()
      assert.equal(1, step())
      assert.equal(1, cohort.now())
    end)
    assert.matches("no task runs here", raised(step))
  end)

  it("in between says what to write", function()
    virtual(function()
      local ok, err = coroutine.resume(coroutine.create(function()
        co.wrap(function() cohort.sleep(1) end)()
      end))
      assert.is_false(ok)
      assert.matches("cannot wait inside a coroutine that Lua's own coroutine library resumed: "
        .. "write cohort.coroutine in its place", err)
      assert.equal(0, cohort.now())
    end)
  end)
end)

describe("a generator in a task", function()
  it("resumed where Lua cannot suspend names what is in the way", function()
    virtual(function()
      local err = raised(function()
        table.sort({ 2, 1 }, function() co.wrap(function() cohort.sleep(1) end)() end)
      end)
      assert.matches("cannot wait inside a function called by 'sort', which Lua cannot suspend", err)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("names what is in the way though a function of ours is nearer, or pcall has called it", function()
    virtual(function()
      local function wait() cohort.move_on_after(1, cohort.sleep, 1) end
      local err = raised(function() table.sort({ 2, 1 }, wait) end)
      assert.matches("cannot wait inside a function called by 'sort', which Lua cannot suspend", err)
      local _, told = pcall(string.gsub, "a", "a", wait)
      assert.matches("cannot wait inside a function called by 'string.gsub', which Lua cannot suspend", told)
      local eg = cohort.error_group("two", { "a", "b" })
      assert.matches("cannot wait inside a function called by 'split'", raised(function() eg:split(wait) end))
    end)
  end)

  it("that waits is normal: no other task resumes or closes it", function()
    virtual(function()
      cohort.group(function(g)
        local c = co.create(function()
          cohort.sleep(2)
          return "end"
        end)
        g:spawn(function() assert.same({ true, "end" }, { co.resume(c) }) end)
        g:spawn(function()
          cohort.sleep(1)
          assert.equal("normal", co.status(c))
          local ok, err = co.resume(c)
          assert.is_false(ok)
          assert.matches("cannot resume a coroutine that waits", err)
          assert.matches("cannot close a normal coroutine", raised(co.close, c))
          cohort.sleep(2)
          assert.equal("dead", co.status(c))
        end)
      end)
    end)
  end)

  it("leaves the coroutines of tasks alone, whatever state they are in", function()
    virtual(function()
      cohort.group(function(g)
        local threads = {}
        local function note(f, ...)
          threads[#threads + 1] = co.running()
          return f(...)
        end
        g:spawn(note, cohort.sleep, 1)
        g:spawn(note, cohort.checkpoint)
        g:spawn(note, cohort.sleep_forever)
        cohort.sleep(0.5)
        g:spawn(print)  -- in the coroutine of the second one, and never begun
        for _, c in ipairs(threads) do
          local ok, err = co.resume(c)
          assert.is_false(ok)
          assert.matches("cannot resume", err)
          assert.equal("normal", co.status(c))
          assert.is_false((pcall(co.close, c)))
        end
        g:cancel()
      end)
    end)
  end)

  it("goes from one task to another, and waits in the one that resumes it", function()
    virtual(function()
      local log = {}
      local step = co.wrap(function()
        for i = 1, 4 do
          cohort.sleep(1)
          co.yield(i .. cohort.current_task().name)
        end
      end)
      cohort.group(function(g)
        for _, name in ipairs { "a", "b" } do
          g:spawn(function()
            cohort.sleep(name == "a" and 0 or 1.5)
            for _ = 1, 2 do
              log[#log + 1] = step()
              cohort.sleep(2)
            end
          end).name = name
        end
      end)
      assert.same({ "1a", "2b", "3a", "4b" }, log)
    end)
  end)

  it("is cut by the scopes of who resumes it, and goes on afterwards", function()
    virtual(function()
      local c = co.create(function()
        local ok, err = pcall(cohort.sleep, 10)
        co.yield(ok, tasks.is_cancelled(err))
        cohort.sleep(1)
        return "done"
      end)
      assert.is_true((cohort.move_on_after(1, function()
        assert.same({ true, false, true }, { co.resume(c) })
      end)))
      assert.same({ true, "done" }, { co.resume(c) })
      assert.equal(2, cohort.now())
    end)
  end)

  it("that is cancelled gives Cancelled back like pcall, or raises it through wrap", function()
    virtual(function()
      local log = {}
      local caught = cohort.scope({ timeout = 1 }, function()
        local ok, err = co.resume(co.create(cohort.sleep_forever))
        log = { ok, tasks.is_cancelled(err) }
        co.wrap(cohort.checkpoint)()
        log[3] = "beyond"
      end)
      assert.is_false(caught)
      assert.same({ false, true }, log)
    end)
  end)

  it("takes values in while it waits in between", function()
    virtual(function()
      local c = co.create(function(...)
        local n = select("#", ...)
        for _ = 1, 3 do
          cohort.sleep(1)
          n = n + select("#", co.yield(n))
          cohort.checkpoint()
        end
        return n, nil, nil
      end)
      assert.same({ true, 2 }, { co.resume(c, nil, nil) })
      assert.same({ true, 5 }, { co.resume(c, 1, nil, 3) })
      assert.same({ true, 5 }, { co.resume(c) })
      assert.same({ n = 4, true, 6 }, table.pack(co.resume(c, nil)))
    end)
  end)

  it("may wait at any depth that Lua has", function()
    virtual(function()
      local function nest(n)
        if n == 0 then return cohort.sleep(1) end
        for _ in co.wrap(function()
          nest(n - 1)
          cohort.sleep(1)
        end) do end
      end
      nest(60)
      assert.equal(61, cohort.now())
      assert.matches("C stack overflow", raised(nest, 300))
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("may hold groups and scopes that end before it yields", function()
    virtual(function()
      local log = {}
      for v in co.wrap(function()
        for i = 1, 3 do
          local results = cohort.gather { function() cohort.sleep(i) return i end, cohort.now }
          cohort.move_on_after(0.5, cohort.sleep_forever)
          co.yield(results[1])
        end
      end) do
        log[#log + 1] = v
      end
      assert.same({ 1, 2, 3 }, log)
      assert.equal(7.5, cohort.now())
    end)
  end)

  it("is closed by a loop that is left early only when somebody closes it, as ever", function()
    virtual(function()
      local closed = false
      local c = co.create(function()
        local _ <close> = on_close(function() closed = true end)
        co.yield(1)
      end)
      co.resume(c)
      assert.is_false(closed)
      co.close(c)
      assert.is_true(closed)
    end)
  end)

  it("has its frames in the task's traceback, in notes of errors, and in the report of a deadlock", function()
    local line
    local function parse()
      line = debug.getinfo(1, "l").currentline + 1
      cohort.sleep_forever()
    end
    local function generator() return co.wrap(function() co.wrap(parse)() end) end
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(function() generator()() end)
        cohort.sleep(1)
        local text = task:traceback()
        assert.matches(("coroutine_task_spec.lua:%d: in function <"):format(line), text)
        local _, count = text:gsub("in a coroutine resumed by", "")
        assert.equal(2, count)
        g:cancel()
      end)
    end)
    assert.matches(("sleeps for ever at [^\n]*coroutine_task_spec.lua:%d"):format(line),
      tostring(raised(virtual, function() generator()() end)))
  end)

  it("that fails shows the line that failed, through wraps and a group", function()
    local line
    local function parse()
      cohort.sleep(1)
      line = debug.getinfo(1, "l").currentline + 1
      error "broken"
    end
    virtual(function()
      local eg = raised(cohort.group, function(g)
        g:spawn(function()
          for _ in co.wrap(function()
            for _ in co.wrap(function() parse() end) do end
          end) do end
        end)
      end)
      local text = tostring(eg)
      assert.matches(("coroutine_task_spec.lua:%d: broken"):format(line), text)
      assert.matches(("coroutine_task_spec.lua:%d: in [^\n]*parse"):format(line), text)
    end)
  end)

  it("that fails runs its closes, which may wait and see the error", function()
    virtual(function()
      local log = {}
      local c = co.create(function()
        local _ <close> = on_close(function(_, err)
          cohort.sleep(1)
          log[#log + 1] = err
        end)
        error("broken", 0)
      end)
      assert.same({ false, "broken" }, { co.resume(c) })
      assert.same({ "broken" }, log)
      assert.equal(1, cohort.now())
      assert.equal("dead", co.status(c))
    end)
  end)
end)


-- What Lua's own library does to a coroutine that waits in a task.
-- What is made outside of a generator, and ends in it when it is read to its end
local readers = {
  stream = function()
    return cohort.stream(function(emit)
      emit(1)
      cohort.sleep(1)
      emit(2)
    end)
  end,
  as_completed = function()
    return cohort.as_completed {
      function() return 1 end,
      function()
        cohort.sleep(1)
        return 2
      end,
    }
  end,
}

describe("a generator in which what was opened outside of it ends", function()
  for name, make in pairs(readers) do
    it("yields afterwards, at any depth: " .. name, function()
      virtual(function()
        local it <close> = make()
        local function read()
          for a, b in it do co.yield(b or a) end
          co.yield "last"
        end
        local function through()
          for value in co.wrap(read) do
            cohort.sleep(1)
            co.yield(value)
          end
          co.yield "outer"
        end
        local values = {}
        for value in co.wrap(through) do values[#values + 1] = value end
        assert.same({ 1, 2, "last", "outer" }, values)
        assert.is_nil(it())
      end)
    end)

    it("still cannot yield inside of what it opens then: " .. name, function()
      virtual(function()
        local it <close> = make()
        local step = co.wrap(function()
          for _ in it do cohort.checkpoint() end
          local _ <close> = cohort.open_group()
          co.yield "inside"
        end)
        assert.matches("coroutine%.yield inside a group that is still open", raised(step))
      end)
    end)
  end

  it("yields inside of what was there before that", function()
    virtual(function()
      local around = cohort.open_scope()
      local _ <close> = around
      local group = cohort.open_group()
      local step = co.wrap(function()
        do local _ <close> = group end
        cohort.sleep(1)
        co.yield(rawequal(cohort.current_scope(), around))
        co.yield "again"
      end)
      group:spawn(cohort.sleep, 1)
      assert.is_true(step())
      assert.equal("again", step())
    end)
  end)
end)

describe("a coroutine that waits and is ended by Lua's own library", function()
  -- Has `wait` wait in a coroutine of the first task, while the second one gets hold of it, and collects what
  -- was on its stack.
  local function end_by(name, wait)
    local c = co.create(wait)
    cohort.group(function(g)
      g:spawn(co.resume, c)
      g:spawn(function()
        cohort.checkpoint()
        coroutine[name](c)
        collectgarbage()
      end)
    end)
  end

  for _, name in ipairs { "close", "resume" } do
    it("gives up the place in a full group for which it waited: " .. name, function()
      virtual(function()
        local group = cohort.open_group { limit = 1 }
        local _ <close> = group
        local began = {}
        local function begin(who)
          began[#began + 1] = who
          cohort.sleep(1)
        end
        group:spawn(begin, "the first")
        end_by(name, function() group:spawn(begin, "the one that was ended") end)
        group:spawn(begin, "the next")
        assert.equal(1, cohort.now())
        cohort.sleep(2)
        assert.same({ "the first", "the next" }, began)
      end)
    end)

    it("forgets the task that it starts: " .. name, function()
      virtual(function()
        cohort.group(function(g)
          local began, ended = 0, 0
          end_by(name, function()
            g:start(function()
              began = began + 1
              cohort.sleep(1)
              ended = ended + 1
            end)
          end)
          cohort.sleep(2)
          assert.same({ 1, 1 }, { began, ended })  -- a task of the group, which goes on by itself
        end)
      end)
    end)

    it("awaits quiet no longer than it asked for: " .. name, function()
      local clock = cohort.testing.clock { autojump = true }
      cohort.run({ clock = clock }, function()
        end_by(name, function() clock:advance(1) end)
        cohort.sleep(5)
        assert.equal(5, cohort.now())
      end)
    end)
  end
end)
