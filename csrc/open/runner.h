/*
** Runners: each keeps a runtime open from one function to the next.
*/
#ifndef COH_OPEN_RUNNER_H
#define COH_OPEN_RUNNER_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'open_runner' to the module table on top. [-0, +0, m] */
void coh_runner_open(lua_State *L);

COH_SEEN

#endif
