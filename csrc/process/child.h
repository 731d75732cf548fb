/*
** Child processes as the loop sees them. Each is watched through a descriptor that stands for it alone (a
** pidfd), so no signal is taken, nobody else's child is reaped, and several runtimes do not interfere. Where
** the system has no pidfd, children are checked from time to time.
**
** A child outlives its object: once that is closed or collected, the loop asks the child to end, kills it
** when its grace has passed, and reaps it. The grace is real time, whatever clock the runtime has, for the
** child does not know that clock.
**
** The leader of a process group stays unreaped until its group is ended, so that its number, which is the
** group's, cannot be reused before.
*/
#ifndef COH_PROCESS_CHILD_H
#define COH_PROCESS_CHILD_H

#include "io/room.h"
#include "kernel/hidden.h"
#include "sync/object.h"

COH_HIDDEN

struct coh_child;

/* The userdata, which is kept informed of its child. */
struct coh_process {
  struct coh_sync sync;      /* its waiters are woken when the child has ended, and again when nothing of
                                it is left */
  struct coh_child *child;   /* NULL once everything has ended and is reaped, or cannot be */
  const char *where;         /* "file:line" that started it, anchored by a user value */
  pid_t pid;
  bool ended;                /* and how is known, below */
  bool lost;                 /* how is unknown for ever: somebody else took its status, or it is not ours
                                to end */
  int status;                /* its exit status; -1 when a signal ended it */
  int signal;                /* the signal that ended it; 0 when it exited */
};

/* A child that nothing watches yet. The room must exist. NULL: out of memory. */
struct coh_child *coh_child_new(struct coh_state *S, bool group, uint64_t grace_ms);

/* Free a child that nothing watches. */
void coh_child_free(struct coh_state *S, struct coh_child *c);

/*
** Begin to watch process 'pid' for its owner; needs one descriptor. On a negative status it could not be
** watched, was killed and reaped, and 'c' is still the caller's. UV_ESRCH: it had ended, and somebody else
** reaped it.
*/
int coh_child_watch(struct coh_state *S, struct coh_child *c, struct coh_process *owner, pid_t pid);

/* Send a signal to the child, or to its whole group. 0, or a negative status. */
int coh_child_signal(struct coh_child *c, int signal);

/* Make it end, politely at first. All may be over when this returns. False: it was asked before. */
bool coh_child_end(struct coh_child *c);

/* Its owner is collected: inform nobody any more. */
void coh_child_disown(struct coh_child *c);

/* Append to the list on top where each child was started that has an object and has not ended. [-0, +0, m] */
void coh_children_list(lua_State *L, struct coh_state *S);

/* Kill and reap all children that are left, because the runtime is closing. No task may be live. */
void coh_children_close_all(struct coh_state *S);

COH_SEEN

#endif
