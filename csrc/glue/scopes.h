/*
** Cancel scopes for Lua: move_on_after, fail_after and their kin, shield, scope,
** open_scope, and the scope object.
*/
#ifndef COH_GLUE_SCOPES_H
#define COH_GLUE_SCOPES_H

#include "glue/state.h"

/* Add the functions to the module table on top and make the kind. [-0, +0, m] */
void coh_scopes_open(lua_State *L);

/* Push a scope object that stands for the group or task on top. [-1, +1, m] */
void coh_scopes_push_proxy(lua_State *L);

/* Was it opened by open_scope? Other scopes of a task end with a function that still runs. */
bool coh_scopes_is_block(const struct coh_scope *scope);

/* Cancel what the object at 1 stands for, for the reason at 2: the body of every cancel method. */
int coh_scopes_cancel(lua_State *L, struct coh_object *o, int object);

/* Check the text of a cancel method at 2. [-0, +0, v] */
void coh_scopes_check_text(lua_State *L, const char *what);

/* Push an Aborted with the reason on top, which may be nil. [-1, +1, m] */
void coh_scopes_push_aborted(lua_State *L, const char *message);

/*
** The running task has the scope or group of this number open; else raise: a
** coroutine of the user's that was suspended in it went on too late. [-0, +0, v]
*/
struct coh_scope *coh_scopes_check_open(lua_State *L, lua_KContext number);

/* Before calling 'f' on the C stack at the sixtieth level: begin again on an empty one. True: return coh_yield. */
bool coh_too_deep(lua_State *L, struct coh_fiber *f);

#endif
