/*
** Barriers for Lua: a number of tasks wait for each other, and go on together.
*/
#ifndef COH_SYNC_BARRIER_H
#define COH_SYNC_BARRIER_H

#include "kernel/hidden.h"
#include "sync/object.h"

COH_HIDDEN

struct coh_barrier {
  struct coh_sync sync;   /* 'wait.of' is the barrier and, once woken, the place of the arrival */
  lua_Integer parties;    /* how many it takes */
  lua_Integer arrived;    /* how many wait now */
};

extern const struct coh_sync_class coh_barrier_class;

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_barrier_open(lua_State *L);

COH_SEEN

#endif
