/*
** Streams in memory: two ends with two queues of bytes between them, and no descriptor. Writing wakes the
** reader of the other end, and reading its writer. So a wait for the other end is a wait for another task: a
** virtual clock jumps over it and a deadlock is detected.
*/
#ifndef COH_STREAM_MEMORY_H
#define COH_STREAM_MEMORY_H

#include "kernel/hidden.h"
#include "stream/stream.h"

COH_HIDDEN

struct coh_memory {
  struct coh_stream stream;       /* first, so that a pointer to it is one to this */
  struct coh_memory *peer;        /* the other end; NULL once that is closed */
  struct coh_streambuf incoming;  /* written by the other end and not yet read */
  size_t capacity;                /* of 'incoming' */
  bool finished;                  /* no more will come */
  bool broken;                    /* and that is an error: the other end was closed with bytes unread */
};

/* The names of the options that 'pair' and 'stream_pair' share. */
#define COH_MEMORY_OPTIONS "capacity", "line_max", "buffer_max"

/*
** Push two ends, of 'size' bytes each, beginning with a coh_memory, with the options at 1. Returns the first,
** whose 'peer' is the second. [-0, +2, v]
*/
struct coh_memory *coh_memory_pair(lua_State *L, size_t size, const struct coh_transport *transport);

/* Its functions, for transports that put something in between. */
ssize_t coh_memory_read(struct coh_stream *s, char *bytes, size_t size);
ssize_t coh_memory_write(struct coh_stream *s, const struct iovec *pieces, size_t count);
int coh_memory_shutdown(struct coh_stream *s);
void coh_memory_close(struct coh_stream *s);

/* Let whoever waits at an end look again. */
void coh_memory_wake(struct coh_memory *end);

extern const struct coh_wait_kind coh_memory_writing;

/* Add 'pair' to the module table on top. [-0, +0, m] */
void coh_memory_open(lua_State *L);

COH_SEEN

#endif
