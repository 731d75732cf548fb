/*
** The watchdog: see watch.h. One task at a time is made to unwind: another that is
** found running when the time is over again takes its place.
*/
#include "glue/watch.h"

#include <limits.h>

#include "errors/error.h"
#include "glue/hook.h"
#include "glue/unwind.h"
#include "lua/depth.h"

#define INSTRUCTIONS 100000  /* between two looks at the clock: a millisecond, or fifty with a hook at each */
#define ANYWHERE (INT_MAX - 1)  /* deeper than any stack */


static void begin_counting(struct coh_watch *watch) {
  watch->end_ns = coh_time_add(coh_clock_machine(), watch->limit_ns);
}


void coh_watch_set(struct coh_state *S, struct coh_watch *watch) {
  S->watch = watch;
  if (watch == NULL) return;
  begin_counting(watch);
  watch->busy = NULL;
}


void coh_watch_step(struct coh_state *S, const struct coh_fiber *f) {
  S->watch->left = INSTRUCTIONS;
  if (S->watch->each_step) begin_counting(S->watch);
  if (!f->started && S->watch->limit_ns != COH_NEVER) coh_hook_set(S, f->L);
}


bool coh_watch_is_over(const struct coh_watch *watch) {
  return coh_clock_machine() >= watch->end_ns;
}


void coh_watch_expire(struct coh_state *S, lua_State *L) {
  struct coh_watch *watch = S->watch;
  watch->expire(S, L);
  begin_counting(watch);
}


/* Is 'L' the innermost frame's? Not if Lua's own library resumed it, or its task is closed by force. */
static bool is_innermost(const struct coh_state *S, const lua_State *L) {
  return S->frame != NULL && S->frame->co == L;
}


/* The task 'f', which runs 'L', unwinds from now on, whatever instruction it comes to. */
static void begin_unwinding(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct coh_watch *watch = S->watch;
  watch->busy = f;
  watch->stranger = is_innermost(S, L) ? NULL : L;
  watch->depth = watch->depth_in_stranger = ANYWHERE;
  coh_hook_set_all(S);
}


/* Other parts may have the hook called at each instruction: look at the clock no more often for that. */
static bool is_time_to_look(lua_State *L, struct coh_watch *watch) {
  if (lua_gethookcount(L) != 1) return true;
  if (--watch->left > 0) return false;
  watch->left = INSTRUCTIONS;
  return true;
}


/* Has 'f' run for too long? Once all is to end by force, any task that runs has, under a shield too. */
static bool is_late(struct coh_state *S, lua_State *L, const struct coh_fiber *f) {
  if (coh_watch_is_over(S->watch)) {
    coh_watch_expire(S, L);
    return true;
  }
  return S->forced && S->watch->busy != f;
}


/*
** Is 'L' in a function that unwinding calls? If not it raises now, and from then on only below the function
** that catches that. A coroutine that resumed a stranger has one frame more, of Lua's library.
*/
static bool spares(lua_State *L, const struct coh_state *S) {
  struct coh_watch *watch = S->watch;
  if (is_innermost(S, L)) {
    if (coh_unwind_is_task_deeper(S, watch->depth)) return true;
    watch->depth = coh_unwind_below_task_catcher(S);
    return false;
  }
  if (watch->stranger == L ? coh_depth_exceeds(L, watch->depth_in_stranger)
                           : S->frame == NULL || coh_unwind_is_task_deeper(S, watch->depth + 1)) return true;
  watch->stranger = L;
  watch->depth_in_stranger = coh_unwind_below_catcher(S, L);
  return false;
}


int coh_watch_count(const struct coh_watch *watch, const lua_State *co, const struct coh_fiber *f) {
  if (watch->limit_ns == COH_NEVER) return 0;
  return watch->busy != NULL && (watch->busy == f || watch->stranger == co) ? 1 : INSTRUCTIONS;
}


void coh_watch_hook(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct coh_watch *watch = S->watch;
  if (L == S->pump) return;  /* which runs nothing of the task's */
  if (watch->busy != f && !is_time_to_look(L, watch)) return;
  if (is_late(S, L, f)) begin_unwinding(L, S, f);
  if (watch->busy != f || spares(L, S)) return;
  coh_hook_set(S, L);
  coh_cancelled_push(L);
  lua_error(L);
}


void coh_watch_forget(struct coh_state *S, const struct coh_fiber *f) {
  if (S->watch != NULL && S->watch->busy == f) S->watch->busy = NULL;
}
