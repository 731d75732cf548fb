/*
** Signals as an iterator: each of several listeners sees every signal it has asked for. The first listener
** for a signal makes libuv watch it; the last one gives it back, along with an arrival that nobody was told
** of.
*/
#ifndef COH_IO_SIGNALS_H
#define COH_IO_SIGNALS_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Make the class, and add 'signals' to the module on top. [-0, +0, m] */
void coh_signals_open(lua_State *L);

/* Close all listeners, because the runtime is closing. [-0, +0, -] */
void coh_signals_close_all(struct coh_io *io);

COH_SEEN

#endif
