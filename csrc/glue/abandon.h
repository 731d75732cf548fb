/*
** Scopes and groups that were left open: a '<close>' that was forgotten, a
** coroutine that was dropped. When what is around them ends they are cancelled,
** their tasks are waited for, they are closed innermost first, and an error says
** where they were opened. Making that error may run finalizers: these must neither open
** nor close anything in the task, nor add to its groups that were left open.
*/
#ifndef COH_GLUE_ABANDON_H
#define COH_GLUE_ABANDON_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Close all that 'f' has open inside 'until'. True: the fiber was parked for a
** group to end; yield, and call again. False: all is closed, and nil or the
** error is on the stack. [-0, +1 when false, m]
*/
bool coh_abandon(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct coh_scope *until);

/*
** The same without an error and without running Lua: true when the fiber was parked,
** false when all is closed. [-0, +0, -]
*/
bool coh_abandon_quietly(struct coh_state *S, struct coh_fiber *f, struct coh_scope *until);

/* Raise misuse when called in such a finalizer. [-0, +0, v] */
void coh_abandon_check_fence(lua_State *L, const struct coh_state *S, const char *what);

/*
** There was a real error, at 'error', besides the one on top, of coh_abandon: replace
** the latter by the real one, joined with what tasks of an abandoned group raised.
** [-1, +1, m]
*/
void coh_abandon_join(lua_State *L, struct coh_fiber *f, int error);

COH_SEEN

#endif
