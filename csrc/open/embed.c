/*
** The embedding API: see cohort.h. Runtimes are opened, pumped and closed here; the host's tasks are in
** hosted.c.
*/
#include "cohort.h"

#include <stddef.h>
#include <string.h>

#include "errors/error.h"
#include "glue/drain.h"
#include "glue/fiber.h"
#include "glue/object.h"
#include "io/interrupt.h"
#include "io/io.h"
#include "io/standard.h"
#include "open/embed.h"
#include "open/hosted.h"
#include "open/report.h"
#include "open/watchdog.h"
#include "process/child.h"
#include "stream/stdio.h"


/* {{ Opening and closing */

/* Is there a value at this index? An index beyond the stack must not be read. */
static bool is_index(lua_State *L, int index) {
  int top = lua_gettop(L);
  return index <= LUA_REGISTRYINDEX || (index <= top && index >= -top);
}


static int choose_clock(lua_State *L, struct coh_state *S, const cohort_config *c, struct coh_clock **clock) {
  *clock = &S->clock;
  if (c->clock != NULL) coh_clock_init_host(&S->clock, c->clock, c->clock_ud);
  else coh_clock_init_real(&S->clock);
  if (c->clock_index == 0) return 0;
  if (!is_index(L, c->clock_index)) return COHORT_EINVAL;
  *clock = coh_object_test(L, S, c->clock_index, COH_CLOCK);
  return *clock == NULL ? COHORT_EINVAL : 0;
}


/* Store libuv's status for whoever reports it. */
static int refuse(struct coh_state *S, int status) {
  S->refused = status;
  return status == UV_ENOMEM ? COHORT_ENOMEM : COHORT_ESYSTEM;
}


/* The size of the first version's configuration, whose last field this is. */
#define CONFIG_LEAST (offsetof(cohort_config, watchdog_ns) + sizeof(int64_t))


/* The state of L, whose stack may be full. */
static struct coh_state *state_of(lua_State *L) {
  return lua_checkstack(L, 1) ? coh_state_of(L) : NULL;
}


int cohort_open(lua_State *L, const cohort_config *config, cohort_runtime **out) {
  struct coh_state *S = state_of(L);
  cohort_config c = {0};
  struct coh_clock *clock;
  void *ud;
  lua_Alloc alloc = lua_getallocf(L, &ud);
  int status;
  if (S == NULL || (config != NULL && config->size < CONFIG_LEAST)) return COHORT_EINVAL;
  if (!lua_checkstack(L, LUA_MINSTACK)) return COHORT_ENOMEM;
  if (S->loop.opened) return COHORT_EEXIST;
  if (config != NULL) memcpy(&c, config, config->size < sizeof c ? config->size : sizeof c);
  if (choose_clock(L, S, &c, &clock) != 0) return COHORT_EINVAL;
  S->standard_held = coh_standard_hold();
  status = coh_loop_open(&S->loop, alloc, ud, clock, coh_fiber_step);
  if (status < 0) {
    coh_standard_release(S->standard_held);
    return refuse(S, status);
  }
  S->interrupted = S->forced = S->closing = false;
  S->report = LUA_NOREF;
  S->seed = c.seed;
  S->random = c.seed != 0 || c.clock_index != 0 ? c.seed : uv_hrtime() ^ (uint64_t)(uintptr_t)S;
  S->loop.rt.choose = c.choose != NULL || c.seed == 0 ? c.choose : coh_run_shuffle;
  S->loop.rt.choose_ud = c.choose != NULL ? c.choose_ud : &S->seed;
  S->loop.rt.explores = c.choose != NULL;
  status = c.interrupts ? coh_interrupt_open(S) : 0;
  if (status < 0) {
    coh_embed_close(S);
    return refuse(S, status);
  }
  if (c.watchdog_ns > 0 && !coh_watchdog_open(S, c.watchdog_ns)) {
    coh_embed_close(S);
    return COHORT_ENOMEM;
  }
  *out = S;
  return 0;
}


