/*
** Reading. A read has a goal: it looks for it in the bytes kept, then in a chunk from the transport, and else
** waits for more. What it got beyond the goal is kept for the next read.
**
** A read of several formats takes nothing until it has them all: the bytes for each are only claimed, and a
** read that is cut or fails gives up its claim.
**
**   the stack of a read      1 stream   2 delimiter or nil   3 enum coh_want   4 number of bytes
**   and of several formats   5 index of the next   6 of the last   7.. formats   results
**   and of several formats   5 index of the next   6 of the last   7.. formats   results
*/
#include "stream/stream.h"

#include <math.h>
#include <string.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"
#include "stream/format.h"

/* Slots of a read's stack. */
enum { AT_DELIMITER = 2, AT_WANT, AT_SIZE, AT_NEXT, AT_LAST, AT_FORMATS };

#define ROUNDS_MAX 16        /* chunks that a read takes before other tasks get a turn */
#define DRAINED_MAX 1048576  /* bytes that a drain keeps for a task that comes to read */

static const char *const names[] = {
  "read_some", "read", "read_exactly", "read", "read", "read", "read_until", "read"};


/* {{ Giving results */

/* Has nobody closed it meanwhile? Its memory is valid until the loop runs. */
static bool is_open(const struct coh_stream *s) {
  return s->poll.handle.box != NULL;
}


static int raise_too_long(lua_State *L, struct coh_stream *s) {
  const struct coh_goal *g = &s->read.goal;
  s->poll.reader = NULL;
  lua_pushfstring(L, "no end within %I bytes: give a larger %s", (LUAI_UACINT)g->n,
                  g->want == COH_WANT_UNTIL ? "max" : "line_max where the stream is made");
  return coh_syserr_raise(L, COH_TOO_LONG, names[g->want], lua_tostring(L, -1));
}


static int raise_too_much(lua_State *L, struct coh_stream *s) {
  s->poll.reader = NULL;
  lua_pushfstring(L, "more than %I bytes: read it in parts, or give a larger buffer_max where the stream "
                     "is made", (LUAI_UACINT)s->limits.buffer);
  return coh_syserr_raise(L, COH_TOO_LONG, names[s->read.goal.want], lua_tostring(L, -1));
}


static int give_kept(lua_State *L, struct coh_stream *s, const char *at, const struct coh_found *f) {
  s->poll.reader = NULL;
  coh_goal_push(L, &s->read.goal, at, f);
  if (s->read.several) s->read.claimed += f->drop;
  else if (is_open(s)) coh_streambuf_take(coh_stream_mem(s), &s->kept, f->drop);
  return 1;
}


/* Bytes would be lost if memory is out now: mark the stream so that no later read continues without them. */
static void lose(struct coh_stream *s) {
  s->poll.reader = NULL;
  s->failed = UV_ENOMEM;
  s->ended = true;
}


void coh_stream_keep(lua_State *L, struct coh_stream *s, const char *bytes, size_t count) {
  if (coh_streambuf_add(coh_stream_mem(s), &s->kept, bytes, count)) return;
  lose(s);
  coh_out_of_memory(L);
}


/* Return the result from the chunk, and keep what is left of it. */
static int give_chunk(lua_State *L, struct coh_stream *s, const char *chunk, size_t length,
                      const struct coh_found *f) {
  lose(s);
  coh_goal_push(L, &s->read.goal, chunk, f);  /* may run finalizers, but none that reads */
  if (!is_open(s)) return 1;
  if (f->drop < length) coh_stream_keep(L, s, chunk + f->drop, length - f->drop);
  s->failed = 0;
  s->ended = false;
  return 1;
}


/* There will be no more, and the 'length' bytes that are left do not have what is wanted. */
static int give_end(lua_State *L, struct coh_stream *s, size_t length) {
  const char *name = names[s->read.goal.want];
  s->poll.reader = NULL;
  if (s->failed != 0) return coh_stream_raise(L, s->failed, name);
  if (length > 0) {
    lua_pushfstring(L, "the stream ended after %I bytes of what was asked for", (LUAI_UACINT)length);
    return coh_syserr_raise(L, COH_BROKEN, name, lua_tostring(L, -1));
  }
  lua_pushnil(L);
  return 1;
}

