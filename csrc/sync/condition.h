/*
** Conditions for Lua: wait, holding a lock, until another task that holds it says
** that something has changed. The struct is in lock.h.
*/
#ifndef COH_SYNC_CONDITION_H
#define COH_SYNC_CONDITION_H

#include "kernel/hidden.h"
#include "sync/lock.h"

COH_HIDDEN

extern const struct coh_sync_class coh_condition_class;

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_condition_open(lua_State *L);

COH_SEEN

#endif
