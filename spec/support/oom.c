/*
** A host whose memory runs out. It runs a Lua script many times, each in a state
** of its own, and lets the n-th allocation that happens while the script has its
** meter on fail: that one alone, or all from there on until the meter is off. It
** ends with 0 when every run left nothing allocated, and a run came through in
** which nothing failed.
**
**   oom SCRIPT once|on FIRST LAST    prints each n whose run complained, and why
*/
#include <lauxlib.h>
#include <lualib.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct meter {
  size_t used;      /* bytes */
  long fail_at;     /* number of the first allocation that fails */
  long count;       /* of allocations since the meter is on */
  bool stays;       /* those after it fail as well */
  bool on;
};


static bool fails(struct meter *m) {
  if (!m->on) return false;
  m->count++;
  return m->stays ? m->count >= m->fail_at : m->count == m->fail_at;
}


/* Shrinking and freeing never fail: Lua relies on it. */
static void *metered(void *ud, void *block, size_t before, size_t after) {
  struct meter *m = ud;
  void *result;
  if (block == NULL) before = 0;
  if (after == 0) {
    free(block);
    m->used -= before;
    return NULL;
  }
  if (after > before && fails(m)) return NULL;
  result = realloc(block, after);
  if (result != NULL) m->used += after - before;
  return result;
}


/* meter(on) -> allocations counted so far */
static int l_meter(lua_State *L) {
  void *ud;
  struct meter *m;
  lua_getallocf(L, &ud);
  m = ud;
  m->on = lua_toboolean(L, 1);
  lua_pushinteger(L, m->count);
  return 1;
}


/* script's path -> nothing; raises what the script raises */
static int run(lua_State *L) {
  const char *path = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_register(L, "meter", l_meter);
  if (luaL_loadfile(L, path) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}


/* One run. True when an allocation failed in it, or would have; '*fine' is cleared by a complaint. */
static bool try(const char *path, long fail_at, bool stays, bool *fine) {
  struct meter m = {0, fail_at, 0, stays, false};
  lua_State *L = lua_newstate(metered, &m);
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, (void *)path);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    m.on = false;
    printf("%ld: %s\n", fail_at, luaL_tolstring(L, -1, NULL));
    *fine = false;
  }
  m.on = false;
  lua_close(L);
  if (m.used != 0) {
    printf("%ld: %zu bytes are left\n", fail_at, m.used);
    *fine = false;
  }
  return m.count >= fail_at;
}


int main(int argc, char **argv) {
  bool fine = true, failed = true;
  long n, last;
  if (argc != 5) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  last = atol(argv[4]);
  for (n = atol(argv[3]); n <= last && failed; n++) {
    if (getenv("OOM_VERBOSE") != NULL) printf("at %ld\n", n);
    failed = try(argv[1], n, strcmp(argv[2], "on") == 0, &fine);
  }
  printf("%ld runs\n", n - atol(argv[3]));
  return fine ? 0 : 1;
}
