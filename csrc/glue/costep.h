/*
** Steps of the coroutines inside a task. A step has a frame (struct coh_frame)
** while it runs. When the coroutine has yielded and the task is waiting, the
** wait is passed on outward: the function that made the step yields too, and makes
** it again when the task goes on. So the scheduler resumes only the task's own coroutine,
** and the chain runs inward by itself; it can be read from the stacks (inner.h).
**
** A coroutine that begins in a task runs under a protected call, so that its
** '<close>' variables may wait while an error unwinds.
*/
#ifndef COH_GLUE_COSTEP_H
#define COH_GLUE_COSTEP_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

enum { COH_STEP_FAILED = -1, COH_STEP_WAITS = -2 };  /* outcome of a step, else its number of results */

/*
** Resume 'co', which waits or is to be closed, and return the outcome. Moves to 'L' the results, or the
** error, or nothing when the task waits. 'opened' is what S->opened was when the step began. [-0, +?, -]
*/
int coh_costep_go(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened);

/* The same for a coroutine in whatever state, with arguments on top of 'L'. [-arguments, +?, -] */
int coh_costep_begin(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened);

/* Pass a wait on outward, and go on with 'k', whose context is 'opened'. Use as 'return'. */
int coh_costep_pass(lua_State *L, struct coh_state *S, lua_KContext opened, lua_KFunction k);

/* In 'k': make the step again. */
int coh_costep_go_on(lua_State *L, struct coh_state *S, lua_State *co, lua_KContext opened);

/* The body that a coroutine which begins in a task starts with. */
int coh_costep_l_body(lua_State *L);

/* Did 'co', which is suspended, begin in a task, and so with that body at its bottom? [-0, +0, -] */
bool coh_costep_is_guarded(lua_State *co);

/* lua_resetthread: '<close>' variables run, and are told why they cannot wait. [-0, +0, -] */
int coh_costep_reset(struct coh_state *S, lua_State *co);

/*
** Close the coroutines that the suspended 'L' waits in, innermost first: their '<close>' variables run,
** and cannot wait. [-0, +0, -]
*/
void coh_costep_cut(struct coh_state *S, lua_State *L);

COH_SEEN

#endif
