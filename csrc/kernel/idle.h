/*
** Waiting for quiet. It is quiet when everything else is blocked; a task that waits
** for it goes on once that has lasted for a time of its own choice, its cushion. The
** loop knows when it is quiet; this file keeps the tasks that wait for it.
*/
#ifndef COH_KERNEL_IDLE_H
#define COH_KERNEL_IDLE_H

#include "kernel/hidden.h"
#include "kernel/wait.h"

COH_HIDDEN

struct coh_idler {
  int64_t cushion_ns;  /* of the machine's time */
};

/* Park until it has been quiet for the cushion. 'idler' is borrowed until the wait has ended. */
void coh_idle_park(struct coh_wait *w, struct coh_slot *slot, struct coh_idler *idler);

/* The shortest cushion among the tasks that wait; COH_NEVER when none does. */
int64_t coh_idle_least(const struct coh_runtime *rt);

/* Wake all tasks with this cushion, in the order in which they parked. */
void coh_idle_wake(struct coh_runtime *rt, int64_t cushion_ns);

COH_SEEN

#endif
