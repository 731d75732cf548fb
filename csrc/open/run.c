/*
** cohort.run: its arguments are read here, and raising is done here; the running
** is host.c's.
*/
#include "open/run.h"

#include <lauxlib.h>

#include "glue/arg.h"
#include "open/host.h"

static const char *const option_names[] = {"signals", "clock", "seed", NULL};


/* What the options at 1 ask for; a clock, or nil, is put below everything. [-0, +1, v] */
static cohort_config check_config(lua_State *L, bool has_options) {
  cohort_config c = {.size = sizeof c, .interrupts = 1};
  if (has_options) {
    coh_check_options(L, 1, "run", option_names);
    c.interrupts = coh_opt_boolean(L, 1, "signals", true);
    c.seed = (uint64_t)coh_opt_count(L, 1, "seed", 1, 0);
    c.clock_index = coh_get_option(L, 1, "clock") == LUA_TNIL ? 0 : 1;
  } else {
    lua_pushnil(L);
  }
  lua_insert(L, 1);
  return c;
}


static int refuse(lua_State *L, int status) {
  if (status == COHORT_EINVAL) return coh_misuse(L, "option 'clock' expects a clock of cohort.testing");
  if (status == COHORT_ENOMEM) return luaL_error(L, "not enough memory");
  return luaL_error(L, "cannot open an event loop: out of memory or of file descriptors");
}


/* run([options,] main, ...) -> results of main */
static int l_run(lua_State *L) {
  bool has_options = coh_is_options(L, 1);
  cohort_config config = check_config(L, has_options);
  int main = has_options ? 3 : 2, count = 0, status;
  coh_check_callable(L, main, "run");
  if (cohort_of(L) != NULL)
    return coh_misuse(L, "run cannot be called inside run: spawn a task, "
                         "or write cohort.main, which runs in both places");
  status = coh_host_run(L, &config, lua_gettop(L) - main, &count);
  if (status < 0) return refuse(L, status);
  return status == COHORT_RETURNED ? count : lua_error(L);
}


void coh_run_open(lua_State *L) {
  lua_pushcfunction(L, l_run);
  lua_setfield(L, -2, "run");
}
