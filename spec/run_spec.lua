-- cohort.run: results, errors, options, and what it must not disturb.
local child = require "spec.support.child"
local cohort = require "cohort"
local core = require "cohort.core"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function nothing() end

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("run", function()
  -- What `report` prints of a run in a process that has so many descriptors left.
  local function with_free(free, report)
    return child.run(([[
      local cohort = require "cohort"
      local files = {}
      repeat
        local file = io.open "/dev/null"
        files[#files + 1] = file
      until not file
      for _ = 1, %d do table.remove(files):close() end
      local ok, err = pcall(cohort.run, function() end)
      for _, file in ipairs(files) do file:close() end
      %s
    ]]):format(free, report), [[sh -c 'ulimit -n 64; exec lua5.4 "$0"']]).out
  end

  it("that the system refuses raises a SystemError", function()
    local report = "print(ok, cohort.is(err, cohort.SystemError), err.code, err.operation, err.message)"
    assert.equal("false\ttrue\tEMFILE\trun\trun: too many open files (EMFILE)\n", with_free(0, report))
  end)

  it("that finds few descriptors raises or runs, but never ends the process", function()
    local ended = {}
    for free = 0, 8 do ended[free + 1] = with_free(free, "io.write(ok and 'ran' or err.code)") end
    assert.matches("^EMFILE EMFILE EMFILE [EMFILE ]*ran", table.concat(ended, " "))
  end)

  it("gives main its arguments and gives back its results, nils and 200 of them included", function()
    assert.equal(0, select("#", cohort.run(nothing)))
    local function same(...) return ... end
    assert.same({ 1, nil, 3, nil, n = 4 }, table.pack(cohort.run(same, 1, nil, 3, nil)))
    local many = {}
    for i = 1, 200 do many[i] = i end
    assert.same(many, { cohort.run({ signals = false }, function(...)
      cohort.checkpoint()
      return ...
    end, table.unpack(many)) })
  end)

  it("has room of its own behind any number of results, which a Lua that checks its API finds", function()
    for n = 0, 60 do
      assert.equal(n, select("#", cohort.run(function() return table.unpack({}, 1, n) end)))
    end
  end)

  it("gives back as many results as Lua can, in a coroutine of Lua's too", function()
    local many = {}
    for i = 1, 600000 do many[i] = i end
    local count = coroutine.wrap(function()
      return select("#", cohort.run(function() return table.unpack(many) end))
    end)()
    assert.equal(600000, count)
  end)

  it("raises what main raised, unchanged", function()
    for _, err in ipairs { "text", {}, false, 7, cohort.Error "x" } do
      assert.is_true(rawequal(err, raised(cohort.run, function() error(err, 0) end)))
      assert.is_true(rawequal(err, raised(cohort.run, function()
        cohort.checkpoint()
        error(err, 0)
      end)))
    end
    assert.same({ n = 2, false, nil }, table.pack(pcall(cohort.run, error)))  -- error(nil)
  end)

  it("raises the group of a failed task with the tracebacks of all", function()
    local eg = raised(cohort.run, function()
      cohort.group({ name = "outer" }, function(g)
        g:spawn(function() error "boom" end).name = "bad"
      end)
    end)
    assert.is_true(cohort.is(eg, cohort.ErrorGroup))
    local text = tostring(eg)
    assert.truthy(text:find("group 'outer' failed"))
    assert.truthy(text:find("task 'bad'"))
    assert.truthy(text:find("run_spec.lua:%d+: boom"))
  end)

  it("raises Aborted with the reason, in its message too, when main itself was cancelled", function()
    local texts = { cancel = "enough" }
    for kind, cancel in pairs {
      cancel = function() cohort.current_scope():cancel "enough" end,
      deadline = function() cohort.current_scope().deadline = 0 end,
    } do
      local err = raised(virtual, function()
        cancel()
        cohort.checkpoint()
      end)
      assert.is_true(cohort.is(err, cohort.Aborted))
      assert.equal(kind, err.reason.kind)
      assert.equal(texts[kind], err.reason.text)
      assert.equal(("the task was cancelled (%s)"):format(tostring(err.reason)), err.message)
    end
  end)

  it("waits for all that main started", function()
    local ended
    virtual(function()
      cohort.group(function(g)
        g:spawn(function()
          cohort.sleep(5)
          ended = true
        end)
      end)
    end)
    assert.is_true(ended)
  end)

  it("inside run is misuse that says what to write, and does no harm", function()
    cohort.run(function()
      local err = raised(function() cohort.run(nothing) end)
      assert.truthy(err:find("run_spec.lua:%d+: run cannot be called inside run.*cohort.main"))
      err = raised(function() cohort.run({ clock = testing.clock() }, nothing) end)
      assert.truthy(err:find("inside run"))
      assert.is_true(pcall(cohort.checkpoint))
      assert.equal(7, cohort.main(function(x) return x end, 7))
    end)
  end)

  it("may be called again, after errors too", function()
    for i = 1, 20 do
      assert.equal(i, cohort.run(function() return i end))
      raised(cohort.run, error, "x")
    end
    assert.equal(7, cohort.main(function(x) return x end, 7))
  end)

  it("works inside a coroutine", function()
    local co = coroutine.wrap(function()
      local result = virtual(function()
        cohort.sleep(1)
        return cohort.now()
      end)
      coroutine.yield(result)
      return virtual(function() return "again" end)
    end)
    assert.equal(1, co())
    assert.equal("again", co())
  end)

  it("takes a callable", function()
    assert.equal(7, cohort.run(setmetatable({}, { __call = function(_, x) return x end }), 7))
  end)

  it("refuses misuse before anything is opened", function()
    local function misuse(pattern, ...)
      local err = raised(function(...) cohort.run(...) end, ...)
      assert.truthy(err:find("run_spec.lua:%d+: .*" .. pattern))
      assert.equal(0, core.debug_counts().handles)
    end
    misuse "run expects a function, got no value"
    misuse("run expects a function, got number", 7)
    misuse("run expects a function, got nil", {}, nil)
    misuse("no option 'clocks': did you mean 'clock'", { clocks = 1 }, nothing)
    misuse("'clock' expects a clock of cohort.testing", { clock = 1 }, nothing)
    misuse("'clock' expects a clock of cohort.testing", { clock = io.stdout }, nothing)
    misuse("'signals' expects true or false", { signals = 1 }, nothing)
    misuse("'seed' expects a whole number of 1 or more", { seed = 0 }, nothing)
  end)

  it("opens nothing before and leaves nothing after", function()
    assert.equal(0, core.debug_counts().handles)
    assert.equal(0, core.debug_counts().tasks)
    cohort.run(function()
      assert.is_true(core.debug_counts().handles > 0)
      assert.equal(1, core.debug_counts().tasks)
    end)
    local counts = core.debug_counts()
    assert.same({ 0, 0, 0 }, { counts.handles, counts.tasks, counts.bytes })
  end)

  it("prints nothing and changes no exit status", function()
    local result = child.run [[
      local cohort = require "cohort"
      pcall(cohort.run, error, "x")
      pcall(cohort.run, cohort.sleep_forever)
      cohort.run(function() cohort.sleep(0.001) end)
    ]]
    assert.same({ 0, "", "" }, { result.code, result.out, result.err })
  end)
end)

describe("the option seed", function()
  local function order(seed)
    local log = {}
    cohort.run({ seed = seed, clock = testing.clock { autojump = true } }, function()
      cohort.group(function(g)
        for i = 1, 8 do
          g:spawn(function()
            for _ = 1, 4 do
              log[#log + 1] = i
              cohort.checkpoint()
            end
          end)
        end
      end)
    end)
    return table.concat(log, " ")
  end

  it("gives the same schedule for the same number", function()
    for _, seed in ipairs { 1, 2, 42, 2 ^ 40 | 0 } do assert.equal(order(seed), order(seed)) end
  end)

  it("gives other schedules for other numbers, and the plain one without", function()
    local seen, count = {}, 0
    for seed = 1, 20 do
      local text = order(seed)
      if not seen[text] then count = count + 1 end
      seen[text] = true
    end
    assert.is_true(count > 15)
    assert.equal(order(nil), order(nil))
    assert.equal(("1 2 3 4 5 6 7 8 "):rep(4):sub(1, -2), order(nil))
  end)

  it("changes no result of a program that does not depend on order", function()
    for seed = 1, 20 do
      local sum = 0
      cohort.run({ seed = seed, clock = testing.clock { autojump = true } }, function()
        cohort.group(function(g)
          for i = 1, 10 do
            g:spawn(function()
              if cohort.move_on_after(i % 3, cohort.sleep, 1.5) then sum = sum + 1 end
            end)
          end
        end)
      end)
      assert.equal(3, sum)
    end
  end)

  it("makes entering a block no switch, however deep", function()
    for _, seed in ipairs { false, 1, 2, 3 } do
      cohort.run({ seed = seed or nil }, function()
        local running
        local function down(n)
          if n == 0 then return running end
          return cohort.shield(down, n - 1)
        end
        cohort.group(function(g)
          for i = 1, 8 do
            g:spawn(function()
              cohort.checkpoint()
              running = i
              assert.equal(i, down(300))
              assert.equal(i, running)
            end)
          end
        end)
      end)
    end
  end)
end)

describe("outside run", function()
  it("what needs a task says so", function()
    assert.truthy(raised(cohort.group, nothing):find("inside cohort.main"))
    assert.truthy(raised(cohort.open_group):find("inside cohort.main"))
    assert.is_nil(cohort.current_task())
  end)

  it("objects of a run that is over are harmless", function()
    local kept = {}
    virtual(function()
      kept.scope = cohort.current_scope()
      cohort.group(function(g)
        kept.group, kept.of_group = g, g.scope
        kept.task = g:spawn(function() return 7 end)
      end)
      cohort.move_on_after(1, function() kept.plain = cohort.current_scope() end)
    end)
    collectgarbage()
    assert.equal(7, kept.task:result())
    assert.truthy(raised(kept.group.spawn, kept.group, nothing):find("has ended"))
    for _, name in ipairs { "scope", "of_group", "plain" } do
      local s = kept[name]
      s:cancel("late")
      assert.is_true(s.cancel_called)
      assert.truthy(tostring(s):find("ended"))
      assert.is_false(pcall(function() s.shield = true end))
    end
    assert.equal(0, #kept.group)
    kept.group:cancel()
    kept.task:cancel()
    assert.equal("done", kept.task:status())
  end)
end)
