/*
** The watchdog of a whole runtime: it stops a task that runs on in Lua code and never
** waits. A runner has one of its own, for how long a function may take (glue/watch.h).
*/
#ifndef COH_OPEN_WATCHDOG_H
#define COH_OPEN_WATCHDOG_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* From now on no step of a task may take longer: else all is cancelled. False: no memory. */
bool coh_watchdog_open(struct coh_state *S, int64_t limit_ns);

/* The end of it, if there is one. */
void coh_watchdog_close(struct coh_state *S);

COH_SEEN

#endif
