/*
** Signals as something to iterate over: each of several listeners sees every signal
** that it has asked for. The first who asks for a signal has libuv watch it, the
** last who goes gives it back, and one of which nobody was told with it.
*/
#ifndef COH_IO_SIGNALS_H
#define COH_IO_SIGNALS_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Make the class and add 'signals' to the module on top. [-0, +0, m] */
void coh_signals_open(lua_State *L);

/* The runtime closes: so do all listeners. [-0, +0, -] */
void coh_signals_close_all(struct coh_io *io);

COH_SEEN

#endif
