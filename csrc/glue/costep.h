/*
** Steps of the coroutines inside of a task. A step has a frame (struct coh_frame)
** while it runs; when the coroutine has yielded and the task is waiting, the
** step is passed on outward: the function that made it yields, and makes it again
** when the task goes on. So the scheduler resumes the task's own coroutine,
** and the chain runs inward by itself; what it is can be read from the stacks.
**
** A coroutine that begins in a task runs under a protected call, so that its
** '<close>' variables may wait while an error unwinds.
*/
#ifndef COH_GLUE_COSTEP_H
#define COH_GLUE_COSTEP_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

enum { COH_STEP_FAILED = -1, COH_STEP_WAITS = -2 };  /* what a step came to, if not to a number of results */

/*
** Resume 'co', which waits or is to be closed; bring what came of it to 'L': results, or an error, or
** nothing when the task waits. 'opened' is what S->opened was when the step began. [-0, +?, -]
*/
int coh_costep_go(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened);

/* The same for a coroutine in whatever state, with arguments on top of 'L'. [-arguments, +?, -] */
int coh_costep_begin(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened);

/* Pass a wait on outward, and go on with 'k', whose context is 'opened'. Use as 'return'. */
int coh_costep_pass(lua_State *L, struct coh_state *S, lua_KContext opened, lua_KFunction k);

/* In 'k': make the step again. */
int coh_costep_go_on(lua_State *L, struct coh_state *S, lua_State *co, lua_KContext opened);

/* Has 'co', which is suspended, yielded in a wait? [-0, +0, -] */
bool coh_costep_waits(const struct coh_state *S, lua_State *co);

/* Did it begin in a task, so that its protected call stands at the bottom? [-0, +0, -] */
bool coh_costep_is_guarded(lua_State *co);

/* Is 'f' one that raises an error of the coroutine it runs again? */
bool coh_costep_raises_again(lua_CFunction f);

/* lua_resetthread: '<close>' variables run, and are told why they cannot wait. [-0, +0, -] */
int coh_costep_reset(struct coh_state *S, lua_State *co);

/* The coroutine that 'L', which is suspended, will pass a wait's end on to, or NULL. [-0, +0, -] */
lua_State *coh_costep_inner(const struct coh_state *S, lua_State *L);

/* The innermost of them, which is 'L' itself when it waits in none. [-0, +0, -] */
lua_State *coh_costep_innermost(const struct coh_state *S, lua_State *L);

/*
** Does the suspended task of 'w' wait in 'co' still? Lua's own library may have closed or resumed that, or a
** coroutine around it: then nothing may be given to its stack, or taken from it, and it may have been
** collected. [-0, +0, -]
*/
bool coh_costep_is_in(const struct coh_wait *w, lua_State *co);

/* The same of one in a queue, whose coroutine is 'w->of'. */
bool coh_costep_is_there(struct coh_wait *w);

/* It is not there, or what it waits for is no more: its task goes on, and finds that out. */
void coh_costep_send_off(struct coh_wait *w);

/* The oldest wait of 'queue' that is there, or NULL; those before it are sent off. [-0, +0, -] */
struct coh_wait *coh_costep_send_off_to(struct coh_link *queue);

/* Is that the first, in the coroutine of its task itself? As a rule. */
static inline bool coh_costep_first_is_plain(const struct coh_wait *w) {
  const struct coh_fiber *f = coh_item(w, struct coh_fiber, task.wait);
  return w->place == COH_PARKED && w->of == f->L && !f->robbed && lua_status(f->L) == LUA_YIELD;
}

static inline struct coh_wait *coh_costep_first(struct coh_link *queue) {
  struct coh_wait *w = coh_item(queue->next, struct coh_wait, link);
  if (coh_link_alone(queue)) return NULL;
  return coh_costep_first_is_plain(w) ? w : coh_costep_send_off_to(queue);
}

/*
** Close the coroutines that the suspended 'L' waits in, innermost first: their '<close>' variables run,
** and cannot wait. [-0, +0, -]
*/
void coh_costep_cut(struct coh_state *S, lua_State *L);

COH_SEEN

#endif
