/*
** Watching files and directories for changes.
*/
#ifndef COH_FS_WATCH_H
#define COH_FS_WATCH_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'watch' to the table on top and make its kind. [-0, +0, m] */
void coh_watch_open(lua_State *L);

COH_SEEN

#endif
