/*
** A host whose loop is poll(2): it runs one script, and sleeps in its own poll, never inside cohort. A
** program that has other descriptors to watch adds them to the same array.
**
**     poll script.lua [args]
**
** All that cohort asks of a host is in 'run': pump until nothing is ready, then wait until the descriptor is
** readable or the time is up, whichever comes first.
*/
#include <lauxlib.h>
#include <lualib.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "cohort.h"


/* Set the table 'arg' as lua does: the script at 0, its arguments from 1. */
static void set_arg(lua_State *L, int argc, char **argv) {
  int i;
  lua_createtable(L, argc, 1);
  for (i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
}


/* Load the script and make it a task, with its arguments. It begins in the first pump. */
static cohort_task spawn_script(lua_State *L, cohort_runtime *rt, int argc, char **argv) {
  cohort_task task;
  int i;
  if (luaL_loadfilex(L, argv[1], "t") != LUA_OK) lua_error(L);
  luaL_checkstack(L, argc, "too many arguments");
  for (i = 2; i < argc; i++) lua_pushstring(L, argv[i]);
  if (cohort_spawn(rt, L, argc - 2, &task) != 0) luaL_error(L, "not enough memory");
  return task;
}


/* The loop. It ends when every task has ended. */
static void run(cohort_runtime *rt) {
  struct pollfd watched[1] = {{.fd = cohort_fd(rt), .events = POLLIN}};
  for (;;) {
    switch (cohort_pump(rt, NULL)) {
      case COHORT_IDLE:
        return;
      case COHORT_STUCK:   /* nothing here could wake a task either: a deadlock */
        cohort_break(rt);
        break;
      case COHORT_WAITING:
        poll(watched, 1, cohort_timeout(rt));
        break;
      default:             /* COHORT_MORE: there is work left, pump again */
        break;
    }
  }
}


/*
** Everything that may raise a Lua error is called from here, in protected mode: when memory runs out, or the
** module is missing, the host survives.
*/
static int protected_main(lua_State *L) {
  int argc = (int)lua_tointeger(L, 1), count;
  char **argv = lua_touserdata(L, 2);
  cohort_runtime *rt;
  cohort_task task;
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);  /* linked in, so not searched for */
  set_arg(L, argc, argv);
  if (cohort_open(L, NULL, &rt) != 0) luaL_error(L, "cannot open an event loop");
  task = spawn_script(L, rt, argc, argv);
  run(rt);
  if (cohort_take(rt, task, L, &count) != COHORT_RETURNED) {
    luaL_tolstring(L, -1, NULL);  /* for an error group: the tree of all its errors */
    lua_error(L);
  }
  cohort_close(rt);
  return 0;
}


int main(int argc, char **argv) {
  lua_State *L;
  int status;
  if (argc < 2) {
    fprintf(stderr, "usage: %s script.lua [args]\n", argv[0]);
    return EXIT_FAILURE;
  }
  L = luaL_newstate();
  if (L == NULL) {
    fprintf(stderr, "not enough memory\n");
    return EXIT_FAILURE;
  }
  lua_pushcfunction(L, protected_main);
  lua_pushinteger(L, argc);
  lua_pushlightuserdata(L, argv);
  status = lua_pcall(L, 2, 0, 0);
  if (status != LUA_OK) {
    const char *text = lua_tostring(L, -1);
    fprintf(stderr, "%s\n", text != NULL ? text : "error in error handling");
  }
  lua_close(L);  /* also closes the runtime if it is still open */
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
