/*
** Children as the loop sees them. Each is watched by a descriptor that stands for it alone (a pidfd), so no
** signal is taken, nobody else's child is ever reaped, and several runtimes do not meet. Where the system has
** no such thing we look from time to time.
**
** A child outlives the object that stands for it: once that is closed or collected the child is told to end,
** is killed when it has not after its grace, and is reaped, all of it by the loop. The grace is real time,
** whatever clock the runtime has: the child does not know of that.
**
** The leader of a process group stays unreaped until its group is ended, so that its number, which
** is the group's, cannot be another's by then.
*/
#ifndef COH_PROCESS_CHILD_H
#define COH_PROCESS_CHILD_H

#include "io/room.h"
#include "kernel/hidden.h"
#include "sync/object.h"

COH_HIDDEN

struct coh_child;

/* The userdata, which is told how its child stands. */
struct coh_process {
  struct coh_sync sync;      /* its waiters are woken when it has ended, and when nothing of it is left */
  struct coh_child *child;   /* until all has ended and is reaped, or cannot be; then NULL */
  const char *where;         /* it was started, "file:line", which the userdata keeps */
  pid_t pid;
  bool ended;                /* and how is known: */
  bool lost;                 /* it never will be: somebody else took its status, or it is not ours to end */
  int status;                /* it exited with; -1 when a signal ended it */
  int signal;                /* that ended it; 0 when it exited */
};

/* One that nothing watches yet; NULL when memory is out. The room of the loop is there. */
struct coh_child *coh_child_new(struct coh_state *S, bool group, uint64_t grace_ms);

/* Free such a one. */
void coh_child_free(struct coh_state *S, struct coh_child *c);

/*
** Begin to watch process 'pid' for its owner. Needs one descriptor. A negative status: it cannot be
** watched, was killed and reaped, and 'c' is still the caller's. UV_ESRCH: it has ended, and was reaped by
** somebody else.
*/
int coh_child_watch(struct coh_state *S, struct coh_child *c, struct coh_process *owner, pid_t pid);

/* Send a signal to it, or to all of its group. 0 or a negative status. */
int coh_child_signal(struct coh_child *c, int signal);

/* Have it end, politely at first. May be over when this returns. False: it was told before. */
bool coh_child_end(struct coh_child *c);

/* The owner is collected: nobody is told any more. */
void coh_child_disown(struct coh_child *c);

/* Append to the list on top where each was started that has an object and has not ended. [-0, +0, m] */
void coh_children_list(lua_State *L, struct coh_state *S);

/* The runtime closes: kill all children that are left, and reap them. No task may be live. */
void coh_children_close_all(struct coh_state *S);

COH_SEEN

#endif
