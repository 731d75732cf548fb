-- Waiting inside users' own coroutines.
local cohort = require "cohort"
local net = require "cohort.net"
local tasks = require "spec.support.tasks"

local co = cohort.coroutine
local virtual = tasks.virtual

local function on_close(f) return setmetatable({}, { __close = f }) end

---------------------------------------------------------------------------
-- Ways to wait: each gives a function that waits and returns "there", and what makes that happen

local waits = {}

function waits.sleep()
  return function()
    cohort.sleep(1)
    return "there"
  end, function() end
end

function waits.task(g)
  local other = g:spawn(function()
    cohort.sleep(100)
    return "there"
  end)
  return function() return other:join() end, function() end
end

function waits.socket(g)
  local listener = net.listen("127.0.0.1", 0)
  local a = net.connect("127.0.0.1", listener.local_address.port)
  local b = listener:accept()
  listener:close()
  g:defer(function()
    a:close()
    b:close()
  end)
  return function() return a:read "l" end, function() b:write "there\n" end
end

function waits.channel(g)
  local send, receive = cohort.channel(1)
  g:defer(send.close, send)
  return receive, function() send "there" end
end

---------------------------------------------------------------------------
-- Shapes of generators: each yields "before", waits, and yields what came of that, and "after"

local shapes = {
  ["wrap"] = function(wait)
    return co.wrap(function()
      co.yield "before"
      co.yield(wait())
      co.yield "after"
    end)
  end,
  ["create and resume"] = function(wait)
    local c = co.create(function()
      co.yield "before"
      co.yield(wait())
      co.yield "after"
    end)
    return function()
      local ok, value = co.resume(c)
      if not ok then error(value, 0) end
      return value
    end
  end,
  ["wraps nested twice"] = function(wait)
    local function inner()
      co.yield "before"
      co.yield(wait())
      co.yield "after"
    end
    local function outer(f)
      return function()
        for value in co.wrap(f) do co.yield(value) end
      end
    end
    return co.wrap(outer(outer(inner)))
  end,
  ["pcall"] = function(wait)
    return co.wrap(function()
      pcall(function()
        co.yield "before"
        co.yield(wait())
        error "caught"
      end)
      co.yield "after"
    end)
  end,
  ["a metamethod"] = function(wait)
    local object = setmetatable({}, {
      __index = function() return wait() end,
      __add = function() co.yield "before" return 1 end,
      __call = function() co.yield "after" end,
    })
    return co.wrap(function()
      local _ = object + 1
      co.yield(object.field)
      object()
    end)
  end,
  ["a <close>"] = function(wait)
    return co.wrap(function()
      co.yield "before"
      do
        local _ <close> = on_close(function() co.yield(wait()) end)
      end
      co.yield "after"
    end)
  end,
  ["a <close> while an error unwinds"] = function(wait)
    return co.wrap(function()
      co.yield "before"
      pcall(function()
        local _ <close> = on_close(function() co.yield(wait()) end)
        error "unwinds"
      end)
      co.yield "after"
    end)
  end,
}

local function each_case(body)
  for wait_name, make in pairs(waits) do
    for shape_name, shape in pairs(shapes) do body(wait_name, make, shape_name, shape) end
  end
end

