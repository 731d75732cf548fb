/*
** cohort.run.
*/
#ifndef COH_OPEN_RUN_H
#define COH_OPEN_RUN_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'run' to the module table on top. [-0, +0, m] */
void coh_run_open(lua_State *L);

COH_SEEN

#endif
