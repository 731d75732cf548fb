--- The command line: `cohort script.lua args...` runs a script as the root task.
---
--- Its options are those of `lua`, as far as they make sense here. It requires as little as it can, because
--- every script's start waits for it: only the core, and that only when there is something to run.
local cli = {}

local pcall, rawequal, stderr = pcall, rawequal, io.stderr  -- unaffected by what a script does to its globals

local usage = [=[
usage: cohort [options] [script [args]]
  -e CODE    run CODE, before the script if there is one; may be repeated
  -          the script is the standard input
  --         no more options
  --version  print the version
  --help     print this
Exit status: 0, or 1 after an error, or 130 when interrupted by Ctrl-C.
]=]

-- {{ Errors as text. Error values are the user's: nothing here trusts them

--- The text of any value, as `lua` would print it as an error.
local function text_of(err)
  if type(err) == "string" or type(err) == "number" then return tostring(err) end
  local meta = debug.getmetatable(err)
  if type(meta) == "table" and rawget(meta, "__tostring") ~= nil then
    local ok, text = pcall(tostring, err)
    if ok then return text end
  end
  return ("(error object is a %s value)"):format(type(err))
end

--- A field of an error value, if it is a table and has the field itself.
local function field_of(err, name)
  return type(err) == "table" and rawget(err, name) or nil
end

local function add_traceback(lines, text)
  if type(text) ~= "string" or text == "" then return end
  lines[#lines + 1] = "stack traceback:"
  lines[#lines + 1] = "\t" .. text:gsub("\n", "\n\t")
end

--- The text of an error, and that of its chain of causes. `seen` is the error as it was raised, if known.
local function parts_of(core, err, seen)
  local text = text_of(err)
  if core.is_error_group(err) then return text, "" end
  if type(err) == "string" and type(seen) == "string" then return seen, err:sub(#seen + 1) end
  local chain = core.error_chain(err)
  if chain ~= "" and text:sub(-#chain) == chain then text = text:sub(1, -#chain - 1) end
  return text, chain
end

--- The lines about an error: its text, its traceback, and its chain of causes. `seen` is the latest error of
--- a chunk, which was raised at `traceback`.
local function describe(core, err, seen, traceback)
  local strings = type(err) == "string" and type(seen) == "string"
  local known = rawequal(err, seen) or strings and err:find(seen, 1, true) == 1
  if not known then seen, traceback = nil, nil end
  local text, chain = parts_of(core, err, seen)
  if core.error_is(err, core.Interrupted) or core.error_is(err, core.Deadlock) then
    text = text:gsub("^[^\n]-:%d+: ", "")  -- the line that called `run` says nothing about the script
  end
  local lines = { "cohort: " .. text }
  if not core.is_error_group(err) then add_traceback(lines, field_of(err, "traceback") or traceback) end
  return table.concat(lines, "\n") .. chain .. "\n"
end

-- }}

-- {{ Running

--- Runs the chunks one after the other as the root task, the last of them with `args`. Returns the
--- exit status.
local function run(chunks, name, args)
  local core = require "cohort.core"
  local seen, traceback  -- the latest error of a chunk, and where it was raised
  require "cohort.coroutine".install()
  core.hide_library()  -- this file's frames do not belong in the script's tracebacks

  local function on_error(err)
    if not core.is_cancelled(err) then seen, traceback = err, core.current_task():traceback() end
    return core.note(err)
  end

  local function check(ok, err)
    if not ok then core.raise(err) end
  end

  local function root(...)
    core.current_task().name = name
    for i = 1, #chunks - 1 do check(xpcall(chunks[i], on_error)) end
    check(xpcall(chunks[#chunks], on_error, ...))
  end

  local ok, err = pcall(core.run, root, table.unpack(args))
  if ok then return 0 end
  local described, text = pcall(describe, core, err, seen, traceback)
  pcall(stderr.write, stderr, described and text or "cohort: error in error handling\n")
  return core.error_is(err, core.Interrupted) and 130 or 1
end

-- }}

-- {{ The command line

local function fail(format, ...)
  io.stderr:write("cohort: ", format:format(...), "\n")
  return 1
end

local function misuse(...)
  fail(...)
  io.stderr:write(usage)
  return 1
end

--- Reads the options. Returns a table of them with the index of the script, or with `problem`.
local function parse(argv)
  local options = { code = {} }
  local i = 1
  while argv[i] do
    local word = argv[i]
    if word == "--" then
      i = i + 1
      break
    elseif word == "-" or word:sub(1, 1) ~= "-" then
      break
    elseif word == "--version" or word == "--help" then
      options[word:sub(3)] = true
    elseif word:sub(1, 2) == "-e" then
      local code = word:sub(3)
      if code == "" then
        i = i + 1
        code = argv[i]
      end
      if not code then return { problem = "'-e' needs code" } end
      table.insert(options.code, code)
    else
      return { problem = ("unknown option '%s'"):format(word) }
    end
    i = i + 1
  end
  options.script = argv[i] and i
  return options
end

--- Sets `arg` as `lua` does: the script of `argv` at index 0, what stands before it below.
local function set_arg(argv, script)
  local moved = {}
  for i, word in pairs(argv) do moved[i - script] = word end
  _G.arg = moved
  return moved
end

--- Returns the chunks to run, in order, and a name for the root task; or nil and what is wrong.
local function load_chunks(options, script)
  local chunks = {}
  for i, code in ipairs(options.code) do
    local chunk, problem = load(code, "=(command line)", "t")
    if not chunk then return nil, problem end
    chunks[i] = chunk
  end
  if not script then return chunks, "command line" end
  local chunk, problem = loadfile(script ~= "-" and script or nil, "t")
  if not chunk then return nil, problem end
  table.insert(chunks, chunk)
  return chunks, script ~= "-" and script or "stdin"
end

--- Does what the command line asks for.
---
--- Returns when the script and every task it started have ended. Raises nothing: errors are written to
--- standard error. Sets the global `arg` for the script and turns warnings on.
--- @param argv table<integer, string>  as `lua` sets `arg`: the launcher at 0, its arguments from 1
--- @return integer status  for `os.exit`
function cli.main(argv)
  local options = parse(argv)
  if options.problem then return misuse("%s", options.problem) end
  if options.help then
    io.stdout:write(usage)
    return 0
  elseif options.version then
    print(("cohort %s (%s)"):format(require "cohort.core".VERSION, _VERSION))
    return 0
  elseif not options.script and #options.code == 0 then
    return misuse("no script")
  end
  warn "@on"
  local args = set_arg(argv, options.script or 0)
  local chunks, name = load_chunks(options, args[0] and options.script and args[0])
  if not chunks then return fail("%s", name) end
  return run(chunks, name, options.script and args or {})
end

-- }}

return cli
