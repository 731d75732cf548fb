/*
** The standard descriptors as streams, one of each for a runtime. They are other processes' too, a shell's
** say, who would be told "not now" if we made them non-blocking: so that is never done. What can be opened
** once more, a terminal or a pipe, is, and only that is non-blocking; the others have ways that cannot block.
*/
#ifndef COH_STREAM_STDIO_H
#define COH_STREAM_STDIO_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the table 'stdio' to the module on top. [-0, +0, m] */
void coh_stdio_open(lua_State *L);

/* How many are open, each a handle and a descriptor: those stay until the end of the run, and are no leak. */
lua_Integer coh_stdio_count(lua_State *L);

/* The runtime is closed: forget its streams. [-0, +0, -] */
void coh_stdio_forget(struct coh_state *S);

COH_SEEN

#endif
