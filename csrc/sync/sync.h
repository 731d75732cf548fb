/*
** Everything that tasks wait for among themselves.
*/
#ifndef COH_SYNC_SYNC_H
#define COH_SYNC_SYNC_H

#include <lua.h>

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the constructors to the module table on top. [-0, +0, m] */
void coh_sync_open(lua_State *L);

/* Push what a parked fiber waits for: "a lock (held by task 'a', 1 waiting)". [-0, +1, m] */
void coh_sync_push_what(lua_State *L, const struct coh_fiber *f);

COH_SEEN

#endif
