/*
** Name lookup.
*/
#ifndef COH_IO_RESOLVE_H
#define COH_IO_RESOLVE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'resolve' to the module table on top. [-0, +0, m] */
void coh_resolve_open(lua_State *L);

COH_SEEN

#endif
