/*
** The door of the I/O room: opening it with the module, and closing all that is in it.
*/
#ifndef COH_IO_IO_H
#define COH_IO_IO_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top and make the kinds. [-0, +0, m] */
void coh_io_open(lua_State *L);

/*
** Close every handle, and leave every request to the loop, which frees them while it closes and waits there
** for lookups in flight. No task may be live. [-0, +0, -]
*/
void coh_io_close_all(struct coh_state *S);

COH_SEEN

#endif
