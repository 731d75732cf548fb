/*
** Connecting. These functions are called by net.lua, which has checked everything and passes as the third
** argument the place that errors name.
*/
#include "net/tcp.h"

#include <errno.h>
#include <unistd.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/sockopt.h"
#include "stream/stream.h"

enum { LIMITS = 4, OPTIONS = 6, BOX };


int coh_tcp_read_address(lua_State *L, struct coh_addr *a) {
  size_t length;
  const char *host = lua_tolstring(L, 1, &length);
  if (lua_isnil(L, 2)) return coh_addr_set_path(a, host, length) ? 0 : UV_ENAMETOOLONG;
  return coh_addr_parse(a, host, (int)lua_tointeger(L, 2));
}


int coh_tcp_raise(lua_State *L, int status, const char *operation) {
  struct coh_addr a;
  bool is_path = lua_isnil(L, 2);
  if (!is_path && coh_tcp_read_address(L, &a) == 0) coh_addr_push_text(L, &a);
  else lua_pushvalue(L, 1);
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, operation, is_path ? "path" : "address", lua_tostring(L, -1));
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, "where");
  return lua_error(L);
}


/* {{ Waiting until it is connected */

/* Take the wait out of its queue first: closing wakes all that are in it. */
static bool abort_connect(struct coh_wait *w) {
  struct coh_poll *p = coh_poll_of_writer(w);
  coh_link_remove(&w->link);
  coh_handle_close(&p->handle);
  return true;
}


/* Nobody else has seen the stream. */
static void forfeit_connect(struct coh_wait *w) {
  struct coh_poll *p = coh_poll_written(w);
  if (p != NULL) coh_handle_close(&p->handle);
}


static const struct coh_wait_kind connect_kind = {
  .what = "connect", .abort = abort_connect, .forfeit = forfeit_connect, .external = true, .finishes = true};


/* Return the stream, whose box is on top: it is connected. */
static int give(struct coh_stream *s) {
  s->poll.writer = NULL;
  return 1;
}


static int connected(lua_State *L, int status, lua_KContext context) {
  struct coh_box *box;
  struct coh_stream *s;
  int error = 0;
  socklen_t size = sizeof error;
  (void)status;
  coh_arrived(L, context);
  box = lua_touserdata(L, BOX);
  coh_assert(box->handle != NULL);  /* nobody else has seen it */
  s = (struct coh_stream *)box->handle;
  if (coh_io_fails(s->poll.handle.state, "connect", ECONNREFUSED)) error = errno;
  else getsockopt(s->poll.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return give(s);
  coh_handle_close(&s->poll.handle);
  return coh_tcp_raise(L, uv_translate_sys_error(error), "connect");
}

/* }} */


/*
** Begin to connect a socket. 0, or a negative status; '*done': it is connected already. If a signal
** interrupted the call, repeating it tells whether it had begun.
*/
static int begin(struct coh_state *S, int fd, const struct coh_addr *a, bool *done) {
  int status;
  if (coh_io_fails(S, "connect", ECONNREFUSED)) return uv_translate_sys_error(errno);
  status = coh_again(connect(fd, &a->u.any, a->length));
  *done = status == 0 || errno == EISCONN;
  return *done || errno == EINPROGRESS || errno == EALREADY ? 0 : uv_translate_sys_error(errno);
}


/* The box is made first and the socket last, so whatever raises in between leaves nothing open. */
static int connect_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_state *S = coh_state_here(L);
  struct coh_box *box;
  struct coh_stream *s;
  const struct coh_limits limits = coh_stream_limits(L, LIMITS);
  struct coh_addr address;
  struct coh_sockopts options;
  bool done;
  int fd;
  status = coh_tcp_read_address(L, &address);
  if (status < 0) return coh_tcp_raise(L, status, "connect");
  box = coh_box_new(L, &coh_stream_kind);
  lua_pushvalue(L, 3);
  coh_box_set_where(L, BOX);
  coh_sockopts_read(L, OPTIONS, &options);
  s = coh_stream_new(L, S, sizeof *s, &limits);
  fd = coh_sockopts_open(S, &options, &address, SOCK_STREAM);
  status = fd < 0 ? fd : begin(S, fd, &address, &done);
  if (status == 0) status = coh_stream_bind(S, s, box, fd);
  if (status < 0) {
    if (fd >= 0) close(fd);
    coh_handle_free(S, &s->poll.handle);
    return coh_tcp_raise(L, status, "connect");
  }
  box->address = address;
  if (done) return give(s);
  coh_poll_park_writer(&s->poll, f, &connect_kind);
  return coh_yield(L, f, connected);
}


/* connect(host or path, port or nil, where, line_max, buffer_max, options) -> stream */
static int l_connect(lua_State *L) {
  lua_settop(L, BOX - 1);
  return coh_begin(L, connect_try);
}


void coh_tcp_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_connect, 1);
  lua_setfield(L, -2, "connect");
}
