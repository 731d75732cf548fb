--- Child processes: `run` for their output, `open` for their streams.
---
--- The core starts, watches and ends a child. This file reads commands, does what `run` does with the
--- streams, and makes the error of a command that failed.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local option = require "cohort.option"
local try = require "cohort.try"

local process = {}

local attempt, expects, describe = try.attempt, option.expects, option.describe

local OUTPUT_MAX = 16 << 20
local GRACE = 5                -- seconds
local GRACE_MAX = 1e12         -- more means for ever
local LAST_LINE_MAX = 200      -- most bytes of the child's last line that go into a message

-- What a descriptor of the child becomes, as the core takes it.
local plans = { null = -1, pipe = -2, inherit = -3, stdout = -4 }

---------------------------------------------------------------------------
-- Reading a command

local EXAMPLE, EXAMPLE_OF_OPTIONS = '{"ls", "-l"}', '{"ls", "-l", cwd = "/"}'

local function is_stream(value) return object.class_of(value) == "cohort.Stream" end

-- Describes what was given as a descriptor of the child, and what to do instead.
local function describe_source(value, copy)
  if value == "capture" then return '"capture", which is of process.run: read the pipe' end
  if value == "pipe" then return '"pipe", which is of process.open' end
  if type(value) == "string" and value:find("/", 1, true) then
    return ('%q: open the file first, io.open(path, "w")'):format(value)
  end
  if object.class_of(value) == "cohort.File" then return "a file of cohort.fs: take one of io.open" end
  return is_stream(value) and "a stream, which only run takes: copy it, with " .. copy or nil
end

local function is_text(value) return expects.text(value) == nil end

-- Splits a command into the list of program and arguments, as strings, and the options of the same table.
local function split(who, command, more)
  if type(command) ~= "table" or core.is_callable(command) then
    misuse("%s expects a command as a table, got %s: no shell takes part, so write process.%s%s",
      who, type(command), who, EXAMPLE)
  end
  if more ~= nil then
    misuse("%s takes one table, got a %s behind it: options go into the same, as in process.%s%s", who,
      type(more), who, EXAMPLE_OF_OPTIONS)
  end
  local list, options, count = {}, {}, rawlen(command)
  for key, value in next, command do
    if math.type(key) ~= "integer" then
      options[key] = value
    elseif key < 1 or key > count then
      misuse("%s expects a list of program and arguments: leave out what is nil, got one at %d", who, key)
    end
  end
  for i = 1, count do
    local word = rawget(command, i)
    if type(word) == "number" and i > 1 then word = tostring(word) end
    if not is_text(word) then
      misuse("%s expects %s, got %s: write process.%s%s", who,
        i == 1 and "the program as a string without NUL bytes" or "arguments as strings without NUL bytes",
        type(word) == "string" and "one with a NUL byte" or type(word), who, EXAMPLE)
    end
    list[i] = word
  end
  if count == 0 or list[1] == "" then
    misuse("%s expects a program first, got %s: write process.%s%s", who,
      count == 0 and "none" or "an empty string", who, EXAMPLE)
  end
  return list, options
end

local function expects_directory(value)
  return not (is_text(value) and value ~= "") and "the path of a directory, without NUL bytes" or nil
end

-- One of some words, or an open file of Lua's io; `more` accepts other values. `copy` is how to copy a stream
-- where none is accepted.
local function expects_descriptor(words, more, mend, copy)
  return function(value)
    if words[value] or io.type(value) == "file" or more and more(value) then return nil end
    return io.type(value) and "an open file" or mend, describe_source(value, copy)
  end
end

local function is_input(value) return type(value) == "string" or is_stream(value) end

local common = {
  cwd = expects_directory, clean_env = expects.boolean, process_group = expects.boolean,
  grace = expects.seconds,
  env = function(value)
    return (type(value) ~= "table" or core.is_callable(value)) and "a table of variables" or nil
  end,
}

local function with_common(own)
  for name, check in next, common do own[name] = check end
  return option.known(own)
end

local run_options = with_common {
  check = expects.boolean, max_output = expects.limit,
  stdin = expects_descriptor({}, is_input, "a string to be read, a stream, or an open file of io"),
  stdout = expects_descriptor({ capture = true, inherit = true, null = true }, is_stream,
    '"capture", "inherit", "null", a stream, or an open file of io'),
  stderr = expects_descriptor({ capture = true, inherit = true, null = true, stdout = true }, is_stream,
    '"capture", "stdout", "inherit", "null", a stream, or an open file of io'),
}

local open_options = with_common {
  stdin = expects_descriptor({ pipe = true, inherit = true, null = true }, nil,
    '"pipe", "inherit", "null", or an open file of io', "stream:copy_to(child.stdin)"),
  stdout = expects_descriptor({ pipe = true, inherit = true, null = true }, nil,
    '"pipe", "inherit", "null", or an open file of io', "child.stdout:copy_to(stream)"),
  stderr = expects_descriptor({ pipe = true, inherit = true, null = true, stdout = true }, nil,
    '"pipe", "stdout", "inherit", "null", or an open file of io', "child.stderr:copy_to(stream)"),
}

