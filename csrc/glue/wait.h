/*
** How a function of ours waits. It parks its fiber's wait in the kernel and
** yields the sentinel; the scheduler resumes the task's own coroutine, and the
** chain of frames passes that inward. A waiting function is written as
**
**   static int thing_woken(lua_State *L, int status, lua_KContext top) { settle, coh_woken(L), push results }
**   static int thing_try(lua_State *L, int status, lua_KContext top) {
**     struct coh_fiber *f = coh_test(L, top);       // raises Cancelled, before any effect
**     if (it is there) return results;              // no switch
**     coh_wait_park(...); return coh_yield(L, thing_woken);
**   }
**   static int l_thing(lua_State *L) { check arguments; return coh_begin(L, thing_try); }
**
** Everything below raises in the running task only, never from the kernel.
*/
#ifndef COH_GLUE_WAIT_H
#define COH_GLUE_WAIT_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_CALLS_PER_SWITCH 64

/* The running fiber; raises when no task runs. [-0, +0, v] */
struct coh_fiber *coh_check_task(lua_State *L);

/* Can 'L' wait now? No effect, constant time. [-0, +0, -] */
bool coh_can_wait(struct coh_state *S, lua_State *L);

/* Push what is in the way of a wait in 'L'. [-0, +1, m] */
void coh_push_refusal(lua_State *L, struct coh_state *S);

/* Raise it. Never returns. [-0, +0, v] */
int coh_refuse_wait(struct coh_state *S, lua_State *L);

/* The running fiber; raises, naming what is in the way, unless it can wait. [-0, +0, v] */
struct coh_fiber *coh_check_wait(lua_State *L);

/*
** Begin a waiting call: go on with 'try' at once, or, when the task is
** cancelled or its budget is spent, after others had their turn. Use as
** 'return coh_begin(L, try)'.
*/
int coh_begin(lua_State *L, lua_KFunction try);

/* Let all others run, then go on with 'k'. Use as 'return coh_switch(L, k)'. */
int coh_switch(lua_State *L, lua_KFunction k);

/* Yield a parked or ready task, going on with 'k', which gets the stack's top of now. Needs two slots. */
int coh_yield(lua_State *L, lua_KFunction k);

/* First line of a 'try': the stack as it was, and Cancelled when the task is. [-0, +0, e] */
struct coh_fiber *coh_test(lua_State *L, lua_KContext top);

/* First line after a park: the stack as it was, and Cancelled when that ended the wait. [-0, +0, e] */
struct coh_fiber *coh_woken(lua_State *L, lua_KContext top);

/* The same without raising, for those who must tidy up first. */
struct coh_fiber *coh_woken_quietly(lua_State *L, lua_KContext top);

/* Deliver Cancelled to the running task. Never returns. [-0, +0, e] */
int coh_raise_cancelled(lua_State *L, struct coh_fiber *f);

/* Raise the error on top again; its note stays. Never returns. [-1, +0, e] */
int coh_rethrow(lua_State *L, struct coh_fiber *f);

COH_SEEN

#endif
