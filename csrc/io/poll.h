/*
** File descriptors that the loop watches. libuv tells only that one is ready; the
** task that waits for it wakes and makes the system call itself, in its own
** context. So nothing of libuv's ever points to what a task reads or writes, and a
** wait that is cut leaves nothing behind: no request, no byte to be sent later.
**
** What libuv cannot watch, or need not, is here too: it is parked on in the same way, and
** woken by whoever has what is waited for. Its handle in libuv does nothing and is
** there to be closed: so memory lives as long, and is freed in the same way.
**
** One task at a time reads and one writes ('reader' and 'writer' name them from
** their first wait to their last, or until they are closed by force). Polling goes on
** while tasks keep waiting; a readiness that finds nobody waiting ends it, so that
** nobody's bytes stay with the system and the loop does not spin. Where they must not stay there
** (coh_poll_drain) they are read by whoever asked for that, in the loop.
*/
#ifndef COH_IO_POLL_H
#define COH_IO_POLL_H

#include "io/handle.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_poll {
  struct coh_handle handle;
  int fd;                           /* owned; -1: there is none */
  uint8_t polled;                   /* UV_READABLE, UV_WRITABLE: what libuv watches; both: it never does */
  bool readable;                    /* the next read may find something without waiting */
  struct coh_link readers;          /* coh_wait.link of the reader while it is parked, or empty */
  const struct coh_fiber *reader;   /* the task that is reading or accepting, or NULL; never followed */
  const struct coh_fiber *writer;   /* the task that is writing or connecting, or NULL; never followed */
  struct coh_link writers;          /* as 'readers'; of a UDP socket, of all who wait to send */
  bool (*unread)(struct coh_poll *p);  /* reads what comes while nobody waits for it. False: there will be no
                                          more. NULL: nobody reads it. No Lua may run there */
};

/* Watch 'fd', which is owned from now on. A negative status: it is still the caller's. */
int coh_poll_open(struct coh_state *S, struct coh_poll *p, int fd);

/*
** The same, but what it is open on is others' too and must not become non-blocking, as libuv would make
** it. Its number is another afterwards.
*/
int coh_poll_open_shared(struct coh_state *S, struct coh_poll *p, int fd);

/* Own 'fd', which may be -1, and watch nothing. */
void coh_poll_open_unwatched(struct coh_state *S, struct coh_poll *p, int fd);

/* Park the reader or the writer, which 'f' becomes. */
void coh_poll_park_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);
void coh_poll_park_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);

/* The same without waiting for anything: let others have their turn. */
void coh_poll_turn_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);
void coh_poll_turn_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);

/* Name the reader; NULL: there is none. Then a drain goes on, of what a choice had ceased to watch. */
void coh_poll_set_reader(struct coh_poll *p, const struct coh_fiber *f);

/* What the wait of a writer that is being aborted waits for. */
struct coh_poll *coh_poll_of_writer(struct coh_wait *w);

/* 'abort' of a reader's kind: it is no reader any more. */
bool coh_poll_abort_reader(struct coh_wait *w);

/*
** 'forfeit' of all these kinds: the task reads and writes nothing any more. What it did is found among all
** that is open, so a kind need not be taken off in time: when it comes late there is nothing to find.
*/
void coh_poll_forfeit(struct coh_wait *w);

/* What the task of that wait is writing to, or NULL: for those who have more to do then. */
struct coh_poll *coh_poll_written(const struct coh_wait *w);

/* Is this descriptor one of those that are open here, watched at the moment or not? */
bool coh_poll_owns(const struct coh_io *io, int fd);

/* Watch no more and give up what the descriptor is of, with nobody waiting. 0, or a negative status. */
int coh_poll_let_go(struct coh_poll *p);

/* From now on 'unread' has what comes while no reader waits. Not for what libuv does not watch. */
void coh_poll_drain(struct coh_poll *p, bool (*unread)(struct coh_poll *p));

/* Wake who waits and close the descriptor: the end of what a kind does on closing. */
void coh_poll_close(struct coh_poll *p);

/*
** A wait for one of several things: that 'from' can be read, that 'to' can be written, that either is closed,
** that a time has come. The task is the reader of one and the writer of the other all the while.
*/
struct coh_poll_choice {
  struct coh_choice choice;         /* first, so that a pointer to it is one to the struct */
  struct coh_poll *from;            /* or NULL */
  struct coh_poll *to;              /* or NULL */
  struct coh_standin reading;       /* in the queue of 'from' */
  struct coh_standin writing;       /* in the queue of 'to' */
  struct coh_standin until;
};

/*
** Park 'f' until one of them has come. 'events' are those to be watched for, of UV_READABLE and
** UV_WRITABLE; 'until_ns' may be COH_NEVER. The kind's 'abort' is coh_poll_abort_choice.
*/
void coh_poll_park_choice(struct coh_poll_choice *c, struct coh_fiber *f, const struct coh_wait_kind *kind,
                          int events, int64_t until_ns);
bool coh_poll_abort_choice(struct coh_wait *w);

COH_SEEN

#endif