/* }} */


/* {{ Getting more */

size_t coh_stream_receive(struct coh_stream *s, char *chunk) {
  ssize_t n = s->transport->read(s, chunk, COH_CHUNK_MAX);
  if (n > 0) return (size_t)n;
  if (n == UV_EAGAIN) return 0;
  s->ended = true;
  if (n < 0) s->failed = (int)n;
  else if (s->reset) s->failed = UV_ECONNRESET;
  return 0;
}


/* No Lua runs here. A task that was woken to read and has not resumed yet reads for itself. */
static bool drain(struct coh_poll *p) {
  struct coh_stream *s = (struct coh_stream *)p;
  char *chunk = coh_stream_chunk(s);
  size_t length;
  if (p->reader != NULL) return true;
  length = coh_stream_receive(s, chunk);
  if (s->dropped || length == 0) return !s->ended;
  if (coh_streambuf_length(&s->kept) + length <= DRAINED_MAX &&
      coh_streambuf_add(coh_stream_mem(s), &s->kept, chunk, length)) return true;
  coh_streambuf_clear(coh_stream_mem(s), &s->kept);
  s->dropped = true;
  return true;
}


void coh_stream_drain(struct coh_stream *s) {
  if (s->ways & COH_READS && !s->ended) coh_poll_drain(&s->poll, drain);
}


static void park(struct coh_stream *s, struct coh_fiber *f) {
  struct coh_poll_choice *choice;
  int64_t until_ns;
  if (s->transport->delay == NULL) {
    coh_poll_park_reader(&s->poll, f, s->transport->reading);
  } else {
    choice = s->transport->delay(s, &until_ns);
    coh_poll_park_choice(choice, f, s->transport->reading, UV_READABLE, until_ns);
  }
}


static int read_woken(lua_State *L, int status, lua_KContext context);

/* Wait for more; or, when there is more, give other tasks a turn. */
static int wait(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  if (coh_task_cancelled(&f->task)) {
    s->poll.reader = NULL;
    return coh_raise_cancelled(L, f);
  }
  if (s->poll.readable) {
    coh_poll_turn_reader(&s->poll, f, s->transport->reading);
  } else {
    park(s, f);
  }
  return coh_yield(L, f, read_woken);
}


/* Is a number of bytes wanted that is more than one read may collect? */
static bool is_too_much(const struct coh_stream *s) {
  const struct coh_goal *g = &s->read.goal;
  return (g->want == COH_WANT_COUNT || g->want == COH_WANT_EXACTLY) && g->n > s->limits.buffer;
}


/*
** Can the read end with the 'length' bytes that are kept? Then its result is on top, or an error is raised.
*/
static bool get_kept(lua_State *L, struct coh_stream *s, size_t length) {
  const char *at = coh_streambuf_at(&s->kept) + s->read.claimed;
  struct coh_found found;
  switch (coh_goal_look(&s->read.goal, at, length, s->ended && s->failed == 0, &found)) {
    case COH_LOOK_FOUND: return give_kept(L, s, at, &found);
    case COH_LOOK_TOO_LONG: return raise_too_long(L, s);
    default: break;
  }
  if (s->ended) return give_end(L, s, length);
  return length > s->limits.buffer && raise_too_much(L, s);
}


