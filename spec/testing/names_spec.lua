-- Lookups that a test answers: net.resolver, and with_names made of it.
local cohort = require "cohort"
local net = require "cohort.net"
local testing = require "cohort.testing"
local tasks = require "spec.support.tasks"

local virtual, raised = tasks.virtual, tasks.raised

local function hosts(list)
  local texts = {}
  for i, address in ipairs(list) do texts[i] = address.host end
  return table.concat(texts, " ")
end

describe("net.resolver", function()
  it("answers lookups for a task and for those it spawns", function()
    virtual(function()
      local asked = {}
      local function answer(host)
        asked[#asked + 1] = host
        return { "127.0.0.1", { host = "::1", family = "inet6" } }
      end
      net.resolver:with(answer, function()
        assert.equal("127.0.0.1 ::1", hosts(net.resolve "a.example"))
        cohort.group(function(g)
          g:spawn(function() assert.equal("inet6", net.resolve("b.example")[2].family) end)
        end)
      end)
      assert.same({ "a.example", "b.example" }, asked)
      assert.is_nil(net.resolver:get())
    end)
  end)

  it("is asked by connect and listen", function()
    virtual(function()
      net.resolver:with(function() return { "127.0.0.1" } end, function()
        local listener <close> = net.listen("server.example", 0)
        local stream <close> = net.connect("server.example", listener.local_address.port)
        assert.equal("127.0.0.1", stream.peer_address.host)
      end)
    end)
  end)

  it("is not asked for a numeric address", function()
    virtual(function()
      net.resolver:with(error, function()
        assert.equal("127.0.0.1", hosts(net.resolve "127.0.0.1"))
        assert.equal("::1", hosts(net.resolve "::1"))
      end)
    end)
  end)

  it("may wait, raise, and say what a lookup fails with", function()
    virtual(function()
      local function late(host)
        cohort.sleep(3)
        return host
      end
      local err = raised(net.resolver.with, net.resolver, late, net.resolve, "EAI_AGAIN")
      assert.equal(3, cohort.now())
      assert.is_true(cohort.is(err, { code = "EAI_AGAIN", operation = "resolve", address = "EAI_AGAIN" }))
      assert.equal("oops", raised(net.resolver.with, net.resolver, tasks.fail "oops", net.resolve, "a"))
      err = raised(net.resolver.with, net.resolver, function() return {} end, net.resolve, "a")
      assert.equal("EAI_NODATA", err.code)
    end)
  end)

  it("is a checkpoint whether it waits or not", function()
    virtual(function()
      net.resolver:with(error, function()
        assert.is_false(cohort.move_on_after(0, net.resolve, "a.example"))
      end)
    end)
  end)

  it("says what a resolver must return", function()
    virtual(function()
      local function try(answer)
        return raised(function() net.resolver:with(answer, function() net.resolve "a" end) end)
      end
      local position = "^spec/testing/names_spec.lua:%d+: "
      assert.truthy(try(7):find(position .. "net.resolver holds a function or nil, got number"))
      assert.truthy(try(function() end):find(position .. "net.resolver: .* got nil for 'a'"))
      assert.truthy(try(function() return "oops" end):find(position .. "net.resolver: .* got oops for 'a'"))
      local numeric = position .. ".* numeric addresses, got [b1] for 'a'"
      assert.truthy(try(function() return { "b" } end):find(numeric))
      assert.truthy(try(function() return { 1 } end):find(numeric))
    end)
  end)
end)

describe("with_names", function()
  it("answers from a table, late, with several addresses, by a function", function()
    virtual(function()
      local known = {
        ["one.example"] = "127.0.0.1",
        ["two.example"] = { "127.0.0.1", "::1", delay = 2 },
        ["own.example"] = function(host) return { host == "own.example" and "127.0.0.3" or "127.0.0.4" } end,
      }
      local result = testing.with_names(known, function(...)
        assert.equal("127.0.0.1", hosts(net.resolve "one.example"))
        assert.equal(0, cohort.now())
        assert.equal("127.0.0.1 ::1", hosts(net.resolve "two.example"))
        assert.equal(2, cohort.now())
        assert.equal("127.0.0.3", hosts(net.resolve "own.example"))
        return ...
      end, "result")
      assert.equal("result", result)
    end)
  end)

  it("fails as a lookup does, at once or late, and knows no other name", function()
    virtual(function()
      local known = { gone = "EAI_NONAME", slow = { "EAI_AGAIN", delay = 5 }, empty = {} }
      testing.with_names(known, function()
        local codes = { gone = "EAI_NONAME", slow = "EAI_AGAIN", empty = "EAI_NODATA", x = "EAI_NONAME" }
        for host, code in pairs(codes) do
          local err = raised(function() net.resolve(host) end)
          assert.is_true(cohort.is(err, cohort.SystemError))
          assert.is_true(cohort.is(err, { code = code, operation = "resolve", address = host }))
          assert.truthy(err.where:find "^spec/testing/names_spec.lua:%d+$")
        end
        assert.equal(5, cohort.now())
      end)
    end)
  end)

  it("tells a function the name, and the family when connect asks again for IPv4 alone", function()
    virtual(function()
      local listener <close> = net.listen("127.0.0.1", 0)
      local asked = {}
      local known = { twice = function(host, family)
        asked[#asked + 1] = ("%s %s"):format(host, family)
        cohort.sleep(family and 0 or 5)
        return { "::1", "127.0.0.1" }
      end }
      testing.with_names(known, function()
        local stream <close> = net.connect("twice", listener.local_address.port)
        assert.equal("127.0.0.1", stream.peer_address.host)
      end)
      assert.same({ "twice nil", "twice inet" }, asked)
    end)
  end)

  it("answers reverse lookups from the same table", function()
    virtual(function()
      local known = { ["b.example"] = { "127.0.0.1", "::1" }, ["a.example"] = "127.0.0.1", own = error }
      testing.with_names(known, function()
        assert.equal("a.example", net.reverse "127.0.0.1")
        assert.equal("b.example", net.reverse "0:0::1")
        local err = raised(function() net.reverse "127.0.0.2" end)
        assert.is_true(cohort.is(err, { code = "EAI_NONAME", operation = "reverse", address = "127.0.0.2" }))
        assert.truthy(err.where:find "^spec/testing/names_spec.lua:%d+$")
      end)
    end)
  end)

  it("ends a lookup that is cancelled", function()
    virtual(function()
      testing.with_names({ slow = { "127.0.0.1", delay = 3600 } }, function()
        assert.is_false(cohort.move_on_after(1, net.connect, "slow", 80))
        assert.equal(1, cohort.now())
      end)
    end)
  end)

  it("refuses what is no answer, before anything happens", function()
    local function try(known)
      return raised(function() testing.with_names(known, error) end)
    end
    local position = "^spec/testing/names_spec.lua:%d+: with_names: "
    assert.truthy(try(nil):find(position .. "expects a table of names, got nil"))
    assert.truthy(try({ "127.0.0.1" }):find(position .. "expects names as strings, got number"))
    assert.truthy(try({ a = 1 }):find(position .. "'a' expects an address"))
    assert.truthy(try({ a = "EAI_NOBODY" }):find(position .. "'EAI_NOBODY' is neither a numeric address"))
    assert.truthy(try({ a = { dely = 1 } }):find(position .. "'a' has no option 'dely': did you mean"))
    assert.truthy(try({ a = { delay = -1 } }):find(position .. "option 'delay' of 'a' expects zero"))
    assert.truthy(try({ a = { 7 } }):find(position .. "'a' expects addresses as strings, got number"))
  end)
end)
