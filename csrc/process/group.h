/*
** Process groups: whether anybody is left in one whose leader has ended.
*/
#ifndef COH_PROCESS_GROUP_H
#define COH_PROCESS_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Does anybody in it still run? Zombies that their new parent has not reaped do not count. */
bool coh_group_runs(pid_t group);

COH_SEEN

#endif
