/*
** Memory that has run out: see outofmemory.h.
*/
#include "lua/outofmemory.h"

#include <string.h>


int coh_out_of_memory(lua_State *L) {
  lua_pushliteral(L, COH_OUT_OF_MEMORY);
  return lua_error(L);
}


bool coh_is_out_of_memory(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TSTRING && strcmp(lua_tostring(L, index), COH_OUT_OF_MEMORY) == 0;
}
