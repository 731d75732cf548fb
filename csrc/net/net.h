/*
** The door of csrc/net: connecting and listening, which make streams; datagrams; name lookup.
*/
#ifndef COH_NET_NET_H
#define COH_NET_NET_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top and make the kinds. [-0, +0, m] */
void coh_net_open(lua_State *L);

COH_SEEN

#endif
