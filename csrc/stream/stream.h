/*
** Streams: a way for bytes in both directions, or in one, with what was read from it
** and not asked for yet. What carries them is its transport: a socket, a pipe, a terminal, a file, memory.
**
** A read or write that is cut between two system calls loses nothing that was read:
** it stays in 'kept'. What a cut write had already sent cannot be taken back, so the
** stream takes no further writes then: the peer has got a part of something.
*/
#ifndef COH_STREAM_STREAM_H
#define COH_STREAM_STREAM_H

#include "io/poll.h"
#include "kernel/hidden.h"
#include "stream/buffer.h"
#include "stream/format.h"
#include "stream/transport.h"

COH_HIDDEN

#define COH_LINE_MAX 65536  /* bytes of the longest line that is read, unless another limit is asked for */

enum { COH_READS = 1, COH_WRITES = 2 };

/* The read under way, or the latest. */
struct coh_read {
  struct coh_goal goal;        /* of several formats, that of the one it has come to */
  bool several;                /* it has several formats */
  size_t claimed;              /* so many are promised to its formats; taken at its end */
};

/* What a stream is made with. */
struct coh_limits {
  size_t line;                 /* longest line, without its end */
  size_t buffer;               /* most bytes that one read collects */
};

struct coh_stream {
  struct coh_poll poll;        /* first, so that a pointer to it is one to the stream */
  const struct coh_transport *transport;
  int failed;                  /* status that every further read raises when 'kept' is used up; 0: none */
  uint8_t ways;                /* COH_READS, COH_WRITES */
  bool ended;                  /* nothing more can be read */
  bool reset;                  /* a write was told that the peer has reset the connection */
  bool cut;                    /* a write was cancelled in its middle */
  bool shut;                   /* shutdown was called */
  bool dropped;                /* bytes were dropped by a drain: no read can go on */
  struct coh_streambuf kept;   /* read and not asked for yet */
  struct coh_read read;
  struct coh_limits limits;
  size_t sent;                 /* bytes that the write under way, or the latest, has sent */
  size_t sent_whole;           /* those of them that are of arguments before 'arg' */
  int arg;                     /* the first argument of that write which is not sent whole */
  int flags;                   /* of a descriptor that may be others' too, as it was given */
};

extern const struct coh_box_kind coh_stream_kind;

/* Make the kind, and add 'adopt', LINE_MAX and SIZE_LIMIT to the module table on top. [-0, +0, m] */
void coh_stream_open(lua_State *L);

/* A struct of 'size' bytes, a stream first, that is not open yet. Raises when memory is out. [-0, +0, m] */
void *coh_stream_new(lua_State *L, struct coh_state *S, size_t size, const struct coh_limits *limits);

/* The same, but NULL when memory is out, once the room of the loop is there. */
void *coh_stream_try(struct coh_state *S, size_t size, const struct coh_limits *limits);

/* Open it on a connected or connecting socket, which it owns from now on, or a negative status. */
int coh_stream_bind(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/*
** The same for any descriptor: a socket, a pipe, a terminal, a file, one way or both. While it is open the
** descriptor does not block, for others who have it neither.
*/
int coh_stream_adopt(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/* The same, but it stays blocking if it is: a stream has other ways then, which are slower. */
int coh_stream_adopt_shared(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/* The limits at 'index' and behind it, of a line and of a buffer. [-0, +0, -] */
static inline struct coh_limits coh_stream_limits(lua_State *L, int index) {
  return (struct coh_limits){coh_size_of(lua_tointeger(L, index)),
                             coh_size_of(lua_tointeger(L, index + 1))};
}

/* The limit of lines, which a closed stream no longer knows and does not need. */
static inline size_t coh_stream_line_max(const struct coh_box *box) {
  return box->handle != NULL ? ((const struct coh_stream *)box->handle)->limits.line : COH_LINE_MAX;
}

/* The open stream in 'box', which is at 1, else Closed is raised. [-0, +0, e] */
static inline struct coh_stream *coh_stream_in(lua_State *L, const struct coh_box *box, const char *what) {
  if (box->handle == NULL) coh_box_raise_closed(L, &coh_stream_kind, what);
  return (struct coh_stream *)box->handle;
}

/* The same for those who have no box at hand. */
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


/* {{ Reading, for those who copy too */

/* The open stream in 'box', which is at 1, and from which 'what' may begin to read. [-0, +0, e] */
struct coh_stream *coh_stream_check_reader(lua_State *L, const struct coh_box *box, const char *what);

/*
** From now on the loop reads what comes while no task does, until the stream has ended or is closed: whoever
** writes to it need not wait. Some of it is kept for a task that comes to read; once that is too much all is
** dropped, and the stream is as good as closed for reading.
*/
void coh_stream_drain(struct coh_stream *s);

/* Read a chunk; its length, or 0 when there is nothing now or nothing more ('ended'). */
size_t coh_stream_receive(struct coh_stream *s, char *chunk);

/* Keep a part of the chunk. Without memory it is lost, no later read goes on, and this raises. [-0, +0, m] */
void coh_stream_keep(lua_State *L, struct coh_stream *s, const char *bytes, size_t count);

/* }} */


/* {{ Writing */

/* The open stream in 'box', which is at 1, and to which 'what' may begin to write. [-0, +0, e] */
struct coh_stream *coh_stream_check_writer(lua_State *L, const struct coh_box *box, const char *what);

/* 'abort' and 'forfeit' of a writer's kind: what was sent cannot be taken back. */
bool coh_stream_abort_write(struct coh_wait *w);
void coh_stream_forfeit_write(struct coh_wait *w);

/* Raise that a stream was shut down. Never returns. [-0, +0, e] */
int coh_stream_raise_shut(lua_State *L, const char *what);

/* Raise what a write came to. Never returns. [-0, +0, e] */
int coh_stream_fail_write(lua_State *L, struct coh_stream *s, int status, const char *what);

/* }} */


/* Methods that have a file of their own. */
extern const luaL_Reg coh_stream_reads[];
extern const luaL_Reg coh_stream_writes[];
extern const luaL_Reg coh_stream_copies[];

COH_SEEN

#endif
