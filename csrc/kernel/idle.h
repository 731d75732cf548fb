/*
** Waiting for quiet: tasks that go on when everything else is blocked, once that
** has lasted for as long as each of them asks for, its cushion. The loop knows when
** it is quiet; here is who waits for it.
*/
#ifndef COH_KERNEL_IDLE_H
#define COH_KERNEL_IDLE_H

#include "kernel/hidden.h"
#include "kernel/wait.h"

COH_HIDDEN

struct coh_idler {
  int64_t cushion_ns;  /* of the machine's time */
};

/* Park until it was quiet for so long. 'idler' is the caller's and stays until the wait ended. */
void coh_idle_park(struct coh_wait *w, struct coh_slot *slot, struct coh_idler *idler);

/* The shortest cushion of those who wait; COH_NEVER when nobody does. */
int64_t coh_idle_least(const struct coh_runtime *rt);

/* Wake all with this cushion, in the order in which they parked. */
void coh_idle_wake(struct coh_runtime *rt, int64_t cushion_ns);

COH_SEEN

#endif
