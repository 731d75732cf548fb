/*
** Socket addresses: IPv4, IPv6 and Unix, made from text and written as text.
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
  socklen_t length;  /* 0: no address */
};

/*
** Set from a numeric address, where an IPv6 one may have a scope ("fe80::1%eth0" or "fe80::1%2"). Returns 0;
** UV_EINVAL when 'host' is a name; UV_ENODEV when there is no such interface.
*/
int coh_addr_parse(struct coh_addr *a, const char *host, int port);

/*
** Set from the path of a Unix socket, or from the name of one without a file, "@name". False: it is too long.
*/
bool coh_addr_set_path(struct coh_addr *a, const char *path, size_t length);

/* Set from what the system returned; no address for other families. */
void coh_addr_set(struct coh_addr *a, const struct sockaddr *from, socklen_t length);

/*
** Before a call that fills 'u': clear it and return its size. After the call: say how much was filled, 0 for
** no address.
*/
socklen_t coh_addr_clear(struct coh_addr *a);
void coh_addr_filled(struct coh_addr *a, socklen_t length);

/*
** Set to the address of this end of a socket; when the system does not tell, no address and a negative
** status.
*/
int coh_addr_set_local(struct coh_addr *a, int fd);

/* Set to the address of the other end, or to no address. */
void coh_addr_set_peer(struct coh_addr *a, int fd);

/* The path of a Unix socket that has a file, else NULL. */
const char *coh_addr_path(const struct coh_addr *a);

static inline bool coh_addr_is_unix(const struct coh_addr *a) {
  return a->length != 0 && a->u.any.sa_family == AF_UNIX;
}

/* Push {host =, port =, family =} or {path =, family = "unix"}; nil for no address. [-0, +1, m] */
void coh_addr_push(lua_State *L, const struct coh_addr *a);

/* Push "127.0.0.1:80", "[::1]:80", a path or "@name". [-0, +1, m] */
void coh_addr_push_text(lua_State *L, const struct coh_addr *a);

COH_SEEN

#endif
