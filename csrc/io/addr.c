/*
** Socket addresses: see addr.h. What the system fills in may lack a final NUL (a Unix path of full length),
** so the structs are cleared before.
**
** A Unix socket without a file has a name that begins with NUL. As is usual, we write it with "@" instead: a
** NUL in a path given by a user is a mistake, or worse. The length of such a name is that of the address.
*/
#include "io/addr.h"

#include <limits.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)
#define HOST_MAX (INET6_ADDRSTRLEN + IF_NAMESIZE + 1)
#define PORT_MAX sizeof "65535"


/* The number of the interface that 'name' is the name or the number of, as getaddrinfo reads it. */
static int read_scope(const char *name, unsigned *scope) {
  unsigned long number;
  char *end;
  *scope = if_nametoindex(name);
  if (*scope != 0) return 0;
  number = strtoul(name, &end, 10);
  if (*name < '0' || *name > '9' || *end != '\0' || number > UINT_MAX) return UV_ENODEV;
  *scope = (unsigned)number;
  return 0;
}


/* libuv would take an unknown interface, or a numeric one, for no scope. */
int coh_addr_parse(struct coh_addr *a, const char *host, int port) {
  const char *scope = strchr(host, '%');
  memset(a, 0, sizeof *a);
  a->length = sizeof a->u.in;
  if (uv_ip4_addr(host, port, &a->u.in) == 0) return 0;
  a->length = sizeof a->u.in6;
  if (uv_ip6_addr(host, port, &a->u.in6) != 0) return UV_EINVAL;
  return scope != NULL ? read_scope(scope + 1, &a->u.in6.sin6_scope_id) : 0;
}


bool coh_addr_set_path(struct coh_addr *a, const char *path, size_t length) {
  bool is_file = *path != '@';
  memset(a, 0, sizeof *a);
  if (length + is_file > sizeof a->u.un.sun_path) return false;
  a->u.un.sun_family = AF_UNIX;
  memcpy(a->u.un.sun_path, path, length);
  if (!is_file) *a->u.un.sun_path = '\0';
  a->length = (socklen_t)(PATH_AT + length + is_file);
  return true;
}


socklen_t coh_addr_clear(struct coh_addr *a) {
  memset(a, 0, sizeof *a);
  return sizeof a->u;
}


void coh_addr_filled(struct coh_addr *a, socklen_t length) {
  sa_family_t family = a->u.any.sa_family;
  if (length > sizeof a->u) length = sizeof a->u;
  a->length = family == AF_INET || family == AF_INET6 || family == AF_UNIX ? length : 0;
}


void coh_addr_set(struct coh_addr *a, const struct sockaddr *from, socklen_t length) {
  socklen_t room = coh_addr_clear(a);
  memcpy(&a->u, from, length < room ? length : room);
  coh_addr_filled(a, length);
}


int coh_addr_set_local(struct coh_addr *a, int fd) {
  socklen_t length = coh_addr_clear(a);
  if (getsockname(fd, &a->u.any, &length) != 0) return uv_translate_sys_error(errno);
  coh_addr_filled(a, length);
  return 0;
}


void coh_addr_set_peer(struct coh_addr *a, int fd) {
  socklen_t length = coh_addr_clear(a);
  if (getpeername(fd, &a->u.any, &length) == 0) coh_addr_filled(a, length);
}


const char *coh_addr_path(const struct coh_addr *a) {
  return coh_addr_is_unix(a) && *a->u.un.sun_path ? a->u.un.sun_path : NULL;
}


/* Push the path or the name of a Unix socket; false, pushing nothing, when it has none. [-0, +0 or +1, m] */
static bool push_path(lua_State *L, const struct coh_addr *a) {
  const char *path = a->u.un.sun_path;
  size_t length = coh_addr_is_unix(a) && a->length > PATH_AT ? a->length - PATH_AT : 0;
  if (length == 0) return false;
  if (*path != '\0') {
    lua_pushlstring(L, path, strnlen(path, length));
    return true;
  }
  lua_pushliteral(L, "@");
  lua_pushlstring(L, path + 1, length - 1);
  lua_concat(L, 2);
  return true;
}


/* A link-local address includes its scope: without it nobody could connect there. */
static void add_scope(char *host, unsigned scope) {
  char name[IF_NAMESIZE];
  size_t length = strlen(host);
  if (scope == 0) return;
  if (if_indextoname(scope, name) != NULL) snprintf(host + length, HOST_MAX - length, "%%%s", name);
  else snprintf(host + length, HOST_MAX - length, "%%%u", scope);
}


/*
** Write a number below 100,000 and return where it ends. By hand, because every accepted connection is named
** after its address and printf takes ten times as long.
*/
static char *write_number(unsigned n, char *at) {
  unsigned unit = 10000;
  while (unit > 1 && n < unit) unit /= 10;
  for (; unit > 0; unit /= 10) *at++ = (char)('0' + n / unit % 10);
  *at = '\0';
  return at;
}


static void write_ip4(const struct sockaddr_in *a, char *host) {
  const unsigned char *bytes = (const unsigned char *)&a->sin_addr;
  int i;
  for (i = 0; i < 4; i++) {
    if (i > 0) *host++ = '.';
    host = write_number(bytes[i], host);
  }
}


/* Write the host and return the port; -1 when the family has none. */
static int format_host(const struct coh_addr *a, char *host) {
  *host = '\0';
  if (a->u.any.sa_family == AF_INET) {
    write_ip4(&a->u.in, host);
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
  if (push_path(L, a)) lua_setfield(L, -2, "path");
}


void coh_addr_push(lua_State *L, const struct coh_addr *a) {
  char host[HOST_MAX];
  int port;
  if (a->length == 0) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 3);
  port = format_host(a, host);
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
  char host[HOST_MAX], digits[PORT_MAX];
  int port = a->length != 0 ? format_host(a, host) : -1;
  if (port >= 0) {
    write_number((unsigned)port, digits);
    lua_pushfstring(L, a->u.any.sa_family == AF_INET ? "%s:%s" : "[%s]:%s", host, digits);
  } else if (!push_path(L, a)) {
    lua_pushliteral(L, "without a name");
  }
}
