--- Runs programs in the host of engines/faults/host.c, in which everything can fail, and adds up.
---
--- There is a program for each public call: which calls there are is read from lua/cohort/meta, and a call
--- without a program, or a program without a call, is a failure. Programs of the page `whole` are of no call,
--- and "loading/modules" is engines/faults/loading.lua.
local meta = require "tools.meta"

local driver = {}

--- What the host runs.
local function script_of(name)
  return name == "loading/modules" and "engines/faults/loading.lua" or "engines/faults/trial.lua"
end

--- What a shell runs at once; a machine with two cores.
local workers = 2

--- The head under which the program of an entry stands, or nil: of what can be called.
local function head_of(entry)
  if entry.owner then return entry.head end
  local callable = entry.class and #entry.overloads > 0
  for _, operator in ipairs(entry.class and entry.returns or {}) do
    callable = callable or operator.name == "call"
  end
  return callable and entry.class .. "()" or nil
end

--- The programs of a page by head.
local function read_page(name)
  local file, heads = io.open(("engines/faults/programs/%s.lua"):format(name)), {}
  if not file then return heads end
  file:close()
  local page = require("engines.faults.programs." .. name)
  for _, list in ipairs { page, page.outside or {} } do
    for head, value in pairs(list) do heads[head] = type(value) == "function" or nil end
  end
  return heads
end

--- The names of the programs of these pages, PAGE/HEAD, in the order of the reference; and what is wrong
--- with them: calls without one, and programs without a call.
--- @param pages table[]  of tools.meta
--- @param read? fun(name: string): table<string, true?>  the programs of a page by head; else from disk
--- @return string[] names
--- @return string[] faults
function driver.match(pages, read)
  local names, faults = {}, {}
  for _, page in ipairs(pages) do
    local programs = (read or read_page)(page.name)
    for _, entry in ipairs(page.entries) do
      local head = head_of(entry)
      if head and programs[head] then
        table.insert(names, page.name .. "/" .. head)
      elseif head then
        local fault = "%s: no program in engines/faults/programs/%s.lua calls it"
        table.insert(faults, fault:format(head, page.name))
      end
      if head then programs[head] = nil end
    end
    for head in pairs(programs) do table.insert(faults, head .. ": the reference has no such call") end
  end
  return names, faults
end

