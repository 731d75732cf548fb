-- Select when it is cancelled, and many of them among each other.
local child = require "spec.support.child"
local cohort = require "cohort"
local tasks = require "spec.support.tasks"
local testing = require "cohort.testing"

local virtual, raised, is_cancelled = tasks.virtual, tasks.raised, tasks.is_cancelled

local function in_group(f)
  return virtual(cohort.group, f)
end

-- A function that returns `name` and what it was given.
local function named(name)
  return function(...) return name, ... end
end

describe("cancelling a select", function()
  it("leaves every queue, and nothing has happened", function()
    in_group(function(g)
      local s1, r1 = cohort.channel()
      local s2, r2 = cohort.channel()
      local event = cohort.event()
      local other = g:spawn(cohort.sleep, 5)
      local task = g:spawn(cohort.select, { { r1 }, { s2, 1 }, { event }, { other }, timeout = 9 })
      cohort.checkpoint()
      assert.matches("1 receiver waiting", tostring(r1))
      task:cancel()
      assert.is_false(s1:offer(1))
      assert.is_false((r2:poll()))
      assert.matches("%(0 of 0 items%)$", tostring(r1))
      assert.matches("%(not set%)$", tostring(event))
      task:wait()
      assert.equal("cancelled", task:status())
    end)
  end)

  it("that is cancelled already raises before anything happens, though a case is ready", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      send(1)
      cohort.scope(function(scope)
        scope:cancel()
        assert.is_true(is_cancelled(raised(cohort.select, { { receive } })))
        assert.is_true(is_cancelled(raised(cohort.select, { { receive }, otherwise = error })))
      end)
      assert.equal(1, #receive)
    end)
  end)

  it("comes too late when a case has happened: its function runs, and the next wait raises", function()
    in_group(function(g)
      local send, receive = cohort.channel()
      local got, err
      local task = g:spawn(function()
        cohort.select { { receive, function(v)
          got = v
          err = raised(cohort.checkpoint)
          error(err, 0)
        end } }
      end)
      cohort.checkpoint()
      send "x"
      task:cancel()
      task:wait()
      assert.equal("x", got)
      assert.is_true(is_cancelled(err))
    end)
  end)
end)

describe("select", function()
  it("keeps what it was called with, whatever becomes of the table", function()
    in_group(function(g)
      local send, cases = cohort.channel()
      cases = { { cases, named "first" }, timeout = 50 }
      local task = g:spawn(cohort.select, cases)
      cohort.checkpoint()
      cases[1][1], cases[1][2], cases[1], cases.timeout = nil, nil, nil, nil
      collectgarbage()
      collectgarbage()
      send "x"
      assert.same({ "first", "x" }, { task:join() })
    end)
  end)

  it("reads its table raw", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      send(1)
      local strict = { __index = function() error "read" end, __len = function() error "measured" end,
        __pairs = error }
      local case = setmetatable({ receive }, strict)
      assert.same({ 1, 1 }, { cohort.select(setmetatable({ case }, strict)) })
    end)
  end)

  it("lets nobody starve when a case is always ready", function()
    in_group(function(g)
      local event = cohort.event()
      event:set()
      local others = 0
      g:spawn_daemon(function()
        while true do
          others = others + 1
          cohort.checkpoint()
        end
      end)
      for _ = 1, 1000 do cohort.select { { event } } end
      assert.is_true(others > 10)
    end)
  end)

  it("stands in the report of a deadlock", function()
    local err = raised(virtual, function()
      local _, receive = cohort.channel()
      cohort.current_task().name = "main"
      cohort.select { { receive } }
    end)
    assert.matches("'main' waits for one of several things at", err.message)
  end)

  it("is ended by the end of the state, in whatever queues it stands", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        local send, receive = cohort.channel()
        local event = cohort.event()
        cohort.group(function(g)
          local task = g:spawn(cohort.sleep, 50)
          for _ = 1, 3 do g:spawn(cohort.select, { { send, 1 }, { event }, { task }, timeout = 3 }) end
          for _ = 1, 3 do g:spawn(cohort.select, { { event }, { task } }) end
          g:spawn(function()
            local _ <close> = setmetatable({}, { __close = function()
              event:set()
              io.write("closed\n")
            end })
            cohort.select { { event }, timeout = 9 }
          end)
          cohort.checkpoint()
          os.exit(4, true)
        end)
      end)
    ]]
    assert.same({ 4, "closed\n", "" }, { result.code, result.out, result.err })
  end)

  it("refuses what is no case, before anything happens", function()
    virtual(function()
      local send, receive = cohort.channel(1)
      local function refuses(text, cases)
        local err = raised(function() cohort.select(cases) end)
        assert.matches("^[^\n]*select_cancel_spec.lua:%d+: ", err)
        assert.is_truthy(err:find(text, 1, true), err)
        assert.equal(0, #receive)
      end
      local ready = { send, 1 }
      refuses("a table of cases, got nil: write select{{receive, f}, {send, value, f}}", nil)
      refuses("a table of cases, got cohort.Receiver", receive)
      refuses("at least one case", {})
      refuses("at least one case", { timeout = math.huge })
      refuses("a table as case 2, got function", { ready, print })
      refuses("a table as case 2, got cohort.Receiver", { ready, receive })
      refuses("{task, f} or {event, f} as case 2, got a table with nil first", { ready, {} })
      refuses("as case 2, got a table with cohort.Lock first", { ready, { cohort.lock() } })
      refuses("a value that is not nil to send in case 2: write {send, value, f}", { ready, { send } })
      refuses("a function as the last of case 2, got number", { ready, { receive, 1 } })
      refuses("a function as the last of case 2, got string", { ready, { send, 1, "f" } })
      refuses("one function in case 2", { ready, { receive, print, print } })
      refuses("a task cannot wait for its own end, as in case 2", { ready, { cohort.current_task() } })
      refuses("leave out what is nil before case 9", { ready, [9] = ready })
      refuses("case 2, got nil: leave out what is nil", { ready, nil, ready })
      refuses("'timeout' and 'otherwise' beside its cases, and not 'timeuot'", { ready, timeuot = 1 })
      refuses("a key that is a boolean", { ready, [true] = 1 })
      refuses("a key that is a number", { ready, [0] = ready })
      for _, wrong in ipairs { -1, 0 / 0, "1", true } do
        refuses("option 'timeout' expects zero or more seconds", { ready, timeout = wrong })
      end
      refuses("option 'otherwise' expects a function, got boolean", { ready, otherwise = true })
    end)
    local send = cohort.channel(1)
    assert.matches("no task runs here", raised(function() cohort.select { { send, 1 } } end))
    assert.matches("no task runs here", raised(function() cohort.select { { send, 1 }, timeout = 1 } end))
  end)
end)

