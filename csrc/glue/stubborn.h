/*
** Cancellation wins. A task that catches Cancelled again and again is reported
** once, and after a thousand deliveries it is made to unwind itself past its own
** protected calls: the hook, set for that, raises at the frame of its loop,
** and again wherever that is caught, so that '<close>' variables and 'finally'
** run and may wait, and its groups are joined. Only when that fails too is its
** coroutine closed by force, its groups first.
*/
#ifndef COH_GLUE_STUBBORN_H
#define COH_GLUE_STUBBORN_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Cancelled is about to be raised in the running fiber, or was caught by the tasks of a group that it waited
** for: count it, and act on the count. [-0, +0, m]
*/
void coh_stubborn_count(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Before a step of a fiber that is unwinding: true when it is closed by force instead. [-0, +0, -] */
bool coh_stubborn_step(struct coh_state *S, struct coh_fiber *f);

/* Does the unwinding of 'f' want the hook? In the hook of 'L': raise if 'f' is to unwind here. [-0, +0, v] */
bool coh_stubborn_wants_hook(struct coh_state *S, struct coh_fiber *f);
void coh_stubborn_hook(lua_State *L, struct coh_state *S, struct coh_fiber *f, const lua_Debug *ar);

/* Push the Stubborn that such a task ends with. [-0, +1, m] */
void coh_stubborn_push_error(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* The fiber ends: nothing more to force. [-0, +0, -] */
void coh_stubborn_forget(struct coh_state *S, struct coh_fiber *f);

COH_SEEN

#endif
