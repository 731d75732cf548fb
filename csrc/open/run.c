/*
** cohort.run: reads its arguments and raises its errors; host.c does the running.
*/
#include "open/run.h"

#include "errors/system.h"
#include "glue/state.h"
#include "kernel/clock.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"
#include "open/embed.h"
#include "open/host.h"
#include "open/schedule.h"

enum { CLOCK = 1, SCHEDULE };  /* slots below main and its arguments */

static const char *const option_names[] = {"signals", "clock", "seed", "schedule", "watchdog", NULL};


cohort_config coh_run_check_config(lua_State *L, bool has_options) {
  cohort_config c = {.size = sizeof c, .interrupts = 1};
  if (has_options) {
    c.interrupts = coh_opt_boolean(L, 1, "signals", true);
    c.seed = (uint64_t)coh_opt_count(L, 1, "seed", 1, 0);
    c.clock_index = coh_get_option(L, 1, "clock") == LUA_TNIL ? 0 : CLOCK;
  } else {
    lua_pushnil(L);
  }
  lua_insert(L, CLOCK);
  return c;
}


/* The option 'watchdog' at 1, as the configuration takes it. [-0, +0, v] */
static int64_t check_watchdog(lua_State *L, bool has_options) {
  int64_t limit_ns = has_options ? coh_opt_seconds(L, 1, "watchdog", COH_NEVER) : COH_NEVER;
  if (limit_ns == COH_NEVER) return 0;
  return limit_ns > 0 ? limit_ns : 1;
}


/* Insert the option 'schedule', or nil, behind the clock; the options are behind that. [-0, +1, v] */
static void check_schedule(lua_State *L, bool has_options, cohort_config *c, struct coh_schedule *schedule) {
  *schedule = (struct coh_schedule){.L = L, .function = SCHEDULE};
  if (!has_options) lua_pushnil(L);
  else if (coh_get_option(L, CLOCK + 1, "schedule") != LUA_TNIL) {
    if (!coh_is_callable(L, -1))
      coh_misuse(L, "option 'schedule' expects a function, got %s", coh_type_name(L, -1));
    if (c->seed != 0) coh_misuse(L, "run takes 'seed' or 'schedule', not both");
    c->choose = coh_schedule_choose;
    c->choose_ud = schedule;
  }
  lua_insert(L, SCHEDULE);
}


int coh_run_refuse(lua_State *L, int status) {
  if (status == COHORT_EINVAL) return coh_misuse(L, "option 'clock' expects a clock of cohort.testing: write "
                                                      "cohort.testing.clock{autojump = true}");
  if (status == COHORT_ENOMEM) return coh_out_of_memory(L);
  coh_syserr_push(L, COH_SYSTEM_ERROR, coh_state_of(L)->refused, "run", NULL, NULL);
  return lua_error(L);
}


/* A runtime is open: the caller is one of its tasks, or other code, of a host, a runner or a schedule. */
static int refuse_nested(lua_State *L) {
  if (coh_running(coh_state_of(L)) != NULL)
    return coh_misuse(L, "run cannot be called inside run: spawn a task, "
                         "or write cohort.main, which runs in both places");
  return coh_misuse(L, "run cannot be called inside run: this is no task of the runtime that is open; "
                       "a host makes one with cohort_spawn, a test with runner:run");
}


/* run([options,] main, ...) -> results of main */
static int l_run(lua_State *L) {
  bool has_options = coh_is_options(L, 1);
  int main = SCHEDULE + (has_options ? 2 : 1), count = 0, status;
  struct coh_schedule schedule;
  cohort_config config;
  int64_t watchdog_ns;
  if (has_options) coh_check_options(L, 1, "run", option_names);
  watchdog_ns = check_watchdog(L, has_options);
  config = coh_run_check_config(L, has_options);
  config.watchdog_ns = watchdog_ns;
  check_schedule(L, has_options, &config, &schedule);
  coh_check_callable(L, main, "run");
  coh_check_options_first(L, main, 0, "run", option_names);
  if (coh_embed_of(L) != NULL) return refuse_nested(L);
  status = coh_host_run(L, &config, lua_gettop(L) - main, &count);
  if (status < 0) return coh_run_refuse(L, status);
  if (schedule.failed) {
    lua_settop(L, SCHEDULE);
    return lua_error(L);
  }
  return status == COHORT_RETURNED ? count : lua_error(L);
}


void coh_run_open(lua_State *L) {
  lua_pushcfunction(L, l_run);
  lua_setfield(L, -2, "run");
}
