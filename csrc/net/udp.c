/*
** UDP sockets. A datagram is sent or received whole, by one system call of the task's own, so a wait that is
** cut has sent nothing and leaves in the system what has arrived. One task at a time receives. Any number may
** send: those who find no room wait in a queue.
*/
#include "net/udp.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/poll.h"
#include "io/sockopt.h"
#include "lua/arg.h"
#include "net/tcp.h"

struct coh_udp {
  struct coh_poll poll;    /* first, so that a pointer to it is one to the socket */
  size_t datagram_max;     /* most bytes that 'receive' takes, up to COH_CHUNK_MAX, which no datagram
                              reaches */
  bool connected;          /* it has a peer, whose address is that of the box */
};

static const struct coh_box_kind kind;


/* The open socket in the box at 1. [-0, +0, e] */
static struct coh_udp *check_open(lua_State *L, const char *what) {
  return (struct coh_udp *)coh_box_check_open(L, &kind, what);
}


/* {{ Receiving */

static const struct coh_wait_kind receive_kind = {
  .what = "receive", .abort = coh_poll_abort_reader, .forfeit = coh_poll_forfeit, .external = true};


/* Receive a datagram into the loop's chunk. Returns its whole length, or a negative status. */
static ssize_t take(struct coh_state *S, struct coh_udp *u, struct coh_addr *from) {
  struct iovec room = {.iov_base = coh_io_of(S)->chunk, .iov_len = u->datagram_max};
  struct msghdr message = {.msg_name = &from->u, .msg_iov = &room, .msg_iovlen = 1};
  ssize_t n;
  do {
    message.msg_namelen = coh_addr_clear(from);
    n = coh_io_fails(S, "receive", ECONNREFUSED) ? -1 : recvmsg(u->poll.fd, &message, MSG_TRUNC);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) {
    coh_addr_filled(from, message.msg_namelen);
    return n;
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) return uv_translate_sys_error(errno);
  u->poll.readable = false;
  return UV_EAGAIN;
}


/* Part of a datagram is worthless to most callers; the error has it for the others. [-0, +0, e] */
static int raise_too_long(lua_State *L, const char *bytes, size_t got, size_t length,
                          const struct coh_addr *from) {
  lua_pushfstring(L, "receive: a datagram of %I bytes is longer than %I", (lua_Integer)length,
                  (lua_Integer)got);
  coh_error_push(L, COH_TOO_LONG, lua_tostring(L, -1));
  lua_pushliteral(L, "receive");
  lua_setfield(L, -2, "operation");
  lua_pushlstring(L, bytes, got);
  lua_setfield(L, -2, "data");
  lua_pushinteger(L, (lua_Integer)length);
  lua_setfield(L, -2, "length");
  coh_addr_push(L, from);
  lua_setfield(L, -2, "from");
  return lua_error(L);
}


static int receive_woken(lua_State *L, int status, lua_KContext context);

static int receive(lua_State *L, struct coh_fiber *f) {
  struct coh_state *S = coh_state_here(L);
  struct coh_udp *u = check_open(L, "receive");
  const char *chunk = coh_io_of(S)->chunk;
  struct coh_addr from;
  ssize_t n = take(S, u, &from);
  if (n == UV_EAGAIN && coh_task_cancelled(&f->task)) {
    u->poll.reader = NULL;
    return coh_raise_cancelled(L, f);
  }
  if (n == UV_EAGAIN) {
    coh_poll_park_reader(&u->poll, f, &receive_kind);
    return coh_yield(L, f, receive_woken);
  }
  u->poll.reader = NULL;
  if (n < 0) return coh_box_raise(L, COH_SYSTEM_ERROR, (int)n, "receive");
  if ((size_t)n > u->datagram_max) return raise_too_long(L, chunk, u->datagram_max, (size_t)n, &from);
  lua_pushlstring(L, chunk, (size_t)n);
  coh_addr_push(L, &from);
  return 2;
}


static int receive_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  return receive(L, f);
}


static int receive_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  if (check_open(L, "receive")->poll.reader == NULL) return receive(L, f);
  return coh_syserr_raise(L, COH_BUSY, "receive", "another task is receiving from this socket: let one task "
                         "receive, and send to the others what is theirs");
}


