--- The law engine: random programs, as text, on several Luas and collectors, held against docs/model.md.
---
---     lua5.4 engines/law.lua short|long [SEED]
---
--- A program (engines/law/program.lua) keeps account of what must not be lost (engines/law/ledger.lua) and
--- leaves a trace, which must be the same under each collector and each build of Lua. One that fails is made
--- as small as it gets and kept below build/law; what is printed runs it again. Ends with "tried N,
--- injected M": programs on a build, and how often in them something failed, was cancelled or was cut.
local program = require "engines.law.program"
local shrink = require "engines.law.shrink"

-- How many programs run on which build: Lua as it is, those of tools/luas, and cohort with sanitizers.
local forms = {
  short = { { name = "plain", programs = 1200 }, { name = "assert", programs = 1200 } },
  long = { { name = "plain", programs = 15000 }, { name = "assert", programs = 15000 },
    { name = "stack", programs = 6000 }, { name = "mem", programs = 1500 },
    { name = "asan", programs = 6000 } },
}

-- Seconds after which something hangs: one program alone, and all on one build.
local ALONE_MAX, most = 20, { short = 600, long = 7200 }

local form, seed = arg[1], math.tointeger(arg[2] or 1)
local builds = assert(seed and forms[form], "usage: law.lua short|long [SEED]")

local function run(command) assert(os.execute(command), command) end

local function read(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

local here = read("pwd"):match "[^\n]+"
local found = here .. "/build/law"

-- What stands before the worker's name in a command.
local function prefix_of(name)
  if name == "plain" then return "lua5.4" end
  if name ~= "asan" then
    run("tools/luas " .. name)
    return ("LUA_HARD_EVERY=20 %s/build/luas/%s/lua5.4"):format(here, name)
  end
  run "MAKEFLAGS= make -s --no-print-directory sanitized-core"
  return ("LUA_CPATH_5_4='%s/build/asan/lib/?.so' LD_PRELOAD=%s:%s "):format(here,
    read("cc -print-file-name=libasan.so"):match "%S+", read("cc -print-file-name=libubsan.so"):match "%S+")
    .. ("LSAN_OPTIONS=suppressions=%s/spec/support/lsan.txt:print_suppressions=0 lua5.4"):format(here)
end

local function command_of(build, seconds, what)
  return ("timeout %d env %s engines/law/worker.lua %s 2>&1"):format(seconds, build.prefix, what)
end

-- {{ One that fails

-- What is wrong with the program in a file on these builds, without its numbers; nil: nothing.
local function failure_of(them, path)
  local trace
  for _, build in ipairs(them) do
    local pipe = assert(io.popen(command_of(build, ALONE_MAX, path)))
    local said = pipe:read "a"
    local ok, _, status = pipe:close()
    if not ok then return (said:match "fault: ([^\n]*)" or "status " .. status):gsub("%d+", "N") end
    if trace and trace ~= said then return "another trace" end
    trace = said
  end
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

-- Prints what a build said about a program, and the program, small.
local function report(build, number, said)
  local path = ("%s/%d.lua"):format(found, number)
  local tree, them = program.generate(number), { builds[1], build ~= builds[1] and build or nil }
  local function failure()
    write(path, program.text(tree))
    return failure_of(them, path)
  end
  print(("seed %d on %s: %s"):format(number, build.name, said))
  local first = failure()
  if not first then return print "it does not fail by itself: what ran before it matters" end
  shrink(tree, function() return failure() == first end)
  failure()
  print(program.text(tree))
  for _, other in ipairs(them) do print("again: " .. command_of(other, ALONE_MAX, path)) end
end

-- }}

-- {{ All of them

-- Reads what the worker of a build has said when it has ended; the seed and what is wrong, if anything is.
local function listen(build)
  build.hashes, build.tried, build.disturbed = {}, 0, 0
  local ok, how, status = build.pipe:close()
  local begun, lines = seed, {}
  for line in io.lines(build.log) do
    local number, hash, disturbed = line:match "^end (%d+) (%x+) (%d+)$"
    if number then
      build.tried, build.disturbed = build.tried + 1, build.disturbed + disturbed
      build.hashes[math.tointeger(number)] = hash
      lines = {}
    elseif line:find "^begin" then
      begun = math.tointeger(line:match "%d+")
    else
      table.insert(lines, line)
    end
  end
  os.remove(build.log)
  if not ok then return begun, ("%s (%s %d)"):format(table.concat(lines, "\n"), how, status) end
end

-- A seed whose trace is another than on the first build.
local function other_trace(build)
  for number, hash in pairs(build.hashes) do
    if hash ~= (builds[1].hashes[number] or hash) then return number, "another trace than on plain Lua" end
  end
end

run("mkdir -p " .. found)
for _, build in ipairs(builds) do build.prefix = prefix_of(build.name) end
for _, build in ipairs(builds) do
  build.log = os.tmpname()  -- another run of this may go on beside
  local what = ("%d %d >%s"):format(seed, build.programs, build.log)
  build.pipe = assert(io.popen(command_of(build, most[form], what)))
end

local tried, injected, failed = 0, 0, false
for _, build in ipairs(builds) do
  local number, said = listen(build)
  if not number then number, said = other_trace(build) end
  if number then
    failed = true
    report(build, number, said)
  end
  print(("%s: %d programs"):format(build.name, build.tried))
  tried, injected = tried + build.tried, injected + build.disturbed
end
print(("tried %d, injected %d"):format(tried, injected))
os.exit(not failed, true)

-- }}
