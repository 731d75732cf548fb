/*
** The library's own files: see library.h.
*/
#include "lua/library.h"

static const char folder_key = 0;  /* registry[&folder_key] is the folder */


const char *coh_library_of(lua_State *L) {
  const char *folder = "";
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &folder_key) == LUA_TSTRING) folder = lua_tostring(L, -1);
  lua_pop(L, 1);
  return folder;
}


const char *coh_library_set(lua_State *L) {
  lua_Debug ar;
  const char *end;
  if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "S", &ar)) return coh_library_of(L);
  end = strrchr(ar.source, '/');
  if (*ar.source != '@' || end == NULL) return coh_library_of(L);
  lua_pushlstring(L, ar.source, (size_t)(end + 1 - ar.source));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &folder_key);
  return coh_library_of(L);
}
