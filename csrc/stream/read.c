/*
** Reading. A read says what it wants; it looks for that in what is kept, else asks
** the transport for a chunk and looks there, else waits until there is more. What it
** got and does not want is kept for the next one.
**
** A read of several formats takes nothing before it has them all: what each was given
** is claimed, and a read that is cut, or fails, has claimed in vain.
**
**   the stack of a read      1 stream   2 delimiter or nil   3 enum coh_want   4 how many bytes
**   and of several formats   5 index of the next   6 of the last   7.. formats   results
*/
#include "stream/read.h"

#include <math.h>
#include <string.h>

#include "glue/arg.h"
#include "glue/syserr.h"
#include "glue/wait.h"
#include "stream/number.h"

#define ROUNDS_MAX 16        /* chunks that a read takes before others have their turn */
#define DRAINED_MAX 1048576  /* bytes that a drain keeps for a task that comes to read */

/* What of the bytes at hand the read gets. */
struct found {
  size_t take;  /* these go to the caller */
  size_t drop;  /* and these are used up */
};

enum answer { MORE, FOUND, TOO_LONG };

static const char *const names[] = {
  "read_some", "read", "read_exactly", "read", "read", "read", "read_until", "read"};


/* {{ Looking for what is wanted */

/* The first delimiter from 'from' on, or NULL. */
static const char *find(const struct coh_read *r, const char *at, size_t from, size_t length) {
  if (r->want != COH_WANT_UNTIL) return memchr(at + from, '\n', length - from);
  return memmem(at + from, length - from, r->delimiter, r->delimiter_length);
}


/* A line or a delimited part, of which 'scanned' bytes were looked at before. */
static enum answer look_for_end(struct coh_read *r, const char *at, size_t length, bool ended,
                                struct found *f) {
  size_t mark = r->want == COH_WANT_UNTIL ? r->delimiter_length : 1;
  size_t from = r->scanned >= mark ? r->scanned - mark + 1 : 0;
  const char *end = length > from ? find(r, at, from, length) : NULL;
  size_t before = end != NULL ? (size_t)(end - at) : length >= mark ? length - mark + 1 : 0;
  if (before > r->n) return TOO_LONG;
  if (end != NULL) {
    *f = (struct found){before + (r->want == COH_WANT_LINE_KEPT), before + mark};
    return FOUND;
  }
  r->scanned = length;
  if (!ended || length == 0 || r->want == COH_WANT_UNTIL) return MORE;
  *f = (struct found){length, length};
  return FOUND;
}


/* A numeral, before which 'scanned' blanks were seen. What is none is found too, as nil. */
static enum answer look_for_number(struct coh_read *r, const char *at, size_t length, bool ended,
                                   struct found *f) {
  struct coh_numeral n = coh_numeral_find(at, length, &r->scanned);
  if (r->scanned > r->n) return TOO_LONG;
  if (n.open && !ended) return MORE;
  *f = (struct found){n.too_long ? 0 : n.length, n.length};
  return FOUND;
}


/* Is what is wanted in the 'length' bytes at 'at'? 'ended': no more will come. */
static enum answer look(struct coh_read *r, const char *at, size_t length, bool ended, struct found *f) {
  bool is;
  size_t take = length < r->n ? length : r->n;
  switch (r->want) {
    case COH_WANT_SOME: is = length > 0; break;
    case COH_WANT_COUNT: is = length > 0 && (length >= r->n || ended); break;
    case COH_WANT_EXACTLY: is = length >= r->n; break;
    case COH_WANT_ALL: is = ended; take = length; break;
    case COH_WANT_NUMBER: return look_for_number(r, at, length, ended, f);
    default: return look_for_end(r, at, length, ended, f);
  }
  if (!is) return MORE;
  *f = (struct found){take, take};
  return FOUND;
}

/* }} */


/* {{ Giving it */

/* Has nobody closed it meanwhile? Its memory stays until the loop looks. */
static bool is_open(const struct coh_stream *s) {
  return s->poll.handle.box != NULL;
}


static int raise_too_long(lua_State *L, struct coh_stream *s) {
  const struct coh_read *r = &s->read;
  s->poll.reader = NULL;
  lua_pushfstring(L, "no end within %I bytes: give a larger %s", (LUAI_UACINT)r->n,
                  r->want == COH_WANT_UNTIL ? "max" : "line_max where the stream is made");
  return coh_syserr_raise(L, COH_TOO_LONG, names[r->want], lua_tostring(L, -1));
}


static int raise_too_much(lua_State *L, struct coh_stream *s) {
  s->poll.reader = NULL;
  lua_pushfstring(L, "more than %I bytes: read it in parts, or give a larger buffer_max where the stream "
                     "is made", (LUAI_UACINT)s->limits.buffer);
  return coh_syserr_raise(L, COH_TOO_LONG, names[s->read.want], lua_tostring(L, -1));
}


/* Push what was found. May run finalizers. [-0, +1, m] */
static void push(lua_State *L, const struct coh_read *r, const char *at, size_t take) {
  if (r->want == COH_WANT_NUMBER) coh_numeral_push(L, at, take);
  else lua_pushlstring(L, at, take);
}


