-- The C hosts of examples/hosts, and what cohort.h promises to them.
local core_path = assert(package.searchpath("cohort.core", package.cpath))
local under = os.getenv "UNDER" or ""  -- valgrind, when the specs themselves run under it
local folder

--- Compiles a host against the very module that is loaded here. Returns the program's path.
local function compile(source)
  local program, language = folder .. "/" .. source:match("([^/]+)%.c"), source:match "%.c(p*)$"
  local flags = "-g -Wall -Wextra -Werror -Icsrc $(pkg-config --cflags --libs lua5.4) -lpthread"
  local command = "LD_PRELOAD= %s -o %s %s %s %s -Wl,-E -Wl,--allow-shlib-undefined"
  assert(os.execute(command:format(language == "" and "cc" or "c++", program, source, core_path, flags)))
  return program
end

local function read(name)
  local file = assert(io.open(folder .. "/" .. name))
  local text = file:read("a")
  file:close()
  return text
end

--- Runs a program. Returns exit status, output, errors.
local function run(program, words)
  local command = "TMPDIR=%s %s %s %s >%s/out 2>%s/err"
  local _, _, status = os.execute(command:format(folder, under, program, words, folder, folder))
  local err = read "err"
  if under ~= "" then err = err:gsub("%-%-%d+%-%- [^\n]*\n", "") end  -- of calls that valgrind does not know
  return status, read "out", err
end

local function script(source)
  local path = folder .. "/script.lua"
  local file = assert(io.open(path, "w"))
  file:write(source)
  file:close()
  return path
end

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
end)

teardown(function()
  os.execute("rm -r " .. folder)
end)

