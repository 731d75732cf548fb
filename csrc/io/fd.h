/*
** Other people's descriptors: waiting until one can be read or written, so that other libraries can be used
** in tasks. The descriptor stays its owner's: nothing is read from it, its flags are left as they were, and
** nothing is kept of it once nobody waits.
*/
#ifndef COH_IO_FD_H
#define COH_IO_FD_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'wait_readable', 'wait_writable' and 'descriptor_of' to the module on top. [-0, +0, m] */
void coh_fd_open(lua_State *L);

COH_SEEN

#endif
