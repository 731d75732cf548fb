/*
** What the system tells about a file, as a table.
*/
#ifndef COH_FS_STAT_H
#define COH_FS_STAT_H

#include "fs/request.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* "file", "directory", "link", "fifo", "socket", "character", "block" or "unknown" of a mode. */
const char *coh_stat_type(unsigned mode);

/* 'push' of a verb: {type =, size =, permissions =, ...}. [-0, +1, m] */
int coh_stat_push(lua_State *L, struct coh_request *r);

COH_SEEN

#endif
