/*
** The door of csrc/net: see net.h.
*/
#include "net/net.h"

#include "net/listener.h"
#include "net/resolve.h"
#include "net/tcp.h"
#include "net/udp.h"


void coh_net_open(lua_State *L) {
  coh_listener_open(L);
  coh_tcp_open(L);
  coh_resolve_open(L);
  coh_udp_open(L);
}
