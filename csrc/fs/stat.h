/*
** What the system tells about a file, as a table.
*/
#ifndef COH_FS_STAT_H
#define COH_FS_STAT_H

#include <lua.h>

#include <sys/stat.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* "file", "directory", "link", "fifo", "socket", "character", "block" or "unknown" of a mode. */
const char *coh_stat_type(unsigned mode);

/* Push {type =, size =, permissions =, ...}. [-0, +1, m] */
void coh_stat_push(lua_State *L, const struct statx *s);

COH_SEEN

#endif
