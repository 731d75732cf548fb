/*
** Streams: see stream.h. This file has what is neither reading nor writing.
*/
#include "stream/stream.h"

#include <math.h>

#include "errors/error.h"
#include "errors/system.h"
#include "glue/wait.h"
#include "io/sockopt.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"

#define KEEPALIVE_MAX 32767  /* seconds; Linux's limit */

enum { LOCAL, PEER };  /* slots of a box for addresses */


/* {{ Opening and closing */

static void close_stream(struct coh_handle *h) {
  struct coh_stream *s = (struct coh_stream *)h;
  if (s->transport->close != NULL) s->transport->close(s);
  coh_streambuf_clear(&h->state->loop.rt.mem, &s->kept);
  coh_poll_close(&s->poll);
}


void *coh_stream_try(struct coh_state *S, size_t size, const struct coh_limits *limits) {
  struct coh_stream *s = coh_handle_try(S, size, close_stream);
  if (s == NULL) return NULL;
  s->limits = *limits;
  s->ways = COH_READS | COH_WRITES;
  return s;
}


void *coh_stream_new(lua_State *L, struct coh_state *S, size_t size, const struct coh_limits *limits) {
  void *s;
  coh_io_need(L, S);
  s = coh_stream_try(S, size, limits);
  if (s == NULL) coh_out_of_memory(L);
  return s;
}


int coh_stream_bind(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd) {
  int status = coh_poll_open(S, &s->poll, fd);
  s->transport = &coh_transport_socket;
  if (status == 0) coh_handle_bind(S, &s->poll.handle, box);
  return status;
}


/* Finish adopting once the transport is open, or pass its status on. */
static int adopt(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int status) {
  if (status < 0) return status;
  box->name = s->transport->name;
  coh_addr_set_peer(&box->address, s->poll.fd);
  coh_handle_bind(S, &s->poll.handle, box);
  return 0;
}


int coh_stream_adopt(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd) {
  return adopt(S, s, box, coh_transport_open(S, s, fd));
}


int coh_stream_adopt_shared(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd) {
  return adopt(S, s, box, coh_transport_open_shared(S, s, fd));
}


/* adopt(fd, where, line_max, buffer_max, shared) -> stream, which owns the descriptor */
static int l_adopt(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  const struct coh_limits limits = coh_stream_limits(L, 3);
  int (*adopts)(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);
  struct coh_box *box;
  struct coh_stream *s;
  int status;
  coh_check_task(L);
  lua_settop(L, 5);
  box = coh_box_new(L, &coh_stream_kind);
  lua_pushvalue(L, 2);
  coh_box_set_where(L, 6);
  s = coh_stream_new(L, S, sizeof *s, &limits);
  adopts = lua_toboolean(L, 5) ? coh_stream_adopt_shared : coh_stream_adopt;
  status = adopts(S, s, box, (int)lua_tointeger(L, 1));
  if (status == 0) return 1;
  coh_handle_free(S, &s->poll.handle);
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, "adopt", NULL, NULL);
  return lua_error(L);
}

/* }} */


/* {{ Errors */

/* Does a status mean that the other side is gone? */
static bool is_gone(int status) {
  switch (status) {
    case UV_EPIPE: case UV_ECONNRESET: case UV_ECONNABORTED: case UV_ENOTCONN: case UV_ETIMEDOUT: return true;
    default: return false;
  }
}


int coh_stream_raise(lua_State *L, int status, const char *what) {
  return coh_box_raise(L, is_gone(status) ? COH_BROKEN : COH_SYSTEM_ERROR, status, what);
}

/* }} */


/* {{ Socket options */

/* Make the system probe a silent peer, after 'seconds' of silence unless that is 0. */
static int set_keepalive(struct coh_state *S, int fd, bool on, int seconds) {
  int status = coh_sockopt_set(S, fd, "keepalive", on);
  return status < 0 || seconds == 0 ? status : coh_sockopt_set(S, fd, "keepalive_time", seconds);
}


/* The socket of the open stream at 1; -1 when its transport is another, with nothing to set. */
static int check_socket(lua_State *L, const char *what) {
  const struct coh_stream *s = coh_stream_check_open(L, what);
  return s->transport == &coh_transport_socket ? s->poll.fd : -1;
}


/* stream:set_nodelay([on]) */
static int l_set_nodelay(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  int fd, status;
  coh_box_check(L, &coh_stream_kind, "set_nodelay");
  if (!lua_isnoneornil(L, 2) && !lua_isboolean(L, 2))
    return coh_misuse(L, "set_nodelay expects true or false, got %s", coh_type_name(L, 2));
  fd = check_socket(L, "set_nodelay");
  status = fd >= 0 ? coh_sockopt_set(S, fd, "nodelay", lua_isnoneornil(L, 2) || lua_toboolean(L, 2)) : 0;
  return status == 0 ? 0 : coh_stream_raise(L, status, "set_nodelay");
}


/* stream:set_keepalive([on or seconds of silence]) */
static int l_set_keepalive(lua_State *L) {
  int fd, status, seconds = 0;
  bool on;
  coh_box_check(L, &coh_stream_kind, "set_keepalive");
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_Number s = lua_tonumber(L, 2);
    if (!(s > 0) || s > KEEPALIVE_MAX)
      return coh_misuse(L, "set_keepalive expects more than 0 and up to %d seconds, or true or false",
                        KEEPALIVE_MAX);
    seconds = (int)ceil((double)s);
  } else if (!lua_isnoneornil(L, 2) && !lua_isboolean(L, 2)) {
    return coh_misuse(L, "set_keepalive expects seconds, true or false, got %s", coh_type_name(L, 2));
  }
  fd = check_socket(L, "set_keepalive");
  on = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
  status = fd >= 0 ? set_keepalive(coh_state_here(L), fd, on, seconds) : 0;
  return status == 0 ? 0 : coh_stream_raise(L, status, "set_keepalive");
}

/* }} */


/* {{ Fields: an address that was read while the stream was open can be read afterwards */

/* stream.local_address */
static int get_local_address(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "field");
  struct coh_addr local = {.length = 0};
  if (box->handle != NULL) coh_addr_set_local(&local, ((const struct coh_poll *)box->handle)->fd);
  coh_box_push_address(L, LOCAL, &local);
  return 1;
}


/* stream.peer_address */
static int get_peer_address(lua_State *L) {
  coh_box_push_address(L, PEER, &coh_box_check(L, &coh_stream_kind, "field")->address);
  return 1;
}


static const luaL_Reg fields[] = {
  {"local_address", get_local_address}, {"peer_address", get_peer_address}, {NULL, NULL}};

/* }} */


static const luaL_Reg methods[] = {
  {"set_nodelay", l_set_nodelay}, {"set_keepalive", l_set_keepalive}, {NULL, NULL}};

static const luaL_Reg *const method_lists[] = {
  methods, coh_stream_reads, coh_stream_writes, coh_stream_copies, NULL};

static const luaL_Reg metamethods[] = {{NULL, NULL}};

const struct coh_box_kind coh_stream_kind = {"stream", "cohort.Stream",
  method_lists, metamethods, fields, NULL};


void coh_stream_open(lua_State *L) {
  coh_box_define(L, &coh_stream_kind);
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_adopt, 1);
  lua_setfield(L, -2, "adopt");
  lua_pushinteger(L, COH_LINE_MAX);
  lua_setfield(L, -2, "LINE_MAX");
  lua_pushinteger(L, COH_SIZE_LIMIT);
  lua_setfield(L, -2, "SIZE_LIMIT");
}
