/*
** Calm: see calm.h. The collector is stopped; an emergency collection still happens, but runs no finalizers.
*/
#include "lua/calm.h"


int coh_calm_call(lua_State *L, lua_CFunction f, int arguments, int results) {
  int runs = lua_gc(L, LUA_GCISRUNNING), status;
  lua_gc(L, LUA_GCSTOP);
  lua_pushcfunction(L, f);
  lua_insert(L, -arguments - 1);
  status = lua_pcall(L, arguments, results, 0);
  if (runs) lua_gc(L, LUA_GCRESTART);
  return status;
}
