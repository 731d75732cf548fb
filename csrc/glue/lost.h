/*
** Lost handles. The handle of a task is on its coroutine's stack. When Lua's own library
** has ended that coroutine, the handle may have been collected, or the program may still
** have it: there is no way to tell. So the fiber forgets it, and lives as long as the
** lua_State, because the handle may point to it. A handle that still exists learns of
** the end when it is next looked at.
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

/* Make such a fiber forget its handle. */
void coh_lost_handle(struct coh_fiber *f);

/* If the task of a handle has ended so, make it the handle of a task that failed. */
void coh_lost_settle(const struct coh_state *S, struct coh_object *handle);

COH_SEEN

#endif