--- The names of all programs, and what is wrong with them.
--- @return string[] names
--- @return string[] faults
function driver.programs()
  local names, faults = driver.match(meta.read("lua/cohort/meta").pages)
  local whole = {}
  for head in pairs(read_page "whole") do table.insert(whole, "whole/" .. head) end
  table.sort(whole)
  table.insert(names, "loading/modules")
  return table.move(whole, 1, #whole, #names + 1, names), faults
end

--- The core as users have it.
driver.core = "build/lib/cohort/core.so"

--- Builds the host and a core whose calls ask it, with sanitizers or without; returns the folder of both.
--- Whatever else is being built, and with which flags, has no part in it.
function driver.build(sanitized)
  local make = "env -u LD_PRELOAD MAKEFLAGS= make -s --no-print-directory "
  if sanitized then
    assert(os.execute(make .. "faulty-sanitized"))
    return "build/asan/faulty"
  end
  assert(os.execute(make .. "BUILD=build FLAGS=-O2 LDFLAGS= faulty"))
  return "build/faulty"
end

--- The command of the shell that runs the host of a folder with these arguments, and the core of it.
--- What is in its folder `lua` stands before what is in ours.
function driver.command(folder, ...)
  local words = { ("LUA_CPATH_5_4=\"$PWD/%s/?.so;$LUA_CPATH_5_4\""):format(folder),
    ("LUA_PATH_5_4=\"$PWD/%s/lua/?.lua;$LUA_PATH_5_4\""):format(folder), "LD_PRELOAD=",
    "ASAN_OPTIONS=abort_on_error=1:detect_leaks=1", folder .. "/host" }
  for _, argument in ipairs { ... } do table.insert(words, ("'%s'"):format(argument)) end
  return table.concat(words, " ")
end

--- Starts what runs some jobs one after the other; its output goes into a file.
local function start(jobs, folder, density, path)
  local lines = { "export FOLDER=$(mktemp -d)", 'export MODULES="$(cd lua/cohort && echo *.lua)"' }
  for _, job in ipairs(jobs) do
    table.insert(lines, driver.command(folder, job.way, driver.first, density, script_of(job.name), job.name))
    table.insert(lines, ("printf 'status\\t%%s\\t%%s\\t%%d\\n' %s '%s' $?"):format(job.way, job.name))
  end
  table.insert(lines, 'rm -r "$FOLDER"')
  local shell = assert(io.popen(("sh >%s 2>&1"):format(path), "w"))
  shell:write(table.concat(lines, "\n"), "\n")
  return shell
end

--- Adds what a worker printed to the result.
local function read_output(path, result)
  local complaints = {}
  for line in io.lines(path) do
    local kind, a, b, c = line:match "^(%l+)\t([^\t]+)\t([^\t]+)\t([^\t]+)$"
    if kind == "program" then
      result.tried = result.tried + tonumber(b)
      result.injected = result.injected + tonumber(c)
      result.programs[a] = (result.programs[a] or 0) + tonumber(c)
    elseif kind == "call" then
      result.calls[a] = (result.calls[a] or 0) + tonumber(c)
    elseif kind == "status" then
      if c ~= "0" then table.insert(complaints, ("%s, %s: ended with status %s"):format(b, a, c)) end
      if c ~= "0" then table.move(complaints, 1, #complaints, #result.complaints + 1, result.complaints) end
      complaints = {}
    else
      table.insert(complaints, line)
    end
  end
end

--- The first thing that fails, counted from 1.
driver.first = 1

--- Runs every program in each of the ways.
--- @param folder string  with the core, of `driver.build`
--- @param options {ways: string[], names: string[], density: integer}
--- @return table result  `tried`, `injected`; `programs` and `calls`: failures injected by name; `complaints`
function driver.run(folder, options)
  local jobs, running = {}, {}
  local result = { tried = 0, injected = 0, programs = {}, calls = {}, complaints = {} }
  for i = 1, workers do jobs[i] = {} end
  for i, name in ipairs(options.names) do
    for _, way in ipairs(options.ways) do
      table.insert(jobs[i % workers + 1], { name = name, way = way })
    end
  end
  for i = 1, workers do
    local path = os.tmpname()
    running[i] = { path = path, shell = start(jobs[i], folder, options.density, path) }
  end
  for _, worker in ipairs(running) do
    worker.shell:close()
    read_output(worker.path, result)
    os.remove(worker.path)
  end
  return result
end

--- What is wrong with how often allocations were refused in programs: never, though their page does not say
--- that they allocate nothing, or at all, though it does.
--- @param names string[]
--- @param injected table<string, integer>  failures by name
--- @param is_free fun(name: string): boolean
--- @return string[] faults
function driver.judge_memory(names, injected, is_free)
  local faults = {}
  for _, name in ipairs(names) do
    local count, free = injected[name], is_free(name)
    if count == 0 and not free then
      table.insert(faults, name .. ": nothing was allocated, so nothing failed")
    elseif count and count > 0 and free then
      table.insert(faults, ("%s: allocates, though its page says that it does not"):format(name))
    end
  end
  return faults
end

--- What is wrong with which calls failed: of those that the core imports, each must have, or be known as one
--- that cannot.
--- @param imports string[]  names
--- @param failed table<string, integer>  how often, by name
--- @param known table<string, string>  why it cannot fail, by name
--- @return string[] faults
function driver.judge_calls(imports, failed, known)
  local faults, imported = {}, {}
  for _, name in ipairs(imports) do
    imported[name] = true
    if not failed[name] and not known[name] then
      table.insert(faults, name .. ": was never made to fail, and engines/system.lua has no reason for that")
    elseif failed[name] and known[name] then
      table.insert(faults, name .. ": was made to fail, though engines/system.lua says that it cannot")
    end
  end
  for name in pairs(known) do
    if not imported[name] then table.insert(faults, ("%s: the core does not call it"):format(name)) end
  end
  return faults
end

--- Ends an engine: prints what is wrong, at most so many lines of it, and its figures.
function driver.finish(result, faults)
  for i, line in ipairs(result.complaints) do
    if i > 200 then break end
    print(line)
  end
  for _, fault in ipairs(faults) do print(fault) end
  print(("tried %d, injected %d"):format(result.tried, result.injected))
  os.exit(#result.complaints + #faults == 0, true)
end

return driver
