/*
** File descriptors that the loop watches. libuv only reports that one is ready; the waiting task wakes and
** makes the system call itself, in its own context. So nothing of libuv's ever points to what a task reads or
** writes, and a wait that is cut leaves nothing behind: no request, no bytes to be sent later.
**
** What libuv cannot or need not watch is a coh_poll too: tasks park on it the same way, and whoever has what
** they wait for wakes them. Its libuv handle does nothing; it is there to be closed, so that memory has the
** same lifetime and is freed the same way.
**
** At most one task reads and one writes at a time; 'reader' and 'writer' name them from their first wait to
** their last, or until they are closed by force. Polling goes on while tasks keep waiting. A readiness that
** finds nobody waiting ends it: the bytes stay in the system, and the loop does not spin. Where they must not
** stay there (coh_poll_drain), the loop itself reads them.
*/
#ifndef COH_IO_POLL_H
#define COH_IO_POLL_H

#include "io/handle.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_poll {
  struct coh_handle handle;
  int fd;                           /* owned; -1 when there is none */
  uint8_t polled;                   /* the events libuv watches for; both where it never watches */
  bool readable;                    /* the next read may succeed without waiting */
  struct coh_link readers;          /* coh_wait.link of the reader while it is parked, or empty */
  const struct coh_fiber *reader;   /* the task that is reading or accepting, or NULL; never followed */
  const struct coh_fiber *writer;   /* the task that is writing or connecting, or NULL; never followed */
  struct coh_link writers;          /* the same for the writer; of a UDP socket, for all who wait to send */
  bool (*unread)(struct coh_poll *p);  /* reads what arrives while nobody waits for it; false: no more will
                                          come. Runs no Lua. NULL: nobody reads it */
};

/* Watch 'fd', which is then owned. On a negative status it is still the caller's. */
int coh_poll_open(struct coh_state *S, struct coh_poll *p, int fd);

/*
** The same for a descriptor whose open file is shared with others and must stay blocking, where libuv would
** make it non-blocking. Its number changes.
*/
int coh_poll_open_shared(struct coh_state *S, struct coh_poll *p, int fd);

/* Own 'fd', which may be -1, but watch nothing. */
void coh_poll_open_unwatched(struct coh_state *S, struct coh_poll *p, int fd);

/* Park 'f' as the reader or the writer. */
void coh_poll_park_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);
void coh_poll_park_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);

/* The same, but only yield, to give other tasks a turn. */
void coh_poll_turn_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);
void coh_poll_turn_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind);

/* Set the reader, or NULL for none. With none, a drain that a choice had suspended goes on. */
void coh_poll_set_reader(struct coh_poll *p, const struct coh_fiber *f);

/* The poll that a writer's wait, which is being aborted, waits for. */
struct coh_poll *coh_poll_of_writer(struct coh_wait *w);

/* The 'abort' of a reader's kind: the task is no longer the reader. */
bool coh_poll_abort_reader(struct coh_wait *w);

/*
** The 'forfeit' of all these kinds: the task reads and writes nothing any more. It searches all open handles
** for what the task used, so a kind need not be taken off a wait in time: a late call finds nothing.
*/
void coh_poll_forfeit(struct coh_wait *w);

/* What the task of that wait is writing to, or NULL; for kinds whose 'forfeit' has more to do. */
struct coh_poll *coh_poll_written(const struct coh_wait *w);

/* Does an open handle have this descriptor, whether it is watched at the moment or not? */
bool coh_poll_owns(const struct coh_io *io, int fd);

/* Stop watching and give up the open file, while nobody waits. 0, or a negative status. */
int coh_poll_let_go(struct coh_poll *p);

/* From now on 'unread' reads what arrives while no reader waits. No effect on what libuv does not watch. */
void coh_poll_drain(struct coh_poll *p, bool (*unread)(struct coh_poll *p));

/* Wake all who wait and close the descriptor: the end of every kind's 'close'. */
void coh_poll_close(struct coh_poll *p);

/*
** A wait for the first of several things: 'from' can be read, 'to' can be written, either is closed, or a
** time has come. Meanwhile the task is the reader of one and the writer of the other.
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
** Park 'f' until the first of them. 'events', of UV_READABLE and UV_WRITABLE, says what to watch for;
** 'until_ns' may be COH_NEVER. The kind must have coh_poll_abort_choice as its 'abort'.
*/
void coh_poll_park_choice(struct coh_poll_choice *c, struct coh_fiber *f, const struct coh_wait_kind *kind,
                          int events, int64_t until_ns);
bool coh_poll_abort_choice(struct coh_wait *w);

COH_SEEN

#endif
