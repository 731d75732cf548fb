/*
** Semaphores for Lua: a number of permits that belong to nobody in particular.
** A task may release a permit that another one has acquired.
*/
#ifndef COH_SYNC_SEMAPHORE_H
#define COH_SYNC_SEMAPHORE_H

#include "kernel/hidden.h"
#include "sync/hold.h"

COH_HIDDEN

struct coh_semaphore {
  struct coh_sync sync;   /* 'wait.of' is the semaphore */
  lua_Integer available;  /* 0 while anybody waits */
  lua_Integer max;        /* LUA_MAXINTEGER: no maximum */
  size_t handed;          /* permits of tasks that were woken with one and have not gone on yet */
};

extern const struct coh_sync_class coh_semaphore_class;

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_semaphore_open(lua_State *L);

COH_SEEN

#endif
