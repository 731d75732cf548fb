/*
** What hosts in C that check cohort.h share: a state with a runtime, tasks of Lua code, CHECK,
** which ends the program with 1 and the line of what did not hold, and claims, which are functions
** that check what their names say.
*/
#ifndef SPEC_SUPPORT_EMBEDDED_H
#define SPEC_SUPPORT_EMBEDDED_H

#include <lauxlib.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cohort.h"

#define CHECK(condition) \
  do { \
    if (condition) break; \
    fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    exit(1); \
  } while (0)

struct host {
  lua_State *L;
  cohort_runtime *rt;
};

struct claim {
  const char *name;
  void (*check)(void);
};

#define CLAIM(check) {#check, check}


static inline lua_State *new_lua(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
  lua_pop(L, 1);
  CHECK(luaL_dostring(L, "cohort = require 'cohort'") == LUA_OK);
  return L;
}


static inline struct host open_with(const cohort_config *config) {
  struct host h = {new_lua(), NULL};
  CHECK(cohort_open(h.L, config, &h.rt) == 0);
  return h;
}


static inline struct host open(void) {
  return open_with(NULL);
}


static inline void close(struct host *h) {
  cohort_close(h->rt);
  CHECK(cohort_of(h->L) == NULL);
  lua_close(h->L);
}


/* Make a task of Lua code. */
static inline cohort_task spawn(struct host *h, const char *code) {
  cohort_task task;
  int top = lua_gettop(h->L);
  CHECK(luaL_loadstring(h->L, code) == LUA_OK);
  CHECK(cohort_spawn(h->rt, h->L, 0, &task) == 0);
  CHECK(task != 0);
  CHECK(lua_gettop(h->L) == top);
  return task;
}


/* Pump until there is something to wait for; the first pumps tell the system what to watch. */
static inline int settle(struct host *h) {
  int state = cohort_pump(h->rt, NULL), pumps = 0;
  while (cohort_timeout(h->rt) == 0 && pumps++ < 10) state = cohort_pump(h->rt, NULL);
  return state;
}


static inline lua_Integer global(lua_State *L, const char *name) {
  lua_Integer value;
  lua_getglobal(L, name);
  value = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value;
}


/* Take a task that must end so; its error's text must hold 'text', unless that is NULL. */
static inline void take(struct host *h, cohort_task task, int status, const char *text) {
  int count = 0, top = lua_gettop(h->L);
  CHECK(cohort_take(h->rt, task, h->L, &count) == status);
  CHECK(lua_gettop(h->L) == top + count);
  if (text != NULL) CHECK(strstr(luaL_tolstring(h->L, -1, NULL), text) != NULL);
  lua_settop(h->L, top);
}


/* Check the claim that argv[1] names, of an array of them that ends without a name. What main returns. */
static inline int check_claim(const struct claim *claims, int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  for (; claims->name != NULL; claims++) {
    if (strcmp(claims->name, name) != 0) continue;
    claims->check();
    return 0;
  }
  fprintf(stderr, "no such claim: %s\n", name);
  return 2;
}

#endif