for _, name in ipairs { "poll", "frame" } do
  describe("the example host " .. name, function()
    local host
    setup(function() host = compile("examples/hosts/" .. name .. ".c") end)

    it("runs a script with its arguments", function()
      local path = script [[
        local cohort = require "cohort"
        print(#arg, arg[0]:match "[^/]*$", arg[1], ...)
        cohort.main(function()
          cohort.group(function(g)
            for i = 1, 3 do g:spawn(function() cohort.sleep(0.001 * i) print(i) end) end
          end)
        end)
      ]]
      local status, out, err = run(host, path .. " one 'two words'")
      assert.same({ 0, "2\tscript.lua\tone\tone\ttwo words\n1\n2\n3\n", "" }, { status, out, err })
    end)

    it("waits for sockets", function()
      local path = script [[
        local cohort = require "cohort"
        cohort.main(function()
          local listener <close> = cohort.net.listen("127.0.0.1", 0)
          cohort.group(function(g)
            g:spawn(function()
              local stream <close> = listener:accept()
              for line in stream:lines() do stream:write(line:upper(), "\n") end
            end)
            local stream <close> = cohort.net.connect("127.0.0.1", listener.local_address.port)
            stream:write "hello\n"
            print(stream:read "l")
          end)
        end)
      ]]
      assert.same({ 0, "HELLO\n", "" }, { run(host, path) })
    end)

    it("shows an error and ends with 1", function()
      local status, out, err = run(host, script "print 'before' error 'boom'")
      assert.same({ 1, "before\n" }, { status, out })
      assert.truthy(err:find("script.lua:1: boom\n$"))
    end)

    it("shows a group of errors as a tree", function()
      local status, _, err = run(host, script [[
        local cohort = require "cohort"
        cohort.group(function(g) g:spawn(error, "one") g:spawn(error, "two") end)
      ]])
      assert.equal(1, status)
      assert.truthy(err:find("failed %(2 errors%)\n├─ [^\n]*one\n.*╰─ [^\n]*two\n"))
    end)

    it("breaks a deadlock", function()
      local status, _, err = run(host, script 'require "cohort".sleep_forever()')
      assert.equal(1, status)
      assert.truthy(err:find("^Deadlock: "))
    end)

    it("survives an error value that cannot be shown", function()
      local path = script "error(setmetatable({}, { __tostring = function() error {} end }))"
      assert.same({ 1, "", "error in error handling\n" }, { run(host, path) })
    end)

    it("says what is wrong with a script it cannot load", function()
      local status, _, err = run(host, folder .. "/missing.lua")
      assert.equal(1, status)
      assert.truthy(err:find("cannot open [^\n]*missing.lua"))
      status, _, err = run(host, "")
      assert.equal(1, status)
      assert.truthy(err:find("^usage: "))
    end)

    it("is left by os.exit, with all closed, where no task runs any more", function()
      local path = script [[
        local cohort = require "cohort"
        cohort.group(function(g)
          g:spawn(function()
            local _ <close> = setmetatable({}, { __close = function()
              print("closed", cohort.current_task(), (pcall(cohort.group, print)))
            end })
            cohort.sleep_forever()
          end)
          cohort.checkpoint()
          os.exit(3, true)
        end)
      ]]
      assert.same({ 3, "closed\tnil\tfalse\n", "" }, { run(host, path) })
    end)
  end)
end

-- A spec for each claim, which the host of this source, told its name, finds to be true.
local function finds(source, before, claims)
  local host
  setup(function() host = compile(source) end)

  for _, claim in ipairs(claims) do
    it(before .. claim, function()
      assert.same({ 0, "", "" }, { run(host, (claim:gsub(" ", "_"))) })
    end)
  end
end

describe("a host in C", function()
  finds("spec/support/embedded.c", "finds that ", {
    "opening without the module is refused",
    "a state has one runtime at a time",
    "a configuration without its size is refused",
    "an index that is no clock is refused",
    "a budget of steps is kept",
    "a budget of time is kept",
    "time is that of the hosts clock",
    "the host chooses which task runs next",
    "a script that is no task is told so",
    "a pump inside a task is refused",
    "closing inside a task cancels and no more",
    "another thread wakes the hosts poll",
    "results are taken once",
    "arguments go to the function",
    "failures keep their identity",
    "cancel ends every task",
    "a deadlock is broken by the host",
    "the first sigint cancels",
    "two states share nothing",
    "a runtime begins again when all that was cancelled has ended",
    "a task is cancelled alone",
    "who waits for the host is not stuck",
  })

  it("finds that closing after any step leaves nothing", function()
    local host = compile "spec/support/embedded.c"
    assert.same({ 0, "", "" }, { run(host, "closing_after_any_step_leaves_nothing spec/support/lively.lua") })
  end)
end)

describe("the example host thread", function()
  local host
  setup(function() host = compile "examples/hosts/thread.c" end)

  it("works for scripts in threads, while others run, and lets them stop waiting", function()
    local path = script [[
      local cohort = require "cohort"
      print(cohort.move_on_after(0.01, work, 0.05))
      cohort.group(function(g)
        local ended = {}
        for i = 2, 1, -1 do
          g:spawn(function() work(i * 0.03) ended[#ended + 1] = i end)
        end
        g:defer(function()
          table.sort(ended)  -- on a busy machine both may have ended when the loop looks
          print(table.unpack(ended))
        end)
      end)
      print(pcall(work, -1))
      cohort.event():wait()
    ]]
    local status, out, err = run(host, path)
    assert.equal(1, status)
    assert.matches("^false\n1\t2\nfalse\t[^\n]*so long is not possible[^\n]*\n$", out)
    assert.matches("^Deadlock: .*waits for an event", err)
  end)
end)

describe("a host in C that is called back in the middle of its calls", function()
  finds("spec/support/collected.c", "finds that ", {
    "a finalizer may spawn while a task is made",
    "a finalizer may spawn while a result is taken",
    "a finalizer may close while a task is made which cancels",
    "a finalizer may close while a result is taken which cancels",
    "a finalizer may pump while a result is taken",
    "a finalizer may exit while a result is taken",
    "closing again while closing does nothing",
    "using a runtime while it is closed is refused",
    "a hook that raises while a task is made loses nothing",
    "a hook is in each task that is made while it is set",
    "a number is not used again by the next runtime",
  })
end)

describe("a host in C that asks for what there is not", function()
  finds("spec/support/refused.c", "finds that ", {
    "what is no task is refused",
    "a full stack of luas is no room",
    "results without room are dropped with an error",
    "a closed runtime has nothing to wait for",
    "a release without a hold is refused",
    "a pump whose time is over begins no step",
    "a pump whose time is over looks at events",
  })
end)

describe("a host in C that gives Lua little memory", function()
  finds("spec/support/scarce.c", "finds that of many in a group that ran out of it ", {
    "tasks that have yet to begin end",
    "tasks that wait end",
  })
  finds("spec/support/scarce.c", "finds that where there was none to show it ", {
    "an error is shown whole the next time",
  })
end)

describe("a host in C that had a signal before", function()
  finds("spec/support/given_back.c", "finds that ", {
    "a signal that comes as it is given back goes to who had it",
    "a signal that comes as it is given back is ignored as before",
  })
end)

describe("a host in C that has not what others have", function()
  finds("spec/support/bare.c", "finds that ", {
    "without libraries the core works",
    "with other functions in place of luas the core works",
    "a hook that raises does not stop the core from loading",
    "without the debug library the lua side works",
  })
end)

describe("a host in C with two copies of the library", function()
  it("has each work by itself", function()
    local host, copy = compile "spec/support/twice.c", folder .. "/copy.so"
    assert(os.execute(("cp %s %s"):format(core_path, copy)))
    assert.same({ 0, "", "" }, { run(host, copy) })
  end)
end)

describe("a host in C++", function()
  it("calls what cohort.h declares", function()
    if not os.execute "command -v c++ >/dev/null" then return pending "there is no compiler for C++" end
    local path = folder .. "/plus.cpp"
    local file = assert(io.open(path, "w"))
    file:write [[
      #include <lua.hpp>
      #include "cohort.h"

      int main() {
        lua_State *L = luaL_newstate();
        cohort_runtime *rt = nullptr;
        cohort_task task = 0;
        luaL_openlibs(L);
        luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
        if (cohort_open(L, nullptr, &rt) != 0 || luaL_loadstring(L, "return 42") != LUA_OK) return 1;
        if (cohort_spawn(rt, L, 0, &task) != 0 || cohort_pump(rt, nullptr) != COHORT_IDLE) return 2;
        if (cohort_take(rt, task, L, nullptr) != COHORT_RETURNED || lua_tointeger(L, -1) != 42) return 3;
        cohort_close(rt);
        lua_close(L);
        return 0;
      }
    ]]
    file:close()
    assert.same({ 0, "", "" }, { run(compile(path), "") })
  end)
end)
