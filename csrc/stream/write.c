/*
** Writing. A write sends what it can at once, and waits until it can send more. Its strings stay on the
** task's stack and are not copied, except those of a table, which are joined first because the table may
** change meanwhile. When a write returns, everything has been handed to the transport. A write with files
** among its arguments is done by the files' kind.
*/
#include "stream/stream.h"

#include "errors/system.h"
#include "glue/wait.h"
#include "lua/arg.h"

#define ROUNDS_MAX 16   /* system calls of a write before other tasks get a turn */
#define PIECES_MAX 32   /* most strings in one system call */

enum step { ALL_SENT, MORE, FULL };  /* result of one call; or a negative status */


/* {{ Waiting to write */

/* What a cut write has sent cannot be taken back, and the rest will never be sent. */
static void cut(struct coh_stream *s) {
  s->poll.writer = NULL;
  s->cut = s->sent > 0;
}


bool coh_stream_abort_write(struct coh_wait *w) {
  cut((struct coh_stream *)coh_poll_of_writer(w));
  return true;
}


void coh_stream_forfeit_write(struct coh_wait *w) {
  struct coh_poll *p = coh_poll_written(w);
  if (p != NULL) cut((struct coh_stream *)p);
}

/* }} */


/* Skip the arguments that are sent whole, and return how much of the next is sent. [-0, +0, -] */
static size_t skip_sent(lua_State *L, struct coh_stream *s) {
  int top;
  size_t length;
  if (s->sent == s->sent_whole) return 0;
  for (top = lua_gettop(L); s->arg <= top; s->arg++) {
    lua_tolstring(L, s->arg, &length);
    if (length > s->sent - s->sent_whole) break;
    s->sent_whole += length;
  }
  return s->sent - s->sent_whole;
}


/*
** Collect at most PIECES_MAX pieces still to be sent; returns how many, and their total length. [-0, +0, -]
*/
static size_t collect(lua_State *L, struct coh_stream *s, struct iovec *pieces, size_t *total) {
  size_t skip = skip_sent(L, s), count = 0, length;
  int arg, top = lua_gettop(L);
  *total = 0;
  for (arg = s->arg; arg <= top && count < PIECES_MAX; arg++) {
    const char *text = lua_tolstring(L, arg, &length);
    if (length == 0) continue;
    pieces[count].iov_base = (void *)(text + skip);
    pieces[count++].iov_len = length - skip;
    *total += length - skip;
    skip = 0;
  }
  return count;
}


/* Send what one call takes. Returns an enum step, or a negative status. */
static int send_some(lua_State *L, struct coh_stream *s) {
  struct iovec pieces[PIECES_MAX];
  size_t total, count = collect(L, s, pieces, &total);
  ssize_t n;
  if (count == 0) return ALL_SENT;
  n = s->transport->write(s, pieces, count);
  if (n < 0) return n == UV_EAGAIN ? FULL : (int)n;
  s->sent += (size_t)n;
  if ((size_t)n < total) return s->transport->short_is_full ? FULL : MORE;
  return count < PIECES_MAX ? ALL_SENT : MORE;
}


int coh_stream_fail_write(lua_State *L, struct coh_stream *s, int status, const char *what) {
  s->poll.writer = NULL;
  if (status == UV_ECONNRESET) s->reset = true;
  return coh_stream_raise(L, status, what);
}


static int write_woken(lua_State *L, int status, lua_KContext context);

/* Wait until there is room; or, when there is, give other tasks a turn. */
static int wait(lua_State *L, struct coh_stream *s, struct coh_fiber *f, int step) {
  if (coh_task_cancelled(&f->task)) {
    cut(s);
    return coh_raise_cancelled(L, f);
  }
  if (step == FULL) {
    coh_poll_park_writer(&s->poll, f, s->transport->writing);
  } else {
    coh_poll_turn_writer(&s->poll, f, s->transport->writing);
  }
  return coh_yield(L, f, write_woken);
}


static int go_on(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  int step = MORE, rounds;
  for (rounds = 0; step == MORE && rounds < ROUNDS_MAX; rounds++) step = send_some(L, s);
  if (step < 0) return coh_stream_fail_write(L, s, step, "write");
  if (step != ALL_SENT) return wait(L, s, f, step);
  s->poll.writer = NULL;
  lua_pushvalue(L, 1);
  return 1;
}


static int write_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  return go_on(L, coh_stream_check_open(L, "write"), f);
}


struct coh_stream *coh_stream_check_writer(lua_State *L, const struct coh_box *box, const char *what) {
  struct coh_stream *s = coh_stream_in(L, box, what);
  if (s->poll.writer != NULL)
    coh_syserr_raise(L, COH_BUSY, what, "another task is writing to this stream: take turns with "
                 "a cohort.lock(), or let one task write what the others send to it");
  if (!(s->ways & COH_WRITES)) coh_misuse(L, "%s: this stream is for reading only: it was opened so", what);
  if (s->cut)
    coh_syserr_raise(L, COH_BROKEN, what, "an earlier write was cut when a part of it was sent");
  return s;
}


