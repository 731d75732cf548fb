/*
** Waiting for the first of several things. Exactly one of them happens: while
** it waits, a select stands in the queue of each, and what wakes one of those takes
** it out of all.
*/
#ifndef COH_SYNC_SELECT_H
#define COH_SYNC_SELECT_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the function to the module table on top. [-0, +0, m] */
void coh_select_open(lua_State *L);

COH_SEEN

#endif