/* Push what is wanted. Yields when it has to wait. */
static int get(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  struct coh_read *r = &s->read;
  struct coh_found found;
  char *chunk;
  int rounds;
  if (is_too_much(s)) return raise_too_much(L, s);
  for (rounds = 0;; rounds++) {
    size_t length = coh_streambuf_length(&s->kept) - r->claimed;
    if ((length > 0 || s->ended || r->goal.n == 0) && get_kept(L, s, length)) return 1;
    if (!s->poll.readable || rounds == ROUNDS_MAX) return wait(L, s, f);
    chunk = coh_stream_chunk(s);
    length = coh_stream_receive(s, chunk);
    if (length == 0) continue;
    if (coh_streambuf_length(&s->kept) == 0 && !r->several &&
        coh_goal_look(&r->goal, chunk, length, false, &found) == COH_LOOK_FOUND)
      return give_chunk(L, s, chunk, length, &found);
    coh_stream_keep(L, s, chunk, length);
  }
}


/* Set one of the numbers on a read's stack. [-0, +0, -] */
static void set(lua_State *L, int index, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_replace(L, index);
}


/* Get what is wanted, then what the remaining formats want, until one gets nil. */
static int go_on(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  int last, next;
  get(L, s, f);
  if (!s->read.several) return 1;
  last = (int)lua_tointeger(L, AT_LAST);
  while ((next = (int)lua_tointeger(L, AT_NEXT)) <= last && !lua_isnil(L, -1)) {
    s = coh_stream_check_open(L, "read");  /* a finalizer may have closed it */
    s->read.goal = coh_format_check(L, next, "read", s->limits.line);
    set(L, AT_NEXT, next + 1);
    get(L, s, f);
  }
  if (is_open(s)) coh_streambuf_take(coh_stream_mem(s), &s->kept, s->read.claimed);
  s->read.claimed = 0;
  return lua_gettop(L) - last;
}


static int read_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  const struct coh_box *box = lua_touserdata(L, 1);
  (void)status;
  if (box->handle == NULL)
    return coh_box_raise_closed(L, &coh_stream_kind, names[lua_tointeger(L, AT_WANT)]);
  return go_on(L, (struct coh_stream *)box->handle, f);
}


struct coh_stream *coh_stream_check_reader(lua_State *L, const struct coh_box *box, const char *what) {
  struct coh_stream *s = coh_stream_in(L, box, what);
  if (s->dropped) coh_box_raise_closed(L, &coh_stream_kind, what);
  if (s->poll.reader != NULL)
    coh_syserr_raise(L, COH_BUSY, what, "another task is reading from this stream: let one task read, "
                 "and send to the others what is theirs");
  if (!(s->ways & COH_READS))
    coh_misuse(L, "%s: this stream is for writing only: it was opened so", what);
  return s;
}


/* Begin the read if the stream is free; the task is not cancelled. */
static int begin(lua_State *L, const struct coh_box *box, struct coh_fiber *f, enum coh_want want,
                 lua_Integer n, bool several) {
  struct coh_stream *s = coh_stream_check_reader(L, box, names[want]);
  struct coh_read *r = &s->read;
  *r = (struct coh_read){.goal = {.want = want, .n = coh_size_of(n)}, .several = several};
  if (want == COH_WANT_UNTIL) r->goal.delimiter = lua_tolstring(L, AT_DELIMITER, &r->goal.delimiter_length);
  return go_on(L, s, f);
}


static int read_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  enum coh_want want = (enum coh_want)lua_tointeger(L, AT_WANT);
  (void)status;
  return begin(L, lua_touserdata(L, 1), f, want, lua_tointeger(L, AT_SIZE), lua_gettop(L) > AT_SIZE);
}


/*
** Begin to read with the stream at 1, the delimiter or anything at 2, and nothing else that counts on the
** stack.
*/
static int begin_one(lua_State *L, const struct coh_box *box, enum coh_want want, lua_Integer n) {
  struct coh_fiber *f = coh_check_wait(L);
  if (lua_gettop(L) < AT_DELIMITER) lua_pushnil(L);
  else lua_settop(L, AT_DELIMITER);
  lua_pushinteger(L, want);
  lua_pushinteger(L, n);
  return coh_goes_on(f) ? begin(L, box, f, want, n, false) : coh_turn(L, f, read_try);
}


