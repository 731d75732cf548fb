/*
** A host in C whose finalizers spawn, for hosts_spec.lua: `collected CLAIM` checks what
** becomes of tasks that are made and taken when the collector runs in the middle of it.
*/
#include "embedded.h"

static struct host h;
static cohort_task inner;  /* the finalizer's; 0 before it ran */


/* __gc */
static int spawn_inner(lua_State *L) {
  (void)L;
  inner = spawn(&h, "return 'inner'");
  return 0;
}


static void begin(void) {
  h = open();
  lua_register(h.L, "spawn_inner", spawn_inner);
}


/* Let the collector run that finalizer when the next object is made. */
static void arrange(void) {
  CHECK(luaL_dostring(h.L, "collectgarbage 'generational' collectgarbage() "
                           "setmetatable({}, {__gc = spawn_inner}) "
                           "local t = {} for i = 1, 1 << 18 do t[i] = i end") == LUA_OK);
  CHECK(inner == 0);
}


static void a_finalizer_may_spawn_while_a_task_is_made(void) {
  cohort_task outer;
  begin();
  CHECK(luaL_loadstring(h.L, "return 'outer'") == LUA_OK);
  arrange();
  CHECK(cohort_spawn(h.rt, h.L, 0, &outer) == 0);
  CHECK(inner != 0 && inner != outer);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, outer, COHORT_RETURNED, "outer");
  take(&h, inner, COHORT_RETURNED, "inner");
  close(&h);
}


static void a_finalizer_may_spawn_while_a_result_is_taken(void) {
  cohort_task tasks[8];  /* as many as there are places before more are made */
  int i;
  begin();
  for (i = 0; i < 8; i++) tasks[i] = spawn(&h, "error(cohort.Error { message = 'failed' }, 0)");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  arrange();
  take(&h, tasks[0], COHORT_FAILED, "failed");
  CHECK(inner != 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, inner, COHORT_RETURNED, "inner");
  for (i = 1; i < 8; i++) take(&h, tasks[i], COHORT_FAILED, "failed");
  close(&h);
}


#define CLAIM(name) if (strcmp(claim, #name) == 0) return name(), 0

int main(int argc, char **argv) {
  const char *claim = argc > 1 ? argv[1] : "";
  CLAIM(a_finalizer_may_spawn_while_a_task_is_made);
  CLAIM(a_finalizer_may_spawn_while_a_result_is_taken);
  fprintf(stderr, "no such claim: %s\n", claim);
  return 2;
}
