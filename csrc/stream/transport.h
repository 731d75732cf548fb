/*
** Transports: what carries the bytes of a stream. A stream asks its transport for
** bytes, or hands it some, and never waits in it: who finds nothing parks on the
** stream, and whoever has something wakes it. A result is a number of bytes or
** a status of libuv; UV_EAGAIN says "not now".
**
** Here are those over a descriptor. There is one function for each call to the system.
*/
#ifndef COH_STREAM_TRANSPORT_H
#define COH_STREAM_TRANSPORT_H

#include <sys/uio.h>

#include "io/poll.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_stream;

/* What one sort of transport is. Each is a constant. */
struct coh_transport {
  const char *name;                     /* for people, of a stream without an address: "in memory" */

  /* Up to 'size' bytes; 0 at the end. Leaves in poll.readable whether it is worth asking again at once. */
  ssize_t (*read)(struct coh_stream *s, char *bytes, size_t size);

  /* As much of the pieces as there is room for; UV_EAGAIN when there is none. */
  ssize_t (*write)(struct coh_stream *s, const struct iovec *pieces, size_t count);

  /* No more will be written: the other side sees the end once it has read all. */
  int (*shutdown)(struct coh_stream *s);

  /* The stream is being closed; its descriptor is still open. NULL: nothing to do. */
  void (*close)(struct coh_stream *s);

  /* What a read waits for besides being woken: the time, COH_NEVER for none. NULL: nothing. */
  struct coh_poll_choice *(*delay)(struct coh_stream *s, int64_t *until_ns);

  /* They abort with coh_poll_abort_reader (with delays, ..._abort_choice) and coh_stream_abort_write. */
  const struct coh_wait_kind *reading;
  const struct coh_wait_kind *writing;
  bool short_is_full;                   /* it took less than all: there is no room, no need to ask again */
  bool splices;                         /* a pipe: the system can move bytes out of it and into it */
  bool sends;                           /* a file: the system can move bytes out of it */
  bool blocks;                          /* others have it, and expect that: the system would wait, too */
};

extern const struct coh_transport coh_transport_socket;

/*
** Open the poll of a stream on any descriptor, and say by what and in which directions it is carried. From
** now on the stream owns the descriptor. A negative status: it is still the caller's.
*/
int coh_transport_open(struct coh_state *S, struct coh_stream *s, int fd);

/* The same for one that stays blocking if it is, because others have it and must not notice. */
int coh_transport_open_shared(struct coh_state *S, struct coh_stream *s, int fd);

COH_SEEN

#endif
