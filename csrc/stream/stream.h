/*
** Streams: bytes in both directions or in one, with a buffer of what was read and not yet asked for. What
** carries the bytes is the stream's transport: a socket, a pipe, a terminal, a file, memory.
**
** A read that is cut between two system calls loses nothing: what it read stays in 'kept'. What a cut write
** has sent cannot be taken back, and the peer has part of something: so the stream takes no further writes.
*/
#ifndef COH_STREAM_STREAM_H
#define COH_STREAM_STREAM_H

#include "io/poll.h"
#include "kernel/hidden.h"
#include "stream/buffer.h"
#include "stream/format.h"
#include "stream/transport.h"

COH_HIDDEN

#define COH_LINE_MAX 65536  /* default limit of a line, in bytes */

enum { COH_READS = 1, COH_WRITES = 2 };

/* The current read, or the latest. */
struct coh_read {
  struct coh_goal goal;        /* of several formats, that of the current one */
  bool several;                /* it has several formats */
  size_t claimed;              /* bytes that formats already done have claimed; taken when the read ends */
};

/* Limits, given when a stream is made. */
struct coh_limits {
  size_t line;                 /* longest line, without its newline */
  size_t buffer;               /* most bytes one read may collect */
};

struct coh_stream {
  struct coh_poll poll;        /* first, so that a pointer to it is one to the stream */
  const struct coh_transport *transport;
  int failed;                  /* status that reads raise once 'kept' is used up; 0: none */
  uint8_t ways;                /* COH_READS, COH_WRITES */
  bool ended;                  /* nothing more can be read */
  bool reset;                  /* a write failed because the peer has reset the connection */
  bool cut;                    /* a write was cancelled in the middle */
  bool shut;                   /* shutdown was called */
  bool dropped;                /* a drain has dropped bytes: no read can go on */
  struct coh_streambuf kept;   /* read and not yet asked for */
  struct coh_read read;
  struct coh_limits limits;
  size_t sent;                 /* bytes that the current or latest write has sent */
  size_t sent_whole;           /* those of them that belong to arguments before 'arg' */
  int arg;                     /* the first argument of that write that is not entirely sent */
  int flags;                   /* of a descriptor that others may share, as they were when it was given */
};

extern const struct coh_box_kind coh_stream_kind;

/* Make the kind, and add 'adopt', LINE_MAX and SIZE_LIMIT to the module table on top. [-0, +0, m] */
void coh_stream_open(lua_State *L);

/* A struct of 'size' bytes beginning with a stream, not open yet. Raises when memory is out. [-0, +0, m] */
void *coh_stream_new(lua_State *L, struct coh_state *S, size_t size, const struct coh_limits *limits);

/* The same when the room exists; NULL when memory is out. */
void *coh_stream_try(struct coh_state *S, size_t size, const struct coh_limits *limits);

/* Open it on a connected or connecting socket, which it then owns. 0, or a negative status. */
int coh_stream_bind(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/*
** The same for any descriptor: a socket, a pipe, a terminal, a file, one way or both. While the stream is
** open the descriptor is non-blocking, also for others who share it.
*/
int coh_stream_adopt(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/* The same, but the descriptor stays blocking if it is; the stream then uses other, slower ways. */
int coh_stream_adopt_shared(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/* The limits of a line and of a buffer, at 'index' and the next. [-0, +0, -] */
static inline struct coh_limits coh_stream_limits(lua_State *L, int index) {
  return (struct coh_limits){coh_size_of(lua_tointeger(L, index)),
                             coh_size_of(lua_tointeger(L, index + 1))};
}

/* The line limit; a closed stream no longer knows it and does not need it. */
static inline size_t coh_stream_line_max(const struct coh_box *box) {
  return box->handle != NULL ? ((const struct coh_stream *)box->handle)->limits.line : COH_LINE_MAX;
}

/* The open stream in 'box', which is at 1; raises Closed when it is closed. [-0, +0, e] */
static inline struct coh_stream *coh_stream_in(lua_State *L, const struct coh_box *box, const char *what) {
  if (box->handle == NULL) coh_box_raise_closed(L, &coh_stream_kind, what);
  return (struct coh_stream *)box->handle;
}

/* The same for callers without the box. */
static inline struct coh_stream *coh_stream_check_open(lua_State *L, const char *what) {
  return coh_stream_in(L, lua_touserdata(L, 1), what);
}

/* Raise what a status means for the stream at 1: Broken or SystemError. Never returns. [-0, +0, e] */
int coh_stream_raise(lua_State *L, int status, const char *what);

static inline struct coh_mem *coh_stream_mem(struct coh_stream *s) {
  return &s->poll.handle.state->loop.rt.mem;
}

/* The block that is read into. */
static inline char *coh_stream_chunk(struct coh_stream *s) {
  return coh_io_of(s->poll.handle.state)->chunk;
}


/* {{ Reading, also for those who copy */

/*
** The open stream in 'box', which is at 1, once it is clear that 'what' may begin to read from it.
** [-0, +0, e]
*/
struct coh_stream *coh_stream_check_reader(lua_State *L, const struct coh_box *box, const char *what);

/*
** From now on the loop reads what arrives while no task does, until the stream has ended or is closed, so
** whoever writes to it need not wait. Up to a limit the bytes are kept for a task that comes to read; beyond
** it all is dropped, and the stream is as good as closed for reading.
*/
void coh_stream_drain(struct coh_stream *s);

/* Read a chunk. Returns its length, or 0 when there is nothing now, or nothing more ('ended'). */
size_t coh_stream_receive(struct coh_stream *s, char *chunk);

/*
** Keep part of the chunk. Raises when memory is out: the bytes are lost then, and no later read succeeds.
** [-0, +0, m]
*/
void coh_stream_keep(lua_State *L, struct coh_stream *s, const char *bytes, size_t count);

/* }} */


/* {{ Writing */

/*
** The open stream in 'box', which is at 1, once it is clear that 'what' may begin to write to it. [-0, +0, e]
*/
struct coh_stream *coh_stream_check_writer(lua_State *L, const struct coh_box *box, const char *what);

/* The 'abort' and 'forfeit' of a writer's kind: what was sent cannot be taken back. */
bool coh_stream_abort_write(struct coh_wait *w);
void coh_stream_forfeit_write(struct coh_wait *w);

/* Raise that the stream was shut down. Never returns. [-0, +0, e] */
int coh_stream_raise_shut(lua_State *L, const char *what);

/* Raise what a write failed with. Never returns. [-0, +0, e] */
int coh_stream_fail_write(lua_State *L, struct coh_stream *s, int status, const char *what);

/* }} */


/* Methods that are defined in other files. */
extern const luaL_Reg coh_stream_reads[];
extern const luaL_Reg coh_stream_writes[];
extern const luaL_Reg coh_stream_copies[];

COH_SEEN

#endif
