/*
** Socket addresses: of IPv4, IPv6 and Unix sockets, from text and back to it.
*/
#ifndef COH_IO_ADDR_H
#define COH_IO_ADDR_H

#include <lua.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "kernel/hidden.h"

COH_HIDDEN

struct coh_addr {
  union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
  } u;
  socklen_t length;  /* 0: none */
};

/* From a numeric address, the scope of IPv6 ("fe80::1%eth0") included. False: it is a name. */
bool coh_addr_parse(struct coh_addr *a, const char *host, int port);

/* From the path of a Unix socket. False: it is too long. */
bool coh_addr_set_path(struct coh_addr *a, const char *path, size_t length);

/* From what the system gives, in a struct sockaddr_storage that was cleared; none for other families. */
void coh_addr_set(struct coh_addr *a, const struct sockaddr *from);

/* Of this end of a socket, or none. */
void coh_addr_set_local(struct coh_addr *a, int fd);

/* The path of a Unix socket that has one, or NULL. */
const char *coh_addr_path(const struct coh_addr *a);

/* Push {host =, port =, family =}, or {path =, family = "unix"}; nil for none. [-0, +1, m] */
void coh_addr_push(lua_State *L, const struct coh_addr *a);

/* Push "127.0.0.1:80", "[::1]:80" or a path. [-0, +1, m] */
void coh_addr_push_text(lua_State *L, const struct coh_addr *a);

COH_SEEN

#endif
