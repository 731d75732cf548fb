/* The three things every Lua program of bench measures with, so that all of them use the same clock:
 * nanoseconds of a monotonic clock, processor time of this process, resident memory of this process. Lua
 * alone has only the second. */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int push_time(lua_State *L, clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  lua_pushinteger(L, (lua_Integer)t.tv_sec * 1000000000 + t.tv_nsec);
  return 1;
}

/* now() -> nanoseconds */
static int clock_now(lua_State *L) {
  return push_time(L, CLOCK_MONOTONIC);
}

/* cpu() -> nanoseconds */
static int clock_cpu(lua_State *L) {
  return push_time(L, CLOCK_PROCESS_CPUTIME_ID);
}

/* resident() -> bytes */
static int clock_resident(lua_State *L) {
  long pages = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (statm != NULL) {
    if (fscanf(statm, "%*d %ld", &pages) != 1) pages = 0;
    fclose(statm);
  }
  if (pages == 0) return luaL_error(L, "/proc/self/statm says nothing");
  lua_pushinteger(L, (lua_Integer)pages * sysconf(_SC_PAGESIZE));
  return 1;
}

int luaopen_clock(lua_State *L);

int luaopen_clock(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"now", clock_now}, {"cpu", clock_cpu}, {"resident", clock_resident}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
