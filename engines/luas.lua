--- The engine of hard Luas: the specs run under Luas that check themselves, move the stack and collect
--- garbage whenever they could (tools/luas builds them).
---
---     lua5.4 engines/luas.lua short|long
---
--- The short form takes the build that moves the stack and specs of what lives on stacks; the long one takes
--- every spec but those of the engines, which run cohort in processes of their own. The builds that collect
--- take the former at each place that could, and every spec at one such place in twenty. Ends with "tried N,
--- injected M": specs that passed, and those of them that did under a Lua that moves or collects.
local builds = {
  short = { "stack" },
  long = { "api", "assert", "stack", "mem", "emergency" },
}

-- What moves or collects.
local injects = { stack = true, mem = true, emergency = true }

-- Specs of the short form: coroutines, errors, blocks, what is handed from stack to stack.
local picked = {}
for name in ([[coroutine coroutine_close coroutine_task group scope spawn start try combinators broadcast
    value retry context errors/error sync/allocation sync/barrier sync/channel_ends sync/condition sync/event
    sync/select sync/semaphore]]):gmatch "%S+" do
  table.insert(picked, ("spec/%s_spec.lua"):format(name))
end

-- Builds that are slower by a factor of sixty and more take those at each place, and of what waits for the
-- system what does so in each way: descriptors, streams, sockets, files, children, signals.
local outside = { "fd", "signals", "stream/write", "net/udp" }
local slow = {
  mem = { "process", "fs_whole", "net/listener", "stream/read", "stream/faulty", table.unpack(outside) },
  emergency = outside,
}

-- At how many places they collect once in every spec: of some that make very much, at fewer.
local sparsely = 20
local more_sparsely = {
  ["spec/bad_input_spec.lua"] = 200, ["spec/errors/group_spec.lua"] = 200, ["spec/hostile_spec.lua"] = 200,
}

-- Where the whole stack is moved at each call, deep recursion takes the square of its depth. Each call may
-- collect there, so a finalizer does not wait for the next object either, as these specs need it to.
-- And where each memory check collects, thousands of tasks take minutes.
local many = { "follows live", "a wave" }
local deep_or_placed = {
  "overflow", "outruns the hook", "a deep stack", "5,000", "10,000", "200000", "without an end",
  "a finalizer that runs", "a finalizer closes just then",
}
local left_out = { mem = many, emergency = many, stack = deep_or_placed }

-- Where every spec runs under a Lua that collects: what was forgotten is closed before it is found open.
local forgotten = {
  "failing.lua", "finds a stream that stays open when a write", "fails a test that leaves something behind",
}

local form = arg[1]
assert(builds[form], "usage: luas.lua short|long")

local here = io.popen("pwd"):read "l"

-- All spec files, but for those of the engines.
local function all_files()
  local find = "find spec -name '*_spec.lua' -not -path 'spec/engines/*'"
  local listing <close> = assert(io.popen(find .. " | LC_ALL=C sort"))
  local files = {}
  for path in listing:lines() do table.insert(files, path) end
  return files
end

-- The spec files that a build takes, in lists, each for a process of its own: where less was loaded, what
-- collects has less to look at. `every`: it does so once in so many places.
local function lists_of(build)
  if form == "short" then return { { files = picked, every = 1 } } end
  if not slow[build] then return { { files = all_files(), every = 1 } } end
  local lists = {}
  local function add(path, every) table.insert(lists, { files = { path }, every = every }) end
  for _, path in ipairs(picked) do add(path, 1) end
  for _, name in ipairs(slow[build]) do add(("spec/%s_spec.lua"):format(name), 1) end
  for _, path in ipairs(all_files()) do add(path, more_sparsely[path] or sparsely) end
  return lists
end

local function options_of(build, every)
  local options = {}
  for _, name in ipairs(every > 1 and forgotten or left_out[build] or {}) do
    table.insert(options, ("--filter-out='%s'"):format(name))
  end
  return table.concat(options, " ")
end

-- Runs specs under one Lua: how many passed, or nil when one failed, and what they printed then.
local function run_files(build, files, every)
  local folder = ("%s/build/luas/%s"):format(here, build)
  local pipe = assert(io.popen(("mkdir -p build/results && PATH=%s:$PATH LUA=lua5.4 LUA_HARD_EVERY=%d "
    .. "lua5.4 tools/specs.lua -Xhelper results=%s/specs.txt %s %s 2>&1"):format(folder, every, folder,
    options_of(build, every), table.concat(files, " "))))
  local output = pipe:read "a"
  local ok = pipe:close()
  local passed = output:match "\n(%d+) passed, %d+ failed[^\n]*\n$"
  if ok and passed then return math.tointeger(passed) end
  return nil, output
end

--- All that a build takes: how many passed, and whether none failed.
local function run(build)
  local sum, all_passed = 0, true
  for _, list in ipairs(lists_of(build)) do
    local passed, output = run_files(build, list.files, list.every)
    sum, all_passed = sum + (passed or 0), all_passed and passed ~= nil
    if output then print(output) end
  end
  print(("%s: %d passed%s"):format(build, sum, all_passed and "" or ", and some failed"))
  return sum, all_passed
end

assert(os.execute("tools/luas " .. table.concat(builds[form], " ")))
local tried, injected, failed = 0, 0, false
for _, build in ipairs(builds[form]) do
  local passed, all_passed = run(build)
  failed = failed or not all_passed
  tried = tried + passed
  if injects[build] then injected = injected + passed end
end
print(("tried %d, injected %d"):format(tried, injected))
os.exit(not failed, true)
