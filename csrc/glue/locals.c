/*
** Task-locals of tasks: see locals.h. The nodes are in a table of the registry, each under the slot of its
** task's coroutine, that of code outside tasks under 0. An entry without a node is nil before its first use,
** and false afterwards: so only the first use may need memory.
*/
#include "glue/locals.h"

#include <lauxlib.h>


static int slot_of(const struct coh_fiber *f) {
  return f == NULL ? 0 : f->task.slot;
}


void *coh_locals_push(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  if (!(f != NULL ? f->locals : S->locals_outside)) {
    lua_pushnil(L);
    return NULL;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, S->locals);
  lua_rawgeti(L, -1, slot_of(f));
  lua_replace(L, -2);
  return lua_touserdata(L, -1);
}


void coh_locals_set(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  bool any = !lua_isnil(L, -1);
  if (!any) {
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, S->locals);
  lua_insert(L, -2);
  lua_rawseti(L, -2, slot_of(f));
  lua_pop(L, 1);
  if (f != NULL) f->locals = any;
  else S->locals_outside = any;
}


/* pcall'ed: (fiber, node) */
static int inherit(lua_State *L) {
  coh_locals_set(L, coh_state_of(L), lua_touserdata(L, 1));
  return 0;
}


/* The first time that a slot is used the table may have to grow, in a protected call. */
bool coh_locals_inherit(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, S->locals);
  if (lua_rawgeti(L, -1, f->task.slot) == LUA_TNIL) {
    lua_pushcfunction(L, inherit);
    lua_pushlightuserdata(L, f);
    coh_locals_push(L, S, coh_running(S));
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) lua_pop(L, 1);
    lua_pop(L, 2);
    return f->locals;
  }
  lua_pop(L, 1);
  lua_rawgeti(L, -1, slot_of(coh_running(S)));
  lua_rawseti(L, -2, f->task.slot);
  lua_pop(L, 1);
  return f->locals = true;
}


void coh_locals_forget(struct coh_state *S, struct coh_fiber *f) {
  lua_rawgeti(S->main, LUA_REGISTRYINDEX, S->locals);
  lua_pushboolean(S->main, 0);
  lua_rawseti(S->main, -2, f->task.slot);
  lua_pop(S->main, 1);
  f->locals = false;
  f->withs = 0;
}


void coh_locals_open(lua_State *L, struct coh_state *S) {
  lua_newtable(L);
  S->locals = luaL_ref(L, LUA_REGISTRYINDEX);
}
