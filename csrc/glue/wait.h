/*
** How a function of ours waits. It parks its fiber's wait in the kernel and
** yields nothing; the scheduler resumes the task's own coroutine, and the
** chain of frames passes that inward. A waiting function is written as
**
**   static int thing_woken(lua_State *L, int status, lua_KContext context) {
**     coh_woken(L, context);                         // raises Cancelled, if that ended the wait
**     return results;
**   }
**   static int thing_try(lua_State *L, int status, lua_KContext context) {
**     struct coh_fiber *f = coh_test(L, context);    // raises Cancelled, before any effect
**     if (it is there) return results;               // no switch
**     coh_wait_park(...);
**     return coh_yield(L, f, thing_woken);
**   }
**   static int l_thing(lua_State *L) { check arguments; return coh_begin(L, thing_try); }
**
** The context of every continuation is the fiber. The stack of a function that waits
** stays as it was, and is not empty: by that inner.c tells it from the user's 'yield'.
** A task that has yielded while it is neither ready nor parked did not wait: that
** yield was the user's own.
** Everything below raises in the running task only, never from the kernel.
*/
#ifndef COH_GLUE_WAIT_H
#define COH_GLUE_WAIT_H

#include "glue/refusal.h"
#include "glue/state.h"
#include "kernel/check.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_CALLS_PER_SWITCH 64

/* Raise because no task runs. Never returns. [-0, +0, v] */
int coh_refuse_outside(lua_State *L);

/* The running fiber; raises when no task runs. [-0, +0, v] */
static inline struct coh_fiber *coh_check_task_in(struct coh_state *S, lua_State *L) {
  struct coh_fiber *f = coh_running(S);
  if (f == NULL) coh_refuse_outside(L);
  return f;
}

static inline struct coh_fiber *coh_check_task(lua_State *L) {
  return coh_check_task_in(coh_state_here(L), L);
}

/* Say why 'L' cannot wait. Never returns. [-0, +0, v] */
void coh_refuse_call(lua_State *L);

/* Begin a checkpoint: returns the running fiber, or raises what is in the way of a wait. [-0, +0, v] */
static inline struct coh_fiber *coh_check_wait_in(struct coh_state *S, lua_State *L) {
  if (!coh_can_wait(S, L)) coh_refuse_call(L);
  S->checkpoints++;
  return coh_running(S);
}

static inline struct coh_fiber *coh_check_wait(lua_State *L) {
  return coh_check_wait_in(coh_state_here(L), L);
}

/* The context of a fiber's continuations, and back. */
static inline lua_KContext coh_context(struct coh_fiber *f) {
  return (lua_KContext)f;
}

static inline struct coh_fiber *coh_fiber_at(lua_KContext context) {
  return (struct coh_fiber *)context;  // NOLINT: it was one
}

/*
** Yield a parked or ready task, which goes on with 'k' and the stack as it is. Builds for ASan assert that it
** did not park although it was cancelled.
*/
static inline int coh_yield(lua_State *L, struct coh_fiber *f, lua_KFunction k) {
#ifdef __SANITIZE_ADDRESS__
  coh_assert(f->task.wait.place != COH_PARKED || f->task.wait.kind->stays || !coh_task_cancelled(&f->task));
#endif
  return lua_yieldk(L, 0, coh_context(f), k);
}

/*
** Begin a waiting call: go on with 'try' at once, or, when the task is
** cancelled or its budget is spent, after others had their turn. Use as
** 'return coh_begin(L, try)'.
*/
int coh_begin(lua_State *L, lua_KFunction try);

/* The same where every instruction counts: does it go on at once? Else 'return coh_turn(L, f, try)'. */
static inline bool coh_goes_on(struct coh_fiber *f) {
  return !coh_task_cancelled(&f->task) && --f->budget != 0;
}

int coh_turn(lua_State *L, struct coh_fiber *f, lua_KFunction k);

/* Let all others run, then go on with 'k'. Use as 'return coh_switch(L, k)'. */
int coh_switch(lua_State *L, lua_KFunction k);

/* Is this the sixtieth block on the C stack? Then return coh_yield, to begin it again on an empty one. */
bool coh_too_deep(lua_State *L, struct coh_fiber *f);

/* Deliver Cancelled to the running task. Never returns. [-0, +0, e] */
int coh_raise_cancelled(lua_State *L, struct coh_fiber *f);

/* Raise that a waiting task's coroutine was resumed by somebody else. Never returns. [-0, +0, v] */
int coh_refuse_resume(lua_State *L);

/* The fiber of a continuation. Raises if it does not run: somebody else resumed its coroutine. [-0, +0, v] */
static inline struct coh_fiber *coh_resumed(lua_State *L, lua_KContext context) {
  struct coh_fiber *f = coh_fiber_at(context);
  if (f->task.wait.place == COH_RUNNING) return f;
  f->robbed = true;
  coh_refuse_resume(L);
  return NULL;
}

/*
** The scope or group of this number, which the running task must have open. Else a coroutine of the user's
** that was suspended in it went on too late: raises that. [-0, +0, v]
*/
struct coh_scope *coh_check_open_scope(lua_State *L, lua_KContext number);

/* First line of a 'try': returns the fiber, or raises Cancelled when its task is cancelled. [-0, +0, e] */
static inline struct coh_fiber *coh_test(lua_State *L, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  if (coh_task_cancelled(&f->task)) coh_raise_cancelled(L, f);
  return f;
}

/*
** First line after a park: returns the fiber, or raises Cancelled when that ended the wait. Code that
** must tidy up first calls coh_resumed and looks at the outcome. [-0, +0, e]
*/
static inline struct coh_fiber *coh_woken(lua_State *L, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  if (f->task.wait.outcome == COH_WAIT_CANCELLED) coh_raise_cancelled(L, f);
  return f;
}

/* The same for a kind with a 'forfeit': from here on the task owns what it was woken with. [-0, +0, e] */
static inline struct coh_fiber *coh_arrived(lua_State *L, lua_KContext context) {
  coh_resumed(L, context)->task.wait.kind = NULL;
  return coh_woken(L, context);
}

/* Raise the error on top again, keeping its note. Never returns. [-1, +0, e] */
int coh_rethrow(lua_State *L, struct coh_fiber *f);

COH_SEEN

#endif
