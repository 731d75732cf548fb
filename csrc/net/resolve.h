/*
** Name lookup.
*/
#ifndef COH_NET_RESOLVE_H
#define COH_NET_RESOLVE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add 'resolve', 'reverse' and their kin to the module table on top. [-0, +0, m] */
void coh_resolve_open(lua_State *L);

COH_SEEN

#endif
