-- The law engine bites: faults planted in copies of the source are found by random programs, and those are
-- made small.
local child = require "spec.support.child"
local programs = require "engines.programs"
local program = require "engines.law.program"
local shrink = require "engines.law.shrink"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- Builds cohort with one file of the source changed; calls use(folder), below which its core.so is.
local function with_changed(path, from, to, use)
  programs.with_scratch(function(scratch)
    local text = read(path)
    local at, last = text:find(from, 1, true)
    assert(at and not text:find(from, last, true), path .. " has changed: plant the fault anew")
    local file <close> = assert(io.open(scratch .. "/copy.c", "w"))
    file:write(text:sub(1, at - 1), to, text:sub(last + 1))
    file:close()
    local object = path:gsub("^csrc/", "build/obj/"):gsub("%.c$", ".o")
    local ok, said = child.shell(([[mkdir %s/cohort && LD_PRELOAD= cc -shared -fPIC -std=c11 -D_GNU_SOURCE \
      -Icsrc -O1 $(pkg-config --cflags lua5.4 libuv) -o %s/cohort/core.so %s/copy.c \
      $(ls csrc/*/*.c | sed 's,csrc/\(.*\)c$,build/obj/\1o,' | grep -v %s) -luv -lm 2>&1]])
      :format(scratch, scratch, scratch, object))
    assert(ok, said)
    use(scratch)
  end)
end

-- Runs a script of the engine on the cohort in a folder: did it end well, and what did it say?
local function run(folder, lua, script)
  return child.shell(("LD_PRELOAD= LUA_CPATH_5_4='%s/?.so' timeout 60 %s engines/%s 2>&1")
    :format(folder, lua, script))
end

local strict = "build/luas/assert/lua5.4"
local has_strict = os.execute("test -x " .. strict)

local permits = { "csrc/sync/semaphore.c", "s->handed++;\n    return true;",
  "s->handed++;\n    s->available++;\n    return true;" }

-- By what is said about it: a file, what stands in it, and what stands there instead.
local faults = {
  ["a limit at 1.5 was early"] = { "csrc/kernel/scope.c", "if (at_ns <= coh_now(rt)) coh_scope_cancel",
    "if (at_ns <= coh_now(rt) + 600000000) coh_scope_cancel" },
  ["Cancelled where nothing is cancelled"] = { "csrc/kernel/scope.c",
    "COH_REASON_NONE && inherited(scope) == NULL;",
    "COH_REASON_NONE && inherited(scope) == NULL && !scope->shield;" },
  ["a scope has ended a cancellation that came from outside"] = { "csrc/kernel/scope.c",
    "COH_REASON_NONE && inherited(scope) == NULL;", "COH_REASON_NONE;" },
  ["an error was lost"] = { "csrc/glue/grouperror.c",
    "next = append_deferred(L, S, g, next, ++failures, errors);", "++failures;" },
  ["permits are missing"] = permits,
  ["was sent, and did not come"] = { "csrc/sync/channel.c", "c->size - 1);\n  c->count--;",
    "c->size - 1);\n  c->count -= c->count > 1 ? 2 : 1;" },
  ["collectors differ"] = { "csrc/kernel/wait.c",
    "  coh_link_append(&rt->ready, &w->link);\n  coh_trace_emit",
    "  coh_link_append((uintptr_t)w & 64 ? &rt->ready : rt->ready.next, &w->link);\n  coh_trace_emit" },
}

describe("the law engine finds", function()
  for said, fault in pairs(faults) do
    it(said, function()
      with_changed(fault[1], fault[2], fault[3], function(folder)
        local ok, out = run(folder, "lua5.4", "law/worker.lua 1 300")
        assert.is_false(ok)
        assert.matches(said, out, 1, true)
      end)
    end)
  end

  it("with the Lua that asserts, what pushes without room", function()
    if not has_strict then return pending "tools/luas has built none" end
    local crowded = "for (int i = 0; i < 60; i++) lua_pushnil(L);\n  lua_settop(L, 1);\n  g->deferring ="
    with_changed("csrc/glue/deferred.c", "g->deferring =", crowded, function(folder)
      local ok, out = run(folder, strict, "law/worker.lua 1 300")
      assert.is_false(ok)
      assert.matches("stack overflow", out, 1, true)
    end)
  end)

  it("a program that it makes small, and tells how to run it again", function()
    if not has_strict then return pending "tools/luas has built none" end
    with_changed(permits[1], permits[2], permits[3], function(folder)
      local ok, out = run(folder, "lua5.4", "law.lua short")
      assert.is_false(ok)
      assert.matches("^seed %d+ on plain: fault: permits are missing", out)
      local text = out:match "\nreturn ledger.program.-\nend%)\n"
      assert.is_true(select(2, text:gsub("p%(%d+%)", "")) <= 12, text)
      local again = out:match "\nagain: ([^\n]+)"
      assert.matches("fault: permits are missing", select(2, child.shell(("LUA_CPATH_5_4='%s/?.so' %s")
        :format(folder, again))))
    end)
  end)
end)

describe("a program of the law engine", function()
  it("is the same for a seed each time, and Lua reads it", function()
    for seed = 1, 100 do
      local text = program.text(program.generate(seed))
      assert.is_function(load(text))
      assert.are.equal(text, program.text(program.generate(seed)))
    end
  end)

  it("runs with cancellations, errors and limits in it, and nothing is wrong", function()
    local all = {}
    for seed = 1, 200 do
      local p = load(program.text(program.generate(seed)))().play()
      assert.are.same({}, p.faults)
      table.insert(all, table.concat(p.trace, "\n"))
    end
    local trace = table.concat(all, "\n")
    for _, what in ipairs { "ends", "fails", "is cancelled", "cut", "deferred", "block %d+ ends", "otherwise",
      "channel %d gives %d", "channel %d gives nil" } do
      assert.matches(": " .. what .. "\n", trace)
    end
  end)

  it("is made as small as it gets", function()
    local tree = program.generate(1)
    shrink(tree, function() return program.text(tree):find("p:fail(", 1, true) ~= nil end)
    local _, statements = program.text(tree):gsub("p%(%d+%)", "")
    assert.is_true(statements <= 6)
  end)
end)
