/*
** The embedding API: see cohort.h. A task of the host is numbered by its place in an array and the number of
** times that place was used, so no number is used twice. Everything that may raise runs in a protected call.
*/
#include "cohort.h"

#include <lauxlib.h>

#include <stddef.h>
#include <string.h>

#include "errors/chain.h"
#include "errors/error.h"
#include "glue/drain.h"
#include "glue/fiber.h"
#include "glue/fiberload.h"
#include "glue/fibername.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reason.h"
#include "glue/reuse.h"
#include "io/interrupt.h"
#include "io/io.h"
#include "io/standard.h"
#include "lua/arg.h"
#include "open/embed.h"
#include "open/report.h"
#include "open/watchdog.h"
#include "process/child.h"
#include "stream/stdio.h"

struct coh_hosted {
  struct coh_fiber *fiber;  /* owned; NULL when the place is free */
  uint32_t used;            /* times this place was used, counting earlier runtimes */
  bool taken;               /* its results are being taken: its number is no longer valid */
};


/*
** Make room on the main thread's stack, which pumping, freeing and ending use. The stack may be full, as it
** is the host's and holds all that was taken. If there is no room at all, Lua still has a few slots in
** reserve.
*/
static void make_room(const struct coh_state *S) {
  lua_checkstack(S->main, LUA_MINSTACK);
}


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


/* The highest use count is remembered, so that the next runtime gives other numbers. */
static void free_hosted(struct coh_state *S) {
  size_t i;
  for (i = 0; i < S->hosted_size; i++) {
    struct coh_fiber *f = S->hosted[i].fiber;
    if (f != NULL && f->task.result != COH_UNFINISHED) coh_fiber_give(S, f);
    if (S->hosted[i].used > S->hosted_used) S->hosted_used = S->hosted[i].used;
  }
  coh_mem_free(&S->loop.rt.mem, S->hosted, S->hosted_size * sizeof *S->hosted);
  S->hosted = NULL;
  S->hosted_size = 0;
}


