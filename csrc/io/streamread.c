/*
** Reading. A read says what it wants; it looks for that in what is kept, else asks
** the system for a chunk and looks there, else waits until there is more. What it
** got and does not want is kept for the next one.
**
**   the stack of a read   1 stream   2 delimiter or nil   3 enum want   4 how many bytes
*/
#include "io/stream.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "glue/arg.h"
#include "glue/error.h"
#include "glue/wait.h"

#define ROUNDS_MAX 16                        /* chunks that a read takes before others have their turn */
#define SIZE_LIMIT ((lua_Integer)1 << 46)    /* above that it is a mistake */

enum want { SOME, COUNT, EXACTLY, LINE, LINE_KEPT, ALL, UNTIL };

struct goal {
  enum want want;
  size_t n;                 /* SOME, UNTIL: at most; COUNT, EXACTLY: so many; LINE: longest */
  const char *delimiter;    /* UNTIL: borrowed from the stack */
  size_t delimiter_length;
};

/* What of the bytes at hand the read gets. */
struct found {
  size_t take;  /* these go to the caller */
  size_t drop;  /* and these are used up */
};

enum answer { MORE, FOUND, TOO_LONG };

static const char *const names[] = {
  "read_some", "read", "read_exactly", "read", "read", "read", "read_until"};


static const struct coh_wait_kind read_kind = {
  .what = "read", .abort = coh_poll_abort_reader, .external = true};


/* {{ Looking for what is wanted */

/* The first delimiter from 'from' on, or NULL. */
static const char *find(const struct goal *g, const char *at, size_t from, size_t length) {
  if (g->want != UNTIL) return memchr(at + from, '\n', length - from);
  return memmem(at + from, length - from, g->delimiter, g->delimiter_length);
}


/* A line or a delimited part, of which 'scanned' bytes were looked at before. */
static enum answer look_for_end(const struct goal *g, const char *at, size_t length, bool ended,
                                size_t *scanned, struct found *f) {
  size_t mark = g->want == UNTIL ? g->delimiter_length : 1;
  size_t from = *scanned >= mark ? *scanned - mark + 1 : 0;
  const char *end = length > from ? find(g, at, from, length) : NULL;
  size_t before = end != NULL ? (size_t)(end - at) : length >= mark ? length - mark + 1 : 0;
  if (before > g->n) return TOO_LONG;
  if (end != NULL) {
    *f = (struct found){before + (g->want == LINE_KEPT), before + mark};
    return FOUND;
  }
  *scanned = length;
  if (!ended || length == 0 || g->want == UNTIL) return MORE;
  *f = (struct found){length, length};
  return FOUND;
}


/* Is what is wanted in the 'length' bytes at 'at'? 'ended': no more will come. */
static enum answer look(const struct goal *g, const char *at, size_t length, bool ended, size_t *scanned,
                        struct found *f) {
  bool is;
  size_t take = length < g->n ? length : g->n;
  switch (g->want) {
    case SOME: is = length > 0; break;
    case COUNT: is = length > 0 && (length >= g->n || ended); break;
    case EXACTLY: is = length >= g->n; break;
    case ALL: is = ended; take = length; break;
    default: return look_for_end(g, at, length, ended, scanned, f);
  }
  if (!is) return MORE;
  *f = (struct found){take, take};
  return FOUND;
}

/* }} */


/* {{ Giving it */

static struct coh_mem *mem_of(struct coh_stream *s) {
  return &coh_handle_state(&s->poll.handle)->loop.rt.mem;
}


/* Has nobody closed it meanwhile? Its memory stays until the loop looks. */
static bool is_open(const struct coh_stream *s) {
  return s->poll.handle.box != NULL;
}


static int raise_too_long(lua_State *L, struct coh_stream *s, const struct goal *g) {
  s->poll.reader = NULL;
  lua_pushfstring(L, "no end within %I bytes: give a larger %s", (LUAI_UACINT)g->n,
                  g->want == UNTIL ? "max" : "line_max to connect or listen");
  return coh_stream_raise_plain(L, COH_TOO_LONG, names[g->want], lua_tostring(L, -1));
}


static int give_kept(lua_State *L, struct coh_stream *s, const struct found *f) {
  s->poll.reader = NULL;
  lua_pushlstring(L, coh_streambuf_at(&s->kept), f->take);  /* may run finalizers */
  if (is_open(s)) coh_streambuf_take(mem_of(s), &s->kept, f->drop);
  return 1;
}


/* Bytes are lost when memory is out now: no later read may go on as if they were not. */
static void lose(struct coh_stream *s) {
  s->poll.reader = NULL;
  s->failed = UV_ENOMEM;
  s->ended = true;
}