-- The whole environment of the child as a list of "NAME=value"; nil for ours.
local function read_environment(options)
  local changes, list, names = options.env or {}, {}, {}
  for name, value in next, changes do
    local good = is_text(name) and name ~= "" and not name:find("=", 1, true)
    if math.type(name) == "integer" then
      misuse("option 'env' expects names of variables, got a list: write env = {NAME = \"value\"}")
    elseif not good then
      misuse("option 'env' expects names of variables without '=' and NUL bytes, got %s",
        type(name) == "string" and ("%q"):format(name) or describe(name))
    elseif not (value == false or type(value) == "number" or is_text(value)) then
      misuse("option 'env' expects strings without NUL bytes, or false to take one away, got %s for '%s'",
        type(value) == "string" and "one with a NUL byte" or describe(value), name)
    end
    if value then names[#names + 1] = name end
  end
  if not (options.clean_env or next(changes)) then return nil end
  for _, entry in ipairs(options.clean_env and {} or core.process.environment()) do
    if changes[entry:match "^[^=]*"] == nil then list[#list + 1] = entry end
  end
  table.sort(names)
  for _, name in ipairs(names) do list[#list + 1] = ("%s=%s"):format(name, changes[name]) end
  return list
end

-- Reads a command for the function `who`.
local function read(who, known, ...)
  local list, given = split(who, ...)
  local options = option.read(who, given, known)
  options.env = read_environment(options)
  return list, options
end

---------------------------------------------------------------------------
-- Starting

-- How the core sets up a descriptor: a file, or a plan.
local function plan_of(value)
  if io.type(value) then
    value:flush()
    return value
  end
  if value == "inherit" then io.stdout:flush() end
  return plans[value] or plans.pipe
end

local function start(list, options, stdin, stdout, stderr, buffer_max)
  local grace = options.grace or GRACE
  return core.process.start(list, options.env, options.cwd, options.process_group,
    math.ceil(math.min(grace, GRACE_MAX) * 1000), plan_of(stdin), plan_of(stdout), plan_of(stderr),
    core.LINE_MAX, buffer_max)
end

--- Starts a program and returns it with a stream for each of its descriptors: see the reference.
---
---     local sort <close> = process.open {"sort"}
---     sort.stdin:write("b\na\n")
---     sort.stdin:shutdown()
---     print(sort.stdout:read "a")
---
--- @async
--- @param command table
--- @return cohort.Process
function process.open(command, ...)
  local list, options = read("open", open_options, command, ...)
  object.check_task "open"
  return start(list, options, options.stdin or "pipe", options.stdout or "pipe", options.stderr or "pipe",
    core.SIZE_LIMIT)
end

---------------------------------------------------------------------------
-- Running

-- A child need not read everything it is given.
local function forgive_broken(ok, err)
  if ok or core.error_is(err, core.Broken) and err.code == "EPIPE" then return end
  error(err, 0)
end

local function feed(child, source)
  local _ <close> = child.stdin
  if is_stream(source) then
    forgive_broken(attempt(source.copy_to, source, child.stdin))
  else
    forgive_broken(attempt(child.stdin.write, child.stdin, source))
  end
end

local function too_long(run, name)
  return core.TooLong {
    message = ("run: %s of '%s' is more than %d bytes: give a larger max_output, or read it in parts, with "
      .. "process.open"):format(name, run.program, run.limit),
    operation = "run", where = run.where,
  }
end

-- Reads everything the child writes to `name`, or passes it on. Too much output ends the run; when both
-- outputs are too long, only the first raises.
local function drain(run, child, name, result)
  local stream, target = child[name], run.options[name]
  if is_stream(target) then
    stream:copy_to(target)
    return
  end
  local ok, text = attempt(stream.read, stream, "a")
  if ok then
    result[name] = text
  elseif not core.error_is(text, core.TooLong) then
    error(text, 0)
  elseif not run.flooded then
    run.flooded = true
    error(too_long(run, name), 0)
  end
end

-- Everything that a run consists of, until the child has ended and all its output was read.
local function talk(run, child, source, result)
  core.group({ name = "run " .. run.program }, function(g)
    if source then g:spawn_daemon(feed, child, source).name = "stdin of " .. run.program end
    for _, name in ipairs { "stdout", "stderr" } do
      if child[name] then
        g:spawn(drain, run, child, name, result).name = ("%s of %s"):format(name, run.program)
      end
    end
    result.status, result.signal = child:wait()
  end)
end

-- The last line of the child's output, for a message.
local function last_line(text)
  local line = text and text:sub(-LAST_LINE_MAX):gsub("%s+$", ""):match "[^\n]*$" or ""
  return line ~= "" and ": " .. line or ""
end

local function failure(program, result)
  local how = result.signal and "was ended by " .. result.signal
    or ("failed with status %d"):format(result.status)
  return core.ProcessError {
    message = ("%s %s%s"):format(program, how, last_line(result.stderr or result.stdout)),
    status = result.status, signal = result.signal, stdout = result.stdout, stderr = result.stderr,
  }
end

--- Runs a program and returns what it wrote: see the reference.
---
---     local listing = process.run({"ls", "-l"}).stdout
---
--- @async
--- @param command table
--- @return {status: integer?, signal: string?, stdout: string?, stderr: string?}
function process.run(command, ...)
  local list, options = read("run", run_options, command, ...)
  if is_stream(options.stdout) and rawequal(options.stdout, options.stderr) then
    misuse 'run: one stream cannot be both outputs: write stderr = "stdout"'
  end
  object.check_task "run"
  local input, limit = options.stdin, math.min(options.max_output or OUTPUT_MAX, core.SIZE_LIMIT)
  local source = is_input(input) and input ~= "" and input or nil
  local run = { program = list[1], options = options, limit = limit, where = core.where(), flooded = false }
  local child <close> = start(list, options, source and "pipe" or io.type(input) and input or "null",
    options.stdout, options.stderr, limit // 1 | 0)
  local result = {}
  try.unwrap(talk, run, child, source, result)
  if options.check ~= false and result.status ~= 0 then error(failure(run.program, result), 0) end
  return result
end

return object.refuse_unknown(process, "cohort.process")
