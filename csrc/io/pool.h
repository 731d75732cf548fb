/*
** libuv's thread pool. libuv ends the process when it cannot start the pool's threads, so before the first
** request that needs them we try whether they can be started.
*/
#ifndef COH_IO_POOL_H
#define COH_IO_POOL_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Checks once per runtime, and sets io->lookups_max. 0, or a negative status: then queue nothing. */
int coh_pool_check(struct coh_io *io, struct coh_state *S);

COH_SEEN

#endif