void coh_embed_end(struct coh_state *rt) {
  if (!rt->loop.opened) return;
  make_room(rt);
  rt->closing = true;
  free_hosted(rt);
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


/* {{ Tasks of the host */

/* The index of a free place, or -1 when memory is out. */
static int64_t find_place(struct coh_state *S) {
  struct coh_mem *mem = &S->loop.rt.mem;
  size_t i, filled = S->hosted_size, size = filled == 0 ? 8 : 2 * filled;
  struct coh_hosted *larger;
  for (i = 0; i < S->hosted_size; i++)
    if (S->hosted[i].fiber == NULL) return (int64_t)i;
  larger = coh_mem_new(mem, size * sizeof *larger);
  if (larger == NULL) return -1;
  if (S->hosted_size > 0) memcpy(larger, S->hosted, S->hosted_size * sizeof *larger);
  coh_mem_free(mem, S->hosted, S->hosted_size * sizeof *larger);
  S->hosted = larger;
  for (S->hosted_size = size; i < size; i++) larger[i].used = S->hosted_used;
  return (int64_t)filled;
}


/* What make_fiber returns, through its caller's stack. */
struct loading {
  struct coh_fiber *fiber;  /* NULL when none was made */
  int status;               /* 0, or why: COHORT_E* */
};


/* pcall'ed: (function, arguments..., loading). A hook that raises as this returns does not lose the fiber. */
static int make_fiber(lua_State *L) {
  struct loading *l = lua_touserdata(L, -1);
  lua_pop(L, 1);
  l->status = COHORT_EINVAL;
  if (!coh_is_callable(L, 1)) return 0;
  l->status = COHORT_ENOMEM;
  l->fiber = coh_fiber_load(L, coh_state_of(L), lua_gettop(L) - 1, NULL);
  l->status = 0;
  return 0;
}


/* Does L belong to the runtime? [-0, +0, -] */
static bool is_of(const cohort_runtime *rt, lua_State *L) {
  return state_of(L) == rt;
}


/* Reset a runtime whose cancelled tasks have all ended, so that new tasks are not cancelled too. */
static void begin_again(cohort_runtime *rt) {
  if (rt->loop.root.reason == COH_REASON_NONE) return;
  coh_loop_renew(&rt->loop);
  coh_report_forget(rt);
  rt->interrupted = rt->forced = false;
}


/* Make a fiber of the function and arguments on top of L, which stay there. 0 or COHORT_E*. [-0, +0, -] */
static int load(cohort_runtime *rt, lua_State *L, int arguments, struct coh_fiber **out) {
  struct loading l = {NULL, COHORT_ENOMEM};
  int top = lua_gettop(L), i;
  if (!lua_checkstack(L, arguments + 4)) return COHORT_ENOMEM;
  rt->inside++;
  lua_pushcfunction(L, make_fiber);
  for (i = top - arguments; i <= top; i++) lua_pushvalue(L, i);
  lua_pushlightuserdata(L, &l);
  lua_pcall(L, arguments + 2, 0, 0);
  lua_settop(L, top);
  rt->inside--;
  *out = l.fiber;
  return l.status;
}


/* A finalizer that runs while the coroutine is made may spawn too, so the place is chosen last. */
int cohort_spawn(cohort_runtime *rt, lua_State *L, int arguments, cohort_task *out) {
  struct coh_fiber *f;
  int64_t place = 0;
  int status;
  if (!rt->loop.opened || rt->closing || !is_of(rt, L)) return COHORT_EINVAL;
  if (arguments < 0 || lua_gettop(L) <= arguments) return COHORT_EINVAL;
  make_room(rt);
  status = load(rt, L, arguments, &f);
  if (status != 0) return status;
  if (out != NULL && (place = find_place(rt)) < 0) {
    coh_fiber_give(rt, f);
    return COHORT_ENOMEM;
  }
  if (rt->loop.rt.tasks_live == 0) begin_again(rt);
  lua_pop(L, arguments + 1);
  f->unclaimed = out == NULL;
  coh_task_begin(&f->task, &rt->loop.rt, rt->loop.rt.root);
  if (out != NULL) {
    rt->hosted[place].fiber = f;
    *out = (cohort_task)++rt->hosted[place].used << 32 | (cohort_task)place;
  }
  return 0;
}


/* The place of the task with this number, or NULL. */
static struct coh_hosted *find(struct coh_state *S, cohort_task task) {
  size_t place = (size_t)(task & UINT32_MAX);
  if (place >= S->hosted_size || S->hosted[place].fiber == NULL || S->hosted[place].taken) return NULL;
  return S->hosted[place].used == task >> 32 ? &S->hosted[place] : NULL;
}


static int status_of(const struct coh_fiber *f) {
  switch (f->task.result) {
    case COH_UNFINISHED: return COHORT_RUNNING;
    case COH_SUCCEEDED: return COHORT_RETURNED;
    case COH_FAILED: return COHORT_FAILED;
    default: return COHORT_CANCELLED;
  }
}


int cohort_status(cohort_runtime *rt, cohort_task task) {
  struct coh_hosted *h = find(rt, task);
  return h == NULL ? COHORT_EINVAL : status_of(h->fiber);
}


/* }} */


/* {{ Results */

/* Push why everything is cancelled, or this task alone, whose handle, if any, knows the text. [-0, +1, m] */
static void push_reason(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct coh_scope *root = S->loop.rt.root;
  if (root->reason != COH_REASON_NONE) {
    coh_reason_push(L, S, root);
    return;
  }
  coh_fiber_push_owner(L, f);
  if (coh_object_test(L, S, lua_gettop(L), COH_TASK) != NULL) coh_reason_push_object(L, lua_gettop(L));
  else coh_reason_push(L, S, &f->task.scope);
  lua_remove(L, -2);
}


/* Replace the task's own error by Deadlock, Interrupted or Aborted, whose cause it is. [-1, +1, m] */
static void push_cancelled(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  if (S->report != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, S->report);
    coh_error_push(L, (enum coh_error_kind)S->report_kind, lua_tostring(L, -1));
    lua_remove(L, -2);
  } else if (S->interrupted) {
    coh_error_push(L, COH_INTERRUPTED, "interrupted by Ctrl-C");
  } else {
    push_reason(L, S, f);
    coh_reason_push_aborted(L, "the task was cancelled");
  }
  push_reason(L, S, f);
  lua_setfield(L, -2, "reason");
  lua_insert(L, -2);
  if (!lua_isnil(L, -1) && !coh_cancelled_is(L, -1)) lua_setfield(L, -2, "cause");
  else lua_pop(L, 1);
}


