-- Cancel scopes: what cancel does, which scope ends a cancellation, what the forms return, the object.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function is_cancelled(err) return cohort.is(err, cohort.Cancelled) end

local function nothing() end

describe("cancel", function()
  it("is idempotent, and the first reason stays", function()
    virtual(function()
      cohort.scope(function(s)
        s:cancel("first")
        s:cancel("second")
        s:cancel()
        assert.equal("first", s.reason.text)
        s.deadline = -1
        assert.equal("cancel", s.reason.kind)
      end)
    end)
  end)

  it("never raises in its caller, who is interrupted at the next checkpoint", function()
    virtual(function()
      local log = {}
      local whole = cohort.scope(function(s)
        assert.equal(0, select("#", s:cancel()))
        log[#log + 1] = "after cancel"
        cohort.checkpoint()
        log[#log + 1] = "after checkpoint"
      end)
      assert.is_false(whole)
      assert.same({ "after cancel" }, log)
    end)
  end)

  it("wakes a task that waits already, once, and in the next pass", function()
    virtual(function()
      local scope, woken = nil, 0
      cohort.group(function(g)
        g:spawn(function()
          cohort.scope(function(s)
            scope = s
            pcall(cohort.sleep_forever)
            woken = woken + 1
          end)
        end)
        cohort.checkpoint()
        scope:cancel()
        scope:cancel()
        assert.equal(0, woken)
        cohort.checkpoint()
        assert.equal(1, woken)
      end)
      assert.equal(1, woken)
    end)
  end)

  it("marks the whole subtree before any wait in it ends", function()
    virtual(function()
      local seen = {}
      cohort.group(function(g)
        local function look()
          cohort.scope(function()
            pcall(cohort.sleep_forever)
            seen[#seen + 1] = cohort.cancelled()
          end)
        end
        for _ = 1, 3 do g:spawn(look) end
        g:spawn(function() seen[#seen + 1] = cohort.cancelled() end)
        cohort.checkpoint()
        g:spawn(function() seen[#seen + 1] = cohort.cancelled() end)
        g:cancel()
      end)
      assert.same({ false, true, true, true, true }, seen)
    end)
  end)

  it("ends the waits in the order in which what they are in was opened, inner after outer", function()
    virtual(function()
      local log = {}
      local function wait(name)
        pcall(cohort.sleep_forever)
        log[#log + 1] = name
      end
      cohort.scope(function(s)
        cohort.group(function(g)
          g:spawn(function()
            cohort.checkpoint()
            cohort.group(function(inner)
              inner:spawn(wait, "first's child")
              wait("first")
            end)
          end)
          g:spawn(wait, "second")
          cohort.sleep(1)
          g:spawn(s.cancel, s)
          wait("host")
        end)
      end)
      assert.same({ "host", "first", "first's child", "second" }, log)
    end)
  end)

  it("lets no wait inside succeed afterwards that had not succeeded before", function()
    virtual(function()
      cohort.scope(function(s)
        cohort.group(function(g)
          local ended = g:spawn(nothing)
          cohort.checkpoint()
          s:cancel()
          assert.is_false(pcall(ended.wait, ended))
          assert.is_false(pcall(cohort.sleep, 0))
        end)
      end)
    end)
  end)

  it("reaches what is opened and spawned inside later", function()
    virtual(function()
      local reached
      local whole = cohort.scope(function(s)
        s:cancel()
        cohort.move_on_after(10, function()
          cohort.group(function(g)
            g:spawn(function()
              cohort.checkpoint()
              reached = true
            end)
          end)
        end)
      end)
      assert.is_false(whole)
      assert.is_nil(reached)
    end)
  end)

  it("does not outlive its scope", function()
    virtual(function()
      assert.is_true(cohort.scope(function(s)
        s:cancel()
        pcall(cohort.checkpoint)
      end))
      assert.is_true(pcall(cohort.checkpoint))
    end)
  end)

  it("of a task that waits for another cancels only the one that waits", function()
    virtual(function()
      cohort.group(function(g)
        local inner = g:spawn(cohort.sleep, 1)
        local outer = g:spawn(function() inner:wait() end)
        cohort.checkpoint()
        outer:cancel()
        outer:wait()
        assert.equal("cancelled", outer:status())
        assert.equal("waiting", inner:status())
      end)
    end)
  end)

  it("takes a string as reason, or nothing", function()
    virtual(function()
      cohort.scope(function(s)
        local ok, err = pcall(function() s:cancel {} end)
        assert.is_false(ok)
        assert.truthy(err:find("scope_spec.lua:%d+: cancel expects a reason as a string, .*, got table$"))
        assert.is_false(s.cancel_called)
      end)
    end)
  end)
end)

describe("the scope that ends a cancellation", function()
  -- Opens scopes around each other; `act(scopes)` runs innermost. Which of them were cut?
  local function nest(options, act)
    local scopes, cut, after = {}, {}, {}
    local function open(i)
      if i > #options then return act(scopes) end
      local whole = cohort.scope(options[i], function(s)
        scopes[i] = s
        open(i + 1)
        after[i] = true  -- code inside scope i, after scope i + 1
      end)
      cut[i] = not whole
    end
    virtual(function() open(1) end)
    for i, s in ipairs(scopes) do assert.equal(cut[i] or false, s.cancelled_caught) end
    return cut, after
  end

  it("is the outermost cancelled one, and code between is not reached", function()
    local cut, after = nest({ {}, {}, {} }, function(s)
      s[3]:cancel()
      s[2]:cancel()
      cohort.checkpoint()
    end)
    assert.same({ false, true }, cut)
    assert.same({ true }, after)
  end)

  it("is the outermost when that is cancelled while the error of an inner one is on its way", function()
    local cut, after = nest({ {}, {}, {} }, function(s)
      s[3]:cancel()
      local _ <close> = setmetatable({}, { __close = function() s[1]:cancel() end })
      cohort.checkpoint()
    end)
    assert.same({ true }, cut)
    assert.same({}, after)
  end)

  it("is the inner one when a shield lies between, and then the outer one", function()
    local cut, after = nest({ {}, { shield = true }, {} }, function(s)
      s[1]:cancel()
      s[3]:cancel()
      cohort.checkpoint()
    end)
    assert.same({ false, false, false }, { cut[1], cut[2], not cut[3] })
    assert.same({ true, true }, after)
  end)

  it("is the shielded one that is itself cancelled, whatever happens around it", function()
    local cut, after = nest({ {}, { shield = true } }, function(s)
      s[2]:cancel()
      local _ <close> = setmetatable({}, { __close = function() s[1]:cancel() end })
      cohort.checkpoint()
    end)
    assert.same({ false, true }, cut)
    assert.same({ true }, after)
  end)

  it("is never one that is not cancelled, though its shield is switched on meanwhile", function()
    local cut, after = nest({ {}, {} }, function(s)
      s[1]:cancel()
      local _ <close> = setmetatable({}, { __close = function() s[2].shield = true end })
      cohort.checkpoint()
    end)
    assert.same({ true }, cut)
    assert.same({}, after)
  end)

  it("absorbs nothing when nothing was raised", function()
    local cut, after = nest({ {}, {} }, function(s) s[1]:cancel() end)
    assert.same({ false, false }, cut)
    assert.same({ true, true }, after)
  end)
end)

describe("a Cancelled that reaches a place where nothing is cancelled", function()
  local function saved()
    local err
    cohort.scope(function(s)
      s:cancel()
      err = select(2, pcall(cohort.checkpoint))
    end)
    return err
  end

  it("is an error of its task", function()
    virtual(function()
      local ok, eg = pcall(cohort.group, function(g)
        g:spawn(function() error(saved(), 0) end)
      end)
      assert.is_false(ok)
      assert.is_false(is_cancelled(eg:sole()))
      assert.truthy(eg:sole().message:find("Cancelled was raised again"))
    end)
  end)

  it("is an error of main", function()
    local ok, err = pcall(virtual, function() error(saved(), 0) end)
    assert.is_false(ok)
    assert.is_true(cohort.is(err, cohort.Error))
    assert.truthy(err.message:find("Cancelled was raised again"))
  end)

  it("passes scopes that are not cancelled, and groups", function()
    for _, wrap in ipairs {
      cohort.scope, cohort.shield, cohort.group,
      function(f) return cohort.move_on_after(10, f) end,
      function(f) return cohort.fail_after(10, f) end,
    } do
      local reached
      local ok, err = pcall(virtual, function()
        wrap(function() error(saved(), 0) end)
        reached = true
      end)
      assert.is_false(ok)
      assert.is_false(is_cancelled(err))
      assert.is_nil(reached)
    end
  end)

  it("cannot be made by hand", function()
    assert.is_false(pcall(function() return cohort.Cancelled "text" end))
    assert.is_false(pcall(function() return cohort.error_type("Mine", cohort.Cancelled) "text" end))
  end)
end)

describe("the results of", function()
  local function many(n)
    local list = { n = n }
    for i = 1, n do list[i] = i % 3 ~= 0 and i or nil end
    return list
  end

  local forms = {
    move_on_after = { true, function(...) return cohort.move_on_after(9, ...) end },
    move_on_at = { true, function(...) return cohort.move_on_at(9, ...) end },
    scope = { true, function(f, ...) return cohort.scope(function(_, ...) return f(...) end, ...) end },
    ["scope with options"] = { true, function(f, ...)
      return cohort.scope({ timeout = 9 }, function(_, ...) return f(...) end, ...)
    end },
    fail_after = { false, function(...) return cohort.fail_after(9, ...) end },
    fail_at = { false, function(...) return cohort.fail_at(9, ...) end },
    shield = { false, function(...) return cohort.shield(...) end },
  }

  for name, form in pairs(forms) do
    local tells, call = form[1], form[2]

    it(("%s are those of its function, nils and 200 of them included"):format(name), function()
      virtual(function()
        for _, count in ipairs { 0, 1, 3, 200 } do
          local expected = many(count)
          for _, wait in ipairs { false, true } do
            local results = table.pack(call(function(...)
              if wait then cohort.sleep(0.5) end
              return ...
            end, table.unpack(expected, 1, count)))
            if tells then assert.is_true(table.remove(results, 1)) end
            results.n = results.n - (tells and 1 or 0)
            assert.same(expected, results)
          end
        end
      end)
    end)

    it(("%s are an error that passes through as it is"):format(name), function()
      virtual(function()
        for _, err in ipairs { "text", {}, false, 7 } do
          for _, wait in ipairs { false, true } do
            local ok, same = pcall(call, function()
              if wait then cohort.sleep(0.5) end
              error(err, 0)
            end)
            assert.is_false(ok)
            assert.is_true(rawequal(err, same))
          end
        end
        assert.same({ false, n = 2 }, table.pack(pcall(call, error)))
      end)
    end)
  end

  it("a form that was cut are false, an error, or nothing", function()
    virtual(function()
      assert.same({ false, n = 1 }, table.pack(cohort.move_on_after(1, cohort.sleep, 2)))
      assert.same({ false, n = 1 }, table.pack(cohort.move_on_at(2, cohort.sleep, 2)))
      assert.same({ false, n = 1 }, table.pack(cohort.scope(function(s)
        s:cancel()
        cohort.checkpoint()
        return "never"
      end)))
      assert.is_true(cohort.is(select(2, pcall(cohort.fail_after, 1, cohort.sleep, 2)), cohort.Timeout))
      assert.equal(0, select("#", cohort.shield(function()
        cohort.current_scope():cancel()
        cohort.checkpoint()
        return "never"
      end)))
    end)
  end)
end)

describe("the traceback of an error that passes through scopes", function()
  local function fail() error("same text", 0) end
  local function first() cohort.scope(fail) end
  local function second() cohort.move_on_after(1, cohort.shield, fail) end

  it("is from where it was raised, whatever was raised and caught before", function()
    virtual(function()
      local ok, eg = pcall(cohort.group, function(g)
        pcall(first)
        g:spawn(function() second() end)
        pcall(first)
        second()
      end)
      assert.is_false(ok)
      local count, line = 0, debug.getinfo(fail, "S").linedefined
      for _, details in eg:leaves() do
        count = count + 1
        assert.truthy(details.traceback:find("'second'"))
        assert.truthy(details.traceback:find("scope_spec.lua:" .. line .. ": in"))
        assert.is_nil(details.traceback:find("'first'"))
      end
      assert.equal(2, count)
    end)
  end)
end)
