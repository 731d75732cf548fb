/*
** A host in C with two copies of the library, for hosts_spec.lua: `twice COPY` is linked
** with the one and loads the other from the file COPY. A state with either works, also in turn.
*/
#include "embedded.h"

#include <dlfcn.h>


/* pcall'ed: (what opens a core) -> what a run of that core returns */
static int run(lua_State *L) {
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", lua_tocfunction(L, 1), 0);
  if (luaL_loadstring(L, "local cohort = require 'cohort'\n"
                         "return cohort.run({seed = 1}, function()\n"
                         "  cohort.sleep(0.001)\n"
                         "  return select(2, pcall(cohort.run, print))\n"
                         "end)") != LUA_OK) lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}


static void check_run(lua_CFunction opens) {
  lua_State *L = luaL_newstate();
  lua_pushcfunction(L, run);
  lua_pushcfunction(L, opens);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK || strstr(lua_tostring(L, -1), "inside run") == NULL) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(1);
  }
  lua_close(L);
}


int main(int argc, char **argv) {
  void *copy = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW | RTLD_LOCAL);
  lua_CFunction opens;
  CHECK(copy != NULL);
  *(void **)&opens = dlsym(copy, "luaopen_cohort_core");
  CHECK(opens != NULL && opens != luaopen_cohort_core);
  check_run(luaopen_cohort_core);
  check_run(opens);
  check_run(luaopen_cohort_core);
  dlclose(copy);
  return 0;
}
