/*
** Writing. A write sends what it can at once and waits until it may send more; the
** strings stay on the stack of the task and are never copied. When it returns, all
** is in the hands of the system.
**
**   the stack of a write   1 stream   2.. strings
*/
#include "io/stream.h"

#include <errno.h>
#include <sys/uio.h>

#include "glue/arg.h"
#include "glue/error.h"
#include "glue/wait.h"

#define ROUNDS_MAX 16   /* system calls of a write before others have their turn */
#define PIECES_MAX 32   /* strings that one system call takes */

enum step { ALL_SENT, MORE, FULL };  /* or a negative status */


/* {{ Waiting to write */

/* What a cut write has sent cannot be taken back, and what it has not will never be sent. */
static void cut(struct coh_stream *s) {
  s->poll.writer = NULL;
  s->cut = s->sent > 0;
}


static bool abort_write(struct coh_wait *w) {
  cut((struct coh_stream *)coh_poll_of_writer(w));
  return true;
}


static const struct coh_wait_kind write_kind = {.what = "write", .abort = abort_write, .external = true};

/* }} */


/* The pieces that are left to send, at most PIECES_MAX; how many, and their length. [-0, +0, -] */
static size_t collect(lua_State *L, const struct coh_stream *s, struct iovec *pieces, size_t *total) {
  size_t skip = s->sent, count = 0, length;
  int arg, top = lua_gettop(L);
  *total = 0;
  for (arg = 2; arg <= top && count < PIECES_MAX; arg++) {
    const char *text = lua_tolstring(L, arg, &length);
    if (length <= skip) {
      skip -= length;
      continue;
    }
    pieces[count].iov_base = (void *)(text + skip);
    pieces[count++].iov_len = length - skip;
    *total += length - skip;
    skip = 0;
  }
  return count;
}


/* One system call. */
static int send_some(lua_State *L, struct coh_stream *s) {
  struct iovec pieces[PIECES_MAX];
  struct msghdr message = {.msg_iov = pieces};
  size_t total;
  ssize_t n;
  message.msg_iovlen = collect(L, s, pieces, &total);
  if (message.msg_iovlen == 0) return ALL_SENT;
  do n = sendmsg(s->poll.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? FULL : uv_translate_sys_error(errno);
  s->sent += (size_t)n;
  if ((size_t)n < total) return FULL;
  return message.msg_iovlen < PIECES_MAX ? ALL_SENT : MORE;
}


static int fail(lua_State *L, struct coh_stream *s, int status) {
  s->poll.writer = NULL;
  if (status == UV_ECONNRESET) s->reset = true;
  return coh_stream_raise(L, status, "write");
}


static int write_woken(lua_State *L, int status, lua_KContext context);

static int go_on(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  int step = MORE, rounds;
  for (rounds = 0; step == MORE && rounds < ROUNDS_MAX; rounds++) step = send_some(L, s);
  if (step < 0) return fail(L, s, step);
  if (step == ALL_SENT) {
    s->poll.writer = NULL;
    lua_settop(L, 1);
    return 1;
  }
  if (coh_task_cancelled(&f->task)) {
    cut(s);
    return coh_raise_cancelled(L, f);
  }
  coh_poll_park_writer(&s->poll, f, &write_kind);
  return coh_yield(L, f, write_woken);
}


static int write_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  return go_on(L, coh_stream_check_open(L, "write"), f);
}


/* The open stream at 1, where 'what' may begin to write. [-0, +0, e] */
static struct coh_stream *check_writer(lua_State *L, const char *what) {
  struct coh_stream *s = coh_stream_check_open(L, what);
  if (s->poll.writer != NULL)
    coh_stream_raise_plain(L, COH_BUSY, what, "another task is writing to this stream");
  if (s->cut)
    coh_stream_raise_plain(L, COH_BROKEN, what, "an earlier write was cancelled when a part of it was sent");
  return s;
}


static int write_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_stream *s = check_writer(L, "write");
  (void)status;
  if (s->shut) return coh_stream_raise_plain(L, COH_CLOSED, "write", "the stream was shut down for writing");
  s->sent = 0;
  return go_on(L, s, f);
}


/* stream:write(...) -> stream */
static int l_write(lua_State *L) {
  int arg, top = lua_gettop(L);
  coh_box_check(L, &coh_stream_kind, "write");
  for (arg = 2; arg <= top; arg++)
    if (!lua_isstring(L, arg))
      return coh_misuse(L, "write expects strings or numbers, got %s as argument %d: use tostring",
                        coh_type_name(L, arg), arg - 1);
  for (arg = 2; arg <= top; arg++) lua_tostring(L, arg);
  luaL_checkstack(L, LUA_MINSTACK, "too many strings");  /* now: nothing may raise between park and yield */
  return coh_begin(L, write_try);
}


static int shutdown_try(lua_State *L, int status, lua_KContext context) {
  struct coh_stream *s;
  (void)status;
  coh_test(L, context);
  s = check_writer(L, "shutdown");
  if (s->shut) return 0;
  if (shutdown(s->poll.fd, SHUT_WR) != 0) return fail(L, s, uv_translate_sys_error(errno));
  s->shut = true;
  return 0;
}


/* stream:shutdown() */
static int l_shutdown(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "shutdown");
  lua_settop(L, 1);
  return coh_begin(L, shutdown_try);
}


const luaL_Reg coh_stream_writes[] = {{"write", l_write}, {"shutdown", l_shutdown}, {NULL, NULL}};
