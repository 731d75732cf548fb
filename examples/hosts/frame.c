/*
** A host with frames, as in a game: 60 times a second it gives the tasks a slice of the frame, draws, and
** sleeps until the next frame is due. Nothing that a script does makes a frame late, except a single step
** that is longer than the slice: the budget is checked between steps, but a step itself is not cut.
**
**     frame script.lua [args]
**
** A game's author copies 'frame' and 'run'; the rest sets up a script.
*/
#include <lauxlib.h>
#include <lualib.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cohort.h"

#define FRAME_NS 16000000       /* 16 ms */
#define SLICE_NS 4000000        /* of which tasks get 4 */
#define STEPS_PER_FRAME 10000   /* and at most this many steps */


/* Here a game reads its input, moves its world and draws it. */
static void draw(void) {
}


/* One frame. False when there is nothing left to run. */
static bool frame(cohort_runtime *rt) {
  static const cohort_budget slice = {.resumes = STEPS_PER_FRAME, .run_ns = SLICE_NS};
  int state = cohort_pump(rt, &slice);  /* on COHORT_MORE the rest runs in the next frame */
  if (state == COHORT_STUCK) cohort_break(rt);
  draw();
  return state != COHORT_IDLE;
}


/* Sleep until one frame after 'due', and move 'due' there. A late frame is not made up for. */
static void sleep_until_next(struct timespec *due) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  due->tv_nsec += FRAME_NS;
  if (due->tv_nsec >= 1000000000) {
    due->tv_nsec -= 1000000000;
    due->tv_sec++;
  }
  if (now.tv_sec > due->tv_sec || (now.tv_sec == due->tv_sec && now.tv_nsec > due->tv_nsec)) *due = now;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL) == EINTR) {}
}


static void run(cohort_runtime *rt) {
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  while (frame(rt)) sleep_until_next(&due);
}


/* Load the script and make it a task; 'arg' is the table of arguments, as lua sets it. */
static cohort_task spawn_script(lua_State *L, cohort_runtime *rt, int argc, char **argv) {
  cohort_task task;
  int i;
  lua_createtable(L, argc, 1);
  for (i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
  if (luaL_loadfilex(L, argv[1], "t") != LUA_OK) lua_error(L);
  luaL_checkstack(L, argc, "too many arguments");
  for (i = 2; i < argc; i++) lua_pushstring(L, argv[i]);
  if (cohort_spawn(rt, L, argc - 2, &task) != 0) luaL_error(L, "not enough memory");
  return task;
}


/* Runs in protected mode, because everything here may raise: when memory runs out, the host survives. */
static int protected_main(lua_State *L) {
  int argc = (int)lua_tointeger(L, 1), count;
  char **argv = lua_touserdata(L, 2);
  cohort_runtime *rt;
  cohort_task task;
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
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
