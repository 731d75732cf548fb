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

/*
** From a numeric address, the scope of IPv6 ("fe80::1%eth0" or "fe80::1%2") included. 0; UV_EINVAL: it is a
** name; UV_ENODEV: there is no such interface.
*/
int coh_addr_parse(struct coh_addr *a, const char *host, int port);

/* From the path of a Unix socket, or its name without a file, "@name". False: it is too long. */
bool coh_addr_set_path(struct coh_addr *a, const char *path, size_t length);

/* From what the system gives; none for other families. */
void coh_addr_set(struct coh_addr *a, const struct sockaddr *from, socklen_t length);

/* Clear it for a call that fills 'u', and tell the room; say afterwards how much was filled, 0 for none. */
socklen_t coh_addr_clear(struct coh_addr *a);
void coh_addr_filled(struct coh_addr *a, socklen_t length);

/* Of this end of a socket; none and a negative status when the system does not tell. */
int coh_addr_set_local(struct coh_addr *a, int fd);

/* Of the other end, or none. */
void coh_addr_set_peer(struct coh_addr *a, int fd);

/* The file of a Unix socket that has one, or NULL. */
const char *coh_addr_path(const struct coh_addr *a);

static inline bool coh_addr_is_unix(const struct coh_addr *a) {
  return a->length != 0 && a->u.any.sa_family == AF_UNIX;
}

/* Push {host =, port =, family =}, or {path =, family = "unix"}; nil for none. [-0, +1, m] */
void coh_addr_push(lua_State *L, const struct coh_addr *a);

/* Push "127.0.0.1:80", "[::1]:80" a path or "@name". [-0, +1, m] */
void coh_addr_push_text(lua_State *L, const struct coh_addr *a);

COH_SEEN

#endif
