/*
** Copying from one stream to another, with no Lua string in between.
**
** The copying task is the reader of one stream and the writer of the other. Bytes are consumed from the first
** only when the second has taken them; what was read and found no room is kept where reads keep it. So a copy
** that is cut or fails holds nothing: each byte is either sent or still to be read, and both streams remain
** usable.
**
** The system itself moves bytes out of files, and into and out of pipes. When it declines, for whatever
** reason, they go through the loop's chunk, and that way finds out why.
**
**   the stack of a copy   1 source   2 destination   3 struct copy
*/
#include "glue/reuse.h"
#include "stream/stream.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>

#include "glue/wait.h"
#include "lua/arg.h"

#define ROUNDS_MAX 16                  /* steps of a copy before other tasks get a turn */
#define MOVE_MAX (16 * COH_CHUNK_MAX)  /* bytes that the system may move in one call */

enum next { GO_ON, READ_WAITS, WRITE_WAITS, DONE };  /* what a copy does next; or a negative status of the
                                                        destination */

/*
** Lives on the task's stack. It must not be linked into queues: the coroutine may be closed while it waits.
*/
struct copy {
  size_t left;                    /* still to be copied */
  size_t copied;
};

static const struct coh_wait_kind outside_kind = {
  .what = "copy", .abort = coh_poll_abort_choice, .forfeit = coh_poll_forfeit, .external = true};

static const struct coh_wait_kind inside_kind = {
  .what = "copy", .abort = coh_poll_abort_choice, .forfeit = coh_poll_forfeit};


/* {{ Moving bytes */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}


static void count(struct copy *c, size_t n) {
  c->left -= n;
  c->copied += n;
}


/* Let the system move bytes. Returns how many; 0 or less when it did not, for whatever reason. */
static ssize_t move(struct coh_stream *from, struct coh_stream *to, size_t most) {
  most = least(most, MOVE_MAX);
  if (from->poll.fd < 0 || to->poll.fd < 0) return 0;
  if (from->transport->blocks || to->transport->blocks) return 0;
  if (!from->transport->sends && !from->transport->splices && !to->transport->splices) return 0;
  if (coh_io_fails(from->poll.handle.state, "move", EINVAL)) return 0;
  if (from->transport->sends) return sendfile(to->poll.fd, from->poll.fd, NULL, most);
  return splice(from->poll.fd, NULL, to->poll.fd, NULL, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}


/* Hand bytes to the destination. Returns how many it took, or a negative status. */
static ssize_t give(struct copy *c, struct coh_stream *to, const char *bytes, size_t length) {
  const struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = least(length, c->left)};
  ssize_t n = to->transport->write(to, &piece, 1);
  if (n > 0) count(c, (size_t)n);
  return n;
}


/* Copy first what earlier reads have kept. */
static int copy_kept(struct copy *c, struct coh_stream *from, struct coh_stream *to) {
  ssize_t n = give(c, to, coh_streambuf_at(&from->kept), coh_streambuf_length(&from->kept));
  if (n < 0) return n == UV_EAGAIN ? WRITE_WAITS : (int)n;
  coh_streambuf_take(coh_stream_mem(from), &from->kept, (size_t)n);
  return GO_ON;
}


/* Copy when nothing is kept and there may be something to read. [-0, +0, m] */
static int copy_chunk(lua_State *L, struct copy *c, struct coh_stream *from, struct coh_stream *to) {
  char *chunk = coh_stream_chunk(from);
  ssize_t n = move(from, to, c->left);
  size_t length, taken;
  if (n > 0) {
    count(c, (size_t)n);
    return GO_ON;
  }
  length = coh_stream_receive(from, chunk);
  if (length == 0) return GO_ON;
  n = give(c, to, chunk, length);
  taken = n > 0 ? (size_t)n : 0;
  coh_stream_keep(L, from, chunk + taken, length - taken);
  return n < 0 && n != UV_EAGAIN ? (int)n : GO_ON;
}


static int step(lua_State *L, struct copy *c, struct coh_stream *from, struct coh_stream *to) {
  if (c->left == 0) return DONE;
  if (coh_streambuf_length(&from->kept) > 0) return copy_kept(c, from, to);
  if (from->ended) return DONE;
  return from->poll.readable ? copy_chunk(L, c, from, to) : READ_WAITS;
}

/* }} */


/* {{ Waiting */

static struct coh_stream *stream_at(lua_State *L, int index) {
  return (struct coh_stream *)((struct coh_box *)lua_touserdata(L, index))->handle;
}


