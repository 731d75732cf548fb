/*
** A faulty stream is one in memory whose transport disturbs what the other end sends. What it does is drawn
** from a seed, separately for each end, so a program meets the same faults again whatever order its tasks run
** in.
**
** Bytes that are sent when none are on the way get a delay of their own; bytes that follow meanwhile arrive
** with them. What a read leaves behind gets a new delay.
*/
#include "stream/faulty.h"

#include "kernel/random.h"
#include "lua/arg.h"
#include "stream/memory.h"

struct faults {
  uint64_t random;       /* state of the generator */
  int64_t delay_min_ns;
  int64_t delay_max_ns;
  size_t reset_after;    /* bytes that both directions carry together before a reset; SIZE_MAX: no limit */
  bool split;            /* a read gets only part of what is there */
};

struct faulty {
  struct coh_memory end;          /* first, so that a pointer to it is one to this */
  struct coh_poll_choice choice;  /* of a read that waits until 'due_ns' */
  struct faults faults;
  int64_t due_ns;                 /* when what is on the way, bytes or the end, can be read */
  size_t carried;                 /* bytes written at this end so far */
};


/* {{ What is drawn from the seed */

/* A number from 0 to 'most'. */
static uint64_t draw(struct faulty *e, uint64_t most) {
  uint64_t drawn = coh_random_next(&e->faults.random);
  return most == UINT64_MAX ? drawn : drawn % (most + 1);
}


static int64_t now(struct faulty *e) {
  return coh_now(&e->end.stream.poll.handle.state->loop.rt);
}


/* Draw a delay for what this end is about to receive. */
static void set_off(struct faulty *e) {
  uint64_t span = (uint64_t)(e->faults.delay_max_ns - e->faults.delay_min_ns);
  e->due_ns = coh_time_add(now(e), e->faults.delay_min_ns + (int64_t)draw(e, span));
}

/* }} */


/* {{ The transport */

static struct faulty *faulty_of(struct coh_stream *s) {
  return (struct faulty *)s;
}


static size_t ready_at(const struct faulty *e) {
  return coh_streambuf_length(&e->end.incoming);
}


/* Is anything on the way to this end, bytes or the end? */
static bool is_coming(const struct faulty *e) {
  return ready_at(e) > 0 || e->end.finished;
}


static ssize_t faulty_read(struct coh_stream *s, char *bytes, size_t size) {
  struct faulty *e = faulty_of(s);
  size_t ready = ready_at(e);
  ssize_t n;
  if (is_coming(e) && e->due_ns > now(e)) {
    s->poll.readable = false;
    return UV_EAGAIN;
  }
  if (size > ready && ready > 0) size = ready;
  if (e->faults.split && ready > 0) size = 1 + (size_t)draw(e, size - 1);
  n = coh_memory_read(s, bytes, size);
  if (n > 0 && s->poll.readable) set_off(e);
  return n;
}


/* Lose the connection: what was sent still arrives, and nothing after it. */
static void reset(struct faulty *e) {
  struct coh_memory *ends[2] = {&e->end, e->end.peer};
  int i;
  for (i = 0; i < 2; i++) {
    if (ready_at((struct faulty *)ends[i]) == 0) set_off((struct faulty *)ends[i]);
    ends[i]->finished = ends[i]->broken = true;
  }
  coh_memory_wake(ends[0]);
  coh_memory_wake(ends[1]);
}


/* How many bytes may still be written before a reset; the other end is open. */
static size_t left(const struct faulty *e) {
  return e->faults.reset_after - e->carried - ((const struct faulty *)e->end.peer)->carried;
}


static ssize_t faulty_write(struct coh_stream *s, const struct iovec *pieces, size_t count) {
  struct faulty *e = faulty_of(s), *to = (struct faulty *)e->end.peer;
  struct iovec piece = pieces[0];
  bool is_first;
  ssize_t n;
  if (e->end.broken) return UV_ECONNRESET;
  if (to == NULL) return UV_EPIPE;
  if (left(e) == 0) {
    reset(e);
    return UV_ECONNRESET;
  }
  (void)count;  /* one piece at a time is enough */
  if (piece.iov_len > left(e)) piece.iov_len = left(e);
  is_first = ready_at(to) == 0;
  n = coh_memory_write(s, &piece, 1);
  if (n <= 0) return n;
  e->carried += (size_t)n;
  if (is_first) set_off(to);
  if (left(e) == 0) reset(e);
  return n;
}


