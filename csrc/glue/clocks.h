/*
** Virtual clocks for Lua, objects that 'run' takes as its clock, and waiting for quiet.
*/
#ifndef COH_GLUE_CLOCKS_H
#define COH_GLUE_CLOCKS_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'clock' and 'wait_all_blocked' to the module table on top and make the kind. [-0, +0, m] */
void coh_clocks_open(lua_State *L);

COH_SEEN

#endif
