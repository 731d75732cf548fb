-- The launcher, as a shell sees it: every run is a process of its own.
local folder  -- of the files of one spec

local function write(name, text)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

local function read(name)
  local file = assert(io.open(folder .. "/" .. name))
  local text = file:read("a")
  file:close()
  return text
end

--- Runs `cohort` with these words, in the shell's quoting. Returns exit status, output, errors.
local function cohort(words, input)
  write("in", input or "")
  local _, _, status = os.execute(
    ("cd %s && env --default-signal=INT cohort %s <in >out 2>err"):format(folder, words))
  return status, read "out", read "err"
end

--- Writes a script and runs it.
local function script(source, words)
  write("script.lua", source)
  return cohort("script.lua " .. (words or ""))
end

--- The lines as one text.
local function text(lines)
  return table.concat(lines, "\n") .. "\n"
end

-- Sends SIGINT to the process that calls it, and returns when it has arrived.
local interrupt = [[
  local function interrupt() io.popen("kill -INT $PPID"):close() end
]]

before_each(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
end)

after_each(function()
  os.execute("rm -r " .. folder)
end)

describe("the launcher", function()
  it("finds the tree in which it stands, or the place where it is installed, when Lua does not", function()
    local core = assert(package.searchpath("cohort.core", package.cpath))
    local modules = assert(package.searchpath("cohort.cli", package.path)):match "^(.*)/cohort/cli.lua$"
    local function shell(line, ...) return assert(io.popen(("cd %s && " .. line):format(folder, ...))) end
    shell("mkdir -p tree/bin tree/build/lib/cohort && ln -s tree link && ln -s %s tree/lua"
      .. " && cp $(command -v cohort) tree/bin && cp %s tree/build/lib/cohort", modules, core):close()
    shell("mkdir -p usr/bin usr/lib/lua usr/share/lua && ln -s ../../../tree/lua usr/share/lua/5.4"
      .. " && ln -s ../../../tree/build/lib usr/lib/lua/5.4 && cp tree/bin/cohort usr/bin"):close()
    write("script.lua", "require 'cohort'.sleep(0.001) print 'slept'")
    local bare = "env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 -u LUA_PATH -u LUA_CPATH "
    for _, command in ipairs {
      bare .. "tree/bin/cohort script.lua", bare .. "$PWD/link/bin/cohort script.lua",
      bare .. "usr/bin/cohort script.lua",
      "cd tree/bin && " .. bare .. "./cohort ../../script.lua",
      "PATH=$PWD/tree/bin:$PATH && " .. bare .. "cohort script.lua",
    } do
      local pipe <close> = shell("{ %s; } 2>&1", command)
      assert.equal("slept\n", pipe:read "a")
    end
  end)
end)

