/*
** The smallest host: one task on a runtime of its own, pumped until it has ended. cohort.run is made of it.
** It uses only what cohort.h offers to every host.
*/
#ifndef COH_OPEN_HOST_H
#define COH_OPEN_HOST_H

#include "cohort.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Run the function and its 'arguments' arguments on top of L, and put its results or its error, '*count'
** values, in their place. Returns how the task ended, or COHORT_E* when it did not begin; then nothing is
** left open. [-(arguments + 1), +count, -]
*/
int coh_host_run(lua_State *L, const cohort_config *config, int arguments, int *count);

COH_SEEN

#endif
