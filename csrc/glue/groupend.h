/*
** The end of a group: everything in it is waited for, then what was deferred runs,
** then all failures are raised as one error: see grouperror.h.
*/
#ifndef COH_GLUE_GROUPEND_H
#define COH_GLUE_GROUPEND_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** The body's code is over, and the stack is as groupend.c says: close what it left
** open, and go through the end. Use as 'return coh_luagroup_body_left(L, g)'.
*/
int coh_luagroup_body_left(lua_State *L, struct coh_luagroup *g);

COH_SEEN

#endif
