/*
** Lost handles. The handle of a task is on its coroutine's stack. When Lua's own library
** has ended that coroutine, its handle may be gone, or somebody may have it: nobody can
** tell. So the fiber forgets it, and stays as long as the lua_State, because the handle
** may point to it; and a handle that is there learns of the end when it is looked at.
*/
#ifndef COH_GLUE_LOST_H
#define COH_GLUE_LOST_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* The error of a task whose coroutine somebody else has ended. */
#define COH_TAKEN "the coroutine of this task was closed or resumed by hand: only cohort may do that; " \
                  "task:cancel() ends a task"

/* Has somebody else ended the coroutine of a fiber that has not ended? */
bool coh_lost_is(const struct coh_fiber *f);

/* The handle of such a fiber is lost. */
void coh_lost_handle(struct coh_fiber *f);

/* Look whether the task of a handle has ended so: then the handle is one of a task that failed. */
void coh_lost_settle(const struct coh_state *S, struct coh_object *handle);

COH_SEEN

#endif