describe("a generator that waits", function()
  each_case(function(wait_name, make, shape_name, shape)
    it(("(%s) in %s gives its values when they are there"):format(wait_name, shape_name), function()
      virtual(function()
        local values, turns = {}, 0
        cohort.group(function(g)
          local wait, send = make(g)
          local sender = g:spawn(function()
            cohort.sleep(100)
            turns = #values
            send()
          end)
          for value in shape(function()
            sender:wait()
            return wait()
          end) do values[#values + 1] = value end
        end)
        assert.same({ "before", "there", "after" }, values)
        assert.equal(1, turns)  -- others ran while it waited
      end)
    end)

    it(("(%s) in %s is cut by a cancellation, and the task ends"):format(wait_name, shape_name), function()
      virtual(function()
        local values, closed = {}, 0
        cohort.group(function(g)
          local wait = make(g)
          local step = shape(function()
            local _ <close> = on_close(function()
              closed = closed + 1
              cohort.shield(cohort.sleep, 1)
              closed = closed + 1
            end)
            return wait()
          end)
          local caught = cohort.scope({ timeout = 0.5 }, function()
            while true do
              local value = step()
              if value == nil then break end
              values[#values + 1] = value
              if value == "after" then cohort.checkpoint() end
            end
          end)
          assert.is_false(caught)
          g:cancel()
        end)
        assert.equal("before", values[1])
        assert.equal(2, closed)
      end)
    end)
  end)
end)

---------------------------------------------------------------------------
-- A drop-in

-- Programs of the stock library; each gets the library and returns what can be seen.
local programs = {
  ["values in and out"] = function(c)
    local t = c.create(function(...)
      local a = table.pack(c.yield(...))
      return c.yield(), table.unpack(a, 1, a.n)
    end)
    return c.status(t), table.pack(c.resume(t, 1, nil, 3)), table.pack(c.resume(t, nil)), c.status(t),
      table.pack(c.resume(t, "x")), c.status(t), table.pack(c.resume(t))
  end,
  ["errors"] = function(c)
    local value = {}
    local results = {}
    for i, err in ipairs { "text", value, 5, false } do
      local t = c.create(function() error(err, 0) end)
      results[i] = { table.pack(c.resume(t)), c.status(t), table.pack(c.resume(t)), table.pack(c.close(t)),
        table.pack(c.close(t)), c.status(t) }
    end
    return results, table.pack(c.resume(c.create(function() error() end)))
  end,
  ["errors through wrap"] = function(c)
    local function inner() error "inner" end
    local results = {}
    for i, f in ipairs { inner, function() error("plain", 0) end, function() error { "t" } end, error,
      function() c.wrap(inner)() end } do
      results[i] = table.pack(pcall(function() c.wrap(f)() end))
    end
    local dead = c.wrap(function() end)
    dead()
    return results, table.pack(pcall(function() dead() end)), table.pack(pcall(dead))
  end,
  ["wrong arguments"] = function(c)
    local results = {}
    for _, name in ipairs { "create", "wrap", "resume", "status", "close", "isyieldable" } do
      for i, value in ipairs { 1, "x", {}, false, c.create } do
        if not ((name == "create" or name == "wrap") and i == 5) then
          results[#results + 1] = table.pack(pcall(function() c[name](value) end))
        end
      end
      if name ~= "isyieldable" then results[#results + 1] = table.pack(pcall(function() c[name]() end)) end
    end
    return results
  end,
  ["status and running, inside"] = function(c)
    local log, outer = {}, nil
    outer = c.create(function()
      local me, main = c.running()
      log[#log + 1] = { me == outer, main, c.status(outer), c.isyieldable(), c.isyieldable(outer) }
      local inner = c.create(function()
        log[#log + 1] = { c.status(outer), table.pack(c.resume(outer)), table.pack(pcall(c.close, outer)) }
      end)
      c.resume(inner)
      log[#log + 1] = { c.status(inner), table.pack(c.resume(outer)), table.pack(pcall(c.close, outer)) }
    end)
    c.resume(outer)
    return log, c.isyieldable(outer)
  end,
  ["wrap of itself"] = function(c)
    local step
    step = c.wrap(function() return pcall(step) end)
    return step()
  end,
  ["close of a suspended one"] = function(c)
    local log = {}
    local t = c.create(function()
      local _ <close> = on_close(function(_, err) log[#log + 1] = { "outer", err } end)
      pcall(function()
        local _ <close> = on_close(function(_, err) log[#log + 1] = { "inner", err } end)
        c.yield(1)
        log[#log + 1] = "beyond"
      end)
      log[#log + 1] = "beyond"
    end)
    c.resume(t)
    return table.pack(c.close(t)), c.status(t), log, table.pack(c.close(t)), table.pack(c.resume(t))
  end,
  ["close with an error of a <close>"] = function(c)
    local log = {}
    local t = c.create(function()
      local _ <close> = on_close(function(_, err) log[#log + 1] = err end)
      local _ <close> = on_close(function() error("in close", 0) end)
      c.yield()
    end)
    c.resume(t)
    return table.pack(c.close(t)), c.status(t), log, table.pack(c.close(t))
  end,
  ["close before the first step, and after the last"] = function(c)
    local t, u = c.create(print), c.create(function() end)
    c.resume(u)
    return table.pack(c.close(t)), c.status(t), table.pack(c.close(u)), table.pack(c.resume(t))
  end,
  ["yield across pcall, metamethods, iterators, tail calls"] = function(c)
    local values = {}
    local object = setmetatable({}, { __index = function(_, k) return c.yield(k) end,
      __lt = function() return c.yield "lt" end })
    for v in c.wrap(function()
      pcall(c.yield, 1)
      local _ = { object.key, object < object }
      for i in function(_, i) return c.yield "iterator" or (not i and 7 or nil) end do c.yield(i) end
      pcall(function() c.yield(2) error() end)
      return c.yield "tail"
    end) do values[#values + 1] = v end
    return values
  end,
  ["many values"] = function(c)
    return select("#", c.wrap(function(...) return c.yield(...) end)(table.unpack({}, 1, 200))),
      select("#", c.wrap(table.unpack)({}, 1, 5000))
  end,
  ["yield where Lua cannot"] = function(c)
    local step = c.wrap(function()
      return pcall(table.sort, { 3, 2, 1 }, function(a, b) c.yield() return a < b end)
    end)
    return step()
  end,
  ["recursion without end"] = function(c)
    local function deep() return c.wrap(deep)() end
    local ok, err = pcall(deep)
    return ok, (tostring(err):find "C stack overflow") ~= nil
  end,
  ["a sieve"] = function(c)
    local function from(n) return c.wrap(function() for i = n, math.huge do c.yield(i) end end) end
    local function without(p, g) return c.wrap(function()
      for n in g do if n % p ~= 0 then c.yield(n) end end
    end) end
    local primes, g = {}, from(2)
    for i = 1, 12 do
      primes[i] = g()
      g = without(primes[i], g)
    end
    return primes
  end,
}

local function outcome(program, library)
  return table.pack(program(library))
end

describe("cohort.coroutine does what Lua's own library does", function()
  for name, program in pairs(programs) do
    it(("with %s, outside of tasks and in one"):format(name), function()
      local expected = outcome(program, coroutine)
      assert.same(expected, outcome(program, co))
      virtual(function() assert.same(expected, outcome(program, co)) end)
      virtual(function() assert.same(expected, co.wrap(outcome)(program, co)) end)
    end)
  end

  it("with coroutines of either library, given to the other", function()
    local function body(...)
      local n = select("#", ...)
      while true do n = n + select("#", co.yield(n)) + select("#", coroutine.yield(n)) end
    end
    local function transcript(a, b)
      local c = a.create(body)
      return { { b.status(c), b.resume(c, 1, 2) }, { a.resume(c, 1) }, { b.resume(c) }, { a.status(c) },
        { b.close(c) }, { a.status(c) } }
    end
    local expected = transcript(coroutine, coroutine)
    for _, run in ipairs { pcall, function(f, ...) return true, virtual(f, ...) end } do
      for _, pair in ipairs { { co, co }, { co, coroutine }, { coroutine, co } } do
        local ok, result = run(transcript, pair[1], pair[2])
        assert.is_true(ok)
        assert.same(expected, result)
      end
    end
  end)

  it("with a running coroutine outside of tasks, whose running is the main one", function()
    local me, main = co.running()
    local stock_me, stock_main = coroutine.running()
    assert.equal(stock_me, me)
    assert.equal(stock_main, main)
    assert.equal(coroutine.isyieldable(), co.isyieldable())
  end)

  it("with names that were added to Lua's own table", function()
    rawset(coroutine, "added", print)
    assert.equal(print, co.added)
    rawset(coroutine, "added", nil)
    assert.is_nil(co.added)
  end)
end)