/* 'method' is the name it was called by, NULL when the socket itself was called */
static int begin_receive(lua_State *L, const char *method) {
  coh_box_check(L, &kind, "receive");
  coh_check_no_limit(L, "socket", method);
  lua_settop(L, 1);
  return coh_begin(L, receive_try);
}

/* socket:receive() -> datagram, address */
static int l_receive(lua_State *L) { return begin_receive(L, "receive"); }

/* socket() -> datagram, address, for use in a loop */
static int l_next(lua_State *L) { return begin_receive(L, NULL); }

/* }} */


/* {{ Sending. The stack: 1 box   2 datagram   3 host or nil   4 port, not the table, which may change */

/* No 'abort': nothing was sent, so there is nothing to take back. */
static const struct coh_wait_kind send_kind = {.what = "send", .external = true};


/* The numeric address at 'index'; UV_EINVAL or UV_ENODEV when it is not one. [-0, +0, -] */
static int parse(lua_State *L, int index, int port, struct coh_addr *a) {
  size_t length;
  const char *host = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
  return host != NULL && strlen(host) == length ? coh_addr_parse(a, host, port) : UV_EINVAL;
}


/* Read the address from 3 and 4. UV_EINVAL: not a numeric host, or not a port. [-0, +0, -] */
static int read_address(lua_State *L, struct coh_addr *a) {
  lua_Integer port = lua_type(L, 4) == LUA_TNUMBER ? lua_tointeger(L, 4) : 0;
  return port >= 1 && port <= 65535 ? parse(L, 3, (int)port, a) : UV_EINVAL;
}


static int send_woken(lua_State *L, int status, lua_KContext context);

/* 0, or a negative status; UV_EAGAIN when there is no room. When 'to' has no address, send to the peer. */
static int send_now(lua_State *L, struct coh_udp *u, const struct coh_addr *to) {
  struct coh_state *S = coh_state_here(L);
  size_t size;
  const char *bytes = lua_tolstring(L, 2, &size);
  ssize_t n = coh_again(coh_io_fails(S, "send", ENETUNREACH) ? -1 : sendto(
    u->poll.fd, bytes, size, MSG_NOSIGNAL, to->length != 0 ? &to->u.any : NULL, to->length));
  return n >= 0 ? 0 : uv_translate_sys_error(errno);
}


/* Raise a failed send, naming the destination of the datagram. [-0, +0, v] */
static int raise_send(lua_State *L, int status, const struct coh_addr *to) {
  if (to->length == 0) return coh_box_raise(L, COH_SYSTEM_ERROR, status, "send");
  coh_addr_push_text(L, to);
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, "send", "address", lua_tostring(L, -1));
  return lua_error(L);
}


/*
** Nobody overtakes those who wait for room; a task that 'has_waited' is the first of them. Reading the
** address may run finalizers, one of which may close the socket.
*/
static int send_datagram(lua_State *L, struct coh_fiber *f, bool has_waited) {
  struct coh_addr to = {.length = 0};
  struct coh_udp *u;
  int status = lua_isnil(L, 3) ? 0 : read_address(L, &to);
  u = check_open(L, "send");
  if (status < 0) {
    coh_syserr_push(L, COH_SYSTEM_ERROR, status, "send", "address", lua_tostring(L, 3));
    return lua_error(L);
  }
  status = has_waited || coh_link_alone(&u->poll.writers) ? send_now(L, u, &to) : UV_EAGAIN;
  if (status == 0) return 0;
  if (status != UV_EAGAIN) return raise_send(L, status, &to);
  if (coh_task_cancelled(&f->task)) return coh_raise_cancelled(L, f);
  coh_poll_park_writer(&u->poll, f, &send_kind);
  u->poll.writer = NULL;  /* any number of tasks may send */
  return coh_yield(L, f, send_woken);
}


static int send_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  return send_datagram(L, f, true);
}


static int send_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return send_datagram(L, f, false);
}