static int give_kept(lua_State *L, struct coh_stream *s, const char *at, const struct found *f) {
  s->poll.reader = NULL;
  push(L, &s->read, at, f->take);
  if (s->read.several) s->read.claimed += f->drop;
  else if (is_open(s)) coh_streambuf_take(coh_stream_mem(s), &s->kept, f->drop);
  return 1;
}


/* Bytes are lost when memory is out now: no later read may go on as if they were not. */
static void lose(struct coh_stream *s) {
  s->poll.reader = NULL;
  s->failed = UV_ENOMEM;
  s->ended = true;
}


void coh_stream_keep(lua_State *L, struct coh_stream *s, const char *bytes, size_t count) {
  if (coh_streambuf_add(coh_stream_mem(s), &s->kept, bytes, count)) return;
  lose(s);
  luaL_error(L, "not enough memory");
}


/* From the chunk: what is left of it is kept. */
static int give_chunk(lua_State *L, struct coh_stream *s, const char *chunk, size_t length,
                      const struct found *f) {
  lose(s);
  push(L, &s->read, chunk, f->take);  /* may run finalizers, but none that reads */
  if (!is_open(s)) return 1;
  if (f->drop < length) coh_stream_keep(L, s, chunk + f->drop, length - f->drop);
  s->failed = 0;
  s->ended = false;
  return 1;
}


/* There is no more, and what is wanted is not in the 'length' bytes that are left. */
static int give_end(lua_State *L, struct coh_stream *s, size_t length) {
  const char *name = names[s->read.want];
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


/* No Lua runs here. Who was woken to read, and has not gone on yet, reads for itself. */
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

/* Wait for more, or let others have their turn when there is. */
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


/* Does a read want a number of bytes that is more than it may collect? */
static bool is_too_much(const struct coh_stream *s) {
  const struct coh_read *r = &s->read;
  return r->n > s->limits.buffer && (r->want == COH_WANT_COUNT || r->want == COH_WANT_EXACTLY);
}


/* What is wanted, on top. Yields when it has to wait. */
static int get(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  struct coh_read *r = &s->read;
  struct found found;
  char *chunk;
  int rounds;
  if (is_too_much(s)) return raise_too_much(L, s);
  for (rounds = 0;; rounds++) {
    const char *at = coh_streambuf_at(&s->kept) + r->claimed;
    size_t length = coh_streambuf_length(&s->kept) - r->claimed;
    enum answer answer = MORE;
    if (length > 0 || s->ended || r->n == 0)  /* else there is nothing to find */
      answer = look(r, at, length, s->ended && s->failed == 0, &found);
    if (answer == FOUND) return give_kept(L, s, at, &found);
    if (answer == TOO_LONG) return raise_too_long(L, s);
    if (s->ended) return give_end(L, s, length);
    if (length > s->limits.buffer) return raise_too_much(L, s);
    if (!s->poll.readable || rounds == ROUNDS_MAX) return wait(L, s, f);
    chunk = coh_stream_chunk(s);
    length = coh_stream_receive(s, chunk);
    if (length == 0) continue;
    if (coh_streambuf_length(&s->kept) == 0 && !r->several &&
        look(r, chunk, length, false, &found) == FOUND)
      return give_chunk(L, s, chunk, length, &found);
    coh_stream_keep(L, s, chunk, length);
  }
}


/* What the next of several formats asks for. False: there is none. [-0, +0, -] */
static bool advance(lua_State *L, size_t line_max, enum coh_want *want, lua_Integer *n) {
  lua_Integer next = lua_tointeger(L, COH_READ_NEXT);
  if (next > lua_tointeger(L, COH_READ_LAST)) return false;
  coh_format_read(L, (int)next, line_max, want, n);
  lua_pushinteger(L, next + 1);
  lua_replace(L, COH_READ_NEXT);
  return true;
}


/* Get what is wanted, and then what the formats behind it want, until one gets nil. */
static int go_on(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  enum coh_want want;
  lua_Integer n;
  get(L, s, f);
  if (!s->read.several) return 1;
  while (!lua_isnil(L, -1) && advance(L, s->limits.line, &want, &n)) {
    s = coh_stream_check_open(L, "read");  /* a finalizer may have closed it */
    s->read.want = want;
    s->read.n = coh_stream_size(n);
    s->read.scanned = 0;
    get(L, s, f);
  }
  if (is_open(s)) coh_streambuf_take(coh_stream_mem(s), &s->kept, s->read.claimed);
  s->read.claimed = 0;
  return lua_gettop(L) - (int)lua_tointeger(L, COH_READ_LAST);
}


static int read_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  const struct coh_box *box = lua_touserdata(L, 1);
  (void)status;
  if (box->handle == NULL)
    return coh_box_raise_closed(L, &coh_stream_kind, names[lua_tointeger(L, COH_READ_WANT)]);
  return go_on(L, (struct coh_stream *)box->handle, f);
}


