/*
** libuv's thread pool. libuv ends the process when it cannot start its threads, so
** before the first request that needs them we see whether they could be started.
*/
#ifndef COH_IO_POOL_H
#define COH_IO_POOL_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* 0, or a negative status: do not queue anything. Looks once for each runtime, and sets io->lookups_max. */
int coh_pool_check(struct coh_io *io, struct coh_state *S);

COH_SEEN

#endif