int coh_stream_raise_shut(lua_State *L, const char *what) {
  return coh_syserr_raise(L, COH_CLOSED, what, "the stream was shut down for writing");
}


/* Begin the write if the stream allows it; the task is not cancelled. */
static int begin(lua_State *L, const struct coh_box *box, struct coh_fiber *f) {
  struct coh_stream *s = coh_stream_check_writer(L, box, "write");
  if (s->shut) return coh_stream_raise_shut(L, "write");
  s->sent = s->sent_whole = 0;
  s->arg = 2;
  return go_on(L, s, f);
}


static int write_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return begin(L, lua_touserdata(L, 1), f);
}


/* A table of strings; one with a metatable is an object, to be converted by tostring. */
static bool is_list(lua_State *L, int arg) {
  if (!lua_istable(L, arg)) return false;
  if (!lua_getmetatable(L, arg)) return true;
  lua_pop(L, 1);
  return false;
}


/* An empty table at 'arg' is fine; one with keys but nothing at [1] is not a list. [-0, +0, v] */
static void refuse_names(lua_State *L, int arg) {
  lua_pushnil(L);
  if (lua_next(L, arg))
    coh_misuse(L, "write expects a list of strings, got a table without one as argument %d: make text of it "
                  "first", arg - 1);
}


/* Replace the list at 'arg' by its strings and numbers, joined. [-0, +0, v] */
static void join(lua_State *L, int arg) {
  lua_Integer i, length = (lua_Integer)lua_rawlen(L, arg);
  luaL_Buffer b;
  if (length == 0) refuse_names(L, arg);
  for (i = 1; i <= length; i++) {
    lua_rawgeti(L, arg, i);
    if (coh_box_sendable(L, -1) != NULL)
      coh_misuse(L, "write expects strings or numbers in a table, got a file at %d of that as argument %d: "
                    "write it as an argument of its own", (int)i, arg - 1);
    if (!lua_isstring(L, -1))
      coh_misuse(L, "write expects strings or numbers in a table, got %s at %d of that as argument %d: "
                    "use tostring", coh_type_name(L, -1), (int)i, arg - 1);
    lua_pop(L, 1);
  }
  luaL_buffinit(L, &b);
  for (i = 1; i <= length; i++) {
    lua_rawgeti(L, arg, i);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  lua_replace(L, arg);
}


/* Raise that argument 'arg' cannot be written. [-0, +0, v] */
static int refuse(lua_State *L, int arg) {
  if (luaL_testudata(L, arg, LUA_FILEHANDLE) != NULL)
    return coh_misuse(L, "write expects strings, numbers, tables of them or files of cohort.fs, "
                         "got a file of io as argument %d: open it with fs.open", arg - 1);
  return coh_misuse(L, "write expects strings or numbers, tables of them or files of cohort.fs, got %s as "
                       "argument %d: use tostring", coh_type_name(L, arg), arg - 1);
}


/*
** Convert the argument to what can be sent. Returns its kind if that has its own way of sending, else NULL.
** [-0, +0, v]
*/
static const struct coh_box_kind *prepare(lua_State *L, int arg) {
  const struct coh_box_kind *kind = NULL;
  switch (lua_type(L, arg)) {
    case LUA_TSTRING: return NULL;
    case LUA_TNUMBER: lua_tostring(L, arg); return NULL;
    case LUA_TUSERDATA: kind = coh_box_sendable(L, arg); break;
    default: break;
  }
  if (kind != NULL) return kind;
  if (!is_list(L, arg)) refuse(L, arg);
  join(L, arg);
  return NULL;
}


/* A write where not all arguments are strings; 'arg' is the first that is not. */
static int write_others(lua_State *L, int arg) {
  const struct coh_box_kind *kind = NULL;
  int top = lua_gettop(L);
  for (; arg <= top; arg++) {
    const struct coh_box_kind *own = prepare(L, arg);
    if (own != NULL) kind = own;
  }
  return kind != NULL ? kind->send(L) : coh_begin(L, write_try);
}


/* stream:write(...) -> stream */
static int l_write(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "write");
  struct coh_fiber *f;
  int arg, top = lua_gettop(L);
  for (arg = 2; arg <= top; arg++)
    if (lua_type(L, arg) != LUA_TSTRING) return write_others(L, arg);
  f = coh_check_wait(L);
  return coh_goes_on(f) ? begin(L, box, f) : coh_turn(L, f, write_try);
}


static int shutdown_try(lua_State *L, int status, lua_KContext context) {
  struct coh_stream *s;
  (void)status;
  coh_test(L, context);
  s = coh_stream_check_writer(L, lua_touserdata(L, 1), "shutdown");
  if (s->shut) return 0;
  status = s->transport->shutdown(s);
  if (status < 0) return coh_stream_fail_write(L, s, status, "shutdown");
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