/* Begin to read the formats from 2 to the top, which were checked. */
static int begin_several(lua_State *L, const struct coh_goal *first) {
  int count = lua_gettop(L) - 1, i;
  luaL_checkstack(L, count + LUA_MINSTACK, "too many formats");
  for (i = AT_DELIMITER; i < AT_FORMATS; i++) lua_pushnil(L);
  lua_rotate(L, 2, AT_FORMATS - AT_DELIMITER);
  set(L, AT_WANT, first->want);
  set(L, AT_SIZE, (lua_Integer)first->n);
  set(L, AT_NEXT, AT_FORMATS + 1);
  set(L, AT_LAST, AT_FORMATS + count - 1);
  return coh_begin(L, read_try);
}


/* Begin to read the formats behind the stream, if any. [.., v] */
static int begin_formats(lua_State *L, const struct coh_box *box) {
  const struct coh_goal g = coh_format_check(L, 2, "read", coh_stream_line_max(box));
  return lua_gettop(L) <= 2 ? begin_one(L, box, g.want, (lua_Integer)g.n) : begin_several(L, &g);
}

/* }} */


/* {{ The methods */

/* A number of bytes: 'otherwise' when it is absent, no limit when it is math.huge. [-0, +0, v] */
static lua_Integer opt_size(lua_State *L, int arg, const char *what, lua_Integer otherwise) {
  if (lua_isnoneornil(L, arg)) return otherwise;
  if (lua_type(L, arg) == LUA_TNUMBER && lua_tonumber(L, arg) == (lua_Number)HUGE_VAL) return COH_SIZE_LIMIT;
  return coh_size_check(L, arg, what, 1);
}


/* stream:read_some([max]) -> string or nil */
static int l_read_some(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "read_some");
  coh_check_no_loop(L, "read_some");
  return begin_one(L, box, COH_WANT_SOME, opt_size(L, 2, "read_some", COH_SIZE_LIMIT));
}


/* stream:read_exactly(n) -> string or nil */
static int l_read_exactly(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "read_exactly");
  return begin_one(L, box, COH_WANT_EXACTLY, coh_size_check(L, 2, "read_exactly", 0));
}


/* stream:read_until(delimiter [, max]) -> string or nil */
static int l_read_until(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "read_until");
  size_t line_max = coh_stream_line_max(box);
  if (lua_type(L, 2) != LUA_TSTRING || lua_rawlen(L, 2) == 0)
    return coh_misuse(L, "read_until expects a delimiter of one byte or more, got %s",
                      lua_type(L, 2) == LUA_TSTRING ? "an empty string" : coh_type_name(L, 2));
  return begin_one(L, box, COH_WANT_UNTIL, opt_size(L, 3, "read_until", (lua_Integer)line_max));
}


/* stream:read([format...]) -> value... */
static int l_read(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "read");
  coh_check_no_loop(L, "read");
  if (lua_gettop(L) > 2) coh_formats_check(L, "read");
  return begin_formats(L, box);
}


static int next_line(lua_State *L) {
  coh_steps_arguments(L);
  return begin_formats(L, lua_touserdata(L, 1));
}


/* stream:lines([format...]) -> iterator */
static int l_lines(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "lines");
  return coh_lines_push(L, next_line);
}


static int next_chunk(lua_State *L) {
  coh_steps_arguments(L);
  return begin_one(L, lua_touserdata(L, 1), COH_WANT_SOME, opt_size(L, 2, "chunks", COH_SIZE_LIMIT));
}


/* stream:chunks([max]) -> iterator */
static int l_chunks(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "chunks");
  opt_size(L, 2, "chunks", 0);
  lua_settop(L, 2);
  return coh_steps_push(L, next_chunk);
}


const luaL_Reg coh_stream_reads[] = {
  {"read", l_read}, {"lines", l_lines}, {"chunks", l_chunks},
  {"read_some", l_read_some}, {"read_exactly", l_read_exactly}, {"read_until", l_read_until}, {NULL, NULL}};

/* }} */
