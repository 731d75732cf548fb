/*
** Names of functions: see funcname.h. What modules were loaded is in Lua's registry; nothing
** is asked that could run code.
*/
#include "lua/funcname.h"

#include <lauxlib.h>

#include <string.h>

#include "lua/library.h"
#include "lua/text.h"

#define SLOTS 10  /* of the stack, for all of this */

/* Is 'a' the better name of the two? The shorter is; of two as long, the first in the alphabet. */
static bool is_better(const char *a, const char *b) {
  size_t length = strlen(a), other = strlen(b);
  return length != other ? length < other : strcmp(a, b) < 0;
}


/* A module has the function under the key on top: keep that name at 'best' when it is better. [-0, +0, m] */
static void consider(lua_State *L, const char *module, int best) {
  const char *key = lua_tostring(L, -1);
  if (strcmp(module, LUA_GNAME) == 0) lua_pushstring(L, key);
  else lua_pushfstring(L, "%s.%s", module, key);
  if (lua_isnil(L, best) || is_better(lua_tostring(L, -1), lua_tostring(L, best))) lua_copy(L, -1, best);
  lua_pop(L, 1);
}


/* Look for 'function' in the module on top. [-0, +0, m] */
static void search(lua_State *L, const char *module, int function, int best) {
  int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    bool is_it = lua_rawequal(L, -1, function);
    lua_pop(L, 1);
    if (is_it && lua_type(L, -1) == LUA_TSTRING) consider(L, module, best);
  }
}


/* Push the best name of 'function' in all modules, or nil. [-0, +1, m] */
static void push_loaded(lua_State *L, int function) {
  int best = lua_gettop(L) + 1, loaded = best + 1;
  lua_pushnil(L);
  lua_pushliteral(L, LUA_LOADED_TABLE);
  if (lua_rawget(L, LUA_REGISTRYINDEX) == LUA_TTABLE) {
    lua_pushnil(L);
    while (lua_next(L, loaded)) {
      bool is_module = lua_type(L, -2) == LUA_TSTRING && lua_istable(L, -1);
      if (is_module) search(L, lua_tostring(L, -2), function, best);
      lua_pop(L, 1);
    }
  }
  lua_settop(L, best);
}


void coh_funcname_find(lua_State *L) {
  luaL_checkstack(L, SLOTS, "a name");
  push_loaded(L, lua_gettop(L));
  lua_replace(L, -2);
}


void coh_funcname_render(lua_State *L) {
  int function = lua_gettop(L);
  lua_Debug ar;
  luaL_checkstack(L, SLOTS, "a name");
  lua_pushvalue(L, function);
  lua_getinfo(L, ">S", &ar);
  if (*ar.what == 'C' || coh_library_has(coh_library_of(L), ar.source)) push_loaded(L, function);
  else lua_pushnil(L);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    if (*ar.what == 'C') lua_pushliteral(L, "C function");
    else coh_text_push_place(L, ar.short_src, ar.linedefined);
  }
  lua_replace(L, function);
}
