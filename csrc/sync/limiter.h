/*
** Limiters for Lua: how many tasks may do something at once. Unlike a semaphore's
** permits each place belongs to a task, which has one at most, and the total may
** be changed while places are taken.
*/
#ifndef COH_SYNC_LIMITER_H
#define COH_SYNC_LIMITER_H

#include "kernel/hidden.h"
#include "sync/hold.h"

COH_HIDDEN

struct coh_limiter {
  struct coh_sync sync;     /* 'wait.of' is the token that the waiter will have */
  struct coh_link spare;    /* coh_token.held.link, of unused ones; the user value lists all tokens */
  lua_Integer total;        /* LUA_MAXINTEGER: no limit */
  lua_Integer taken;        /* above the total if that was lowered; not below it while a task waits */
};

extern const struct coh_sync_class coh_limiter_class;

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_limiter_open(lua_State *L);

COH_SEEN

#endif
