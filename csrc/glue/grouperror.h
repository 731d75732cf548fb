/*
** The one error that a group with failures ends with: all of them, of its tasks, of its body and of what
** was deferred, each with the name of its task and its traceback.
*/
#ifndef COH_GLUE_GROUPERROR_H
#define COH_GLUE_GROUPERROR_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

bool coh_luagroup_has_failed(const struct coh_luagroup *g);

/*
** Push one error with all failures, that of the body at 'body' and one more at
** 'more' among them (0: none). When memory runs out meanwhile that error is pushed
** instead, so that the caller can go on to close the group. [-0, +1, m] of stack alone
*/
void coh_luagroup_push_error(lua_State *L, struct coh_luagroup *g, int body, int more);

/* Put the failures of a group, if any, and the error or nil on top into one error. [-1, +1, m] */
void coh_luagroup_add_failures(lua_State *L, struct coh_luagroup *g);

COH_SEEN

#endif
