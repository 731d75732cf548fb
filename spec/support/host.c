/*
** A host for specs: runs a script as the plainest of programs would, with SIGINT
** as it found it; with 'threads' before the script, in two states, each in a
** thread of its own, at the same time.
*/
#include <lauxlib.h>
#include <lualib.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>


static void *run(void *script) {
  lua_State *L = luaL_newstate();
  int status;
  luaL_openlibs(L);
  status = luaL_dofile(L, script);
  if (status != LUA_OK) fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  return status == LUA_OK ? NULL : script;
}


int main(int argc, char **argv) {
  pthread_t threads[2];
  void *failed[2];
  int i;
  if (argc == 2) return run(argv[1]) != NULL;
  if (argc != 3 || strcmp(argv[1], "threads") != 0) return 2;
  for (i = 0; i < 2; i++) pthread_create(&threads[i], NULL, run, argv[2]);
  for (i = 0; i < 2; i++) pthread_join(threads[i], &failed[i]);
  return failed[0] != NULL || failed[1] != NULL;
}