/* Swap 1 and 2: errors are about the stream at 1. [-0, +0, -] */
static void swap(lua_State *L) {
  lua_pushvalue(L, 1);
  lua_copy(L, 2, 1);
  lua_replace(L, 2);
}


/* Name the task that uses the streams, or NULL; a closed stream has no user. */
static void set_users(lua_State *L, const struct coh_fiber *f) {
  struct coh_stream *from = stream_at(L, 1), *to = stream_at(L, 2);
  if (from != NULL) coh_poll_set_reader(&from->poll, f);
  if (to != NULL) to->poll.writer = f;
}


static int copy_woken(lua_State *L, int status, lua_KContext context);

/* Wait for one of the streams, or give other tasks a turn. Closing either stream ends the wait. */
static int wait(lua_State *L, struct coh_fiber *f, int next) {
  struct coh_stream *from = stream_at(L, 1), *to = stream_at(L, 2);
  bool reads = next == READ_WAITS;
  bool external = reads ? from->transport->reading->external : to->transport->writing->external;
  struct coh_poll_choice *choice;
  int64_t until_ns = COH_NEVER;
  if (coh_task_cancelled(&f->task)) {
    set_users(L, NULL);
    return coh_raise_cancelled(L, f);
  }
  if (next == GO_ON) {
    to->poll.writer = f;
    coh_poll_turn_reader(&from->poll, f, &inside_kind);
  } else {
    choice = coh_fiber_room(L, f, sizeof *choice);
    choice->from = &from->poll;
    choice->to = &to->poll;
    if (reads && from->transport->delay != NULL) from->transport->delay(from, &until_ns);
    coh_poll_park_choice(choice, f, external ? &outside_kind : &inside_kind,
                         reads ? UV_READABLE : UV_WRITABLE, until_ns);
  }
  return coh_yield(L, f, copy_woken);
}


static int finish(lua_State *L, struct copy *c, struct coh_stream *from) {
  if (c->left > 0 && from->failed != 0) return coh_stream_raise(L, from->failed, "copy_to");
  lua_pushinteger(L, (lua_Integer)c->copied);
  return 1;
}


static int go_on(lua_State *L, struct coh_stream *from, struct coh_stream *to, struct coh_fiber *f) {
  struct copy *c = lua_touserdata(L, 3);
  int next = GO_ON, rounds;
  set_users(L, NULL);
  for (rounds = 0; next == GO_ON && rounds < ROUNDS_MAX; rounds++) next = step(L, c, from, to);
  if (next == DONE) return finish(L, c, from);
  if (next >= 0) return wait(L, f, next);
  swap(L);
  return coh_stream_fail_write(L, to, next, "copy_to");
}


/* The open destination at 2. [-0, +0, e] */
static struct coh_stream *check_open_destination(lua_State *L) {
  struct coh_stream *to;
  swap(L);
  to = coh_stream_check_open(L, "copy_to");
  swap(L);
  return to;
}


static int copy_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  struct coh_stream *from;
  (void)status;
  set_users(L, NULL);
  from = coh_stream_check_open(L, "copy_to");
  return go_on(L, from, check_open_destination(L), f);
}


static int copy_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_stream *from = coh_stream_check_reader(L, lua_touserdata(L, 1), "copy_to"), *to;
  (void)status;
  swap(L);
  to = coh_stream_check_writer(L, lua_touserdata(L, 1), "copy_to");
  if (to->shut) return coh_stream_raise_shut(L, "copy_to");
  swap(L);
  return go_on(L, from, to, f);
}

/* }} */


/* stream:copy_to(other [, count]) -> count */
static int l_copy_to(lua_State *L) {
  size_t left = SIZE_MAX;
  struct copy *c;
  coh_box_check(L, &coh_stream_kind, "copy_to");
  if (coh_box_sendable(L, 2) != NULL)
    return coh_misuse(L, "copy_to expects a stream to copy to, got a file: "
                         "write for chunk in from:chunks() do file:write(chunk) end");
  if (coh_box_test(L, 2, &coh_stream_kind) == NULL)
    return coh_misuse(L, "copy_to expects a stream to copy to, got %s: write from:copy_to(to)",
                      coh_type_name(L, 2));
  if (!lua_isnoneornil(L, 3)) left = (size_t)coh_size_check(L, 3, "copy_to", 0);
  lua_settop(L, 2);
  c = lua_newuserdatauv(L, sizeof *c, 0);
  memset(c, 0, sizeof *c);
  c->left = left;
  luaL_checkstack(L, LUA_MINSTACK, "copy_to");
  return coh_begin(L, copy_try);
}


const luaL_Reg coh_stream_copies[] = {{"copy_to", l_copy_to}, {NULL, NULL}};
