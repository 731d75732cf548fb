/*
** A task's coroutine, from its first step to its end. The function runs under a
** protected call at the bottom of the coroutine, so that '<close>' variables may
** wait while an error unwinds, and so that the coroutine always ends clean and
** can be used again. That bottom frame also holds what belongs to the task.
*/
#ifndef COH_GLUE_FIBER_H
#define COH_GLUE_FIBER_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_YIELD_MESSAGE \
  "coroutine.yield out of a task: a task has no consumer to yield to; wait with cohort.checkpoint(), " \
  "or run the generator in a coroutine of its own"

/* What the coroutine of every task begins with. */
int coh_fiber_l_body(lua_State *L);

/* The step of every task: what the kernel calls to run one. */
void coh_fiber_step(struct coh_task *task);

/* In the hook, at the instruction after a plain coroutine.yield: raise. Never returns. [-0, +0, v] */
void coh_fiber_raise_yield(lua_State *L, struct coh_fiber *f);

/* End a fiber whose coroutine is over, in whatever way, and tell its group. */
void coh_fiber_finish(struct coh_state *S, struct coh_fiber *f, enum coh_result result);

COH_SEEN

#endif