struct coh_stream *coh_stream_check_reader(lua_State *L, const char *what) {
  struct coh_stream *s = coh_stream_check_open(L, what);
  if (s->dropped) coh_box_raise_closed(L, &coh_stream_kind, what);
  if (s->poll.reader != NULL)
    coh_syserr_raise(L, COH_BUSY, what, "another task is reading from this stream");
  if (!(s->ways & COH_READS))
    coh_misuse(L, "%s: this stream is for writing only: it was opened so", what);
  return s;
}


/* The task is not cancelled: is the stream free? */
static int begin(lua_State *L, struct coh_fiber *f, enum coh_want want, lua_Integer n) {
  struct coh_stream *s = coh_stream_check_reader(L, names[want]);
  struct coh_read *r = &s->read;
  *r = (struct coh_read){.want = want, .n = coh_stream_size(n), .several = lua_gettop(L) > COH_READ_SIZE};
  if (want == COH_WANT_UNTIL) r->delimiter = lua_tolstring(L, COH_READ_DELIMITER, &r->delimiter_length);
  return go_on(L, s, f);
}


static int read_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return begin(L, f, (enum coh_want)lua_tointeger(L, COH_READ_WANT), lua_tointeger(L, COH_READ_SIZE));
}


int coh_read_begin(lua_State *L, enum coh_want want, lua_Integer n) {
  struct coh_fiber *f = coh_check_wait(L);
  if (lua_gettop(L) < COH_READ_DELIMITER) lua_pushnil(L);
  else lua_settop(L, COH_READ_DELIMITER);
  lua_pushinteger(L, want);
  lua_pushinteger(L, n);
  return coh_goes_on(f) ? begin(L, f, want, n) : coh_turn(L, f, read_try);
}


int coh_read_begin_formats(lua_State *L) {
  int count = lua_gettop(L) - 1, i;
  enum coh_want want;
  lua_Integer n;
  luaL_checkstack(L, count + LUA_MINSTACK, "too many formats");
  for (i = COH_READ_DELIMITER; i < COH_READ_FORMATS; i++) lua_pushnil(L);
  lua_rotate(L, 2, COH_READ_FORMATS - COH_READ_DELIMITER);
  lua_pushinteger(L, COH_READ_FORMATS);
  lua_replace(L, COH_READ_NEXT);
  lua_pushinteger(L, COH_READ_FORMATS + count - 1);
  lua_replace(L, COH_READ_LAST);
  advance(L, coh_stream_line_max(lua_touserdata(L, 1)), &want, &n);
  lua_pushinteger(L, want);
  lua_replace(L, COH_READ_WANT);
  lua_pushinteger(L, n);
  lua_replace(L, COH_READ_SIZE);
  return coh_begin(L, read_try);
}

/* }} */


/* {{ The methods */

lua_Integer coh_read_check_size(lua_State *L, int arg, const char *what, lua_Integer least) {
  int exact;
  lua_Integer n = lua_tointegerx(L, arg, &exact);
  if (lua_type(L, arg) != LUA_TNUMBER)
    coh_misuse(L, "%s expects a number of bytes, got %s", what, coh_type_name(L, arg));
  if (!exact || n < least || n > COH_SIZE_LIMIT)
    coh_misuse(L, "%s expects a whole number of bytes, %d or more, got %s", what, (int)least,
               !exact ? "a fraction or no number" : n < least ? "less" : "more than there can be");
  return n;
}


/* The same where math.huge or nothing means no limit. */
static lua_Integer opt_size(lua_State *L, int arg, const char *what, lua_Integer otherwise) {
  if (lua_isnoneornil(L, arg)) return otherwise;
  if (lua_type(L, arg) == LUA_TNUMBER && lua_tonumber(L, arg) == (lua_Number)HUGE_VAL) return COH_SIZE_LIMIT;
  return coh_read_check_size(L, arg, what, 1);
}


/* stream:read_some([max]) -> string or nil */
static int l_read_some(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "read_some");
  return coh_read_begin(L, COH_WANT_SOME, opt_size(L, 2, "read_some", COH_SIZE_LIMIT));
}


/* stream:read_exactly(n) -> string or nil */
static int l_read_exactly(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "read_exactly");
  return coh_read_begin(L, COH_WANT_EXACTLY, coh_read_check_size(L, 2, "read_exactly", 0));
}


/* stream:read_until(delimiter [, max]) -> string or nil */
static int l_read_until(lua_State *L) {
  size_t line_max = coh_stream_line_max(coh_box_check(L, &coh_stream_kind, "read_until"));
  if (lua_type(L, 2) != LUA_TSTRING || lua_rawlen(L, 2) == 0)
    return coh_misuse(L, "read_until expects a delimiter of one byte or more, got %s",
                      lua_type(L, 2) == LUA_TSTRING ? "an empty string" : coh_type_name(L, 2));
  return coh_read_begin(L, COH_WANT_UNTIL, opt_size(L, 3, "read_until", (lua_Integer)line_max));
}


const luaL_Reg coh_stream_reads[] = {
  {"read_some", l_read_some}, {"read_exactly", l_read_exactly}, {"read_until", l_read_until}, {NULL, NULL}};

/* }} */
