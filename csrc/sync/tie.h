/*
** Ties: a function that is called when a task ends, unless the tie was released before.
** For what the Lua side opens in a task that may forget to close it.
*/
#ifndef COH_SYNC_TIE_H
#define COH_SYNC_TIE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_tie_open(lua_State *L);

COH_SEEN

#endif
