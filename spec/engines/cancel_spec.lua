-- The cancel engine bites: what is planted in a call is found, and a call that no program makes.
local cohort = require "cohort"
local programs = require "engines.programs"
local sweep = require "engines.cancel.sweep"
local waits = require "engines.programs.waits"

-- A call that sees a cancellation when it is done already.
local function late(f, ...)
  local values = table.pack(f(...))
  cohort.checkpoint()
  return table.unpack(values, 1, values.n)
end

local function never_cut(f, ...)
  return select(2, cohort.shield(cohort.move_on_after, 5, f, ...))
end

local function copy_by_hand(_, from, to)
  for data in function() return from:read_some(10) end do to:write(data) end
end

local function send_by_hand(_, file, to) to:write(file:read "a") end

-- A server that leaves its listener open.
local function serve_by_hand(_, listener, _, handler)
  cohort.group(function(g)
    for stream in listener do
      g:spawn(function()
        local own <close> = stream
        handler(own)
      end)
    end
  end)
end

local function in_two(f, stream, text)
  f(stream, text:sub(1, #text // 2))
  f(stream, text:sub(#text // 2 + 1))
end

-- Programs by their names; in each, calls that are replaced, and what is told then.
local faults = {
  ["reading from memory"] = {
    { "stream:read", late, "came" },
    { "stream:read_until", late, "came" },
    { "stream:lines", late, "came" },
    { "stream:read_exactly", function(f, stream, n) return f(stream, 1) .. f(stream, n - 1) end, "came" },
    { "stream:read_some", function(f, stream) return f(stream, 1) .. f(stream, 1) end, "came" },
  },
  ["writing to memory"] = {
    { "stream:write", late, "bytes came" },
    { "stream:write", in_two, "bytes came" },
  },
  ["copying from memory"] = {
    { "stream:copy_to", copy_by_hand, "are left" },
  },
  ["sending a file to memory"] = {
    { "file:copy_to", send_by_hand, "bytes 1 came, and the file is at 131072" },
  },
  ["ending a direction of TCP"] = {
    { "stream:shutdown", late, "after a shutdown that was not one could not" },
  },
  ["connecting"] = { { "net.connect", late, "left open: 1 handle" } },
  ["connecting by a path"] = { { "net.connect_unix", late, "left open: 1 handle" } },
  ["listening"] = { { "net.listen", late, "left open: 1 handle" } },
  ["accepting"] = { { "listener:accept", late, "a connection was lost" } },
  ["accepting in a loop"] = { { "listener()", late, "a connection was lost" } },
  ["serving"] = {
    { "net.serve", serve_by_hand, "a server that was cut listens still" },
  },
  ["datagrams"] = {
    { "net.udp", late, "left open: 1 handle" },
    { "socket:receive", late, "sent was" },
    { "socket:send", late, "sent was" },
  },
  ["datagrams in a loop"] = { { "socket()", late, "sent was" } },
  ["talking to a program"] = { { "process.open", late, "a child is left" } },
  ["files as a whole"] = {
    { "fs.write_file", late, "fs.write_file that was cut made 3145728 bytes of nil" },
    { "fs.append_file", late, "fs.append_file that was cut made newer of new" },
    { "fs.copy", late, "fs.copy that was cut made" },
  },
  ["opening files"] = { { "fs.open", late, "left open: 1 handle" } },
  ["open files"] = {
    { "file:read", late, "file:read moved from 0 to 6" },
    { "file:lines", late, "file:lines moved" },
    { "file:write", late, "file:write moved" },
    { "file:seek", late, "file:seek moved" },
  },
  ["temporary files"] = {
    { "fs.temp_file", late, "1 temporary names" },
    { "fs.temp_dir", late, "1 temporary names" },
  },
  ["changing what there is"] = {
    { "fs.mkdir", late, "fs.mkdir that was cut made a directory of nil" },
    { "fs.remove", late, "fs.remove that was cut made nil of a directory" },
    { "fs.link", late, "fs.link that was cut made text of nil" },
    { "fs.symlink", late, "fs.symlink that was cut made text of nil" },
    { "fs.rename", late, "fs.rename that was cut made text of nil" },
    { "fs.chmod", late, "fs.chmod that was cut made rw%-%-%-%-%-%-%- of rw%-r" },
    { "fs.utime", late, "fs.utime that was cut made 1000" },
  },
  ["watching"] = { { "watcher()", late, "it told of " } },
  ["a terminal of another size"] = { { "sizes()", late, "a change of the size was lost" } },
  ["listening for signals"] = { { "signals()", late, "a signal was lost" } },
}

-- What is told of the programs of calls, those that `wanted` has.
local function run(wanted, replaced, names)
  return programs.with_scratch(function(scratch)
    local list = programs.calls(scratch, cohort, replaced)
    local some = {}
    for _, program in ipairs(list) do
      if not wanted or program.name == wanted then some[#some + 1] = program end
    end
    assert(#some > 0, wanted)
    return sweep.run(some, names or {})
  end)
end

describe("the cancel engine finds", function()
  for program, list in pairs(faults) do
    for i, fault in ipairs(list) do
      it(("fault %d of %s, in %s"):format(i, fault[1], program), function()
        local result = run(program, { [fault[1]] = fault[2] })
        assert.equal(1, #result.failures)
        assert.matches(fault[3], result.failures[1])
      end)
    end
  end

  it("a call that no program makes, and one that is never cut", function()
    local result = run("watching", { ["watcher()"] = never_cut },
      { "watcher()", "net.teleport" })
    assert.same({
      "watching: watcher() was never cancelled",
      "no program in engines/programs calls net.teleport",
    }, result.failures)
  end)

  it("what is never cut over one transport, though it is over another", function()
    local moment = "a write that was cut in the middle"
    local function program(name, cut)
      return { name = "writing to " .. name, run = cohort.checkpoint, fault = function() end,
        moments = { moment }, came = { [moment] = cut > 0 or nil },
        calls = { ["stream:write"] = { tried = 1, cut = cut } } }
    end
    assert.same({
      "writing to TCP: there never was a write that was cut in the middle",
      "writing to TCP: stream:write was never cancelled",
    }, sweep.run({ program("a pipe", 1), program("TCP", 0) }, { "stream:write" }).failures)
  end)

  it("a <close> variable that runs twice, in an example", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      local cohort = require "cohort"
      cohort.main(function()
        local own <close> = setmetatable({}, { __close = function() end })
        if not pcall(cohort.sleep, 1) then getmetatable(own).__close(own) end
      end)
    ]]
    file:close()
    local result = sweep.run({ programs.example(path, "") }, {})
    os.remove(path)
    assert.matches("check: a <close> variable was closed 2 times", result.failures[1])
  end)
end)

describe("the calls that wait for the outside", function()
  it("are read from the reference's source", function()
    local found = {}
    for _, name in ipairs(waits.list()) do found[name] = true end
    for name in ("stream:read stream:lines net.connect listener() fs.walk watcher()"):gmatch "%S+" do
      assert.is_true(found[name], name)
    end
    assert.is_nil(found["net.pair"])
    assert.is_nil(found["stream:close"])
    assert.is_true(#waits.list() > 40)
  end)
end)

describe("the cancel engine without faults", function()
  it("tries a program again, some times, in which a call happened not to be cut", function()
    local call, runs = { tried = 1, cut = 0 }, 0
    local program = { name = "reading", calls = { ["stream:read"] = call }, fault = function() end }
    function program.run()
      runs = runs + 1
      if runs == 6 then call.cut = 1 end
      cohort.checkpoint()
    end
    assert.same({}, sweep.run({ program }, { "stream:read" }).failures)
  end)

  it("finds nothing in the examples", function()
    programs.with_scratch(function(scratch)
      local list = programs.examples({ swallow = "long" }, scratch)
      local result = sweep.run(list, {})
      assert.same({}, result.failures)
      assert.equal(#list, result.tried)
      assert.is_true(result.injected > 500)
    end)
  end)
end)
