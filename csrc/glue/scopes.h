/*
** Cancel scopes for Lua: move_on_after, fail_after and their kin, shield, scope,
** and open_scope. The object that stands for a scope is in scopeobject.h.
*/
#ifndef COH_GLUE_SCOPES_H
#define COH_GLUE_SCOPES_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top and make the kind of the object. [-0, +0, m] */
void coh_scopes_open(lua_State *L);

/*
** Blocks that 'f' has open inside 'until' can be closed by force, function forms cannot: their function still
** runs. Misuse when there is one. [-0, +0, v]
*/
void coh_scopes_check_blocks(lua_State *L, const struct coh_fiber *f, const struct coh_scope *until);

COH_SEEN

#endif
