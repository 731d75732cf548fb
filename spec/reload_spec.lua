-- Modules that are taken out of package.loaded and required again, as what insulates tests or reloads code
-- does: there is one cohort.core in a state, so that two copies of the Lua side have the same tasks.
local child = require "spec.support.child"

local before = [[
  local function reload()
    for name in pairs(package.loaded) do
      if name:find "^cohort" then package.loaded[name] = nil end
    end
    return require "cohort"
  end
  local old = require "cohort"
]]

local function says(out, source)
  assert.same({ code = 0, out = out, err = "" }, child.run_clean(before .. source))
end

describe("cohort that is loaded again", function()
  it("in a run is in that run, and so are those who have the old one", function()
    says("in a run\t1\t2\n", [[
      old.run(function()
        local new = reload()
        new.sleep(0.001)
        local results = new.gather { function() old.sleep(0) return 1 end, function() return 2 end }
        old.group(function(g) g:spawn(new.sleep, 0) end)
        print("in a run", results[1], results[2])
      end)
    ]])
  end)

  it("outside of one leaves the old one as good as the new", function()
    says("old\nnew\nTimeout: late\n", [[
      local new = reload()
      old.run(function() new.sleep(0) print "old" end)
      new.run(function() old.sleep(0) print "new" end)
      old.try(function() error(new.Timeout "late") end,
        old.except(old.Timeout, function(eg) print((tostring(eg.errors[1]):gsub("^.-: ", ""))) end))
    ]])
  end)

  it("with objects of the old one takes them", function()
    says("true\tx\n", [[
      local lock = old.lock()
      old.run(function()
        local new = reload()
        local a <close>, b = old.net.pair()
        new.net.resolver:with(nil, b.write, b, "x\n")
        b:close()
        local guard <close> = lock:hold()
        print(new.is(select(2, pcall(new.fail_after, 0, new.sleep, 1)), old.Timeout), a:read())
      end)
    ]])
  end)

  it("over and over keeps nothing of the copies before", function()
    says("true\n", [[
      local function use()
        local new = reload()
        for _, name in ipairs { "testing", "net", "fs", "process", "stdio", "fd", "coroutine", "is", "try",
          "stream", "retry", "gather", "broadcast", "value" } do assert(new[name]) end
        new.run(new.sleep, 0)
      end
      local function kilobytes()
        for _ = 1, 5 do use() end
        old, package.loaded.cohort = nil, nil
        for _ = 1, 3 do collectgarbage() end
        return collectgarbage "count"
      end
      kilobytes()
      print(kilobytes() - kilobytes() > -100)
    ]])
  end)
end)
