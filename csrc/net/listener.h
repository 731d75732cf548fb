/*
** Listeners: sockets that accept connections and make streams of them.
*/
#ifndef COH_NET_LISTENER_H
#define COH_NET_LISTENER_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Make the kind and add 'listen' to the module table on top. [-0, +0, m] */
void coh_listener_open(lua_State *L);

COH_SEEN

#endif
