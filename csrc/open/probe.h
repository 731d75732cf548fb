/*
** What cohort.testing and the specs need from the core and nobody else does: counts of what is held,
** checkpoints, where a task stands, faults.
*/
#ifndef COH_OPEN_PROBE_H
#define COH_OPEN_PROBE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top. [-0, +0, m] */
void coh_probe_open(lua_State *L);

COH_SEEN

#endif
