-- Streams in memory with faults: delays, parts, resets, all drawn from a seed.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual
local stream_pair = cohort.testing.stream_pair

-- What a reader sees of `text`: each piece with the time it came at.
local function watch(options, text)
  local log = {}
  virtual(function()
    local a, b = stream_pair(options)
    local _ <close> = b
    cohort.group(function(g)
      g:spawn(function()
        for word in text:gmatch "%S+%s*" do
          a:write(word)
          cohort.sleep(1)
        end
        a:close()
      end)
      for piece in function() return b:read_some() end do
        log[#log + 1] = ("%s@%.9f"):format(piece, cohort.now())
      end
      log[#log + 1] = ("end@%.9f"):format(cohort.now())
    end)
  end)
  return log
end

local text = "one two three four five six seven"

local function joined(log)
  return (table.concat(log, "", 1, #log - 1):gsub("@[%d.]+", ""))
end

describe("testing.stream_pair", function()
  it("without options is as net.pair", function()
    local log = watch(nil, "one two")
    assert.same({ "one @0.000000000", "two@1.000000000", "end@2.000000000" }, log)
  end)

  it("does the same for the same seed, and something else for another", function()
    local seen, count = {}, 0
    for seed = 1, 20 do
      local options = { seed = seed, delay = { 0, 3 }, split = true }
      local log = watch(options, text)
      assert.same(log, watch(options, text))
      assert.equal(text, joined(log))
      local key = table.concat(log)
      if not seen[key] then seen[key], count = true, count + 1 end
    end
    assert.equal(20, count)
  end)

  it("delays what is written, by the clock of the runtime, within its limits", function()
    for seed = 1, 20 do
      local log = watch({ seed = seed, delay = { 2, 3 } }, "word")
      local at, ended = tonumber(log[1]:match "@(.*)"), tonumber(log[2]:match "@(.*)")
      assert.is_true(at >= 2 and at <= 3)
      assert.is_true(ended >= 3 and ended <= 6)
    end
    assert.same({ "word@5.000000000", "end@10.000000000" }, watch({ delay = { 5, 5 } }, "word"))
  end)

  it("splits what is read, at every place sooner or later", function()
    local lengths = {}
    for seed = 1, 200 do
      local log = watch({ seed = seed, split = true }, "abcde")
      lengths[#log[1]:match "^(.*)@"] = true
      assert.equal("abcde", joined(log))
    end
    assert.same({ true, true, true, true, true }, lengths)
  end)

  it("resets after so many bytes of both directions: those arrive, then both ends are Broken", function()
    for after = 0, 12 do
      virtual(function()
        local a <close>, b = stream_pair { reset_after = after }
        local _ <close> = b
        local sent = "12345"
        local err
        while not err do
          local ok, e = pcall(a.write, a, sent)
          if not ok then err = e end
        end
        assert.is_true(cohort.is(err, cohort.Broken))
        assert.equal("ECONNRESET", err.code)
        if after > 0 then assert.equal(("12345"):rep(3):sub(1, after), b:read(after)) end
        for _, s in ipairs { a, b } do
          assert.is_true(cohort.is(raised(s.read, s), cohort.Broken))
          assert.is_true(cohort.is(raised(s.write, s, "x"), cohort.Broken))
          assert.is_true(cohort.is(raised(s.shutdown, s), cohort.Broken))
        end
      end)
    end
  end)

  it("wakes those who wait when it resets: a reader and a writer of each end", function()
    virtual(function()
      local a <close>, b = stream_pair { reset_after = 25, capacity = 10 }
      local _ <close> = b
      cohort.group(function(g)
        local waiting = { g:spawn(pcall, a.read, a), g:spawn(pcall, a.write, a, ("x"):rep(20)),
          g:spawn(pcall, b.write, b, ("y"):rep(30)) }
        cohort.sleep(1)
        assert.equal(("x"):rep(10), b:read(10))
        for _, task in ipairs(waiting) do
          local ok, err = task:join()
          assert.is_false(ok)
          assert.is_true(cohort.is(err, cohort.Broken))
        end
      end)
    end)
  end)

  it("wakes a read that waits for what is on its way when its end is closed or it is cancelled", function()
    virtual(function()
      local a <close>, b = stream_pair { delay = { 100, 100 } }
      a:write("late\n")
      cohort.group(function(g)
        assert.is_false(cohort.move_on_after(1, b.read, b))
        local reader = g:spawn(pcall, b.read, b)
        cohort.sleep(1)
        assert.is_true(cohort.is(raised(b.read, b), cohort.Busy))
        b:close()
        assert.is_true(cohort.is(select(2, reader:join()), cohort.Closed))
        assert.equal(2, cohort.now())
      end)
    end)
  end)

  it("lets a copy wait for what is on its way", function()
    virtual(function()
      local a, b = stream_pair { delay = { 10, 10 }, split = true }
      local c, d = stream_pair { delay = { 10, 10 } }
      local _ <close> = b
      local _ <close> = d
      a:write("through two delays")
      a:close()
      cohort.group(function(g)
        g:spawn(function()
          b:copy_to(c)
          c:close()
        end)
        assert.equal("through two delays", d:read "a")
        assert.is_true(cohort.now() >= 20)
      end)
    end)
  end)

  it("wakes a read though its delay is over before that waits, which a real clock can do", function()
    cohort.run(function()
      local a <close>, b = stream_pair { delay = { 0, 1e-6 }, capacity = 100 }
      local _ <close> = b
      local long = ("x"):rep(100000)
      cohort.group(function(g)
        g:spawn(a.write, a, long)
        assert.equal(long, b:read_exactly(#long))
      end)
    end)
  end)

  it("refuses what makes no sense", function()
    virtual(function()
      for option, bad in pairs { seed = 0, delay = { 2, 1 }, split = 1, reset_after = -1, capacity = 0 } do
        assert.matches("faulty_spec.lua:%d+: option '" .. option .. "' expects",
          raised(function() stream_pair { [option] = bad } end))
      end
      for _, delay in ipairs { 1, "x", {}, { 1 }, { -1, 1 }, { 0, math.huge }, { 0 / 0, 1 }, { "0", 1 } } do
        assert.matches("option 'delay' expects", raised(function() stream_pair { delay = delay } end))
      end
    end)
  end)
end)
