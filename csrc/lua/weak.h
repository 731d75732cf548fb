/*
** Tables with weak keys, for facts about an object that go when the object goes.
*/
#ifndef COH_LUA_WEAK_H
#define COH_LUA_WEAK_H

#include <lua.h>

/* Push a new one. [-0, +1, m] */
static inline void coh_weak_table_push(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

#endif
