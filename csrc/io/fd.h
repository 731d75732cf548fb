/*
** Descriptors of others: waiting until one can be read or written, so that another
** library can be used inside tasks. The descriptor stays its owner's in all things:
** nothing is read, its flags are as they were, and nothing of it is kept once nobody
** waits.
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
