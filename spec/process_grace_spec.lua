-- The grace of a child: what it writes meanwhile need not wait for a reader.
local child = require "spec.support.child"
local cohort = require "cohort"
local process = require "cohort.process"
local children = require "spec.support.children"
local files = require "spec.support.files"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

-- Says that it is ready, and does `last` when it is told to end. The grace is of real time: who is not read
-- is killed after it.
local function lively(last, options)
  local script = ("trap '%s; exit 7' TERM; echo ready; while :; do sleep 0.01; done"):format(last)
  local command = { "sh", "-c", script, grace = 20 }
  for name, value in pairs(options or {}) do command[name] = value end
  return command
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

describe("the grace of a process", function()
  it("at the end of its block is not spent waiting for somebody to read", function()
    local last = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"
    for _, grouped in ipairs { false, true } do
      local p
      virtual(function()
        local block <close> = process.open(lively(last, { process_group = grouped }))
        p = block
        assert.equal("ready", p.stdout:read())
      end)
      assert.same({ 7, nil }, { p.status, p.signal })
    end
    assert.equal(0, children.count())
  end)

  it("of a run that is cut is not either, and what it writes is dropped", function()
    files.within(function(path)
      local a, b = cohort.net.pair()
      cohort.group(function(g)
        local last = ("head -c 3000000 /dev/zero >&2; echo over >%sover"):format(path)
        g:spawn(process.run, lively(last, { stdout = a }))
        assert.equal("ready", b:read())
        g:cancel()
      end)
      a:close()
      b:close()
      assert.equal("over\n", files.read(path .. "over"))
      assert.equal(0, children.count())
    end)
  end)

  for how, stop in pairs {
    ["is cancelled"] = function(copier) copier:cancel() end,
    ["fails"] = function(_, _, taker) taker:close() end,
    ["is closed by hand"] = function(_, co) coroutine.close(co) end,
  } do
    it("is not spent waiting for a copy that waits for room and then " .. how, function()
      local p
      virtual(function()
        local a, b = cohort.net.pair { capacity = 4 }
        pcall(cohort.group, function(g)
          local block <close> = process.open(lively("head -c 3000000 /dev/zero"))
          p = block
          assert.equal("ready", p.stdout:read())
          local co
          local copier = g:spawn(function()
            co = coroutine.running()
            cohort.attempt(p.stdout.copy_to, p.stdout, a)
          end)
          p:kill()
          b:read(0)
          g:spawn(function()
            b:read_exactly(4)  -- while the block ends, so that there is room once more, and then none
            b:read(0)
            stop(copier, co, b)
          end)
        end)
        a:close()
        b:close()
      end)
      assert.same({ 7, nil }, { p.status, p.signal })
    end)
  end

  -- A process that writes so much when it is told to end, and ends when it was read: `take(p)` is called in a
  -- task that was not reading while it wrote; with `early` it was.
  local function read_late(writes, take, early)
    files.within(function(path)
      local wait = ("while ! test -e %sread; do sleep 0.01; done"):format(path)
      local last = ("%s; echo >%swritten; %s"):format(writes, path, wait)
      local p
      cohort.group(function(g)
        local block <close> = process.open(lively(last))
        p = block
        assert.equal("ready", p.stdout:read())
        g:spawn(function()
          repeat cohort.checkpoint() until early or exists(path .. "written")
          take(p)
          files.write(path .. "read", "")
        end)
      end)
      assert.same({ 7, nil }, { p.status, p.signal })
    end)
  end

  it("keeps what is written for a task that comes to read it, in order", function()
    local lines = {}
    read_late("seq 40000", function(p)
      for line in p.stdout:lines() do
        lines[#lines + 1] = line
        if #lines == 40000 then break end
      end
    end)
    for i = 1, 40000 do if lines[i] ~= tostring(i) then error("not in order at " .. i) end end
  end)

  it("does not keep very much: a task that comes later is told", function()
    local err, copied
    read_late("head -c 3000000 /dev/zero", function(p)
      err = raised(function() p.stdout:read() end)
      local a, b = cohort.net.pair()
      copied = raised(function() p.stdout:copy_to(a) end)
      a:close()
      b:close()
    end)
    assert.is_true(cohort.is(err, { cohort.Closed, operation = "read" }))
    assert.is_true(cohort.is(copied, cohort.Closed))
  end)

  it("leaves a stream to the task that reads it", function()
    local text
    read_late("seq 100000", function(p) text = p.stdout:read_exactly(588895) end, true)
    assert.matches("^1\n2\n.*\n100000\n$", text)
  end)

  it("of one that was closed may outlive its object, and nobody is warned", function()
    local result = child.run [[
      local cohort = require "cohort"
      local children = require "spec.support.children"
      local function collect()
        collectgarbage()
        collectgarbage()
      end
      cohort.run(function()
        cohort.process.open({ "cat" }):close()
        collect()
        cohort.group(function(g)
          local p = cohort.process.open { "sh", "-c", "trap '' TERM; echo; exec sleep 1000", grace = 0.01 }
          p.stdout:read()
          g:defer(p.close, p)
        end)
        collect()
        cohort.sleep(0.1)
        print(children.count())
      end)
    ]]
    assert.same({ out = "0\n", err = "" }, { out = result.out, err = result.err })
  end)
end)
