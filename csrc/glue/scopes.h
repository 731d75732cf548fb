/*
** Cancel scopes for Lua: move_on_after, fail_after and their kin, shield, scope,
** and open_scope. The object that stands for a scope is in scopeobject.h.
*/
#ifndef COH_GLUE_SCOPES_H
#define COH_GLUE_SCOPES_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top. [-0, +0, m] */
void coh_scopes_open(lua_State *L);

/* Was it opened by open_scope? Other scopes of a task end with a function that still runs. */
bool coh_scopes_is_block(const struct coh_scope *scope);

/* Push an Aborted with the reason on top, which may be nil. [-1, +1, m] */
void coh_scopes_push_aborted(lua_State *L, const char *message);

/* The number of a scope or of the group it belongs to: later ones have higher ones. That of a task has 0. */
lua_KContext coh_scopes_number(struct coh_scope *scope);

/*
** The running task has the scope or group of this number open; else raise: a
** coroutine of the user's that was suspended in it went on too late. [-0, +0, v]
*/
struct coh_scope *coh_scopes_check_open(lua_State *L, lua_KContext number);

/* __close(scope, err): the end of an open_scope's block */
int coh_scopes_l_close(lua_State *L);

/* At the sixtieth block on the C stack: begin again on an empty one. True: return coh_yield. */
bool coh_too_deep(lua_State *L, struct coh_fiber *f);

COH_SEEN

#endif
