-- The soak engine bites: what is left behind in each round is found, and noise is not.
local cohort = require "cohort"
local load = require "engines.soak.load"
local net = require "cohort.net"
local slope = require "engines.soak.slope"

-- What is found when `also` is called in each of some rounds. The memory of the process is for longer runs:
-- sanitizers keep what was freed for a while.
local function found(also)
  local samples = load.run { every = 1, also = also, go_on = function(round) return round < 40 end }
  local grown = {}
  for _, line in ipairs((samples:look())) do
    if not line:find "^resident" then grown[#grown + 1] = line end
  end
  return table.concat(grown, "\n")
end

describe("the soak engine finds", function()
  it("nothing in a load without faults", function()
    assert.equal("", found(nil))
  end)

  it("values that are kept", function()
    local kept = {}
    assert.matches("^lua  ", found(function() kept[#kept + 1] = ("x"):rep(2000) .. #kept end))
  end)

  it("a listener that stays open", function()
    local kept = {}
    local text = found(function() kept[#kept + 1] = net.listen("127.0.0.1", 0) end)
    assert.matches("descriptors .*handles ", text)
  end)

  it("a descriptor that stays open", function()
    local kept = {}
    assert.matches("^descriptors ", found(function() kept[#kept + 1] = assert(io.open "/dev/null") end))
    for _, file in ipairs(kept) do file:close() end
  end)

  it("a task that stays", function()
    assert.matches("tasks ", found(function(_, g) g:spawn_daemon(cohort.sleep_forever) end))
  end)

  it("a value that stays in the registry", function()
    local first = #debug.getregistry()
    assert.matches("references ", found(function() table.insert(debug.getregistry(), {}) end))
    for i = #debug.getregistry(), first + 1, -1 do debug.getregistry()[i] = nil end
  end)
end)

describe("a slope", function()
  -- The line that is told of n samples of f(i), with growth of 10 allowed.
  local function told(n, f)
    local samples = slope.samples { y = 10 }
    for i = 1, n do samples:add { at = i, y = f(i) } end
    local grown, all = samples:look()
    return grown[1], all[1], samples
  end

  it("is that of least squares", function()
    local b, err = slope.fit({ 1, 2, 3, 4 }, { 2, 4, 6, 8 })
    assert.same({ 2, 0 }, { b, err })
    b, err = slope.fit({ 1, 2, 3, 4 }, { 1, 3, 2, 4 })
    assert.is_true(math.abs(b - 0.8) < 1e-9)
    assert.is_true(math.abs(err - 0.4242640687) < 1e-9)
  end)

  it("is no growth when it is noise, or small, or over soon", function()
    math.randomseed(7)
    assert.is_nil(told(400, function() return math.random(1000) end))
    assert.is_nil(told(400, function(i) return i / 50 end))
    assert.is_nil(told(400, function(i) return math.min(i, 90) end))
    assert.is_nil(told(400, function(i) return -i end))
  end)

  it("is growth under noise", function()
    assert.is_string((told(400, function(i) return i + math.random(500) end)))
    assert.is_string((told(400, function(i) return i // 50 * 20 end)))
  end)

  it("needs no more room for more samples", function()
    local grown, _, samples = told(20000, function(i) return i end)
    assert.is_string(grown)
    assert.is_true(samples.count >= 2000 and samples.count <= 4000)
    assert.equal(4000, #samples.columns.y)
    assert.is_true(samples.columns.at[1] < 20)
    assert.is_true(samples.columns.at[samples.count] > 19980)
  end)
end)
