/*
** The functions that a group runs at its end, latest first. None is lost without word:
** when memory runs out as one is to run, or as its error is to be kept, the group fails.
*/
#ifndef COH_GLUE_DEFERRED_H
#define COH_GLUE_DEFERRED_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Push the table of what the group whose object is at 'object' defers; it may be new. [-0, +1, m] */
void coh_deferred_push(lua_State *L, int object);

/*
** Push the latest deferred function and its arguments; how many values that is. 'deferring'
** is a scope for it then. 0 when memory ran out: it does not run. [-0, +n, -]
*/
int coh_deferred_take(lua_State *L, struct coh_luagroup *g);

/* While no task is in the group, spawn the latest as a shielded one: it cannot end by itself. [-0, +0, -] */
void coh_deferred_spawn(lua_State *L, struct coh_luagroup *g);

/* Remember that a deferred function raised what is on top. [-1, +0, -] */
void coh_deferred_keep_error(lua_State *L, struct coh_luagroup *g);

COH_SEEN

#endif
