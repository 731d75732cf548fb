/*
** UDP sockets: datagrams to and from anybody, or one peer.
*/
#ifndef COH_NET_UDP_H
#define COH_NET_UDP_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Make the kind and add the functions to the module table on top. [-0, +0, m] */
void coh_udp_open(lua_State *L);

COH_SEEN

#endif
