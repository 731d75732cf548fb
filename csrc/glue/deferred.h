/*
** The functions that a group runs at its end, latest first. None is lost silently:
** when memory runs out as one is to run, or as its error is to be kept, the group fails.
*/
#ifndef COH_GLUE_DEFERRED_H
#define COH_GLUE_DEFERRED_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Push the table of what the group with the object at 'object' defers, made if needed. [-0, +1, m] */
void coh_deferred_push(lua_State *L, int object);

/*
** Push the latest deferred function and its arguments, and set 'deferring' to a scope for it.
** Returns how many values that is; 0 when memory ran out, and it will not run. [-0, +n, -]
*/
int coh_deferred_take(lua_State *L, struct coh_luagroup *g);

/* While the group has no task, spawn the latest as a shielded one: its host cannot run it. [-0, +0, -] */
void coh_deferred_spawn(lua_State *L, struct coh_luagroup *g);

/* Keep the error on top, which a deferred function raised, unless it is Cancelled. [-1, +0, -] */
void coh_deferred_keep_error(lua_State *L, struct coh_luagroup *g);

COH_SEEN

#endif
