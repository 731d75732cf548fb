/*
** The watchdog: see watch.h. One task at a time is made to unwind: another that is
** found running when the time is over again takes its place.
*/
#include "glue/watch.h"

#include <limits.h>

#include "glue/error.h"
#include "glue/unwind.h"

#define INSTRUCTIONS 100000  /* between two looks at the clock: about a millisecond */


static void begin_counting(struct coh_watch *watch) {
  watch->end_ns = coh_time_add(coh_clock_machine(), watch->limit_ns);
}


void coh_watch_set(struct coh_state *S, struct coh_watch *watch) {
  S->watch = watch;
  if (watch == NULL) return;
  begin_counting(watch);
  watch->busy = NULL;
}


void coh_watch_step(struct coh_watch *watch) {
  if (watch->each_step) begin_counting(watch);
}


bool coh_watch_is_over(const struct coh_watch *watch) {
  return coh_clock_machine() >= watch->end_ns;
}


void coh_watch_expire(struct coh_state *S, lua_State *L) {
  struct coh_watch *watch = S->watch;
  watch->expire(S, L);
  begin_counting(watch);
}


static void hook(lua_State *L, lua_Debug *ar);


/* The task 'f', which runs, unwinds from now on, whatever instruction it comes to. */
static void begin_unwinding(struct coh_state *S, struct coh_fiber *f) {
  const struct coh_frame *frame;
  S->watch->busy = f;
  S->watch->depth = INT_MAX;
  for (frame = S->frame; frame != NULL; frame = frame->prev) lua_sethook(frame->co, hook, LUA_MASKCOUNT, 1);
}


/* Has 'f' run for too long? Once all is to end by force, so has whoever runs at all, under a shield too. */
static bool is_late(struct coh_state *S, lua_State *L, const struct coh_fiber *f) {
  if (coh_watch_is_over(S->watch)) {
    coh_watch_expire(S, L);
    return true;
  }
  return S->forced && S->watch->busy != f;
}


/* A coroutine of Lua's own library is no frame of ours: the error passes through it to whoever resumed it. */
static void hook(lua_State *L, lua_Debug *ar) {
  struct coh_state *S = coh_state_of(L);
  struct coh_fiber *f = coh_running(S);
  struct coh_watch *watch = S->watch;
  (void)ar;
  if (watch == NULL) {
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  if (f == NULL || S->frame == NULL) return;
  if (is_late(S, L, f)) begin_unwinding(S, f);
  if (watch->busy != f) return;
  if (S->frame->co == L) {
    if (coh_unwind_is_task_deeper(S, watch->depth)) return;
    watch->depth = coh_unwind_below_task_catcher(S);
  }
  coh_cancelled_push(L);
  lua_error(L);
}


void coh_watch_cover(struct coh_watch *watch, lua_State *co) {
  if (watch->limit_ns == COH_NEVER || lua_gethook(co) != NULL) return;
  lua_sethook(co, hook, LUA_MASKCOUNT, INSTRUCTIONS);
}


void coh_watch_begin(struct coh_state *S, struct coh_fiber *f) {
  if (S->watch->limit_ns != COH_NEVER) lua_sethook(f->L, hook, LUA_MASKCOUNT, INSTRUCTIONS);
}


void coh_watch_forget(struct coh_state *S, const struct coh_fiber *f) {
  if (S->watch != NULL && S->watch->busy == f) S->watch->busy = NULL;
}