/* From the chunk: what is left of it is kept. */
static int give_chunk(lua_State *L, struct coh_stream *s, const char *chunk, size_t length,
                      const struct found *f) {
  lose(s);
  lua_pushlstring(L, chunk, f->take);  /* may run finalizers, but none that reads */
  if (!is_open(s)) return 1;
  if (!coh_streambuf_add(mem_of(s), &s->kept, chunk + f->drop, length - f->drop))
    return luaL_error(L, "not enough memory");
  s->failed = 0;
  s->ended = false;
  return 1;
}


/* There is no more, and what is wanted is not there. */
static int give_end(lua_State *L, struct coh_stream *s, const struct goal *g) {
  size_t length = coh_streambuf_length(&s->kept);
  s->poll.reader = NULL;
  if (s->failed != 0) return coh_stream_raise(L, s->failed, names[g->want]);
  if (length > 0) {
    lua_pushfstring(L, "the stream ended after %I bytes of what was asked for", (LUAI_UACINT)length);
    return coh_stream_raise_plain(L, COH_BROKEN, names[g->want], lua_tostring(L, -1));
  }
  lua_pushnil(L);
  return 1;
}

/* }} */


/* {{ Getting more */

/* Read a chunk; its length, or 0 when there is nothing now or nothing more. */
static size_t receive(struct coh_stream *s, char *chunk) {
  ssize_t n;
  do n = read(s->poll.fd, chunk, COH_CHUNK_MAX);
  while (n < 0 && errno == EINTR);
  s->poll.readable = n == COH_CHUNK_MAX;
  if (n > 0) return (size_t)n;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  s->ended = true;
  if (n < 0) s->failed = uv_translate_sys_error(errno);
  else if (s->reset) s->failed = UV_ECONNRESET;
  return 0;
}


static int read_woken(lua_State *L, int status, lua_KContext context);

/* Wait for more, or let others have their turn when there is. */
static int wait(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  if (coh_task_cancelled(&f->task)) {
    s->poll.reader = NULL;
    return coh_raise_cancelled(L, f);
  }
  if (s->poll.readable) {
    s->poll.reader = f;
    coh_wait_yield(coh_task_runtime(&f->task), &f->task.wait);
  } else {
    coh_poll_park_reader(&s->poll, f, &read_kind);
  }
  return coh_yield(L, f, read_woken);
}


static void read_goal(lua_State *L, struct goal *g) {
  g->want = (enum want)lua_tointeger(L, 3);
  g->n = coh_stream_size(lua_tointeger(L, 4));
  g->delimiter = lua_tolstring(L, 2, &g->delimiter_length);
}


static int go_on(lua_State *L, struct coh_stream *s, struct coh_fiber *f) {
  char *chunk = coh_io_of(coh_state_here(L))->chunk;
  struct goal g;
  struct found found;
  enum answer answer;
  int rounds;
  read_goal(L, &g);
  for (rounds = 0;; rounds++) {
    size_t length = coh_streambuf_length(&s->kept);
    answer = look(&g, coh_streambuf_at(&s->kept), length, s->ended && s->failed == 0, &s->scanned, &found);
    if (answer == FOUND) return give_kept(L, s, &found);
    if (answer == TOO_LONG) return raise_too_long(L, s, &g);
    if (s->ended) return give_end(L, s, &g);
    if (!s->poll.readable || rounds == ROUNDS_MAX) return wait(L, s, f);
    length = receive(s, chunk);
    if (coh_streambuf_length(&s->kept) == 0 && length > 0 &&
        look(&g, chunk, length, false, &s->scanned, &found) == FOUND)
      return give_chunk(L, s, chunk, length, &found);
    if (!coh_streambuf_add(mem_of(s), &s->kept, chunk, length)) {
      lose(s);
      return luaL_error(L, "not enough memory");
    }
  }
}


static int read_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  return go_on(L, coh_stream_check_open(L, names[lua_tointeger(L, 3)]), f);
}


static int read_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  const char *what = names[lua_tointeger(L, 3)];
  struct coh_stream *s = coh_stream_check_open(L, what);
  (void)status;
  if (s->poll.reader != NULL)
    return coh_stream_raise_plain(L, COH_BUSY, what, "another task is reading from this stream");
  s->scanned = 0;
  return go_on(L, s, f);
}

/* }} */


/* {{ The methods */

static int begin(lua_State *L, enum want want, lua_Integer n) {
  lua_settop(L, 2);
  lua_pushinteger(L, want);
  lua_pushinteger(L, n);
  return coh_begin(L, read_try);
}


