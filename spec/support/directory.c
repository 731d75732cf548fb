/*
** A module for Lua: change(path) takes the whole process to another directory.
*/
#include <lauxlib.h>
#include <unistd.h>

int luaopen_directory(lua_State *L);


static int l_change(lua_State *L) {
  return luaL_fileresult(L, chdir(luaL_checkstring(L, 1)) == 0, NULL);
}


int luaopen_directory(lua_State *L) {
  luaL_newlib(L, ((luaL_Reg[]){{"change", l_change}, {NULL, NULL}}));
  return 1;
}
