-- Ctrl-C, in processes of its own.
local cohort = require "cohort"
local child = require "spec.support.child"
local children = require "spec.support.children"

-- Begins every script: interrupt() sends SIGINT to this very process and returns when it was sent.
local prelude = [[
  local cohort = require "cohort"
  local function interrupt() io.popen("kill -INT $PPID"):close() end
  local function report(ok, err, ...)
    if ok then return print("returned", err, ...) end
    print("raised", cohort.is(err, cohort.Interrupted), err.reason and err.reason.kind)
  end
]]

local function run(source, command)
  local result = child.run(prelude .. source, command)
  return result.code, result.out, result.err
end

describe("the first Ctrl-C", function()
  it("cancels the root, clean-up runs and may wait, and run raises Interrupted", function()
    assert.same({ 0, "interrupt\ncleaned up\nraised\ttrue\tinterrupt\n", "" }, { run [[
      report(pcall(cohort.run, function()
        local _ <close> = setmetatable({}, { __close = function(_, err)
          print(err.reason.kind)
          cohort.shield(cohort.sleep, 0.001)
          print "cleaned up"
        end })
        cohort.group(function(g)
          g:spawn(cohort.sleep_forever)
          g:spawn(interrupt)
          cohort.sleep(10)
        end)
      end))
    ]] })
  end)

  it("is seen at the next look, though tasks are always ready and their steps are long", function()
    assert.same({ 0, "raised\ttrue\tinterrupt\n", "" }, { run [[
      report(pcall(cohort.run, function()
        interrupt()
        for _ = 1, 200 do
          local start = os.clock()
          while os.clock() < start + 0.002 do end
          cohort.checkpoint()
        end
        print "never reached"
      end))
    ]] })
  end)

  it("that nobody saw is raised at the end", function()
    assert.same({ 0, "raised\ttrue\tinterrupt\n", "" }, { run [[
      report(pcall(cohort.run, function()
        interrupt()
        return "value"
      end))
    ]] })
  end)

  it("wins over an error of main, which is its cause", function()
    assert.same({ 0, "true\ttrue\n", "" }, { run [[
      local mine = cohort.Error "mine"
      local ok, err = pcall(cohort.run, function()
        interrupt()
        pcall(cohort.sleep, 10)
        error(mine)
      end)
      print(cohort.is(err, cohort.Interrupted), rawequal(err.cause, mine))
    ]] })
  end)

  it("that was swallowed is raised at the end", function()
    assert.same({ 0, "raised\ttrue\tinterrupt\n", "" }, { run [[
      report(pcall(cohort.run, function()
        interrupt()
        pcall(cohort.sleep, 10)
        return "value"
      end))
    ]] })
  end)

  it("ends run only once: the next run is not interrupted", function()
    assert.same({ 0, "raised\ttrue\tinterrupt\nreturned\tsecond\nraised\ttrue\tinterrupt\n", "" }, { run [[
      local function wait()
        interrupt()
        cohort.sleep(10)
      end
      report(pcall(cohort.run, wait))
      report(pcall(cohort.run, function()
        cohort.sleep(0.001)
        return "second"
      end))
      report(pcall(cohort.run, wait))
    ]] })
  end)
end)

describe("the second Ctrl-C", function()
  it("ends the process, in a busy loop too", function()
    local code, out = run [[
      cohort.run(function()
        io.stdout:setvbuf "no"
        interrupt()
        pcall(cohort.sleep, 10)
        print "busy"
        interrupt()
        while true do end
      end)
    ]]
    assert.same({ 130, "busy\n" }, { code, out })
  end)

  -- A child that, when it is told to end, gives us the second Ctrl-C and sees us end.
  local told = "trap 'kill -INT $PPID; while kill -0 $PPID; do sleep .01; done; echo ended >%s; %s' TERM; " ..
    "echo $$; while :; do sleep 0.01; done"

  -- Waits in real time until condition() holds.
  local function await(condition)
    for _ = 1, 2000 do
      if condition() then return true end
      cohort.run({ signals = false }, cohort.sleep, 0.005)
    end
    return false
  end

  local function read(path)
    local file <close> = assert(io.open(path))
    return file:read "a"
  end

  -- The number of a child that does `last` when the second has come in its grace.
  local function interrupt_twice(last)
    local path = os.tmpname()
    local code, out, err = run(([[
      cohort.run(function()
        local command = { "sh", "-c", %q, process_group = true, stderr = "null", grace = 20 }
        local p <close> = cohort.process.open(command)
        print(p.stdout:read())
        io.stdout:flush()
        interrupt()
        cohort.sleep(10)
      end)
    ]]):format(told:format(path, last)))
    assert.same({ 130, "" }, { code, err })
    assert.is_true(await(function() return read(path) == "ended\n" end))
    os.remove(path)
    return math.tointeger(out)
  end

  it("while children have their grace does not wait for them: each ends, or not, by itself", function()
    local polite, deaf = interrupt_twice "exit 0", interrupt_twice ":"
    assert.is_true(await(function() return not children.is_alive(polite) end))
    assert.is_true(children.is_alive(deaf))
    assert(os.execute(("kill -KILL %d"):format(deaf)))
  end)
end)

describe("SIGINT", function()
  -- lua5.4 takes SIGINT before the script begins, so it cannot show this.
  it("is left alone when it is ignored", function()
    child.with_program("host", function(host)
      local script = [[
        for _, expected in ipairs { "whole", "whole" } do
          report(pcall(cohort.run, function()
            interrupt()
            cohort.sleep(0.001)
            return expected
          end))
          interrupt()
        end
      ]]
      local expected = ("returned\twhole\n"):rep(2)
      assert.same({ 0, expected, "" }, { run(script, "env --ignore-signal=INT " .. host) })
    end)
  end)

  it("of a plain host is taken, and given back as it was", function()
    child.with_program("host", function(host)
      local code, out, err = run([[
        io.stdout:setvbuf "no"
        report(pcall(cohort.run, function()
          interrupt()
          cohort.sleep(10)
        end))
        interrupt()
        print "alive"
      ]], "env --default-signal=INT " .. host)
      assert.same({ 130, "raised\ttrue\tinterrupt\n", "" }, { code, out, err })
    end)
  end)

  it("is put back where it was after run", function()
    local code, out, err = run [[
      cohort.run(function() end)
      pcall(cohort.run, error)
      io.stdout:setvbuf "no"
      print "before"
      interrupt()
      for _ = 1, 1e9 do end
      print "after"
    ]]
    assert.equal("before\n", out)
    assert.equal(1, code)
    assert.truthy(err:find("interrupted!"))
  end)

  it("is left to its owner with signals = false", function()
    local code, out, err = run [[
      report(pcall(cohort.run, { signals = false }, function()
        interrupt()
        cohort.sleep(0.001)
        return "whole"
      end))
    ]]
    assert.same({ 0, "raised\tfalse\tnil\n", "" }, { code, out, err })  -- lua5.4 raises a string
  end)
end)
