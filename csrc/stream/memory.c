/*
** Streams in memory: see memory.h. They behave as sockets do: a write takes what there is room for; closing
** an end that has unread bytes breaks the other, which can still read what it was sent before.
*/
#include "stream/memory.h"

#include <math.h>
#include <string.h>

#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"
#include "lua/text.h"

#define CAPACITY 65536

static const struct coh_wait_kind reading = {
  .what = "read", .abort = coh_poll_abort_reader, .forfeit = coh_poll_forfeit};

const struct coh_wait_kind coh_memory_writing = {
  .what = "write", .abort = coh_stream_abort_write, .forfeit = coh_stream_forfeit_write};


/* {{ The transport */

void coh_memory_wake(struct coh_memory *end) {
  end->stream.poll.readable = true;
  coh_wait_wake_one(&end->stream.poll.readers);
  coh_wait_wake_one(&end->stream.poll.writers);
}


ssize_t coh_memory_read(struct coh_stream *s, char *bytes, size_t size) {
  struct coh_memory *end = (struct coh_memory *)s;
  size_t length = coh_streambuf_length(&end->incoming), n = length < size ? length : size;
  s->poll.readable = length > n || end->finished;
  if (n == 0) return !end->finished ? UV_EAGAIN : end->broken ? UV_ECONNRESET : 0;
  memcpy(bytes, coh_streambuf_at(&end->incoming), n);
  coh_streambuf_take(coh_stream_mem(s), &end->incoming, n);
  if (end->peer != NULL) coh_wait_wake_one(&end->peer->stream.poll.writers);
  return (ssize_t)n;
}


ssize_t coh_memory_write(struct coh_stream *s, const struct iovec *pieces, size_t count) {
  struct coh_memory *to = ((struct coh_memory *)s)->peer;
  size_t room, total = 0, i;
  if (to == NULL) return UV_EPIPE;
  room = to->capacity - coh_streambuf_length(&to->incoming);
  for (i = 0; i < count && room > 0; i++) {
    size_t n = pieces[i].iov_len < room ? pieces[i].iov_len : room;
    if (!coh_streambuf_add(coh_stream_mem(s), &to->incoming, pieces[i].iov_base, n)) break;
    room -= n;
    total += n;
  }
  if (total == 0) return room > 0 ? UV_ENOMEM : UV_EAGAIN;
  to->stream.poll.readable = true;
  coh_wait_wake_one(&to->stream.poll.readers);
  return (ssize_t)total;
}


int coh_memory_shutdown(struct coh_stream *s) {
  struct coh_memory *to = ((struct coh_memory *)s)->peer;
  if (to == NULL) return UV_EPIPE;
  to->finished = true;
  coh_memory_wake(to);
  return 0;
}


void coh_memory_close(struct coh_stream *s) {
  struct coh_memory *end = (struct coh_memory *)s, *other = end->peer;
  if (other != NULL) {
    if (coh_streambuf_length(&end->incoming) > 0) other->broken = true;
    other->finished = true;
    other->peer = NULL;
    coh_memory_wake(other);
  }
  end->peer = NULL;
  coh_streambuf_clear(coh_stream_mem(s), &end->incoming);
}


static const struct coh_transport transport = {
  .name = "in memory", .read = coh_memory_read, .write = coh_memory_write, .shutdown = coh_memory_shutdown,
  .close = coh_memory_close, .reading = &reading, .writing = &coh_memory_writing};

/* }} */


/* {{ Making a pair */

/* An option in bytes, 'otherwise' when it is absent; math.huge means no limit. [-0, +0, v] */
static size_t opt_bytes(lua_State *L, const char *name, lua_Integer otherwise) {
  bool is_huge = coh_get_option(L, 1, name) == LUA_TNUMBER && lua_tonumber(L, -1) == (lua_Number)HUGE_VAL;
  lua_pop(L, 1);
  return coh_size_of(is_huge ? COH_SIZE_LIMIT : coh_opt_count(L, 1, name, 1, otherwise));
}


static struct coh_box *push_box(lua_State *L) {
  struct coh_box *box = coh_box_new(L, &coh_stream_kind);
  coh_text_push_where(L);
  coh_box_set_where(L, -2);
  return box;
}


static void open_end(struct coh_state *S, struct coh_memory *end, struct coh_memory *peer,
                     struct coh_box *box, const struct coh_transport *carrier) {
  end->peer = peer;
  end->stream.transport = carrier;
  box->name = carrier->name;
  coh_poll_open_unwatched(S, &end->stream.poll, -1);
  coh_handle_bind(S, &end->stream.poll.handle, box);
}


struct coh_memory *coh_memory_pair(lua_State *L, size_t size, const struct coh_transport *carrier) {
  const size_t capacity = opt_bytes(L, "capacity", CAPACITY);
  const struct coh_limits limits = {opt_bytes(L, "line_max", COH_LINE_MAX),
                                    opt_bytes(L, "buffer_max", COH_SIZE_LIMIT)};
  struct coh_state *S = coh_state_here(L);
  struct coh_box *boxes[2];
  struct coh_memory *a, *b;
  coh_check_task(L);
  boxes[0] = push_box(L);
  boxes[1] = push_box(L);
  a = coh_stream_new(L, S, size, &limits);
  b = coh_stream_try(S, size, &limits);
  if (b == NULL) {
    coh_handle_free(S, &a->stream.poll.handle);
    coh_out_of_memory(L);
  }
  a->capacity = b->capacity = capacity;
  open_end(S, a, b, boxes[0], carrier);
  open_end(S, b, a, boxes[1], carrier);
  return a;
}


/* pair([options]) -> stream, stream */
static int l_pair(lua_State *L) {
  static const char *const names[] = {COH_MEMORY_OPTIONS, NULL};
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) coh_check_options(L, 1, "pair", names);
  coh_memory_pair(L, sizeof(struct coh_memory), &transport);
  return 2;
}

/* }} */


void coh_memory_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_pair, 1);
  lua_setfield(L, -2, "pair");
}
