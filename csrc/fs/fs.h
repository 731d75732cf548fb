/*
** The door of the room of files: all that the Lua side builds cohort.fs from.
*/
#ifndef COH_FS_FS_H
#define COH_FS_FS_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'fs', a table of functions, to the module table on top, and make the kinds. [-0, +0, m] */
void coh_fs_open(lua_State *L);

COH_SEEN

#endif
