/*
** File descriptors that the loop watches. libuv tells only that one is ready; the
** task that waits for it wakes and makes the system call itself, in its own
** context. So nothing of libuv's ever points to what a task reads or writes, and a
** wait that is cut leaves nothing behind: no request, no byte to be sent later.
**
** One task at a time reads and one writes ('reader' and 'writer' name them from
** their first wait to their last). Polling goes on while tasks keep waiting; a
** readiness that finds nobody waiting ends it, so that nobody's bytes stay with
** the system and the loop does not spin.
*/
#ifndef COH_IO_POLL_H
#define COH_IO_POLL_H

#include "io/handle.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_poll {
  struct coh_handle handle;
  struct coh_link readers;          /* coh_wait.link of the reader while it is parked, or empty */
  struct coh_link writers;          /* the same of the writer */
  const struct coh_fiber *reader;   /* the task that is reading or accepting, or NULL; never followed */
  const struct coh_fiber *writer;   /* the task that is writing or connecting, or NULL; never followed */
  int fd;
  uint8_t polled;                   /* UV_READABLE, UV_WRITABLE: what libuv watches */
  bool readable;                    /* the next read may find something without waiting */
};

/* Watch 'fd', which is owned from now on. A negative status: it is still the caller's. */
int coh_poll_open(struct coh_state *S, struct coh_poll *p, int fd);

/* Park the reader or the writer, which 'f' becomes. */
void coh_poll_park_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);
void coh_poll_park_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);

/* The same struct of a wait that is being aborted: of a reader, of a writer. */
struct coh_poll *coh_poll_of_reader(struct coh_wait *w);
struct coh_poll *coh_poll_of_writer(struct coh_wait *w);

/* 'abort' of a reader's kind: it is no reader any more. */
bool coh_poll_abort_reader(struct coh_wait *w);

/* Wake who waits and close the descriptor: the end of what a kind does on closing. */
void coh_poll_close(struct coh_poll *p);

COH_SEEN

#endif
