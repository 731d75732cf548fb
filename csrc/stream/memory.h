/*
** Streams in memory: two ends, and two queues of bytes between them. There is no
** descriptor: what is written wakes the reader of the other end, what is read its
** writer. So a wait for the other end is one for another task, and a virtual clock
** jumps and a deadlock is seen.
*/
#ifndef COH_STREAM_MEMORY_H
#define COH_STREAM_MEMORY_H

#include "kernel/hidden.h"
#include "stream/stream.h"

COH_HIDDEN

struct coh_memory {
  struct coh_stream stream;       /* first, so that a pointer to it is one to the end */
  struct coh_memory *peer;        /* the other end; NULL once that is closed */
  struct coh_streambuf incoming;  /* written by the other end and not read yet */
  size_t capacity;                /* of 'incoming' */
  bool finished;                  /* no more will come */
  bool broken;                    /* and that is an error: the other end was closed with bytes unread */
};

/* What 'pair' and 'stream_pair' have in common: options by these names, the last of them NULL. */
#define COH_MEMORY_OPTIONS "capacity", "line_max", "buffer_max"

/*
** Push two ends, of 'size' bytes each, an end first, with the options at 1; returns the first, whose
** peer is the second. [-0, +2, v]
*/
struct coh_memory *coh_memory_pair(lua_State *L, size_t size, const struct coh_transport *transport);

/* The transport, for those who put something in its way. */
ssize_t coh_memory_read(struct coh_stream *s, char *bytes, size_t size);
ssize_t coh_memory_write(struct coh_stream *s, const struct iovec *pieces, size_t count);
int coh_memory_shutdown(struct coh_stream *s);
void coh_memory_close(struct coh_stream *s);

/* Whoever waits at an end looks again. */
void coh_memory_wake(struct coh_memory *end);

extern const struct coh_wait_kind coh_memory_writing;

/* Add 'pair' to the module table on top. [-0, +0, m] */
void coh_memory_open(lua_State *L);

COH_SEEN

#endif
