-- The memory engine bites: bugs that it found once are found again.
local driver = require "engines.faults.driver"
local planted = require "spec.support.planted"

--- What is said of a program when allocations fail in one way.
local function complaints(folder, way, name, density)
  local result = driver.run(folder, { ways = { way }, names = { name }, density = density or 0 })
  return table.concat(result.complaints, "\n")
end

-- Each: the file, what stands in it, what stands there instead, the way, the program, what is told.
local bugs = {
  ["an error that is counted before it is stored"] = {
    "csrc/glue/deferred.c", "(lua_Integer)g->deferred_failed + 1);\n  g->deferred_failed++;\n",
    "(lua_Integer)++g->deferred_failed);\n",
    "twice", "cohort/g:defer", "it crashed",
  },
  ["a producer that ends unheard"] = {
    "lua/cohort/stream.lua", "pcall(core.shield, self.group.start, self.group, produce, self, f)",
    "pcall(self.group.spawn, self.group, produce, print, self, f)",
    "twice", "stream/cohort.stream", "Deadlock",
  },
  ["a scope that stays open when its error finds no memory"] = {
    "csrc/glue/scopes.c", "  if (form == FAIL) push_cut(L, s);\n",
    "  if (form == FAIL) {\n    lua_pushcfunction(L, l_cut);\n    lua_pushlightuserdata(L, s);\n"
      .. "    lua_call(L, 1, 1);\n  }\n",
    "twice", "scopes/cohort.fail_after", "a scope was left open",
  },
}

describe("the memory engine finds", function()
  for name, bug in pairs(bugs) do
    it(name, function()
      planted.with(bug[1], bug[2], bug[3], function(folder)
        assert.matches(bug[6], complaints(folder, bug[4], bug[5]))
      end)
    end)
  end

  it("none of them where they are not planted", function()
    local folder = driver.build()
    for _, bug in pairs(bugs) do assert.equal("", complaints(folder, bug[4], bug[5])) end
  end)
end)

-- What it found: programs whose runs had to be mended, each in all ways.
describe("memory that runs out", function()
  local claims = {
    ["as a deferred function is to run, or its error to be kept, fails its group"] = "cohort/g:defer",
    ["before the producer of a stream has begun is told to whoever asks"] = "stream/cohort.stream",
    ["before a function of as_completed has begun is told by a step"] = "combinators/cohort.as_completed",
    ["as a run opens is told as that"] = "cohort/cohort.run",
    ["in a run of fail_everywhere is told by it"] = "testing_everywhere/testing.fail_everywhere",
    ["among files leaves no descriptor open, and nothing temporary"] = "whole/files",
  }
  it("as cohort is loaded is told as that, and it can be loaded again", function()
    local folder = driver.build()
    for _, way in ipairs { "twice", "on" } do
      assert.equal("", complaints(folder, way, "loading/modules", 60))
    end
  end)

  for claim, name in pairs(claims) do
    it(claim, function()
      local folder = driver.build()
      for _, way in ipairs { "twice", "on" } do assert.equal("", complaints(folder, way, name)) end
    end)
  end
end)

describe("the programs of the engines of failing things", function()
  it("are asked for: a call without one is told, and one without a call", function()
    local pages = { { name = "net", entries = {
      { owner = "net", head = "net.connect" }, { owner = "net", head = "net.teleport" },
      { class = "cohort.Timer", overloads = { {} } }, { class = "cohort.Options", overloads = {} },
    } } }
    local names, faults = driver.match(pages, function(page)
      assert.equal("net", page)
      return { ["net.connect"] = true, ["net.old"] = true }
    end)
    assert.same({ "net/net.connect" }, names)
    assert.same({
      "net.teleport: no program in engines/faults/programs/net.lua calls it",
      "cohort.Timer(): no program in engines/faults/programs/net.lua calls it",
      "net.old: the reference has no such call",
    }, faults)
  end)

  it("must see a failure, but those that allocate nothing, which must not", function()
    local function is_free(name) return name:find "free" ~= nil end
    local injected = { a = 3, b = 0, free_a = 0, free_b = 1 }
    assert.same({
      "b: nothing was allocated, so nothing failed",
      "free_b: allocates, though its page says that it does not",
    }, driver.judge_memory({ "a", "b", "free_a", "free_b", "not run" }, injected, is_free))
  end)

  it("are one for each call of the reference", function()
    local names, faults = driver.programs()
    assert.same({}, faults)
    assert.is_true(#names > 220)
  end)
end)
