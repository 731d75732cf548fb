/*
** The tasks of the host: see cohort.h. A task is numbered by its place in an array and the number of times
** that place was used, so no number is used twice. Everything that may raise runs in a protected call.
*/
#include "open/hosted.h"

#include <lauxlib.h>

#include <string.h>

#include "errors/chain.h"
#include "errors/error.h"
#include "glue/fiber.h"
#include "glue/fiberload.h"
#include "glue/fibername.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reason.h"
#include "glue/reuse.h"
#include "lua/arg.h"
#include "open/embed.h"
#include "open/report.h"

struct coh_hosted {
  struct coh_fiber *fiber;  /* owned; NULL when the place is free */
  uint32_t used;            /* times this place was used, counting earlier runtimes */
  bool taken;               /* its results are being taken: its number is no longer valid */
};


/* {{ Places */

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


/* The place of the task with this number, or NULL. */
static struct coh_hosted *find(struct coh_state *S, cohort_task task) {
  size_t place = (size_t)(task & UINT32_MAX);
  if (place >= S->hosted_size || S->hosted[place].fiber == NULL || S->hosted[place].taken) return NULL;
  return S->hosted[place].used == task >> 32 ? &S->hosted[place] : NULL;
}


/* The highest use count is remembered, so that the next runtime gives other numbers. */
void coh_hosted_free_all(struct coh_state *S) {
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

/* }} */


/* {{ Making one */

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


/* Does L belong to the runtime, which is open, and have so much room? 0, or COHORT_E*. [-0, +0, -] */
static int check(const cohort_runtime *rt, lua_State *L, int room) {
  if (!lua_checkstack(L, room)) return COHORT_ENOMEM;
  return coh_embed_of(L) == rt ? 0 : COHORT_EINVAL;
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
  if (!rt->loop.opened || rt->closing) return COHORT_EINVAL;
  status = check(rt, L, 1);
  if (status != 0) return status;
  if (arguments < 0 || lua_gettop(L) <= arguments) return COHORT_EINVAL;
  coh_embed_make_room(rt);
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

/* }} */


/* {{ Asking for one, and cancelling it */

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


int cohort_cancel_task(cohort_runtime *rt, cohort_task task) {
  struct coh_hosted *h = find(rt, task);
  if (h == NULL) return COHORT_EINVAL;
  if (status_of(h->fiber) == COHORT_RUNNING) coh_scope_cancel(&h->fiber->task.scope, COH_REASON_CANCEL);
  return 0;
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
  if (h == NULL) return COHORT_EINVAL;
  status = check(rt, L, 3);
  if (status != 0) return status;
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
  coh_embed_make_room(rt);
  h = &rt->hosted[task & UINT32_MAX];
  h->fiber = NULL;
  h->taken = false;
  coh_fiber_give(rt, f);
  return status;
}

/* }} */


COH_EMBED_ALIAS(spawn);
COH_EMBED_ALIAS(take);
