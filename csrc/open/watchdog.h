/*
** The watchdog of a whole runtime: it stops a task that keeps running Lua code and never waits. A runner has
** its own watchdog, which limits how long a function may take (glue/watch.h).
*/
#ifndef COH_OPEN_WATCHDOG_H
#define COH_OPEN_WATCHDOG_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** From now on, if a step of a task takes longer than 'limit_ns', all tasks are cancelled. False: out of
** memory.
*/
bool coh_watchdog_open(struct coh_state *S, int64_t limit_ns);

/* Remove it, if there is one. */
void coh_watchdog_close(struct coh_state *S);

COH_SEEN

#endif
