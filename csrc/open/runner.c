/*
** Runners: see runner.h. Each call runs one function as a root task and pumps until no task is left; what was
** opened and not closed stays open until the runner is closed. What stopped a call, such as a deadlock or the
** watchdog, does not affect the next.
*/
#include "open/runner.h"

#include <stdio.h>

#include "glue/watch.h"
#include "lua/arg.h"
#include "open/embed.h"
#include "open/report.h"
#include "open/run.h"
#include "sync/object.h"

enum { UV_CLOCK = 1 };

struct runner {
  struct coh_sync sync;     /* nobody waits for it */
  cohort_runtime *rt;       /* owned; NULL when closed */
  bool busy;                /* it runs a function, or spawns or takes its task */
  struct coh_watch watch;   /* set while a function runs */
  char late[80];            /* the message when it expires */
};


static void describe(lua_State *L, int object) {
  const struct runner *r = lua_touserdata(L, object);
  lua_pushstring(L, r->rt == NULL ? "closed" : "open");
}


static const struct coh_sync_class class = {
  .noun = "runner", .name = "cohort.Runner", .size = sizeof(struct runner), .values = UV_CLOCK,
  .describe = describe};


/* {{ Running */

static void expire(struct coh_state *S, lua_State *L) {
  const struct runner *r = coh_item(S->watch, struct runner, watch);
  const struct coh_stop why = {COH_TIMEOUT, r->late, COH_REASON_DEADLINE};
  coh_report_stop(S, L, &why);
}


/* Pump until there are no tasks. A pump that blocks returns when the watchdog's time is over. */
static void pump(struct runner *r) {
  int state;
  do {
    int64_t left_ns = r->watch.end_ns;
    if (left_ns != COH_NEVER) left_ns -= coh_clock_machine();
    if (left_ns < 1) left_ns = 1;
    cohort_budget budget = {.block_ns = left_ns, .run_ns = left_ns == COH_NEVER ? 0 : left_ns};
    state = coh_embed_pump(r->rt, &budget);
    if (state == COHORT_STUCK) coh_embed_break(r->rt);
    else if (state != COHORT_IDLE && coh_watch_is_over(&r->watch)) coh_watch_expire(r->rt, r->rt->main);
  } while (state != COHORT_IDLE);
  coh_embed_pump(r->rt, NULL);  /* one more look, so that a last-moment interrupt is noticed too */
}


/*
** Run the function and arguments on top, and replace them by its results or its error. Returns how it ended.
*/
static int call(lua_State *L, struct runner *r, int arguments, int *count) {
  cohort_task task;
  int status;
  r->busy = true;  /* also around the pump, where finalizers may run */
  status = coh_embed_spawn(r->rt, L, arguments, &task);
  if (status == 0) {
    coh_watch_set(r->rt, &r->watch);
    pump(r);
    coh_watch_set(r->rt, NULL);
    status = coh_embed_take(r->rt, task, L, count);
  }
  r->busy = false;
  return status;
}


static struct runner *check_idle(lua_State *L, const char *what) {
  struct runner *r = coh_sync_check(L, &class, what);
  if (r->busy)
    coh_misuse(L, "%s cannot be called by what the runner runs: spawn a task", what);
  return r;
}


/* runner:run(f, ...) -> results of f */
static int l_run(lua_State *L) {
  struct runner *r = check_idle(L, "run");
  int count = 0, status;
  coh_check_callable(L, 2, "run");
  if (r->rt == NULL) return coh_misuse(L, "run: the runner is closed");
  status = call(L, r, lua_gettop(L) - 2, &count);
  if (status < 0) return coh_run_refuse(L, status);
  return status == COHORT_RETURNED ? count : lua_error(L);
}

/* }} */


/* {{ From its opening to its end */

/* runner:close() */
static int l_close(lua_State *L) {
  struct runner *r = check_idle(L, "close");
  if (r->rt != NULL) coh_embed_close(r->rt);
  r->rt = NULL;
  return 0;
}


/* __gc: during a call this runs only at the end of the state, which closes everything. */
static int l_gc(lua_State *L) {
  struct runner *r = coh_sync_check(L, &class, "__gc");
  return r->busy ? 0 : l_close(L);
}


/* open_runner([options]) -> runner */
static int l_open_runner(lua_State *L) {
  static const char *const names[] = {"signals", "clock", "seed", "watchdog", NULL};
  int64_t limit_ns = COH_NEVER;
  cohort_config config;
  struct runner *r;
  int status;
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) {
    coh_check_options(L, 1, "open_runner", names);
    limit_ns = coh_opt_seconds(L, 1, "watchdog", COH_NEVER);
  }
  config = coh_run_check_config(L, !lua_isnil(L, 1));
  if (coh_embed_of(L) != NULL)
    return coh_misuse(L, "open_runner cannot be called while a runtime is open: leave run, or close the "
                         "other runner, first");
  r = coh_sync_new(L, &class);
  r->watch = (struct coh_watch){.limit_ns = limit_ns, .expire = expire};
  snprintf(r->late, sizeof r->late, "stopped by the watchdog after %.14g s of real time",
           coh_seconds(limit_ns));
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, UV_CLOCK);
  status = coh_embed_open(L, &config, &r->rt);
  return status < 0 ? coh_run_refuse(L, status) : 1;
}

/* }} */


static const luaL_Reg methods[] = {{"run", l_run}, {"close", l_close}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__close", l_close}, {"__gc", l_gc}, {NULL, NULL}};


void coh_runner_open(lua_State *L) {
  coh_sync_define(L, &class, metamethods, methods);
  coh_sync_export(L, "open_runner", l_open_runner);
}
