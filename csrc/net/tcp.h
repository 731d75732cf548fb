/*
** Connecting: to one numeric address, or to the path of a Unix socket.
*/
#ifndef COH_NET_TCP_H
#define COH_NET_TCP_H

#include <lua.h>

#include "io/addr.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top. [-0, +0, m] */
void coh_tcp_open(lua_State *L);

/*
** Read the address at 1 and 2: host and port, or a path and nil. 0, or the status why it is none. [-0, +0, -]
*/
int coh_tcp_read_address(lua_State *L, struct coh_addr *a);

/*
** Raise what 'operation' on the address at 1 and 2 failed with. The text at 3 is the place that the message
** names. Never returns. [-0, +0, e]
*/
int coh_tcp_raise(lua_State *L, int status, const char *operation);

COH_SEEN

#endif
