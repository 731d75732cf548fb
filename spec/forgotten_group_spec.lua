-- Blocks with a group that were never closed: where that is found, what is said, what becomes of the tasks.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local virtual, raised, fail = tasks.virtual, tasks.raised, tasks.fail

--- Sleeps a second and appends to `log`.
local function late(log, word)
  cohort.sleep(1)
  log[#log + 1] = word
end

--- The line after the one where this is called.
local function next_line() return debug.getinfo(2, "l").currentline + 1 end

describe("a group that was never closed", function()
  -- What `f` raised, and that its task was cut and waited for; f(open) opens the group.
  local function forgotten(f)
    local log = {}
    local line
    local err = raised(f, function()
      line = next_line()
      local g = cohort.open_group()
      g:spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          cohort.shield(cohort.sleep, 1)
          log[#log + 1] = "joined"
        end })
        cohort.sleep_forever()
      end)
      return g
    end)
    assert.same({ "joined" }, log)
    return tostring(err), ("forgotten_group_spec.lua:%d: this group was never closed"):format(line)
  end

  it("is found at the end of its task, with an error that names the line of its opening", function()
    virtual(function()
      local err, expected = forgotten(function(open)
        cohort.group(function(g) g:spawn(open) end)
      end)
      assert.matches(expected, err)
    end)
    local err, expected = forgotten(virtual)
    assert.matches(expected, err)
  end)

  it("is found at the end of an outer group, in both forms", function()
    virtual(function()
      local err, expected = forgotten(function(open) cohort.group(function() open() end) end)
      assert.matches(expected, err)
      err, expected = forgotten(function(open) cohort.group(function() return open(), 2, 3 end) end)
      assert.matches(expected, err)
      err, expected = forgotten(function(open)
        local g <close> = cohort.open_group()
        open()
        return g
      end)
      assert.matches(expected, err)
    end)
  end)

  it("is found at the end of an outer scope, in both forms", function()
    virtual(function()
      for _, around in ipairs {
        cohort.scope,
        cohort.shield,
        function(f) return cohort.fail_after(9, f) end,
        function(f) return cohort.move_on_after(9, f) end,
        function(f)
          local _ <close> = cohort.open_scope()
          f()
        end,
      } do
        local err, expected = forgotten(function(open) around(function() open() end) end)
        assert.matches(expected, err)
      end
    end)
  end)

  it("inside a forgotten shield is cut too", function()
    virtual(function()
      local err, expected = forgotten(function(open)
        cohort.group(function()
          cohort.open_scope { shield = true }
          open()
        end)
      end)
      assert.matches(expected, err)
    end)
  end)

  it("does not hide the error of the body", function()
    virtual(function()
      local err = forgotten(function(open)
        cohort.group(function()
          open()
          error "mine"
        end)
      end)
      assert.matches("mine", err)
    end)
  end)

  it("lets the errors of its tasks out, and what it had deferred runs", function()
    virtual(function()
      local log = {}
      local err = raised(cohort.group, function()
        local g = cohort.open_group()
        g:defer(late, log, "first")
        g:defer(late, log, "last")
        g:defer(fail("deferred"))
        g:spawn(fail("task"))
        cohort.sleep(1)
      end)
      assert.same({ "last", "first" }, log)
      assert.equal("task", err.errors[1].errors[1])
      assert.equal("deferred", err.errors[1].errors[2])
      assert.matches("never closed", err.errors[1].errors[3])
    end)
  end)

  it("lets the errors of its tasks out beside a real error of what left it open", function()
    local function body()
      local h = cohort.open_group()
      h:spawn(error, "lost")
      pcall(cohort.checkpoint)
      error("mine", 0)
    end
    local function block()
      local s <close> = cohort.open_scope() -- luacheck: ignore
      body()
    end
    local function leaves_of(err)
      local seen = {}
      for leaf in err:leaves() do seen[#seen + 1] = tostring(leaf) end
      return table.concat(seen, "\n")
    end
    for _, f in ipairs {
      function() cohort.group(body) end,
      function() cohort.scope(body) end,
      function() cohort.group(function(g) g:spawn(body) end) end,
      block,
    } do
      local seen = leaves_of(raised(virtual, f))
      assert.truthy(seen:find("mine", 1, true))
      assert.truthy(seen:find("lost", 1, true))
    end
  end)

  it("leaves nothing cancelled behind it", function()
    virtual(function()
      raised(cohort.group, function() cohort.open_group() end)
      assert.is_false(cohort.cancelled())
      cohort.sleep(1)
    end)
  end)
end)

-- What a block returns fills its stack to the last slot at some of these counts: under a Lua that checks its
-- API that is an error where room was not asked for.
describe("a group or scope left open beside many results", function()
  local function results(count)
    local all = {}
    for i = 1, count do all[i] = i end
    return table.unpack(all)
  end

  local opens = {
    scope = function() cohort.open_scope() end,
    group = function() cohort.open_group():spawn(error, "of a task", 0) end,
  }

  local forms = {
    task = function(body) cohort.group(function(g) g:spawn(body) end) end,
    group = function(body) cohort.group(body) end,
    scope = function(body) cohort.scope(body) end,
    fail_after = function(body) cohort.fail_after(1, body) end,
  }

  for left, open in pairs(opens) do
    for form, call in pairs(forms) do
      it(("is closed and told: a %s in a %s"):format(left, form), function()
        tasks.virtual(function()
          for count = 0, 60 do
            local ok, err = pcall(call, function()
              open()
              return results(count)
            end)
            assert(not ok and tostring(err):find "was never closed", err)
          end
        end)
      end)
    end
  end
end)
