-- The hard Luas bite: a module that pushes without room, and one that keeps what nothing holds, pass under
-- Debian's Lua, and are found.
local child = require "spec.support.child"
local programs = require "engines.programs"

local built = os.execute "test -x build/luas/api/lua5.4 -a -x build/luas/mem/lua5.4"

-- A C function that pushes more than it asked room for.
local crowded = [[
  for (int i = 0; i < 60; i++) lua_pushinteger(L, i);
  lua_pushinteger(L, lua_tointeger(L, -1));
  return 1;
]]

-- One that uses a string after it was popped, and a table was made.
local loose = [[
  const char *text = lua_pushfstring(L, "%s, which is long enough to be no short string", lua_tostring(L, 1));
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushboolean(L, text[0] == 'k');
  return 1;
]]

-- Runs the function as planted("kept") under a Lua. Did it end well, and what was said?
local function run(lua, body)
  return programs.with_scratch(function(scratch)
    local file = assert(io.open(scratch .. "/planted.c", "w"))
    file:write("#include <lua.h>\nint luaopen_planted(lua_State *L);\n",
      "static int planted(lua_State *L) {\n", body, "}\n",
      "int luaopen_planted(lua_State *L) { lua_pushcfunction(L, planted); return 1; }\n")
    file:close()
    local compiled, fault = child.shell(
      ("cc -shared -fPIC -O1 -o %s/planted.so %s/planted.c $(pkg-config --cflags lua5.4)")
        :format(scratch, scratch))
    assert(compiled, fault)
    -- What is freed is overwritten at once.
    return child.shell(([[LUA_CPATH_5_4='%s/?.so' MALLOC_PERTURB_=90 \
      GLIBC_TUNABLES=glibc.malloc.tcache_count=0 %s -e 'assert(require "planted"("kept"))' 2>&1]])
      :format(scratch, lua))
  end)
end

describe("hard Luas find", function()
  it("a push without room on the stack", function()
    if not built then return pending "tools/luas has built none" end
    local ok, said = run("build/luas/api/lua5.4", crowded)
    assert.is_false(ok)
    assert.matches("stack overflow", said)
  end)

  it("a string that nothing holds", function()
    if not built then return pending "tools/luas has built none" end
    assert.is_true(run("lua5.4", loose))
    assert.is_false(run("build/luas/mem/lua5.4", loose))
  end)
end)
