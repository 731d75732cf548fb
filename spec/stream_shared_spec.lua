-- Streams that several tasks ask, and not only the one that made it.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

local function collect(s)
  local values = {}
  for v in s do values[#values + 1] = v end
  return values
end

describe("a stream that several tasks ask", function()
  it("gives each value to one of them, in turn, and all an end", function()
    virtual(function()
      local got, ends = {}, {}
      local s <close> = cohort.stream(function(emit)
        for i = 1, 8 do
          cohort.sleep(1)
          emit(i)
        end
      end)
      cohort.group(function(g)
        for k = 1, 4 do
          g:spawn(function()
            for v in s do got[#got + 1] = k .. ":" .. v end
            ends[#ends + 1] = cohort.now()
          end)
        end
      end)
      assert.same({ "1:1", "2:2", "3:3", "4:4", "1:5", "2:6", "3:7", "4:8" }, got)
      assert.same({ 8, 8, 8, 8 }, ends)
    end)
  end)

  it("gives each a value as it comes, also when none asks again", function()
    virtual(function()
      local got = {}
      local s <close> = cohort.stream(function(emit)
        for i = 1, 9 do
          cohort.sleep(1)
          emit(i)
        end
      end)
      cohort.group(function(g)
        for k = 1, 3 do
          g:spawn(function() got[k] = { s(), cohort.now() } end)
        end
      end)
      assert.same({ { 1, 1 }, { 2, 2 }, { 3, 3 } }, got)
    end)
  end)

  it("whose task ended before it began raises that once, and is at its end", function()
    virtual(function()
      local s
      cohort.group(function(g)
        g:spawn(function() s = cohort.stream(function(emit) emit(1) end) end)
      end)
      assert.matches("has ended", raised(s))
      assert.same({}, collect(s))
    end)
  end)
end)

describe("closing a stream that others ask", function()
  it("ends the loops of other tasks, without an error", function()
    virtual(function()
      local ended
      cohort.group(function(g)
        do
          local s <close> = cohort.stream(function(emit)
            emit(1)
            cohort.sleep_forever()
          end)
          g:spawn(function() ended = collect(s) end)
          cohort.sleep(1)
        end
      end)
      assert.same({ 1 }, ended)
    end)
  end)

  it("ends the loop of a task that is about to begin it, and the producer at its first value", function()
    virtual(function()
      local ended = {}
      cohort.group(function(g)
        local s <close> = cohort.stream(function(emit) for i = 1, 9 do emit(i) end end)
        for i = 1, 2 do g:spawn(function() ended[i] = collect(s) end) end
        cohort.checkpoint()
      end)
      assert.same({ {}, {} }, ended)
    end)
  end)
end)