/* Replace the table at 3 by its host, and push its port behind it; nil stays. [-0, +0 or 1, v] */
static void check_address(lua_State *L, const struct coh_box *box) {
  const struct coh_udp *u = (const struct coh_udp *)box->handle;
  struct coh_addr a;
  if (lua_isnil(L, 3) && (u == NULL || u->connected)) return;
  if (lua_isnil(L, 3))
    coh_misuse(L, "send expects an address after the datagram, for this socket has no peer: write "
                  "s:send(data, {host = \"127.0.0.1\", port = 53})");
  if (!lua_istable(L, 3))
    coh_misuse(L, "send expects an address as {host = \"127.0.0.1\", port = 53}, got %s",
               coh_type_name(L, 3));
  lua_pushliteral(L, "port");
  lua_rawget(L, 3);
  lua_pushliteral(L, "host");
  lua_rawget(L, 3);
  lua_replace(L, 3);
  if (read_address(L, &a) == UV_EINVAL)
    coh_misuse(L, "send expects an address with a numeric host and a port of 1 to 65535: of a name, "
                  "net.resolve(name) tells the hosts");
}


/* socket:send(datagram [, address]) */
static int l_send(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &kind, "send");
  lua_settop(L, 3);
  if (lua_type(L, 2) != LUA_TSTRING)
    return coh_misuse(L, "send expects a datagram as a string, got %s: use tostring", coh_type_name(L, 2));
  check_address(L, box);
  return coh_begin(L, send_try);
}

/* }} */


/* {{ Multicast groups */

/* The number of the interface named at 3; 0, the system's choice, when there is none. False: see errno. */
static bool read_interface(lua_State *L, unsigned *index) {
  size_t length;
  const char *name = lua_tolstring(L, 3, &length);
  *index = 0;
  if (name == NULL) return true;
  errno = ENODEV;
  if (strlen(name) == length) *index = if_nametoindex(name);
  return *index != 0;
}


/* Join or leave the group whose address is at 2, on the interface that may be named at 3. */
static int change_group(lua_State *L, const char *what, int option) {
  struct group_req request;
  struct coh_addr group;
  struct coh_udp *u;
  int status;
  coh_box_check(L, &kind, what);
  lua_settop(L, 3);
  status = parse(L, 2, 0, &group);
  if (status == UV_EINVAL)
    return coh_misuse(L, "%s expects a group as a numeric address, \"239.1.2.3\", got %s", what,
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : coh_type_name(L, 2));
  if (!lua_isnil(L, 3) && lua_type(L, 3) != LUA_TSTRING)
    return coh_misuse(L, "%s expects the name of an interface, \"eth0\", or nothing, got %s", what,
                      coh_type_name(L, 3));
  u = check_open(L, what);
  memset(&request, 0, sizeof request);
  memcpy(&request.gr_group, &group.u, group.length);
  if (status == 0 && read_interface(L, &request.gr_interface) &&
      !coh_io_fails(u->poll.handle.state, what, ENOBUFS) &&
      setsockopt(u->poll.fd, group.u.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, option, &request,
                 sizeof request) == 0)
    return 0;
  if (status == 0) status = uv_translate_sys_error(errno);
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, what, "address", lua_tostring(L, 2));
  return lua_error(L);
}


/* socket:join(group [, interface]), socket:leave(group [, interface]) */
static int l_join(lua_State *L) {
  return change_group(L, "join", MCAST_JOIN_GROUP);
}


static int l_leave(lua_State *L) {
  return change_group(L, "leave", MCAST_LEAVE_GROUP);
}

/* }} */


/* {{ Opening and closing */

static void close_udp(struct coh_handle *h) {
  coh_poll_close((struct coh_poll *)h);
}


/*
** Bind a socket, connect it to its peer if it has one, and watch it. 0, or a negative status. It receives
** what is sent to the groups that it joins itself; by default Linux would also deliver what is sent to groups
** that other sockets on this machine have joined.
*/
static int set_up(struct coh_state *S, struct coh_udp *u, int fd, const struct coh_addr *own,
                  const struct coh_addr *peer) {
  int no = 0;
  if (own->u.any.sa_family == AF_INET) setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &no, sizeof no);
  if (coh_io_fails(S, "bind", EADDRINUSE) || bind(fd, &own->u.any, own->length) != 0)
    return uv_translate_sys_error(errno);
  u->connected = peer->length != 0;
  if (u->connected &&
      (coh_io_fails(S, "connect", ENETUNREACH) || connect(fd, &peer->u.any, peer->length) != 0))
    return uv_translate_sys_error(errno);
  return coh_poll_open(S, &u->poll, fd);
}


