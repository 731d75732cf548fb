/*
** cohort.run: one task on a runtime of its own, pumped until it has ended. It is
** a host like any other: of cohort, it sees cohort.h alone.
*/
#include "open/run.h"

#include <lauxlib.h>

#include <stdbool.h>
#include <string.h>

#include "cohort.h"
#include "glue/arg.h"

static const char *const option_names[] = {"signals", "clock", "seed", NULL};


/* Open a runtime as the options at 1 say; misuse raises before anything is opened. [-0, +0, v] */
static cohort_runtime *open(lua_State *L, bool has_options) {
  cohort_config c = {.size = sizeof c};
  cohort_runtime *rt = cohort_of(L);
  int status;
  if (rt != NULL)
    coh_misuse(L, "run cannot be called inside run: spawn a task, "
                  "or write cohort.main, which runs in both places");
  c.interrupts = has_options ? coh_opt_boolean(L, 1, "signals", true) : true;
  if (has_options) {
    c.seed = (uint64_t)coh_opt_count(L, 1, "seed", 1, 0);
    if (coh_get_option(L, 1, "clock") != LUA_TNIL) c.clock_index = lua_gettop(L);
  }
  status = cohort_open(L, &c, &rt);
  if (status == COHORT_EINVAL) coh_misuse(L, "option 'clock' expects a clock of cohort.testing");
  if (status != 0) luaL_error(L, "cannot open an event loop: out of memory or of file descriptors");
  return rt;
}


static void pump(cohort_runtime *rt) {
  static const cohort_budget forever = {.block_ns = COHORT_FOREVER};
  while (cohort_pump(rt, &forever) != COHORT_IDLE) cohort_break(rt);
  cohort_pump(rt, NULL);  /* one more look: an interrupt that came last is seen too */
}


/* run([options,] main, ...) -> results of main */
static int l_run(lua_State *L) {
  bool has_options = coh_is_options(L, 1);
  int main = has_options ? 2 : 1, top = lua_gettop(L), count = 0, status;
  cohort_runtime *rt;
  cohort_task task;
  if (has_options) coh_check_options(L, 1, "run", option_names);
  coh_check_callable(L, main, "run");
  rt = open(L, has_options);
  lua_settop(L, top);
  status = cohort_spawn(rt, L, top - main, &task);
  if (status == 0) {
    pump(rt);
    status = cohort_take(rt, task, L, &count);
  }
  cohort_close(rt);
  if (status == COHORT_RETURNED) return count;
  if (status < 0) return luaL_error(L, "not enough memory");
  return lua_error(L);
}


void coh_run_open(lua_State *L) {
  lua_pushcfunction(L, l_run);
  lua_setfield(L, -2, "run");
}
