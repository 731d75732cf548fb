/*
** What libFuzzer calls: each input goes, as a string, to the function that the module
** engines.fuzz.NAME is; NAME stands in COHORT_FUZZ. The function returns whether the input
** came to an error path, and raises what is wrong with cohort: that ends the process, and
** libFuzzer keeps the input. One Lua state serves all inputs; its memory has a bound, so
** that "not enough memory" is among what happens. At the end it is closed, and
** "tried N, injected M" goes to the file that COHORT_FUZZ_RESULT names.
**
** The working directory becomes COHORT_FUZZ_DIR: files that an input names lie there.
*/
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cohort.h"

#define MEMORY_MAX ((size_t)512 << 20)

int luaopen_fuzz_address(lua_State *L);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lua_State *L;
static size_t used;
static unsigned long tried, injected;


static void *allocate(void *ud, void *block, size_t old, size_t new) {
  (void)ud;
  if (block == NULL) old = 0;  /* Lua says what kind of object it is for */
  if (new > old && used - old + new > MEMORY_MAX) return NULL;
  used = used - old + new;
  if (new == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, new);
}


_Noreturn static void give_up(const char *what) {
  fprintf(stderr, "%s: %s\n", what, lua_tostring(L, -1));
  abort();
}


static int with_traceback(lua_State *state) {
  luaL_traceback(state, state, luaL_tolstring(state, 1, NULL), 1);
  return 1;
}


static void finish(void) {
  const char *path = getenv("COHORT_FUZZ_RESULT");
  FILE *file = path != NULL ? fopen(path, "w") : stderr;
  lua_close(L);
  if (file == NULL || fprintf(file, "tried %lu, injected %lu\n", tried, injected) < 0) abort();
  if (path != NULL) fclose(file);
}


/* Modules of the tree are found wherever the inputs' files lie. */
static void set_path(void) {
  char folder[4096];
  if (getcwd(folder, sizeof folder) == NULL) abort();
  lua_getglobal(L, "package");
  lua_pushfstring(L, "%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;", folder, folder, folder);
  lua_getfield(L, -2, "path");
  lua_concat(L, 2);
  lua_setfield(L, -2, "path");
  lua_pop(L, 1);
  lua_pushstring(L, folder);
  lua_setglobal(L, "TREE");
}


static int start(lua_State *state) {
  const char *name = getenv("COHORT_FUZZ"), *folder = getenv("COHORT_FUZZ_DIR");
  if (name == NULL) return luaL_error(state, "COHORT_FUZZ names no program");
  luaL_openlibs(state);
  set_path();
  if (folder != NULL && chdir(folder) != 0) return luaL_error(state, "cannot enter %s", folder);
  luaL_getsubtable(state, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(state, luaopen_cohort_core);
  lua_setfield(state, -2, "cohort.core");
  lua_pushcfunction(state, luaopen_fuzz_address);
  lua_setfield(state, -2, "fuzz.address");
  lua_getglobal(state, "require");
  lua_pushfstring(state, "engines.fuzz.%s", name);
  lua_call(state, 1, 1);
  return 1;
}


int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  L = lua_newstate(allocate, NULL);
  if (L == NULL) abort();
  lua_pushcfunction(L, with_traceback);
  lua_pushcfunction(L, start);
  if (lua_pcall(L, 0, 1, 1) != LUA_OK) give_up("cannot begin");
  atexit(finish);
  return 0;
}


/* On the stack lie the handler and the function. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_pushvalue(L, 2);
  lua_pushlstring(L, size > 0 ? (const char *)data : "", size);
  if (lua_pcall(L, 1, 1, 1) != LUA_OK) give_up("found");
  tried++;
  if (lua_toboolean(L, -1)) injected++;
  lua_settop(L, 2);
  return 0;
}