---------------------------------------------------------------------------
-- Selects among each other, cut at every possible point

-- Three channels, and tasks that send into and receive from any two of them. `act` happens in one pass.
local function run_cut(capacity, pass, act, seed)
  return cohort.run({ clock = testing.clock { autojump = true }, signals = false, seed = seed }, function()
    local sends, receives, fate, got, workers, passes = {}, {}, {}, {}, {}, 0
    for i = 1, 3 do sends[i], receives[i] = cohort.channel(capacity) end
    local function take(item)
      assert(not got[item], "twice: " .. item)
      got[item] = true
    end
    local function work(name, a, b, timeout)
      for i = 1, 5 do
        local item = name .. i
        fate[item] = "not"
        local number, value = cohort.select {
          { sends[a], item }, { receives[b] }, { sends[b], item }, { receives[a] }, timeout = timeout }
        if number == 1 or number == 3 then fate[item] = "sent" elseif number then take(value) end
      end
    end
    cohort.move_on_after(100, cohort.group, function(g)
      for i = 1, 6 do
        workers[i] = g:spawn(work, ("abcdef"):sub(i, i), i % 3 + 1, (i + 1) % 3 + 1, i % 2 == 0 and i or nil)
      end
      while passes < pass do
        if #g == 0 then return end
        passes = passes + 1
        cohort.checkpoint()
      end
      act(workers, receives)
    end)
    for i = 1, 3 do
      for _ = 1, #receives[i] do take(select(2, receives[i]:poll())) end
      assert.is_false((receives[i]:poll()))
      assert.matches("%(0 of %d+ items%)$", tostring(sends[i]))
    end
    for item, is in pairs(fate) do
      if is == "sent" then assert(got[item], "lost: " .. item) end
      if is == "not" then assert(not got[item], "its select did not send it: " .. item) end
    end
    return passes < pass
  end)
end

describe("selects among each other lose nothing and double nothing", function()
  it("whoever is cancelled in whatever pass", function()
    local cuts = 0
    for _, capacity in ipairs { 0, 1, 3 } do
      for victim = 1, 6 do
        local pass = 0
        while not run_cut(capacity, pass, function(workers) workers[victim]:cancel() end) do
          pass = pass + 1
          cuts = cuts + 1
          assert(pass < 100)
        end
      end
    end
    assert.is_true(cuts > 50)
  end)

  it("under any schedule", function()
    for seed = 1, 200 do
      run_cut(seed % 3, seed % 7, function(workers)
        workers[seed % 6 + 1]:cancel()
        workers[seed % 5 + 1]:cancel()
      end, seed)
    end
    assert.is_true(true)
  end)
end)
