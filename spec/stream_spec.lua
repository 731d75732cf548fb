-- Streams: producers that run on demand.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

local function on_close(f) return setmetatable({}, { __close = f }) end

local function collect(s)
  local values = {}
  for v in s do values[#values + 1] = v end
  return values
end

describe("a stream", function()
  it("gives what is emitted, all values of it, and ends with its function", function()
    virtual(function()
      local log = {}
      for a, b, c in cohort.stream(function(emit)
        emit(1, nil, "x")
        emit(false)
      end) do
        log[#log + 1] = table.pack(a, b, c)
      end
      assert.same({ { n = 3, 1, nil, "x" }, { n = 3, false } }, log)
      assert.same({}, collect(cohort.stream(function() end)))
    end)
  end)

  it("runs its producer on demand only: nothing ahead of who asks", function()
    virtual(function()
      local log = {}
      local s <close> = cohort.stream(function(emit)
        for i = 1, 3 do
          log[#log + 1] = "make " .. i
          emit(i)
        end
        log[#log + 1] = "end"
      end)
      cohort.sleep(1)
      assert.same({}, log)
      assert.equal(1, s())
      cohort.sleep(1)
      assert.same({ "make 1" }, log)
      assert.equal(2, s())
      assert.equal(3, s())
      cohort.sleep(1)
      assert.same({ "make 1", "make 2", "make 3" }, log)
      assert.equal(1, select("#", s()))
      assert.same({ "make 1", "make 2", "make 3", "end" }, log)
      assert.is_nil(s())
    end)
  end)

  it("may wait between its values, and emit inside scopes, groups and tasks of its own", function()
    virtual(function()
      local values = collect(cohort.stream(function(emit)
        cohort.sleep(1)
        cohort.fail_after(10, emit, 1)
        cohort.group(function(g)
          emit(2)
          g:spawn(function()
            cohort.sleep(1)
            emit(3)
          end)
        end)
        local _ <close> = cohort.open_scope { timeout = 5 }
        emit(4)
      end))
      assert.same({ 1, 2, 3, 4 }, values)
      assert.equal(2, cohort.now())
    end)
  end)

  it("takes the values of many tasks, each once", function()
    virtual(function()
      local sum, count = 0, 0
      for v in cohort.stream(function(emit)
        cohort.group(function(g)
          for i = 1, 10 do
            g:spawn(function()
              for j = 1, 5 do
                cohort.sleep((i * j) % 3)
                emit(i * 100 + j)
              end
            end)
          end
        end)
      end) do
        sum, count = sum + v, count + 1
        cohort.sleep(v % 2)
      end
      assert.equal(50, count)
      assert.equal(5500 * 5 + 150, sum)
    end)
  end)

  it("nests: streams of streams, two at a time, one inside a function form", function()
    virtual(function()
      local function from(n) return cohort.stream(function(emit)
        for i = n, n + 5 do
          cohort.checkpoint()
          emit(i)
        end
      end) end
      local function evens(s) return cohort.stream(function(emit)
        for v in s do
          if v % 2 == 0 then emit(v) end
        end
      end) end
      assert.same({ 2, 4, 6 }, collect(evens(from(1))))
      local a, b, pairs_of = from(1), from(11), {}
      for v in a do pairs_of[#pairs_of + 1] = v + b() end
      assert.same({ 12, 14, 16, 18, 20, 22 }, pairs_of)
      assert.is_nil(b())
      local c <close> = from(1)
      assert.is_true((cohort.move_on_after(5, function() assert.equal(6, #collect(c)) end)))
    end)
  end)

  it("raises what its producer raises, bare, in the step that asked, with its traceback, and ends", function()
    virtual(function()
      local value, line = {}, nil
      for _, err in ipairs { value, "text", 5, false } do
        local s <close> = cohort.stream(function(emit)
          emit(1)
          error(err, 0)
        end)
        assert.equal(1, s())
        assert.equal(err, raised(s))
        assert.is_nil(s())
      end
      local function parse()
        line = debug.getinfo(1, "l").currentline + 1
        error "broken"
      end
      local eg = raised(cohort.group, function(g)
        g:spawn(function() collect(cohort.stream(function() parse() end)) end)
      end)
      assert.matches(("stream_spec.lua:%d: broken"):format(line), eg:sole())
      assert.matches(("stream_spec.lua:%d: in [^\n]*parse"):format(line), tostring(eg))
    end)
  end)

  it("leaves groups of its producer as they are", function()
    virtual(function()
      local err = raised(collect, cohort.stream(function()
        cohort.group(function(g) g:spawn(error, "x", 0) end)
      end))
      assert.same({ "x" }, tasks.shape(err))
    end)
  end)

  it("closes what its producer left open before the end is told", function()
    virtual(function()
      local err = raised(collect, cohort.stream(function(emit)
        cohort.open_scope()
        emit(1)
      end))
      assert.matches("this scope was never closed", err)
    end)
  end)
end)

describe("closing a stream", function()
  it("cancels the producer and waits for it; its clean-up may wait; nothing leaks out", function()
    virtual(function()
      local log = {}
      do
        local s <close> = cohort.stream(function(emit)
          local _ <close> = on_close(function()
            cohort.shield(cohort.sleep, 1)
            log[#log + 1] = "closed"
          end)
          for i = 1, math.huge do emit(i) end
        end)
        for v in s do
          if v == 3 then break end
        end
        log[#log + 1] = "left"
      end
      assert.same({ "left", "closed" }, log)
      assert.equal(1, cohort.now())
      assert.is_false(cohort.cancelled())
      cohort.checkpoint()
    end)
  end)

  it("before the first value never begins the producer", function()
    virtual(function()
      local s
      do
        local t <close> = cohort.stream(error)
        s = t
      end
      assert.is_nil(s())
    end)
  end)

  it("raises what clean-up raises, and beside an error on its way both", function()
    virtual(function()
      local function bad(emit)
        local _ <close> = on_close(function() error("clean-up", 0) end)
        emit(1)
      end
      assert.equal("clean-up", raised(function()
        local s <close> = cohort.stream(bad)
        s()
      end))
      assert.same({ "body", "clean-up" }, tasks.shape(raised(function()
        local s <close> = cohort.stream(bad)
        s()
        error("body", 0)
      end)))
      assert.equal("body", raised(function()
        local s <close> = cohort.stream(function(emit) emit(1) end)
        s()
        error("body", 0)
      end))
    end)
  end)

  it("is for the task that made it", function()
    virtual(function()
      local s <close> = cohort.stream(function(emit) emit(1) end)
      local err
      cohort.group(function(g)
        g:spawn(function()
          err = raised(function() local _ <close> = s end)
        end)
      end)
      assert.matches("stream_spec.lua:%d+: a stream is closed by the task that made it", err)
      assert.equal(1, s())
    end)
  end)

  it("is done by the end of the task or group around it when it was left open", function()
    virtual(function()
      local log = {}
      cohort.group(function(g)
        g:spawn(function()
          local s = cohort.stream(function(emit)
            local _ <close> = on_close(function() log[#log + 1] = "closed" end)
            emit(1)
          end)
          s()
        end)
      end)
      assert.same({ "closed" }, log)
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)
end)

describe("a stream that was left open", function()
  local child = require "spec.support.child"

  it("warns with the line; one that ended does not", function()
    local result = child.run [[
      local cohort = require "cohort"
      cohort.run(function()
        cohort.scope(function()
          local s = cohort.stream(function(emit) emit(1) end)
          s()
        end)
        cohort.scope(function()
          local s, t = cohort.stream(function(emit) emit(1) end), cohort.stream(function() end)
          while s() do end
          t()
        end)
      end)
    ]]
    local _, count = result.err:gsub("Lua warning", "")
    assert.equal(1, count)
    assert.matches(":4: this stream was left open: write 'local s <close> = cohort.stream", result.err)
  end)
end)

describe("cancellation around a stream", function()
  it("reaches consumer and producer, and comes out as one Cancelled", function()
    virtual(function()
      local log = {}
      local caught = cohort.scope({ timeout = 2.5 }, function()
        for v in cohort.stream(function(emit)
          local _ <close> = on_close(function(_, err) log[#log + 1] = tasks.is_cancelled(err) end)
          for i = 1, math.huge do
            cohort.sleep(1)
            emit(i)
          end
        end) do
          log[#log + 1] = v
        end
      end)
      assert.is_false(caught)
      assert.same({ 1, 2, true }, log)
    end)
  end)

  it("of the producer alone is no end: the step raises Aborted, with the reason", function()
    virtual(function()
      local s <close> = cohort.stream(function(emit)
        emit(1)
        cohort.current_task():cancel "enough"
        emit(2)
      end)
      assert.equal(1, s())
      local err = raised(s)
      assert.is_true(cohort.is(err, cohort.Aborted))
      assert.equal("enough", err.reason.text)
      assert.is_nil(s())
    end)
  end)

  it("that cuts the producer is no end to one who asks out of its reach", function()
    virtual(function()
      local got, err = {}, nil
      cohort.move_on_after(1.5, function()
        local s <close> = cohort.stream(function(emit)
          for i = 1, math.huge do
            cohort.sleep(1)
            emit(i)
          end
        end)
        err = cohort.shield(raised, function()
          for v in s do got[#got + 1] = v end
        end)
      end)
      assert.same({ 1 }, got)
      assert.is_true(cohort.is(err, cohort.Aborted))
    end)
  end)

  it("by closing it ends the steps of others, as an end", function()
    virtual(function()
      local got
      cohort.group(function(g)
        local s <close> = cohort.stream(function(emit)
          emit(1)
          cohort.sleep(5)
          emit(2)
        end)
        assert.equal(1, s())
        g:spawn(function() got = table.pack(s()) end)
        cohort.sleep(1)
      end)
      assert.same({ n = 1 }, got)
    end)
  end)

  it("is seen by each step: by the first, which then begins nothing, and by those after the end", function()
    virtual(function()
      local begun = 0
      local s <close> = cohort.stream(function(emit)
        begun = begun + 1
        emit(begun)
      end)
      local function cancelled_step()
        local err
        cohort.scope(function(scope)
          scope:cancel()
          err = raised(s)
        end)
        return tasks.is_cancelled(err)
      end
      assert.is_true(cancelled_step())
      cohort.checkpoint()
      assert.equal(0, begun)
      assert.same({ 1 }, { s(), s() })
      assert.is_true(cancelled_step())
      assert.is_nil(s())
    end)
  end)

  it("of one asker loses no value: the next one who asks gets it", function()
    virtual(function()
      local got = {}
      local s <close> = cohort.stream(function(emit)
        for i = 1, 20 do
          cohort.sleep(1)
          emit(i)
        end
      end)
      for i = 0, 100 do
        local done
        cohort.move_on_after(i % 7 * 0.25, function()
          for v in s do got[#got + 1] = v end
          done = true
        end)
        if done then break end
      end
      for i = 1, 20 do assert.equal(i, got[i]) end
      assert.equal(20, #got)
    end)
  end)
end)

describe("emit", function()
  it("refuses nil, which ends loops, at its line", function()
    virtual(function()
      local err
      collect(cohort.stream(function(emit) err = raised(function() emit(nil) end) end))
      assert.matches("stream_spec.lua:%d+: emit expects a value, got nil", err)
    end)
  end)

  it("raises Broken when the stream has ended", function()
    virtual(function()
      local kept
      collect(cohort.stream(function(emit) kept = emit end))
      assert.is_true(cohort.is(raised(kept, 1), cohort.Broken))
      do
        local s <close> = cohort.stream(function(emit)
          kept = emit
          emit(1)
        end)
        s()
      end
      assert.is_true(cohort.is(raised(kept, 1), cohort.Broken))
    end)
  end)
end)

describe("stream", function()
  it("tells what it is, and what it expects", function()
    virtual(function()
      local s <close> = cohort.stream(function(emit) emit(1) end)
      assert.equal("stream (not begun)", tostring(s))
      s()
      assert.equal("stream (open)", tostring(s))
      s()
      assert.equal("stream (ended)", tostring(s))
    end)
    local err = raised(function() cohort.stream(print) end)
    assert.matches("stream_spec.lua:%d+: stream: no task runs here", err)
    assert.matches("stream_spec.lua:%d+: stream expects a function, got nil",
      raised(function() cohort.stream() end))
  end)

  it("that nobody can go on with is a deadlock that says what is waited for", function()
    local text = tostring(raised(virtual, function()
      local s <close> = cohort.stream(cohort.sleep_forever)
      s()
    end))
    assert.matches("waits for stream %(open%) at [^\n]*stream_spec.lua", text)
  end)
end)
