/*
** Socket addresses: see addr.h. What the system fills in may end without a NUL
** (a Unix path of full length), so the structs here are cleared before.
*/
#include "io/addr.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define HOST_MAX (INET6_ADDRSTRLEN + IF_NAMESIZE + 1)


bool coh_addr_parse(struct coh_addr *a, const char *host, int port) {
  memset(a, 0, sizeof *a);
  a->length = sizeof a->u.in;
  if (uv_ip4_addr(host, port, &a->u.in) == 0) return true;
  a->length = sizeof a->u.in6;
  return uv_ip6_addr(host, port, &a->u.in6) == 0;
}


bool coh_addr_set_path(struct coh_addr *a, const char *path, size_t length) {
  memset(a, 0, sizeof *a);
  if (length >= sizeof a->u.un.sun_path) return false;
  a->u.un.sun_family = AF_UNIX;
  memcpy(a->u.un.sun_path, path, length);
  a->length = sizeof a->u.un;
  return true;
}


void coh_addr_set(struct coh_addr *a, const struct sockaddr *from) {
  memset(a, 0, sizeof *a);
  if (from->sa_family == AF_INET) a->length = sizeof a->u.in;
  else if (from->sa_family == AF_INET6) a->length = sizeof a->u.in6;
  else if (from->sa_family == AF_UNIX) a->length = sizeof a->u.un;
  memcpy(&a->u, from, a->length);
}


void coh_addr_set_local(struct coh_addr *a, int fd) {
  socklen_t length = sizeof a->u;
  memset(a, 0, sizeof *a);
  if (getsockname(fd, &a->u.any, &length) == 0) a->length = sizeof a->u;
}


const char *coh_addr_path(const struct coh_addr *a) {
  return a->length != 0 && a->u.any.sa_family == AF_UNIX && *a->u.un.sun_path ? a->u.un.sun_path : NULL;
}


/* The scope of a link-local address belongs to it: without it nobody could connect there. */
static void add_scope(char *host, unsigned scope) {
  char name[IF_NAMESIZE];
  size_t length = strlen(host);
  if (scope == 0) return;
  if (if_indextoname(scope, name) != NULL) snprintf(host + length, HOST_MAX - length, "%%%s", name);
  else snprintf(host + length, HOST_MAX - length, "%%%u", scope);
}


/* Write the host and give the port; -1 when the family has none. */
static int read_host(const struct coh_addr *a, char *host) {
  *host = '\0';
  if (a->u.any.sa_family == AF_INET) {
    uv_ip4_name(&a->u.in, host, HOST_MAX);
    return ntohs(a->u.in.sin_port);
  }
  if (a->u.any.sa_family == AF_INET6) {
    uv_ip6_name(&a->u.in6, host, HOST_MAX);
    add_scope(host, a->u.in6.sin6_scope_id);
    return ntohs(a->u.in6.sin6_port);
  }
  return -1;
}


static void set_path(lua_State *L, const struct coh_addr *a) {
  lua_pushliteral(L, "unix");
  lua_setfield(L, -2, "family");
  if (coh_addr_path(a) == NULL) return;
  lua_pushlstring(L, coh_addr_path(a), strnlen(coh_addr_path(a), sizeof a->u.un.sun_path));
  lua_setfield(L, -2, "path");
}


void coh_addr_push(lua_State *L, const struct coh_addr *a) {
  char host[HOST_MAX];
  int port;
  if (a->length == 0) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 3);
  port = read_host(a, host);
  if (port < 0) {
    set_path(L, a);
    return;
  }
  lua_pushstring(L, host);
  lua_setfield(L, -2, "host");
  lua_pushinteger(L, port);
  lua_setfield(L, -2, "port");
  lua_pushstring(L, a->u.any.sa_family == AF_INET ? "inet" : "inet6");
  lua_setfield(L, -2, "family");
}


void coh_addr_push_text(lua_State *L, const struct coh_addr *a) {
  char host[HOST_MAX];
  int port = a->length != 0 ? read_host(a, host) : -1;
  if (port >= 0) lua_pushfstring(L, a->u.any.sa_family == AF_INET ? "%s:%d" : "[%s]:%d", host, port);
  else if (coh_addr_path(a) != NULL) lua_pushlstring(L, coh_addr_path(a),
                                                     strnlen(coh_addr_path(a), sizeof a->u.un.sun_path));
  else lua_pushliteral(L, "without a name");
}
