/*
** Whole files: reading, writing and copying them in one go.
*/
#ifndef COH_FS_WHOLE_H
#define COH_FS_WHOLE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the table on top. [-0, +0, m] */
void coh_whole_open(lua_State *L);

COH_SEEN

#endif
