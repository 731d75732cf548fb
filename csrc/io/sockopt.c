/*
** Socket options: see sockopt.h. Connections inherit the options of their listener, so nothing is set when
** one is accepted.
*/
#include "io/sockopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/room.h"

#define COUNT (sizeof options / sizeof *options)

struct option {
  const char *name;
  int level;
  int number;
};

static const struct option options[] = {
  {"reuse_address", SOL_SOCKET, SO_REUSEADDR},
  {"reuse_port", SOL_SOCKET, SO_REUSEPORT},
  {"receive_buffer", SOL_SOCKET, SO_RCVBUF},
  {"send_buffer", SOL_SOCKET, SO_SNDBUF},
  {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
  {"nodelay", IPPROTO_TCP, TCP_NODELAY},
  {"keepalive_time", IPPROTO_TCP, TCP_KEEPIDLE},
  {"keepalive_interval", IPPROTO_TCP, TCP_KEEPINTVL},
  {"keepalive_count", IPPROTO_TCP, TCP_KEEPCNT},
  {"ipv6_only", IPPROTO_IPV6, IPV6_V6ONLY},
  {"broadcast", SOL_SOCKET, SO_BROADCAST},
  {"ttl", IPPROTO_IP, IP_TTL},
  {"ttl", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
  {"multicast_ttl", IPPROTO_IP, IP_MULTICAST_TTL},
  {"multicast_ttl", IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
  {"multicast_loop", IPPROTO_IP, IP_MULTICAST_LOOP},
  {"multicast_loop", IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
  {"multicast_interface", IPPROTO_IP, IP_MULTICAST_IF},
  {"multicast_interface", IPPROTO_IPV6, IPV6_MULTICAST_IF},
};

_Static_assert(COUNT <= COH_SOCKOPTS_MAX, "a bit for each");


/* IP_MULTICAST_IF is the one option whose value is not an int. */
static int set(int fd, const struct option *o, int value) {
  const struct ip_mreqn interface = {.imr_ifindex = value};
  bool is_interface = o->level == IPPROTO_IP && o->number == IP_MULTICAST_IF;
  const void *at = is_interface ? (const void *)&interface : &value;
  socklen_t size = is_interface ? sizeof interface : sizeof value;
  if (setsockopt(fd, o->level, o->number, at, size) == 0 || errno == EOPNOTSUPP) return 0;
  return uv_translate_sys_error(errno);
}


/* Options of sockets in general are valid for all families, the others for theirs. */
static bool fits(const struct option *o, int family) {
  switch (o->level) {
    case IPPROTO_TCP: return family == AF_INET || family == AF_INET6;
    case IPPROTO_IP: return family == AF_INET;
    case IPPROTO_IPV6: return family == AF_INET6;
    default: return true;
  }
}


void coh_sockopts_read(lua_State *L, int index, struct coh_sockopts *o) {
  unsigned i;
  o->given = 0;
  if (!lua_istable(L, index)) return;
  for (i = 0; i < COUNT; i++) {
    lua_pushstring(L, options[i].name);
    if (lua_rawget(L, index) != LUA_TNIL) o->given |= 1u << i;
    o->value[i] = lua_isboolean(L, -1) ? lua_toboolean(L, -1) : (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
  }
}


static int ask_and_set(struct coh_state *S, int fd, const struct option *o, int value) {
  return coh_io_fails(S, "setsockopt", ENOBUFS) ? uv_translate_sys_error(errno) : set(fd, o, value);
}


static int apply(struct coh_state *S, int fd, const struct coh_sockopts *o, int family) {
  unsigned i;
  int status = 0;
  for (i = 0; status == 0 && i < COUNT; i++) {
    if (!(o->given & 1u << i) || !fits(&options[i], family)) continue;
    status = ask_and_set(S, fd, &options[i], o->value[i]);
  }
  return status;
}


int coh_sockopts_open(struct coh_state *S, const struct coh_sockopts *o, const struct coh_addr *a, int type) {
  int family = a->u.any.sa_family, status;
  int fd = coh_io_fails(S, "socket", EMFILE) ? -1 : socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return uv_translate_sys_error(errno);
  status = apply(S, fd, o, family);
  if (status == 0) return fd;
  close(fd);
  return status;
}


int coh_sockopt_set(struct coh_state *S, int fd, const char *name, int value) {
  unsigned i = 0;
  while (strcmp(options[i].name, name) != 0) i++;
  return ask_and_set(S, fd, &options[i], value);
}
