-- Why something was cancelled: kind, text, and who did it.
local cohort = require "cohort"
local testing = require "cohort.testing"

local function virtual(main)
  return cohort.run({ clock = testing.clock { autojump = true } }, main)
end

local function nothing() end

-- What the Cancelled that `cut` receives says, read where it passes.
local function reason_seen()
  local ok, err = pcall(cohort.sleep_forever)
  assert.is_false(ok)
  assert.is_true(cohort.is(err, cohort.Cancelled))
  return err.reason, tostring(err)
end

describe("who cancelled, and why, of a task", function()
  it("that was cancelled in vain is not what it returned", function()
    cohort.run(function()
      local scope
      cohort.group(function(g)
        local task = g:spawn(function()
          scope = cohort.current_scope()
          pcall(cohort.sleep_forever)
          return io.stdout
        end)
        cohort.checkpoint()
        task:cancel("words")
      end)
      assert.same({ "cancel", "words" }, { scope.reason.kind, scope.reason.text })
      assert.is_nil(scope.reason.task)
    end)
  end)

  it("that is named after a userdata keeps the words", function()
    cohort.run(function()
      local scope
      local callable <close> = io.tmpfile()
      local own = getmetatable(callable)
      debug.setmetatable(callable, { __call = function() scope:cancel "words" end })
      cohort.scope(function(s)
        scope = s
        cohort.group(function(g) g:spawn(callable) end)
      end)
      debug.setmetatable(callable, own)
      assert.same({ "cancel", "words", "task" }, { scope.reason.kind, scope.reason.text, scope.reason.task })
    end)
  end)

  it("that has the metatable of a stream and is none is not taken for one", function()
    cohort.run(function()
      local own, left = getmetatable(io.stdout), (cohort.net.pair())
      local file <close> = io.tmpfile()
      debug.setmetatable(file, { __call = function() debug.setmetatable(file, getmetatable(left)) end })
      local task
      cohort.group(function(g) task = g:spawn(file) end)
      local name = task.name
      debug.setmetatable(file, own)
      left:close()
      assert.equal("task", name)
    end)
  end)

  it("that serves a connection is the stream, as it was when it was open", function()
    cohort.run(function()
      local listener <close> = cohort.net.listen("127.0.0.1", 0)
      local scope, name
      cohort.scope(function(s)
        scope = s
        cohort.group(function(g)
          g:spawn(cohort.net.serve, listener, function() s:cancel("words") end)
          local stream <close> = cohort.net.connect("127.0.0.1", listener.local_address.port)
          name = "stream 127.0.0.1:" .. stream.local_address.port
          stream:read()
        end)
      end)
      assert.same({ "cancel", "words", name }, { scope.reason.kind, scope.reason.text, scope.reason.task })
    end)
  end)

  it("below one that was cancelled in vain stays what it was", function()
    cohort.run(function()
      local child
      cohort.group(function(g)
        local parent = g:spawn(function()
          pcall(cohort.group, function(h) child = h:spawn(cohort.sleep_forever) end)
          return io.stdout
        end)
        cohort.checkpoint()
        cohort.checkpoint()
        g:spawn(function() parent:cancel("words") end).name = "who"
      end)
      local reason = child:error().reason
      assert.same({ "cancel", "words", "who" }, { reason.kind, reason.text, reason.task })
    end)
  end)
end)