/* Open it. 0, or a negative status with nothing left behind. */
static int begin(struct coh_state *S, struct coh_udp *u, const struct coh_sockopts *options,
                 const struct coh_addr *own, const struct coh_addr *peer) {
  int fd = coh_sockopts_open(S, options, own, SOCK_DGRAM), status;
  if (fd < 0) return fd;
  status = set_up(S, u, fd, own, peer);
  if (status < 0) close(fd);
  return status;
}


static int raise_of_peer(lua_State *L, int status) {
  lua_copy(L, 6, 1);
  lua_copy(L, 7, 2);
  return coh_tcp_raise(L, status, "udp");
}


/*
** The stack: 1 host   2 port   3 "file:line"   4 options   5 datagram_max   6 host of the peer or nil   7 its
** port. A failure after it was bound is about the peer.
*/
static int udp_try(lua_State *L, int status, lua_KContext context) {
  struct coh_state *S = coh_state_here(L);
  struct coh_box *box;
  struct coh_udp *u;
  struct coh_addr own, peer = {.length = 0};
  struct coh_sockopts options;
  bool about_peer;
  coh_test(L, context);
  status = coh_tcp_read_address(L, &own);
  if (status < 0) return coh_tcp_raise(L, status, "udp");
  if (!lua_isnil(L, 6)) status = coh_addr_parse(&peer, lua_tostring(L, 6), (int)lua_tointeger(L, 7));
  if (status < 0) return raise_of_peer(L, status);
  box = coh_box_new(L, &kind);
  lua_pushvalue(L, 3);
  coh_box_set_where(L, 8);
  coh_sockopts_read(L, 4, &options);
  u = coh_handle_alloc(L, S, sizeof *u, close_udp);
  u->datagram_max = (size_t)lua_tointeger(L, 5);
  status = begin(S, u, &options, &own, &peer);
  if (status == 0) {
    coh_handle_bind(S, &u->poll.handle, box);
    if (u->connected) box->address = peer;
    else coh_addr_set_local(&box->address, u->poll.fd);
    return 1;
  }
  about_peer = u->connected;
  coh_handle_free(S, &u->poll.handle);
  return about_peer ? raise_of_peer(L, status) : coh_tcp_raise(L, status, "udp");
}


/* udp(host, port, where, options, datagram_max, peer's host or nil, peer's port) -> socket */
static int l_udp(lua_State *L) {
  lua_settop(L, 7);
  return coh_begin(L, udp_try);
}


/* interface_index(name, 0, where) -> its number; the 0 is the port for the error */
static int l_interface_index(lua_State *L) {
  unsigned index = if_nametoindex(lua_tostring(L, 1));
  lua_pushinteger(L, index);
  return index != 0 ? 1 : coh_tcp_raise(L, uv_translate_sys_error(errno), "udp");
}

/* }} */


/* {{ Fields: an address that was read while the socket was open can be read afterwards */

/* socket.local_address */
static int get_local_address(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &kind, "field");
  struct coh_addr local = {.length = 0};
  if (box->handle != NULL) coh_addr_set_local(&local, ((const struct coh_udp *)box->handle)->poll.fd);
  coh_box_push_address(L, 0, &local);
  return 1;
}


/* socket.peer_address */
static int get_peer_address(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &kind, "field");
  const struct coh_udp *u = (const struct coh_udp *)box->handle;
  const struct coh_addr none = {.length = 0};
  coh_box_push_address(L, 1, u != NULL && u->connected ? &box->address : &none);
  return 1;
}


static const luaL_Reg fields[] = {
  {"local_address", get_local_address}, {"peer_address", get_peer_address}, {NULL, NULL}};

/* }} */


static const luaL_Reg methods[] = {
  {"send", l_send}, {"receive", l_receive}, {"join", l_join}, {"leave", l_leave}, {NULL, NULL}};
static const luaL_Reg *const method_lists[] = {methods, NULL};
static const luaL_Reg metamethods[] = {{"__call", l_next}, {NULL, NULL}};
static const struct coh_box_kind kind = {"socket", "cohort.Udp",
  method_lists, metamethods, fields, NULL};


void coh_udp_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"udp", l_udp}, {"interface_index", l_interface_index}, {NULL, NULL}};
  coh_box_define(L, &kind);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
