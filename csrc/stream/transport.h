/*
** Transports: what carries the bytes of a stream. A stream asks its transport for bytes or hands it some. A
** transport never waits: a task that gets nothing parks on the stream, and whoever has something wakes it.
** Results are numbers of bytes or libuv statuses, where UV_EAGAIN means "not now".
**
** Those over a descriptor are here, with one function for each system call.
*/
#ifndef COH_STREAM_TRANSPORT_H
#define COH_STREAM_TRANSPORT_H

#include <sys/uio.h>

#include "io/poll.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_stream;

/* One sort of transport. Each is a constant. */
struct coh_transport {
  const char *name;                     /* for people, of a stream without an address: "in memory" */

  /* Read up to 'size' bytes; 0 at the end. Sets poll.readable to whether asking again at once is
     worthwhile. */
  ssize_t (*read)(struct coh_stream *s, char *bytes, size_t size);

  /* Write as much of the pieces as there is room for; UV_EAGAIN when there is none. */
  ssize_t (*write)(struct coh_stream *s, const struct iovec *pieces, size_t count);

  /* Write no more: the other side sees the end once it has read all. */
  int (*shutdown)(struct coh_stream *s);

  /* The stream is closing; its descriptor is still open. NULL: nothing to do. */
  void (*close)(struct coh_stream *s);

  /* What a read waits for besides being woken: a time, or COH_NEVER. NULL: nothing else. */
  struct coh_poll_choice *(*delay)(struct coh_stream *s, int64_t *until_ns);

  /* Their 'abort' is coh_poll_abort_reader (with delays coh_poll_abort_choice) and coh_stream_abort_write. */
  const struct coh_wait_kind *reading;
  const struct coh_wait_kind *writing;
  bool short_is_full;                   /* a partial write means that there is no room, so asking again at
                                           once is useless */
  bool splices;                         /* a pipe: the system can move bytes out of it and into it */
  bool sends;                           /* a file: the system can move bytes out of it */
  bool blocks;                          /* others share it and expect it to block, so a system call on it
                                           would block */
};

extern const struct coh_transport coh_transport_socket;

/*
** Open the poll of a stream on any descriptor, and set its transport and directions. The stream then owns the
** descriptor; on a negative status it is still the caller's.
*/
int coh_transport_open(struct coh_state *S, struct coh_stream *s, int fd);

/* The same for a descriptor that stays blocking if it is, because others share it and must not notice. */
int coh_transport_open_shared(struct coh_state *S, struct coh_stream *s, int fd);

COH_SEEN

#endif
