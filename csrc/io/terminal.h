/*
** The terminal of this process: its size, and raw mode.
**
** The mode belongs to the terminal and outlives whoever has set it, so it is put back however this process
** ends: when the object is closed, at the end of the run, at exit, and by signals that end the process and
** that nobody else has taken. Only SIGKILL and a crash leave it as it is.
*/
#ifndef COH_IO_TERMINAL_H
#define COH_IO_TERMINAL_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Make the class, and add the functions to the table on top. [-0, +0, m] */
void coh_terminal_open(lua_State *L);

/* While a terminal is raw: signals that end the process put it back first, unless somebody has them. */
void coh_terminal_guard(void);

/* The runtime closes: put back what is raw because of it, and leave no handler of ours behind. */
void coh_terminal_close_all(struct coh_io *io);

COH_SEEN

#endif
