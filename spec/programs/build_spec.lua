-- examples/programs/build.lua, with compilers, steps that wait for each other, that fail, and leave children.
local fs = require "cohort.fs"
local programs = require "spec.support.programs"

-- Calls body(file, dir) with a file of steps, whose commands are run in `dir`.
local function with_steps(source, body)
  programs.within(function()
    local dir <close> = fs.temp_dir()
    local file = dir.path .. "/steps.lua"
    fs.write_file(file, ([[
      local dir = %q
      local function step(name, script, ...)
        return { name = name, cwd = dir, needs = { ... }, "env", "-u", "LD_PRELOAD", "sh", "-c", script }
      end
      return {]] .. source .. "}"):format(dir.path))
    body(file, dir.path .. "/")
  end)
end

local function build(...)
  local program <close> = programs.example("build", ...)
  return program:wait()
end

-- The lines of a text, in the order of the alphabet.
local function sorted(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  table.sort(lines)
  return lines
end

-- Waits for what a step writes into a file.
local function await(path)
  local folder = path:match "^(.*)/"
  local watcher <close> = fs.watch(folder)
  while not (fs.exists(path) and fs.read_file(path):find "\n") do watcher() end
  return fs.read_file(path):match "[^\n]+"
end

-- Is there still such a process? One that is only waiting to be reaped is none.
local function is_alive(pid)
  local file = io.open(("/proc/%s/stat"):format(pid))
  if not file then return false end
  local state = file:read("a"):match "%) (%u)"
  file:close()
  return state ~= "Z" and state ~= "X"
end

describe("the build runner", function()
  it("builds a program", function()
    with_steps([[
      step("main.o", "cc -c main.c"),
      step("answer.o", "cc -c answer.c"),
      step("app", "cc -o app main.o answer.o", "main.o", "answer.o"),
      step("test", "./app", "app"),
    ]], function(file, dir)
      fs.write_file(dir .. "main.c", '#include <stdio.h>\nint answer(void);\n'
        .. 'int main(void) { printf("%d\\n", answer()); return 0; }\n')
      fs.write_file(dir .. "answer.c", "int answer(void) { return 42; }\n")
      local code, out, err = build(file)
      assert.same({ 0, "" }, { code, err })
      assert.equal("3/4 app\n4/4 test\n42\n", out:match "3/4.*")
    end)
  end)

  it("runs a step when all that it needs is done, and not before", function()
    with_steps([[
      step("a", "echo a >> order"),
      step("b", "sleep 0.05; echo b >> order", "a"),
      step("c", "echo c >> order", "a", "b"),
      step("d", "echo d >> order", "c"),
    ]], function(file, dir)
      local code, out = build(file, 8)
      assert.same({ 0, "1/4 a\n2/4 b\n3/4 c\n4/4 d\n" }, { code, out })
      assert.equal("a\nb\nc\nd\n", fs.read_file(dir .. "order"))
    end)
  end)

  it("runs as many at once as its limit says, and no more", function()
    -- Each waits until three have come.
    local meeting = 'step("%d", "mkdir in.%d; until test $(ls -d in.* | wc -l) -ge 3; do sleep 0.01; done"),'
    local counting = 'step("%d", "mkdir in.%d; ls -d in.* | wc -l; rmdir in.%d"),'
    local meetings, counts = {}, {}
    for i = 1, 3 do meetings[i] = meeting:gsub("%%d", i) end
    for i = 1, 20 do counts[i] = counting:gsub("%%d", i) end
    with_steps(table.concat(meetings), function(file)
      local code, out = build(file, 3)
      assert.same({ 0, 3 }, { code, #sorted(out) })
    end)
    with_steps(table.concat(counts), function(file)
      local code, out = build(file, 2)
      assert.equal(0, code)
      for count in out:gmatch "\n(%d+)\n" do assert.is_true(count + 0 <= 2) end
      assert.equal("20/20", out:match "20/20")
    end)
  end)

  it("ends at the first failure all that runs, with all that it has started", function()
    with_steps([[
      step("long", "sleep 1000 & echo $! > pid; wait"),
      step("deaf", "trap '' TERM; mkfifo never; echo $$ > deaf; while :; do sleep 1000; done"),
      step("fails", "until test -s pid && test -s deaf; do sleep 0.01; done; echo oops; exit 3"),
      step("never", "echo never > never_file", "fails"),
    ]], function(file, dir)
      local code, out, err = build(file, 3)
      assert.same({ 1, "", "fails: failed with status 3\noops\n" }, { code, out, err })
      assert.is_false(is_alive(await(dir .. "pid")))
      assert.is_false(is_alive(await(dir .. "deaf")))
      assert.is_false(fs.exists(dir .. "never_file"))
    end)
  end)

  it("tells of a command that is not there, and of one that was ended by a signal", function()
    with_steps('{ name = "x", "/none/cc" }', function(file)
      local code, _, err = build(file)
      assert.same({ 1, "x: spawn /none/cc: no such file or directory (ENOENT)\n" }, { code, err })
    end)
    with_steps('step("x", "kill -KILL $$")', function(file)
      local code, _, err = build(file)
      assert.same({ 1, "x: was ended by SIGKILL\n" }, { code, err })
    end)
  end)

  it("shows a bar on a terminal, above it what steps print, and nothing of it when all is done", function()
    with_steps([[
      step("a", "echo a warns"),
      step("b", "true", "a"),
    ]], function(file)
      local command = "stty cols 30; cohort examples/programs/build.lua " .. file
      local program <close> = programs.on_terminal(command)
      local code, out = program:wait()
      assert.equal(0, code)
      local shown = {}
      for part in out:gsub("\r\n", "\n"):gmatch "\r\27%[K([^\r]*)" do
        if part ~= "" then shown[#shown + 1] = part end
      end
      assert.same({
        "[--------------------] 0/2 a",
        "a warns\n",
        "[##########----------] 1/2 ",
        "[##########----------] 1/2 b",
        "[####################] 2/2 ",
      }, shown)
      assert.equal("\r\27[K", out:sub(-4))
    end)
  end)

  it("ends at Ctrl-C with its children, and leaves no bar", function()
    with_steps('step("long", "sleep 1000 & echo $! > pid; wait")', function(file, dir)
      local program <close> = programs.on_terminal("cohort examples/programs/build.lua " .. file)
      local pid = await(dir .. "pid")
      assert.is_true(is_alive(pid))
      program.child.stdout:read_until " long"
      program.child.stdin:write "\3"
      local code, out = program:wait()
      assert.equal(130, code)
      assert.is_false(is_alive(pid))
      assert.matches("^%^C\r\27%[Kcohort: Interrupted: interrupted by Ctrl%-C\r\n$", out)
    end)
  end)

  it("says what is wrong with what it is given", function()
    with_steps('step("a", "true", "b"), step("b", "true")', function(file)
      local code, _, err = build(file)
      assert.equal(1, code)
      assert.matches("a needs b, which is not above it", err)
    end)
    programs.within(function()
      local code, _, err = build()
      assert.same({ 2, "usage: build.lua FILE [LIMIT]\n" }, { code, err })
      code, _, err = build "/none/steps.lua"
      assert.equal(1, code)
      assert.matches("cannot open /none/steps.lua", err)
    end)
  end)
end)
