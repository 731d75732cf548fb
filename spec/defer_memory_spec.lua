-- What a group defers, when memory runs out as it is to run.
local cohort = require "cohort"
local core = require "cohort.core"
local tasks = require "spec.support.tasks"

-- A group that defers three functions, of which the second raises 'own' when that is given. From the end of
-- its body on the n-th piece of memory is not to be had. What ran, the errors of the group, what failed.
local function defer_in_run(n, own, with_task)
  local ran = {}
  local ok, err = pcall(cohort.group, function(g)
    for i = 1, 3 do
      g:defer(function()
        ran[#ran + 1] = i
        cohort.checkpoint()
        if i == 2 and own then error(own, 0) end
      end)
    end
    if with_task then g:spawn(cohort.checkpoint) end
    core.set_fault(n)
  end)
  local failed = core.fault()
  core.set_fault(0)
  return table.concat(ran, " "), ok and "" or table.concat(err.errors, ", "), failed
end

-- The same in a run of its own, which has no memory in store.
local function defer_with_fault(...)
  return tasks.virtual(defer_in_run, ...)
end

-- What the errors are to be when those in 'ran' have run.
local function expected(ran, own)
  local list = {}
  if own and ran:find "2" then list[#list + 1] = own end
  if #ran < #"3 2 1" then list[#list + 1] = "not enough memory" end
  return table.concat(list, ", ")
end

describe("a deferred function that finds no memory to run", function()
  it("is dropped, the others run, and its group fails with 'not enough memory'", function()
    for _, own in ipairs { false, "own" } do
      for _, with_task in ipairs { false, true } do
        local dropped = 0
        for n = 1, 30 do
          local ran, errors, failed = defer_with_fault(n, own, with_task)
          if not failed then break end
          if ran ~= "3 2 1" then
            assert.is_true(ran == "2 1" or ran == "3 1" or ran == "3 2", ran)
            dropped = dropped + 1
          end
          assert.equal(expected(ran, own), errors)
        end
        assert.is_true(dropped > 0)
        assert.same({ "3 2 1", own or "" }, { defer_with_fault(0, own, with_task) })
      end
    end
  end)
end)

describe("a deferred function with more arguments than the stack has room for", function()
  -- A group whose host has used some of its stack; a task of it has not, and defers with 'count' arguments.
  local function defer_many(ran, count, ...)
    cohort.group({ name = "G" }, function(g)
      g:defer(function() ran[#ran + 1] = "first" end)
      g:spawn(function()
        g:defer(function() ran[#ran + 1] = "many" end, table.unpack({}, 1, count))
      end)
      g:defer(function() ran[#ran + 1] = "last" end)
    end)
    return ...
  end

  it("is dropped with an error that says so", function()
    local ran = {}
    local err = tasks.raised(tasks.virtual, defer_many, ran, 998000, table.unpack({}, 1, 5000))
    assert.same({ "stack overflow (too many arguments)" }, tasks.shape(err))
    assert.same({ "last", "first" }, ran)
    assert.matches("^group 'G' failed %(1 error%)\n.*stack overflow", tostring(err))
  end)

  it("runs where there is room", function()
    local ran = {}
    tasks.virtual(defer_many, ran, 998000)
    assert.same({ "many", "last", "first" }, ran)
  end)
end)