/*
** Give the error on top its traceback, as it leaves the runtime. A string that a handler raised has no field
** for what was being handled, so that is appended to it. [-1, +1, m]
*/
static void add_note(lua_State *L, const struct coh_fiber *f) {
  const struct coh_note *note = f->note;
  const char *handling;
  if (note == NULL) return;
  coh_note_split(note->text, note->length, &handling);
  coh_note_push(L, note);
  coh_error_pass_traceback(L, -2);
  lua_pop(L, 1);
  if (handling == NULL || lua_type(L, -1) != LUA_TSTRING || note->of != lua_topointer(L, -1)) return;
  lua_pushliteral(L, "\n");
  lua_pushlstring(L, handling, note->length - (size_t)(handling - note->text));
  lua_concat(L, 3);
}


/* pcall'ed: (fiber) -> its results, which are moved out of it, or its error */
static int take(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  struct coh_fiber *f = lua_touserdata(L, 1);
  int status = status_of(f), count = status == COHORT_RETURNED ? lua_gettop(f->L) : 1;
  bool replaced = status == COHORT_CANCELLED || S->interrupted || S->report != LUA_NOREF;
  luaL_checkstack(L, count + 4, "too many results");
  if (!replaced && status == COHORT_RETURNED) {
    lua_xmove(f->L, L, count);
    return count;
  }
  if (status == COHORT_RETURNED) {
    lua_pushnil(L);
  } else {
    coh_fiber_push_error(L, f);
    add_note(L, f);
  }
  if (replaced) push_cancelled(L, S, f);
  coh_errchain_mark_left(L, -1);
  return 1;
}


/* The status of a task, after 'take' may have replaced its results as above. */
static int final_status(const struct coh_state *S, const struct coh_fiber *f) {
  return S->interrupted || S->report != LUA_NOREF ? COHORT_CANCELLED : status_of(f);
}


/* Finalizers may run meanwhile, and spawn and take too: the place is kept until the end, but may move. */
int cohort_take(cohort_runtime *rt, cohort_task task, lua_State *L, int *count) {
  struct coh_hosted *h = find(rt, task);
  struct coh_fiber *f;
  int status, base = lua_gettop(L);
  if (h == NULL || !is_of(rt, L) || !lua_checkstack(L, 3)) return COHORT_EINVAL;
  f = h->fiber;
  if (status_of(f) == COHORT_RUNNING) return COHORT_EBUSY;
  status = final_status(rt, f);
  h->taken = true;
  rt->inside++;
  lua_pushcfunction(L, take);
  lua_pushlightuserdata(L, f);
  if (lua_pcall(L, 1, LUA_MULTRET, 0) != LUA_OK) status = COHORT_FAILED;
  if (count != NULL) *count = lua_gettop(L) - base;
  rt->inside--;
  make_room(rt);
  h = &rt->hosted[task & UINT32_MAX];
  h->fiber = NULL;
  h->taken = false;
  coh_fiber_give(rt, f);
  return status;
}

/* }} */


/* {{ Running */

int cohort_pump(cohort_runtime *rt, const cohort_budget *budget) {
  struct coh_budget b = {0, 0, 0};
  enum coh_loop_now state;
  if (!rt->loop.opened || rt->closing || rt->pump != NULL) return COHORT_EBUSY;
  if (budget != NULL) b = (struct coh_budget){budget->resumes, budget->run_ns, budget->block_ns};
  make_room(rt);
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


int cohort_cancel_task(cohort_runtime *rt, cohort_task task) {
  struct coh_hosted *h = find(rt, task);
  if (h == NULL) return COHORT_EINVAL;
  if (status_of(h->fiber) == COHORT_RUNNING) coh_scope_cancel(&h->fiber->task.scope, COH_REASON_CANCEL);
  return 0;
}


void cohort_cancel(cohort_runtime *rt) {
  if (rt->loop.opened) coh_scope_cancel(rt->loop.rt.root, COH_REASON_SHUTDOWN);
}


void cohort_break(cohort_runtime *rt) {
  static const struct coh_stop deadlock = {
    COH_DEADLOCK, "every task waits, and nothing can wake one", COH_REASON_DEADLOCK};
  if (!rt->loop.opened) return;
  make_room(rt);
  coh_report_stop(rt, rt->main, &deadlock);
}

/* }} */


/* {{ Hidden aliases for this library: see embed.h */

#define OWN(name) extern __typeof__(cohort_##name) coh_embed_##name __attribute__((alias("cohort_" #name)))
OWN(open);
OWN(of);
OWN(spawn);
OWN(pump);
OWN(take);
OWN(cancel);
OWN(break);
OWN(close);

/* }} */
