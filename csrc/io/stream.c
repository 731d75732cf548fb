/*
** Streams: see stream.h. Here is what is neither reading nor writing.
*/
#include "io/stream.h"

#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <string.h>

#include "glue/arg.h"
#include "glue/error.h"

#define KEEPALIVE_MAX 32767  /* seconds, of Linux */

enum { LOCAL, PEER };  /* addresses that a box keeps */


/* {{ Opening and closing */

static void close_stream(struct coh_handle *h) {
  struct coh_stream *s = (struct coh_stream *)h;
  coh_streambuf_clear(&coh_handle_state(h)->loop.rt.mem, &s->kept);
  coh_poll_close(&s->poll);
}


struct coh_stream *coh_stream_new(lua_State *L, struct coh_state *S) {
  struct coh_stream *s = coh_handle_alloc(L, S, sizeof *s, close_stream);
  s->line_max = COH_LINE_MAX;
  return s;
}


int coh_stream_bind(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd) {
  int status = coh_poll_open(S, &s->poll, fd);
  if (status == 0) coh_handle_bind(S, &s->poll.handle, box);
  return status;
}

/* }} */


/* {{ Errors */

struct coh_stream *coh_stream_check_open(lua_State *L, const char *what) {
  struct coh_box *box = lua_touserdata(L, 1);
  if (box->handle == NULL) coh_box_raise_closed(L, &coh_stream_kind, what);
  return (struct coh_stream *)box->handle;
}


/* Does a status say that the other side is gone? */
static bool is_gone(int status) {
  switch (status) {
    case UV_EPIPE: case UV_ECONNRESET: case UV_ECONNABORTED: case UV_ENOTCONN: case UV_ETIMEDOUT: return true;
    default: return false;
  }
}


int coh_stream_raise(lua_State *L, int status, const char *what) {
  return coh_box_raise(L, is_gone(status) ? COH_BROKEN : COH_SYSTEM_ERROR, status, what);
}


int coh_stream_raise_plain(lua_State *L, int kind, const char *what, const char *text) {
  lua_pushfstring(L, "%s: %s", what, text);
  coh_error_push(L, (enum coh_error_kind)kind, lua_tostring(L, -1));
  lua_pushstring(L, what);
  lua_setfield(L, -2, "operation");
  return lua_error(L);
}

/* }} */


/* {{ Options of the socket */

int coh_stream_set_nodelay(int fd, bool on) {
  int value = on;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) == 0 || errno == EOPNOTSUPP) return 0;
  return uv_translate_sys_error(errno);
}


/* Have the system look after a silent peer, from 'seconds' of silence on unless that is 0. */
static int set_keepalive(int fd, bool on, int seconds) {
  int value = on;
  bool set = setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value) == 0;
  if (!set) return uv_translate_sys_error(errno);
  if (seconds == 0 || setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds) == 0) return 0;
  return errno == EOPNOTSUPP ? 0 : uv_translate_sys_error(errno);
}


/* stream:set_nodelay([on]) */
static int l_set_nodelay(lua_State *L) {
  int status;
  coh_box_check(L, &coh_stream_kind, "set_nodelay");
  if (!lua_isnoneornil(L, 2) && !lua_isboolean(L, 2))
    return coh_misuse(L, "set_nodelay expects true or false, got %s", coh_type_name(L, 2));
  status = coh_stream_set_nodelay(coh_stream_check_open(L, "set_nodelay")->poll.fd,
                                  lua_isnoneornil(L, 2) || lua_toboolean(L, 2));
  return status == 0 ? 0 : coh_stream_raise(L, status, "set_nodelay");
}


/* stream:set_keepalive([on or seconds of silence]) */
static int l_set_keepalive(lua_State *L) {
  int status, seconds = 0;
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
  status = set_keepalive(coh_stream_check_open(L, "set_keepalive")->poll.fd,
                         lua_isnoneornil(L, 2) || lua_toboolean(L, 2), seconds);
  return status == 0 ? 0 : coh_stream_raise(L, status, "set_keepalive");
}

/* }} */


/* stream.local_address, stream.peer_address: also afterwards, if they were read before */
static int field(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "field");
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  struct coh_addr local = {.length = 0};
  if (strcmp(key, "peer_address") == 0) {
    coh_box_push_kept(L, PEER, &box->address);
  } else if (strcmp(key, "local_address") == 0) {
    if (box->handle != NULL) coh_addr_set_local(&local, ((struct coh_poll *)box->handle)->fd);
    coh_box_push_kept(L, LOCAL, &local);
  } else {
    lua_pushnil(L);
  }
  return 1;
}


static const luaL_Reg methods[] = {
  {"set_nodelay", l_set_nodelay}, {"set_keepalive", l_set_keepalive}, {NULL, NULL}};

static const luaL_Reg *const method_lists[] = {methods, coh_stream_reads, coh_stream_writes, NULL};

static const luaL_Reg metamethods[] = {{NULL, NULL}};

const struct coh_box_kind coh_stream_kind = {"stream", "cohort.Stream", method_lists, metamethods, field};


void coh_stream_open(lua_State *L) {
  coh_box_define(L, &coh_stream_kind);
}
