--- Programs that engines run many times: the examples, and some for each call that waits for the outside.
---
--- A program is {name =, run =, fault =}: `run(guard)` is called in a task, with a function that makes guards
--- as those of testing.cancel_everywhere; `fault()` tells what did not hold in it since it was asked last, or
--- nil. One of calls has `calls`, how often each was `tried` in it and how often `cut`, and `moments`, a list
--- of what must have come in it, or it does not do what it is for; `came` says of each whether it has. These
--- programs are in engines/programs/. They are given
---
---     c.act(name, f, ...)    to call what docs/reference calls `name`
---     c.law(holds, text...)  to say what must hold, whatever has happened
---     c.came(moment)         to say that a moment came
---     c.scratch              a folder to work in
---     c.add(name, run, moments)  to be listed
---     c.add_each(runs, run)  to list, in the order of names, what calls run(runs[name], guard)
local checkpoint = require "cohort".checkpoint
local whole = require "engines.programs.whole"

local programs = {}

local files = { "streams", "sockets", "datagrams", "files", "processes", "others" }

--- The programs of calls.
--- @param scratch string  a folder
--- @param cohort table
--- @param replaced? table<string, function>  wrong calls, by name, which are given the right one first
--- @return table[] list
function programs.calls(scratch, cohort, replaced)
  local list, running, fault = {}, nil, nil
  local c = { scratch = scratch }

  local function settle(call, ok, ...)
    if ok then return ... end
    if cohort.is(..., cohort.Cancelled) then call.cut = call.cut + 1 end
    error(..., 0)
  end

  function c.act(name, f, ...)
    local wrong, call = replaced and replaced[name], running.calls[name] or { tried = 0, cut = 0 }
    running.calls[name] = call
    call.tried = call.tried + 1
    if wrong then return settle(call, pcall(wrong, f, ...)) end
    return settle(call, pcall(f, ...))
  end

  function c.came(moment) running.came[moment] = true end

  function c.law(holds, text, ...)
    if holds or fault then return end
    local values = table.pack(...)
    for i = 1, values.n do values[i] = tostring(values[i]) end
    fault = text:format(table.unpack(values, 1, values.n))
  end

  function c.add(name, run, moments)
    local program = { name = name, calls = {}, moments = moments or {}, came = {} }
    function program.run(guard)
      running = program
      run(guard)
    end
    function program.fault()
      local told = fault
      fault = nil
      return told
    end
    list[#list + 1] = program
  end

  function c.add_each(runs, run)
    local names = {}
    for name in pairs(runs) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      c.add(name, function(guard) run(runs[name], guard) end)
    end
  end

  for _, file in ipairs(files) do require("engines.programs." .. file)(c) end
  return list
end

-- A setmetatable that counts how often each value with a `__close` is closed.
local function counting_setmetatable(closed)
  local counted = setmetatable({}, { __mode = "k" })
  return function(value, metatable)
    local close = metatable and not counted[metatable] and rawget(metatable, "__close")
    if close then
      counted[metatable] = true
      metatable.__close = function(self, ...)
        closed[self] = (closed[self] or 0) + 1
        return close(self, ...)
      end
    end
    if metatable and counted[metatable] then closed[value] = 0 end
    return setmetatable(value, metatable)
  end
end

local function ignore() end

local silent = { setvbuf = ignore, flush = ignore }
function silent.write() return silent end

-- What an example sees of cohort.stdio: a wait for each write, which `print` is told.
local function quiet_stdio(print)
  local stdout = {}
  function stdout.write(self, ...)
    checkpoint()
    print(...)
    return self
  end
  return { stdout = stdout, is_terminal = function() return false end, size = ignore }
end

-- What an example sees: it prints nothing, does not exit, and its `<close>` variables are counted.
local function environment(path, closed, print)
  print = print or ignore
  local stdio = quiet_stdio(print)
  return setmetatable({ print = print, arg = { [0] = path },
    require = function(name) return name == "cohort.stdio" and stdio or require(name) end,
    io = setmetatable({ stdout = silent, stderr = silent, write = silent.write, flush = ignore },
      { __index = io }),
    os = setmetatable({ exit = ignore }, { __index = os }),
    setmetatable = counting_setmetatable(closed) }, { __index = _G })
end

--- One example.
--- @param path string
--- @param scratch string     a folder
--- @param surround? function  of engines.programs.whole
function programs.example(path, scratch, surround)
  local closed, fault = {}, nil
  local function law(holds, ...) fault = fault or not holds and string.format(...) or nil end
  local function run(print, ...)
    assert(loadfile(path, "t", environment(path, closed, print)))(...)
  end
  local function told()
    local was = fault
    fault = nil
    for _, count in pairs(closed) do
      if count ~= 1 then was = was or ("a <close> variable was closed %d times"):format(count) end
    end
    return was
  end
  return { name = path:match "^examples/(.*)%.lua$" or path, fault = told, run = function()
    closed = {}
    if surround then surround(run, scratch, law) else run(nil, path) end
  end }
end

-- The files of a folder that are Lua, in the order of names.
local function files_of(folder)
  local list, listing = {}, assert(io.popen(("LC_ALL=C ls %s/*.lua"):format(folder)))
  for path in listing:lines() do list[#list + 1] = path end
  listing:close()
  return list
end

--- The examples, all there are but those that are left out: those that run by themselves, and whole programs.
--- @param left_out table<string, string>  why, by name
--- @param scratch string  a folder
--- @return table[] list
function programs.examples(left_out, scratch)
  local list, found = {}, {}
  local function add(path, surround)
    local example = programs.example(path, scratch, surround)
    found[example.name] = true
    if not left_out[example.name] then list[#list + 1] = example end
  end
  for _, path in ipairs(files_of "examples") do add(path) end
  for _, path in ipairs(files_of "examples/programs") do
    local name = path:match "([^/]+)%.lua$"
    add(path, assert(whole[name], "engines/programs/whole.lua has no surroundings for " .. path))
  end
  for name in pairs(left_out) do assert(found[name], "there is no example " .. name) end
  return list
end

--- Calls `use` with a new folder, which is removed when that has returned or raised.
function programs.with_scratch(use)
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir " .. path))
  local _ <close> = setmetatable({}, { __close = function() os.execute("rm -r " .. path) end })
  return use(path)
end

return programs