static int faulty_shutdown(struct coh_stream *s) {
  struct faulty *e = faulty_of(s), *to = (struct faulty *)e->end.peer;
  if (e->end.broken) return UV_ECONNRESET;
  if (to != NULL && ready_at(to) == 0) set_off(to);
  return coh_memory_shutdown(s);
}


static void faulty_close(struct coh_stream *s) {
  struct faulty *to = (struct faulty *)faulty_of(s)->end.peer;
  if (to != NULL && ready_at(to) == 0 && !to->end.finished) set_off(to);
  coh_memory_close(s);
}


/* The time may have come since the read looked: a real clock goes on. */
static struct coh_poll_choice *delay(struct coh_stream *s, int64_t *until_ns) {
  struct faulty *e = faulty_of(s);
  *until_ns = is_coming(e) ? e->due_ns : COH_NEVER;
  s->poll.readable = true;  /* for when the time has come */
  e->choice.from = &s->poll;
  return &e->choice;
}


static const struct coh_wait_kind reading = {
  .what = "read", .abort = coh_poll_abort_choice, .forfeit = coh_poll_forfeit};

static const struct coh_transport transport = {
  .name = "in memory, with faults", .read = faulty_read, .write = faulty_write, .shutdown = faulty_shutdown,
  .close = faulty_close, .delay = delay, .reading = &reading, .writing = &coh_memory_writing};

/* }} */


/* {{ Making a pair */

/* The finite duration at [i] of the table on top, the option 'delay'. [-0, +0, v] */
static int64_t delay_at(lua_State *L, int i) {
  lua_Number s = -1;
  if (lua_rawgeti(L, -1, i) == LUA_TNUMBER) s = lua_tonumber(L, -1);
  if (!(s >= 0 && s < 1e9))
    coh_misuse(L, "option 'delay' expects two numbers of seconds, {min, max}, got %s as [%d]",
               lua_type(L, -1) == LUA_TNUMBER ? "another number" : coh_type_name(L, -1), i);
  lua_pop(L, 1);
  return (int64_t)(s * 1e9);
}


static void read_delay(lua_State *L, struct faults *f) {
  int type = coh_get_option(L, 1, "delay");
  if (type == LUA_TTABLE) {
    f->delay_min_ns = delay_at(L, 1);
    f->delay_max_ns = delay_at(L, 2);
    if (f->delay_max_ns < f->delay_min_ns)
      coh_misuse(L, "option 'delay' expects {min, max}, got a maximum below the minimum");
  } else if (type != LUA_TNIL) {
    coh_misuse(L, "option 'delay' expects {min, max} in seconds, got %s", coh_type_name(L, -1));
  }
  lua_pop(L, 1);
}


/* stream_pair([options]) -> stream, stream */
static int l_stream_pair(lua_State *L) {
  static const char *const names[] = {
    COH_MEMORY_OPTIONS, "seed", "delay", "split", "reset_after", NULL};
  struct faults faults = {.random = 0};
  struct faulty *a, *b;
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) coh_check_options(L, 1, "stream_pair", names);
  faults.random = (uint64_t)coh_opt_count(L, 1, "seed", 1, 1);
  faults.reset_after = (size_t)coh_opt_count(L, 1, "reset_after", 0, LUA_MAXINTEGER);
  faults.split = coh_opt_boolean(L, 1, "split", false);
  read_delay(L, &faults);
  a = (struct faulty *)coh_memory_pair(L, sizeof *a, &transport);
  b = (struct faulty *)a->end.peer;
  a->faults = b->faults = faults;
  b->faults.random = draw(b, UINT64_MAX);
  return 2;
}

/* }} */


void coh_faulty_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_stream_pair, 1);
  lua_setfield(L, -2, "stream_pair");
}
