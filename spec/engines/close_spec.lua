-- The close engine bites: what is planted in a scenario, or in a copy of the source, is found.
local child = require "spec.support.child"
local host = require "engines.close.host"
local programs = require "engines.programs"

local built

setup(function() built = host.build(false) end)

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- What is found in a program, closed in this way after each of its ticks.
local function found_in(source, way, program)
  return programs.with_scratch(function(scratch)
    local path = write(scratch .. "/scenario.lua", source)
    local ticks, fault = host.run(program or built, way, 0, "file " .. path, scratch)
    return fault, ticks
  end)
end

-- Builds the host with one file of the source changed, and calls use(program).
local function with_changed(file, from, to, use)
  programs.with_scratch(function(scratch)
    local text = read(file)
    local at, last = text:find(from, 1, true)
    assert(at, from)
    local copy = write(scratch .. "/copy.c", text:sub(1, at - 1) .. to .. text:sub(last + 1))
    local object = file:gsub("^csrc/", "build/obj/"):gsub("%.c$", ".o")
    local ok, said = child.shell(("LD_PRELOAD= cc -std=c11 -D_GNU_SOURCE -Icsrc -o %s/host "
      .. "engines/close/host.c %s $(ls csrc/*/*.c | sed 's,csrc/\\(.*\\)c$,build/obj/\\1o,' | grep -v %s) "
      .. "$(pkg-config --cflags --libs lua5.4 libuv) -lm -Wl,-E"):format(scratch, copy, object))
    assert(ok, said)
    use(scratch .. "/host")
  end)
end

local sleeper = [[
  local cohort = require "cohort"
  local listener <close> = cohort.net.listen("127.0.0.1", 0)
  cohort.group(function(g)
    for i = 1, 3 do g:spawn(cohort.sleep, i) end
  end)
]]

describe("the close engine finds", function()
  it("nothing in a program without faults, each way", function()
    for _, way in ipairs(host.ways) do
      local fault, ticks = found_in(sleeper, way)
      assert.is_nil(fault)
      assert.is_true(ticks > 5)
    end
  end)

  it("a descriptor that stays open", function()
    assert.matches("after 2 ticks: 2 descriptors are left", found_in([[
      local cohort = require "cohort"
      local descriptors = require("spec.support.transports").descriptors
      cohort.checkpoint()
      local a, b = descriptors.pipe()
      cohort.checkpoint()
      descriptors.close(a)
      descriptors.close(b)
    ]], "state"))
  end)

  it("what runs in the next runtime of the state", function()
    local planted = 'if (lua_getglobal(L, "left")) lua_call(L, 0, 0); else lua_pop(L, 1); *out = S;'
    with_changed("csrc/open/embed.c", "*out = S;", planted, function(program)
      assert.matches("after 1 ticks: .*scenario.lua:1 ran afterwards", found_in([[
        function left() end
        require "cohort".sleep(1)
      ]], "runtime", program))
    end)
  end)

  it("a program that does not end when it is cancelled", function()
    assert.matches("it does not end though it is cancelled", found_in([[
      local cohort = require "cohort"
      cohort.shield(function() while true do cohort.sleep(1) end end)
    ]], "cancel"))
  end)

  it("an error that is raised when all is cancelled", function()
    assert.matches("after 0 ticks: .*bad clean%-up", found_in([[
      local function clean_up(_, err) if err then error "bad clean-up" end end
      local _ <close> = setmetatable({}, { __close = clean_up })
      require "cohort".sleep(1)
    ]], "cancel"))
  end)

  it("streams that are not closed with their runtime", function()
    with_changed("csrc/open/embed.c", "coh_io_close_all(rt);", "", function(program)
      assert.matches("used == 0\nclosed %(state, seed 0%) after 1 ticks: Aborted\n",
        found_in(sleeper, "state", program))
    end)
  end)

  it("memory that is not given back", function()
    with_changed("csrc/kernel/mem.c", "  m->alloc(m->ud, ptr, size, 0);", "", function(program)
      assert.matches("after 0 ticks: %d+ bytes are left", found_in(sleeper, "inside", program))
    end)
  end)
end)

describe("the scenarios of the close engine", function()
  it("are all that engines run", function()
    programs.with_scratch(function(scratch)
      local names = {}
      for _, name in ipairs(host.scenarios(scratch)) do names[name] = true end
      assert.is_true(names["file spec/support/lively.lua"])
      assert.is_true(names["example demo"] and names["example checkout"])
      assert.is_true(names["call accepting"] and names["call open files"])
    end)
  end)
end)