cohort_runtime *cohort_of(lua_State *L) {
  struct coh_state *S = state_of(L);
  return S != NULL && S->loop.opened ? S : NULL;
}


void coh_embed_end(struct coh_state *rt) {
  if (!rt->loop.opened) return;
  coh_embed_make_room(rt);
  rt->closing = true;
  coh_hosted_free_all(rt);
  coh_state_drain(rt);
  coh_report_forget(rt);
  coh_watchdog_close(rt);
  coh_children_close_all(rt);
  coh_io_close_all(rt);
  coh_stdio_forget(rt);
  coh_interrupt_close(rt);
  coh_loop_close(&rt->loop);
  coh_interrupt_free(rt);
  coh_standard_release(rt->standard_held);
  rt->pump = NULL;
  rt->inside = 0;
  coh_assert(rt->loop.rt.mem.used == 0);
}


/*
** Inside a pump, or inside a call that may run finalizers, this can only cancel everything. During the actual
** closing, code that still runs, such as a '__close', need not ask for it.
*/
void cohort_close(cohort_runtime *rt) {
  if (rt->closing) return;
  if (rt->pump != NULL || rt->inside > 0) coh_embed_cancel(rt);
  else coh_embed_end(rt);
}

/* }} */


/* {{ Running */

int cohort_pump(cohort_runtime *rt, const cohort_budget *budget) {
  struct coh_budget b = {0, 0, 0};
  enum coh_loop_now state;
  if (!rt->loop.opened || rt->closing || rt->pump != NULL) return COHORT_EBUSY;
  if (budget != NULL) b = (struct coh_budget){budget->resumes, budget->run_ns, budget->block_ns};
  coh_embed_make_room(rt);
  rt->pump = rt->main;
  state = coh_loop_pump(&rt->loop, &b);
  rt->pump = NULL;
  switch (state) {
    case COH_MORE: return COHORT_MORE;
    case COH_WAITING: return COHORT_WAITING;
    case COH_STUCK: return COHORT_STUCK;
    default: return COHORT_IDLE;
  }
}


int cohort_timeout(cohort_runtime *rt) {
  int64_t ns = rt->loop.opened ? coh_loop_timeout_ns(&rt->loop) : COH_NEVER;
  if (ns == COH_NEVER) return -1;
  if (ns >= (int64_t)INT32_MAX * 1000000) return INT32_MAX;
  return (int)((ns + 999999) / 1000000);
}


int cohort_fd(const cohort_runtime *rt) {
  return uv_backend_fd(&rt->loop.uv);
}


void cohort_wake(cohort_runtime *rt) {
  if (rt->loop.opened) coh_loop_wake(&rt->loop);
}


void cohort_hold(cohort_runtime *rt) {
  if (rt->loop.opened) rt->loop.wake_tokens++;
}


int cohort_release(cohort_runtime *rt) {
  if (rt->loop.wake_tokens == 0) return COHORT_EINVAL;
  rt->loop.wake_tokens--;
  return 0;
}


void cohort_cancel(cohort_runtime *rt) {
  if (rt->loop.opened) coh_scope_cancel(rt->loop.rt.root, COH_REASON_SHUTDOWN);
}


void cohort_break(cohort_runtime *rt) {
  static const struct coh_stop deadlock = {
    COH_DEADLOCK, "every task waits, and nothing can wake one", COH_REASON_DEADLOCK};
  if (!rt->loop.opened) return;
  coh_embed_make_room(rt);
  coh_report_stop(rt, rt->main, &deadlock);
}

/* }} */


/* {{ Hidden aliases for this library: see embed.h */

COH_EMBED_ALIAS(open);
COH_EMBED_ALIAS(of);
COH_EMBED_ALIAS(pump);
COH_EMBED_ALIAS(cancel);
COH_EMBED_ALIAS(break);
COH_EMBED_ALIAS(close);

/* }} */
