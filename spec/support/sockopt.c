/*
** What the system says of the sockets of this process, for specs that read options back.
*/
#include <errno.h>
#include <lauxlib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define DESCRIPTORS 4096

static const struct { const char *name; int level, number; } known[] = {
  {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR}, {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
  {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF}, {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
  {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE}, {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST},
  {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY}, {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE},
  {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL}, {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT},
  {"IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY}, {"IP_TTL", IPPROTO_IP, IP_TTL},
  {"IP_MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL}, {"IP_MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP},
  {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
  {"IPV6_MULTICAST_HOPS", IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
  {"IPV6_MULTICAST_LOOP", IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
  {NULL, 0, 0}
};


/* sockets() -> {[descriptor] = true} */
static int l_sockets(lua_State *L) {
  int fd, type;
  lua_newtable(L);
  for (fd = 0; fd < DESCRIPTORS; fd++) {
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    lua_pushboolean(L, 1);
    lua_rawseti(L, -2, fd);
  }
  return 1;
}


/* get(descriptor, name) -> integer */
static int l_get(lua_State *L) {
  const char *name = luaL_checkstring(L, 2);
  int value = 0, i = 0;
  socklen_t size = sizeof value;
  while (known[i].name != NULL && strcmp(known[i].name, name) != 0) i++;
  if (known[i].name == NULL) return luaL_error(L, "unknown option %s", name);
  if (getsockopt((int)luaL_checkinteger(L, 1), known[i].level, known[i].number, &value, &size) != 0)
    return luaL_error(L, "%s: %s", name, strerror(errno));
  lua_pushinteger(L, value);
  return 1;
}


/* backlog(descriptor of a listener) -> integer: how many it keeps */
static int l_backlog(lua_State *L) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  if (getsockopt((int)luaL_checkinteger(L, 1), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return luaL_error(L, "TCP_INFO: %s", strerror(errno));
  lua_pushinteger(L, info.tcpi_sacked);
  return 1;
}


int luaopen_sockopt(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"sockets", l_sockets}, {"get", l_get}, {"backlog", l_backlog}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
