/*
** Streams in memory that treat bytes as networks do: they take their time, arrive in parts, and stop
** arriving. For testing.
*/
#ifndef COH_STREAM_FAULTY_H
#define COH_STREAM_FAULTY_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'stream_pair' to the module table on top. [-0, +0, m] */
void coh_faulty_open(lua_State *L);

COH_SEEN

#endif
