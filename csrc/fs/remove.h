/*
** Removing files, and directories with everything in them.
*/
#ifndef COH_FS_REMOVE_H
#define COH_FS_REMOVE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the table on top. [-0, +0, m] */
void coh_remove_open(lua_State *L);

COH_SEEN

#endif
