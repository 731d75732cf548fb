/*
** Names of functions: see funcname.h. The loaded modules are in Lua's registry, and so are the tables
** of our classes' methods. All reads are raw: no code runs.
*/
#include "lua/funcname.h"

#include <lauxlib.h>

#include <string.h>

#include "lua/library.h"
#include "lua/text.h"
#include "lua/weak.h"

#define SLOTS 10  /* stack slots, enough for all below */

static const char classes_key = 0;  /* registry[&classes_key][methods] = what such an object is called */


/* Is 'a' the better of two names? The shorter one is; of equal lengths, the first in the alphabet. */
static bool is_better(const char *a, const char *b) {
  size_t length = strlen(a), other = strlen(b);
  return length != other ? length < other : strcmp(a, b) < 0;
}


/* The function is under the key on top: keep before .. mark .. key at 'best' if it is better. [-0, +0, m] */
static void consider(lua_State *L, const char *before, const char *mark, int best) {
  lua_pushfstring(L, "%s%s%s", before, mark, lua_tostring(L, -1));
  if (lua_isnil(L, best) || is_better(lua_tostring(L, -1), lua_tostring(L, best))) lua_copy(L, -1, best);
  lua_pop(L, 1);
}


/* Look for 'function' among the values of the table on top. [-0, +0, m] */
static void search(lua_State *L, const char *before, const char *mark, int function, int best) {
  int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    bool is_it = lua_rawequal(L, -1, function);
    lua_pop(L, 1);
    if (is_it && lua_type(L, -1) == LUA_TSTRING) consider(L, before, mark, best);
  }
}


/* Look in each module of the table on top, whose keys are their names. [-1, +0, m] */
static void search_modules(lua_State *L, int function, int best) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    bool is_global = name != NULL && strcmp(name, LUA_GNAME) == 0;
    if (name != NULL && lua_istable(L, -1))
      search(L, is_global ? "" : name, is_global ? "" : ".", function, best);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}


/* Look in each class of the table on top, which is registry[&classes_key]. [-1, +0, m] */
static void search_classes(lua_State *L, int function, int best) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_insert(L, -2);  /* ... noun methods */
    search(L, lua_tostring(L, -2), ":", function, best);
    lua_remove(L, -2);
  }
  lua_pop(L, 1);
}


/* Push the best name of 'function' in all modules, else in all classes, or nil. [-0, +1, m] */
static void push_known(lua_State *L, int function) {
  int best = lua_gettop(L) + 1;
  lua_pushnil(L);
  lua_pushliteral(L, LUA_LOADED_TABLE);
  if (lua_rawget(L, LUA_REGISTRYINDEX) == LUA_TTABLE) search_modules(L, function, best);
  else lua_pop(L, 1);
  if (!lua_isnil(L, best)) return;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key) == LUA_TTABLE) search_classes(L, function, best);
  else lua_pop(L, 1);
}


void coh_funcname_know(lua_State *L, const char *noun) {
  luaL_checkstack(L, 4, NULL);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    coh_weak_table_push(L);  /* so that it does not keep a class whose module is gone */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &classes_key);
  }
  lua_pushvalue(L, -2);
  lua_pushstring(L, noun);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}


void coh_funcname_find(lua_State *L) {
  luaL_checkstack(L, SLOTS, "a name");
  push_known(L, lua_gettop(L));
  lua_replace(L, -2);
}


void coh_funcname_render(lua_State *L) {
  int function = lua_gettop(L);
  lua_Debug ar;
  luaL_checkstack(L, SLOTS, "a name");
  lua_pushvalue(L, function);
  lua_getinfo(L, ">S", &ar);
  if (*ar.what == 'C' || coh_library_has(coh_library_of(L), ar.source)) push_known(L, function);
  else lua_pushnil(L);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    if (*ar.what == 'C') lua_pushliteral(L, "C function");
    else coh_text_push_place(L, ar.short_src, ar.linedefined);
  }
  lua_replace(L, function);
}
