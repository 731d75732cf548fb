/*
** The smallest host: one task on a runtime of its own, pumped until it has ended.
** It is what cohort.run is made of, and calls of cohort what every host can
** call: what is in cohort.h, and nothing else.
*/
#ifndef COH_OPEN_HOST_H
#define COH_OPEN_HOST_H

#include "cohort.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Run the function and its 'arguments' arguments on top of L, in their place leave
** its results or its error, '*count' values. How the task ended, or COHORT_E* when
** it did not begin; then nothing is left open. [-(arguments + 1), +count, -]
*/
int coh_host_run(lua_State *L, const cohort_config *config, int arguments, int *count);

COH_SEEN

#endif