describe("a script", function()
  it("is the root task", function()
    assert.same({ 0, "task 'script.lua' (running)\nslept\n", "" }, { script [[
      local cohort = require "cohort"
      print(cohort.current_task())
      cohort.sleep(0.001)
      print "slept"
    ]] })
  end)

  it("with cohort.main at its end runs in that task", function()
    assert.same({ 0, "script.lua\n", "" }, { script [[
      local cohort = require "cohort"
      cohort.main(function() print(cohort.current_task().name) end)
    ]] })
  end)

  it("gets its arguments as lua gives them", function()
    local status, out, err = script([[
      print(select("#", ...), ...)
      print(#arg, arg[0], arg[1], arg[2], arg[3])
      print(arg[-1]:match("[^/]*$"))
    ]], "a 'b c' -e")
    assert.same({ 0, "3\ta\tb c\t-e\n3\tscript.lua\ta\tb c\t-e\ncohort\n", "" }, { status, out, err })
  end)

  it("may begin with #! and be run as a program", function()
    write("program", '#!/usr/bin/env cohort\nprint(..., require "cohort".current_task() ~= nil)\n')
    assert(os.execute(("cd %s && chmod +x program && ./program word >out"):format(folder)))
    assert.equal("word\ttrue\n", read "out")
  end)

  it("may be called what it likes after --", function()
    write("-e", "print(arg[0], ...)")
    assert.same({ 0, "-e\tx\n", "" }, { cohort "-- -e x" })
  end)

  it("has warnings on", function()
    assert.same({ 0, "", "Lua warning: careful\n" }, { script 'warn "careful"' })
  end)

  it("ends when all it started has ended", function()
    assert.same({ 0, "main\ntask\n", "" }, { script [[
      local cohort = require "cohort"
      cohort.group(function(g)
        g:spawn(function() cohort.sleep(0.001) print "task" end)
        print "main"
      end)
    ]] })
  end)

  for _, call in ipairs { "os.exit(3)", "os.exit(3, true)" } do
    it("may leave by " .. call, function()
      assert.same({ 3, "out\n", "" }, { script([[
        local cohort = require "cohort"
        cohort.group(function(g)
          g:spawn(cohort.sleep_forever)
          cohort.checkpoint()
          print "out"
          ]] .. call .. [[
        end)
      ]]) })
    end)
  end
end)

describe("options", function()
  it("-e runs code in a task", function()
    assert.same({ 0, "slept\n", "" },
      { cohort [[-e 'require "cohort".sleep(0.001) print "slept"']] })
  end)

  it("-e takes its code in the same word, too, and again and again before the script", function()
    write("script.lua", "print(x + y, ...)")
    assert.same({ 0, "3\tword\n", "" }, { cohort "-e'x = 1' -e 'y = 2' script.lua word" })
  end)

  it("- is the standard input", function()
    assert.same({ 0, "-\ta\tstdin\n", "" },
      { cohort("- a", '#!first line\nprint(arg[0], ..., require "cohort".current_task().name)') })
  end)

  it("--version and --help answer and do nothing else", function()
    local status, out, err = cohort "--version"
    assert.same({ 0, "" }, { status, err })
    assert.equal(("cohort %s (%s)\n"):format(require "cohort".VERSION, _VERSION), out)
    status, out, err = cohort "--help -e 'print(1)'"
    assert.same({ 0, "" }, { status, err })
    assert.truthy(out:find("^usage: cohort "))
    for _, option in ipairs { "-e CODE", "--version", "--help" } do
      assert.truthy(out:find(option, 1, true), option)
    end
  end)

  for words, problem in pairs {
    ["--nonsense"] = "unknown option '--nonsense'",
    ["-x script.lua"] = "unknown option '-x'",
    ["-e"] = "'-e' needs code",
    [""] = "no script",
    ["--"] = "no script",
  } do
    it(("'%s' is answered with what is wrong, and the usage"):format(words), function()
      local status, out, err = cohort(words)
      assert.same({ 1, "" }, { status, out })
      assert.equal(1, err:find("cohort: " .. problem .. "\nusage: cohort ", 1, true))
    end)
  end

  it("a script that is not there or does not compile is an error", function()
    local status, out, err = cohort "missing.lua"
    assert.same({ 1, "" }, { status, out })
    assert.truthy(err:find("^cohort: cannot open missing.lua"))
    assert.same({ 1, "", "cohort: script.lua:1: unexpected symbol near '?'\n" }, { script "?" })
    assert.same({ 1, "", "cohort: (command line):1: unexpected symbol near '?'\n" }, { cohort "-e '?'" })
  end)

  it("a compiled chunk is refused", function()
    write("script.lua", string.dump(function() end))
    local status, out, err = cohort "script.lua"
    assert.same({ 1, "" }, { status, out })
    assert.truthy(err:find("attempt to load a binary chunk", 1, true))
  end)
end)

describe("an error", function()
  it("is shown with the traceback of the script alone", function()
    assert.same({ 1, "before\n", text {
      "cohort: script.lua:1: boom",
      "stack traceback:",
      "\t[C]: in global 'error'",
      "\tscript.lua:1: in upvalue 'f'",
      "\tscript.lua:2: in local 'g'",
      "\tscript.lua:4: in main chunk",
    } }, { script [[
local function f() error "boom" end
local function g() f() end
print "before"
g()
]] })
  end)

  it("value has the traceback of where it was raised", function()
    assert.same({ 1, "", text {
      "cohort: script.lua:2: Error: boom",
      "stack traceback:",
      "\t[C]: in global 'error'",
      "\tscript.lua:3: in main chunk",
    } }, { script [[
local cohort = require "cohort"
local err = cohort.Error "boom"
error(err)
]] })
  end)

  it("group is shown as a tree, down to the script's first line", function()
    assert.same({ 1, "", text {
      "cohort: group 'script.lua:3' failed (2 errors)",
      "├─ task 'one': script.lua:4: 1",
      "│    [C]: in global 'error'",
      "│    script.lua:4: in function <script.lua:4>",
      "│    script.lua:3: in main chunk",
      "╰─ task 'two': script.lua:2: Error: 2",
      "     script.lua:3: in main chunk",
    } }, { script [[
local cohort = require "cohort"
local err = cohort.Error "2"
cohort.group(function(g)
  g:spawn(function() error "1" end).name = "one"
  g:spawn(error, err).name = "two"
end)
]] })
  end)

  it("that caused another is shown below it", function()
    local status, _, err = script [[
      local cohort = require "cohort"
      local inner = cohort.Error { message = "inner", cause = "innermost" }
      error(cohort.Error { message = "outer", cause = inner })
    ]]
    assert.equal(1, status)
    assert.truthy(err:find("^cohort: script.lua:3: Error: outer\nstack traceback:\n"))
    assert.truthy(err:find("\ncaused by: script.lua:2: Error: inner\ncaused by: innermost\n$"))
  end)

  it("that is a string a handler raised has its traceback, and below it what was being handled", function()
    local status, _, err = script [[
      local cohort = require "cohort"
      local function fail() error(cohort.error_group("both", { "a", "b" })) end
      cohort.try(fail, cohort.except(".", function(eg) return eg:sole().message end))
    ]]
    assert.equal(1, status)
    assert.truthy(err:find("^cohort: script.lua:3: attempt to index a nil value[^\n]*\nstack traceback"), err)
    assert.truthy(err:find("\n\tscript.lua:3: in main chunk\nwhile", 1, true), err)
    assert.truthy(err:find("\nwhile handling: both (2 errors)\n├─ a\n╰─ b\n", 1, true), err)
  end)

  it("that is a deadlock lists what waits", function()
    local status, out, err = script [[
      local cohort = require "cohort"
      cohort.sleep_forever()
    ]]
    assert.same({ 1, "" }, { status, out })
    assert.truthy(err:find("^cohort: Deadlock: "))
    assert.truthy(err:find("task 'script.lua' sleeps for ever at script.lua:2\n"))
  end)

  it("of stack overflow is shown in time", function()
    local status, _, err = script "local function f() return 1 + f() end f()"
    assert.equal(1, status)
    assert.truthy(err:find("^cohort: script.lua:1: stack overflow\n"))
  end)

  for what, source in pairs {
    ["nil"] = "error(nil)",
    ["a table"] = "error {}",
    ["a function"] = "error(print)",
    ["a __tostring that fails"] = "error(setmetatable({}, { __tostring = error, __index = error }))",
    ["a __tostring that gives no string"] = "error(setmetatable({}, { __tostring = function() end }))",
    ["a metatable that is hidden"] = "error(setmetatable({}, { __metatable = 1, __name = 2 }))",
    ["a cause of itself"] = 'local e = require "cohort".Error "e" e.cause = e error(e)',
    ["fields of odd types"] = "error { traceback = print, cause = setmetatable({}, { __tostring = error }) }",
    ["a script that has broken its globals"] =
      "local error = error for name in pairs(_G) do _G[name] = nil end error 'x'",
    ["strings that have lost their methods"] = "string.gsub, string.format = nil error 'x'",
  } do
    it(("of %s is an error like others"):format(what), function()
      local status, out, err = script(source)
      assert.same({ 1, "" }, { status, out })
      assert.truthy(err:find("^cohort: "), err)
      assert.is_nil(err:find("cli.lua", 1, true), err)
    end)
  end
end)

describe("Ctrl-C", function()
  it("cancels the script, which ends with 130", function()
    local status, out, err = script(interrupt .. [[
      local cohort = require "cohort"
      cohort.try(function()
        interrupt()
        cohort.sleep(60)
      end, cohort.finally(function()
        cohort.shield(cohort.sleep, 0.001)
        print "cleaned up"
      end))
    ]])
    assert.same({ 130, "cleaned up\n" }, { status, out })
    assert.equal("cohort: Interrupted: interrupted by Ctrl-C\n", err)
  end)

  it("sent to its process id does the same", function()
    write("script.lua", [[
      local cohort = require "cohort"
      print "ready"
      io.stdout:flush()
      cohort.sleep(60)
    ]])
    local child = "sh -c 'echo $$; exec env --default-signal=INT cohort script.lua 2>err'"
    local pipe = io.popen(("cd %s && %s; echo $?"):format(folder, child))
    local id = pipe:read("l")
    assert.equal("ready", pipe:read("l"))
    assert(os.execute("kill -INT " .. id))
    assert.equal("130", pipe:read("l"))
    pipe:close()
    assert.equal("cohort: Interrupted: interrupted by Ctrl-C\n", read "err")
  end)

  it("shows what failed while it was cleaned up", function()
    local status, _, err = script(interrupt .. [[
      local cohort = require "cohort"
      cohort.group(function(g)
        g:spawn(function()
          local _ <close> = setmetatable({}, { __close = function() error "crash" end })
          cohort.sleep(60)
        end)
        cohort.checkpoint()
        interrupt()
        cohort.sleep(60)
      end)
    ]])
    assert.equal(130, status)
    assert.truthy(err:find("^cohort: Interrupted: interrupted by Ctrl%-C\ncaused by: group "), err)
    assert.truthy(err:find("crash", 1, true))
  end)

  it("pressed twice ends a script that does not listen", function()
    local status, out = script(interrupt .. [[
      print "busy"
      io.stdout:flush()
      interrupt()
      interrupt()
      while true do end
    ]])
    assert.same({ 130, "busy\n" }, { status, out })
  end)
end)