describe("the reason of a cancellation", function()
  it("has kind, text and the name of the task that cancelled", function()
    virtual(function()
      cohort.group(function(g)
        local task = g:spawn(function()
          local reason, text = reason_seen()
          assert.same({ "cancel", "no longer needed", "boss" }, { reason.kind, reason.text, reason.task })
          assert.equal("cancel by boss: no longer needed", tostring(reason))
          assert.equal("Cancelled: cancel by boss: no longer needed", text)
        end)
        g:spawn(function() task:cancel("no longer needed") end).name = "boss"
      end)
    end)
  end)

  it("names a canceller without a name by its function's position, also when that has ended", function()
    virtual(function()
      local scope
      local function cancel() scope:cancel() end
      cohort.scope(function(s)
        scope = s
        cohort.group(function(g) g:spawn(cancel) end)
      end)
      local line = debug.getinfo(cancel, "S").linedefined
      assert.truthy(scope.reason.task:find("reason_spec.lua:" .. line .. "$"))
      assert.is_nil(scope.reason.text)
      assert.equal("cancel by " .. scope.reason.task, tostring(scope.reason))
    end)
  end)

  it("is a fresh table on each reading, with a name for its type", function()
    virtual(function()
      cohort.scope(function(s)
        assert.is_nil(s.reason)
        s:cancel()
        local one, two = s.reason, s.reason
        assert.is_false(rawequal(one, two))
        one.kind = "mine"
        assert.equal("cancel", two.kind)
        assert.equal("cohort.Reason", getmetatable(two).__name)
      end)
    end)
  end)

  it("is deadline when the time was up", function()
    virtual(function()
      cohort.scope({ timeout = 1 }, function(s)
        local reason = reason_seen()
        assert.same({ "deadline", nil, nil }, { reason.kind, reason.text, reason.task })
        assert.equal("deadline", tostring(reason))
        assert.equal("deadline", s.reason.kind)
      end)
    end)
  end)

  it("is failure for the siblings and the body when a task failed", function()
    virtual(function()
      local kinds, group_reason = {}, nil
      local ok = pcall(cohort.group, function(g)
        g:spawn(function() kinds[1] = reason_seen().kind end)
        g:spawn(error, "x")
        kinds[2] = reason_seen().kind
        group_reason = g.scope.reason
      end)
      assert.is_false(ok)
      assert.same({ "failure", "failure" }, kinds)
      assert.equal("failure", group_reason.kind)
    end)
  end)

  it("stays what it was when a task of the cancelled group fails, or a deadline passes", function()
    virtual(function()
      local scope
      assert.is_false(pcall(cohort.group, function(g)
        scope = g.scope
        scope.deadline = 1
        g:spawn(function()
          pcall(cohort.sleep_forever)
          cohort.shield(cohort.sleep, 2)
          error "clean-up"
        end)
        cohort.checkpoint()
        g:cancel("enough")
      end))
      assert.same({ "cancel", "enough" }, { scope.reason.kind, scope.reason.text })
    end)
  end)

  it("is shutdown for daemons when only they are left", function()
    virtual(function()
      local kind
      cohort.group(function(g)
        g:spawn_daemon(function() kind = reason_seen().kind end)
        cohort.checkpoint()
      end)
      assert.equal("shutdown", kind)
    end)
  end)

  it("is deadlock when every task waits", function()
    local kind
    assert.is_false(pcall(virtual, function() kind = reason_seen().kind end))
    assert.equal("deadlock", kind)
  end)

  it("is misnesting for what was left open inside a scope that ended", function()
    virtual(function()
      local s, kind
      pcall(cohort.scope, function()
        s = cohort.open_scope()
        cohort.group(nothing)
      end)
      assert.equal("misnesting", s.reason.kind)
      pcall(cohort.scope, function()
        local g = cohort.open_group()
        g:spawn(function() kind = reason_seen().kind end)
        cohort.checkpoint()
      end)
      assert.equal("misnesting", kind)
    end)
  end)

  it("is that of the outermost scope that made the cancellation visible here", function()
    virtual(function()
      cohort.scope(function(outer)
        cohort.scope({ timeout = 0 }, function()
          assert.equal("deadline", reason_seen().kind)
          outer:cancel("outer")
          assert.equal("outer", reason_seen().text)
          cohort.scope({ shield = true }, function(s)
            s:cancel("inner")
            assert.equal("inner", reason_seen().text)
          end)
        end)
      end)
    end)
  end)

  it("stays what cut the wait when a shield goes up before Cancelled is out", function()
    virtual(function()
      local task, seen
      cohort.scope(function(outer)
        cohort.scope(function(inner)
          cohort.group(function(g)
            task = g:spawn(function()
              local ok, err = pcall(cohort.sleep_forever)
              seen = err.reason
              return ok or error(err, 0)
            end)
            cohort.checkpoint()
            outer:cancel("no more")
            inner.shield = true
          end)
        end)
      end)
      assert.equal("no more", seen.text)
      assert.equal("cancelled", task:status())
      assert.equal("no more", task:error().reason.text)
    end)
  end)

  it("of each task is its own, though the value is one", function()
    virtual(function()
      local seen = {}
      cohort.group(function(g)
        for i = 1, 2 do
          g:spawn(function()
            cohort.scope(function(s)
              s:cancel("reason " .. i)
              local _, err = pcall(cohort.checkpoint)
              cohort.shield(cohort.checkpoint)
              seen[i] = { err, err.reason.text }
            end)
          end)
        end
      end)
      assert.is_true(rawequal(seen[1][1], seen[2][1]))
      assert.same({ "reason 1", "reason 2" }, { seen[1][2], seen[2][2] })
    end)
  end)

  it("goes with Timeout and Aborted", function()
    virtual(function()
      local ok, err = pcall(cohort.fail_after, 1, cohort.sleep_forever)
      assert.is_false(ok)
      assert.equal("deadline", err.reason.kind)
      cohort.group(function(g)
        local task = g:spawn(cohort.sleep_forever)
        cohort.checkpoint()
        task:cancel("by hand")
        ok, err = pcall(task.join, task)
        assert.is_false(ok)
        assert.is_true(cohort.is(err, cohort.Aborted))
        assert.equal("by hand", err.reason.text)
        assert.equal("by hand", task:error().reason.text)
      end)
      ok, err = pcall(function()
        local s <close> = cohort.open_scope()
        s:cancel("block")
        cohort.checkpoint()
      end)
      assert.is_false(ok)
      assert.is_true(cohort.is(err, cohort.Aborted))
      assert.equal("block", err.reason.text)
    end)
  end)

  it("is nil where nothing is cancelled, and Cancelled can be rendered anywhere", function()
    local saved
    virtual(function()
      cohort.scope(function(s)
        s:cancel()
        saved = select(2, pcall(cohort.checkpoint))
      end)
      assert.is_nil(saved.reason)
      assert.equal("Cancelled", tostring(saved))
    end)
    assert.is_nil(saved.reason)
    assert.equal("Cancelled", tostring(saved))
    assert.equal("cancelled", saved.message)
  end)
end)

describe("a task that was cancelled", function()
  it("gives Aborted as its result, with the reason, and never Cancelled", function()
    virtual(function()
      local tasks = {}
      cohort.group(function(g)
        tasks.alone = g:spawn(cohort.sleep_forever)
        tasks.with_group = g:spawn(cohort.sleep_forever)
        cohort.checkpoint()
        tasks.alone:cancel("alone")
        cohort.checkpoint()
        g:cancel("all")
      end)
      for _, task in pairs(tasks) do
        local ok, err = pcall(task.result, task)
        assert.is_false(ok)
        assert.is_true(cohort.is(err, cohort.Aborted))
        assert.is_false(cohort.is(err, cohort.Cancelled))
        assert.is_true(cohort.is(task:error(), cohort.Aborted))
        assert.equal("cancelled", task:status())
        assert.equal("cancel", err.reason.kind)
      end
      assert.equal("alone", tasks.alone:error().reason.text)
    end)
  end)
end)
