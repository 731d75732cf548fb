/*
** The standard descriptors as streams, one of each per runtime. Other processes, a shell for instance, share
** them and would get EAGAIN if we made them non-blocking, so we never do. What can be opened anew, a terminal
** or a pipe, is opened anew and only that is made non-blocking; the others are used in ways that cannot
** block.
*/
#ifndef COH_STREAM_STDIO_H
#define COH_STREAM_STDIO_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the table 'stdio' to the module on top. [-0, +0, m] */
void coh_stdio_open(lua_State *L);

/*
** How many are open, each with a handle and a descriptor: they stay until the end of the run, and are no
** leak.
*/
lua_Integer coh_stdio_count(lua_State *L);

/* Forget the streams of a runtime that is closed. [-0, +0, -] */
void coh_stdio_forget(struct coh_state *S);

COH_SEEN

#endif
