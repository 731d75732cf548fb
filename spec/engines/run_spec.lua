-- The driver of the engines, over a page and engines that are made here.
local child = require "spec.support.child"

local lua = os.getenv "LUA" or "lua5.4"
local driver = io.popen("pwd"):read "l" .. "/engines/run.lua"

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- Runs the driver with `words` in a folder that has these rows, "name | form | tried | injected", and these
--- engines, source by name. Returns whether it succeeded and what it printed.
local function run(words, rows, engines, variables)
  local folder = os.tmpname()
  assert(os.execute(("rm %s && mkdir -p %s/engines %s/docs"):format(folder, folder, folder)))
  local lines = { "| engine | form | tried | injected | time | what |", "|---|---|---|---|---|---|" }
  for _, row in ipairs(rows) do table.insert(lines, ("| %s | 1 s | something |"):format(row)) end
  write(folder .. "/docs/reliability.md", table.concat(lines, "\n") .. "\n")
  write(folder .. "/engines/run.lua", "error 'the driver is no engine'")
  for name, source in pairs(engines) do write(("%s/engines/%s.lua"):format(folder, name), source) end
  local ok, text = child.shell(("cd %s && %s %s %s %s"):format(folder, variables or "", lua, driver, words))
  os.execute("rm -r " .. folder)
  return ok, text
end

local good = "print 'hello' print(('tried %d, injected 20'):format(arg[1] == 'short' and 1000 or 5000))"
local rows = {
  "one | short | 1,000 | 20", "one | long | 5,000 | 20", "two | short | 7 | 0", "two | long | 7 | 0",
}
local other = "print 'tried 7, injected 0'"

--- Runs the short form of two engines of which the second is `source`, and expects it to fail, saying `text`.
local function assert_fails(text, source)
  local ok, out = run("short", rows, { one = good, two = source })
  assert.is_false(ok)
  assert.matches("engine 'two': " .. text, out, 1, true)
  assert.matches("\n1 passed, 1 failed\n$", out)
end

describe("the driver of the engines", function()
  it("shows what each engine of a form prints, in the order of the page, and counts them", function()
    local ok, out = run("short", { rows[3], rows[1], rows[2] }, { one = good, two = other })
    assert.is_true(ok)
    assert.matches("%-%- two short .*\ntried 7, injected 0\n.*%-%- one short .*\nhello\ntried 1000, ", out)
    assert.matches("\n2 passed, 0 failed\n$", out)
  end)

  it("runs those that are named, in the long form too", function()
    local ok, out = run("long one", rows, { one = good, two = "error 'not asked for'" })
    assert.is_true(ok)
    assert.matches("tried 5000, injected 20\n.*\n1 passed, 0 failed\n$", out)
  end)

  it("fails when less was tried than the page says", function()
    assert_fails("tried 6, and docs/reliability.md says at least 7", "print 'tried 6, injected 0'")
  end)

  it("fails when less was injected", function()
    local ok, out = run("short one", { "one | short | 1,000 | 1,021" }, { one = good })
    assert.is_false(ok)
    assert.matches("injected 20, and docs/reliability.md says at least 1021", out, 1, true)
  end)

  it("fails when an engine does, whatever it printed last", function()
    assert_fails("ended with status 1", "print 'tried 7, injected 0' os.exit(1)")
  end)

  it("tells at the end again what one that failed said last", function()
    local _, out = run("short", { rows[3], rows[1] }, { one = good, two = "print 'the reason' os.exit(1)" })
    assert.matches("the reason\n.*hello\n.*\nthe reason\nengine 'two': ended with status 1\n1 passed, ", out)
  end)

  it("fails when an engine dies by a signal", function()
    assert_fails("ended with status 137", "io.popen('kill -9 $PPID'):close()")
  end)

  it("fails when an engine hangs", function()
    local ok, out = run("short two", rows, { one = good, two = "while true do end" }, "LIMIT=1")
    assert.is_false(ok)
    assert.matches("engine 'two': hangs: it took more than 1 s", out, 1, true)
  end)

  it("fails when an engine does not end with its figures", function()
    assert_fails("did not end with the line 'tried N, injected M'", "print 'tried 7, injected 0' print 'bye'")
  end)

  it("fails when an engine has no row for the form", function()
    local ok, out = run("long", { rows[2], rows[3] }, { one = good, two = other })
    assert.is_false(ok)
    assert.matches("engine 'two': docs/reliability.md has no row for its long form", out, 1, true)
  end)

  it("fails when a row names no engine, and when an argument names none", function()
    local ok, out = run("short", rows, { one = good })
    assert.is_false(ok)
    assert.matches("engine 'two': there is no engines/two.lua", out, 1, true)
    assert.is_false((run("short three", rows, { one = good, two = other })))
  end)

  it("tells how it is called", function()
    local ok, out = run("soon", rows, {})
    assert.is_false(ok)
    assert.matches("usage: run.lua short|long [NAME...]", out, 1, true)
  end)
end)
