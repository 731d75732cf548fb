/*
** The terminal of this process: its size, and raw mode.
**
** The mode belongs to the terminal and outlives the process that set it. So it is restored however this
** process ends: when the object is closed, at the end of the run, at exit, and by signals that end the
** process, unless somebody else has taken them. Only SIGKILL and a crash leave it raw.
*/
#ifndef COH_IO_TERMINAL_H
#define COH_IO_TERMINAL_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Make the class, and add the functions to the table on top. [-0, +0, m] */
void coh_terminal_open(lua_State *L);

/*
** While a terminal is raw: make signals that would end the process restore it first, unless somebody has
** taken them.
*/
void coh_terminal_guard(void);

/* The runtime is closing: restore a terminal it made raw, and leave no handler of ours behind. */
void coh_terminal_close_all(struct coh_io *io);

COH_SEEN

#endif