/* How many bytes. 'least' is 0 or 1. [-0, +0, v] */
static lua_Integer check_size(lua_State *L, int arg, const char *what, lua_Integer least) {
  int exact;
  lua_Integer n = lua_tointegerx(L, arg, &exact);
  if (lua_type(L, arg) != LUA_TNUMBER)
    coh_misuse(L, "%s expects a number of bytes, got %s", what, coh_type_name(L, arg));
  if (!exact || n < least || n > SIZE_LIMIT)
    coh_misuse(L, "%s expects a whole number of bytes, %d or more, got %s", what, (int)least,
               !exact ? "a fraction or no number" : n < least ? "less" : "more than there can be");
  return n;
}


/* The same where math.huge or nothing means no limit. */
static lua_Integer opt_size(lua_State *L, int arg, const char *what, lua_Integer otherwise) {
  if (lua_isnoneornil(L, arg)) return otherwise;
  if (lua_type(L, arg) == LUA_TNUMBER && lua_tonumber(L, arg) == (lua_Number)HUGE_VAL) return SIZE_LIMIT;
  return check_size(L, arg, what, 1);
}


/* Begin to read what the format at 'arg' says; 'line_max' is the stream's. */
static int begin_format(lua_State *L, int arg, size_t line_max) {
  const char *format = "l";
  if (lua_type(L, arg) == LUA_TNUMBER) return begin(L, COUNT, check_size(L, arg, "read", 0));
  if (lua_type(L, arg) == LUA_TSTRING) format = lua_tostring(L, arg);
  else if (!lua_isnoneornil(L, arg)) format = "";
  if (*format == '*') format++;  /* as in io */
  if (strcmp(format, "l") == 0) return begin(L, LINE, (lua_Integer)line_max);
  if (strcmp(format, "L") == 0) return begin(L, LINE_KEPT, (lua_Integer)line_max);
  if (strcmp(format, "a") == 0) return begin(L, ALL, 0);
  return coh_misuse(L, "read expects a number of bytes, \"l\", \"L\" or \"a\", got %s",
                    lua_type(L, arg) == LUA_TSTRING ? "another string" : coh_type_name(L, arg));
}


/* The limit of lines, which a closed stream no longer knows and does not need. */
static size_t line_max_of(const struct coh_box *box) {
  return box->handle != NULL ? ((const struct coh_stream *)box->handle)->line_max : COH_LINE_MAX;
}


/* stream:read([n or "l" or "L" or "a"]) -> string or nil */
static int l_read(lua_State *L) {
  return begin_format(L, 2, line_max_of(coh_box_check(L, &coh_stream_kind, "read")));
}


/* stream:read_some([max]) -> string or nil */
static int l_read_some(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "read_some");
  return begin(L, SOME, opt_size(L, 2, "read_some", SIZE_LIMIT));
}


/* stream:read_exactly(n) -> string or nil */
static int l_read_exactly(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "read_exactly");
  return begin(L, EXACTLY, check_size(L, 2, "read_exactly", 0));
}


/* stream:read_until(delimiter [, max]) -> string or nil */
static int l_read_until(lua_State *L) {
  size_t line_max = line_max_of(coh_box_check(L, &coh_stream_kind, "read_until"));
  if (lua_type(L, 2) != LUA_TSTRING || lua_rawlen(L, 2) == 0)
    return coh_misuse(L, "read_until expects a delimiter of one byte or more, got %s",
                      lua_type(L, 2) == LUA_TSTRING ? "an empty string" : coh_type_name(L, 2));
  return begin(L, UNTIL, opt_size(L, 3, "read_until", (lua_Integer)line_max));
}


/* Upvalues: the state, the metatable, the stream, the format. */
static int next_line(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(3));
  return begin_format(L, lua_upvalueindex(4), line_max_of(lua_touserdata(L, 1)));
}


/* stream:lines(["l" or "L" or n or "a"]) -> iterator */
static int l_lines(lua_State *L) {
  coh_box_check(L, &coh_stream_kind, "lines");
  lua_settop(L, 2);
  if (!lua_isnil(L, 2) && lua_type(L, 2) != LUA_TSTRING && lua_type(L, 2) != LUA_TNUMBER)
    return coh_misuse(L, "lines expects \"l\" or \"L\", got %s", coh_type_name(L, 2));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, next_line, 4);
  return 1;
}


const luaL_Reg coh_stream_reads[] = {
  {"read", l_read},
  {"read_some", l_read_some},
  {"read_exactly", l_read_exactly},
  {"read_until", l_read_until},
  {"lines", l_lines},
  {NULL, NULL}
};

/* }} */
