/*
** A group owns tasks: its scope is around the body and every task, and its end
** waits for all of them. The first failure cancels the scope; failures are kept
** in the order they happened by linking the failed tasks themselves, so that
** recording one needs no memory. Nothing else of a finished task is kept.
**
** The body is one more member: it fails, is interrupted and ends like a task,
** but lives on its host's stack.
*/
#ifndef COH_KERNEL_GROUP_H
#define COH_KERNEL_GROUP_H

#include "kernel/hidden.h"
#include "kernel/task.h"

COH_HIDDEN

struct coh_group {
  struct coh_scope scope;           /* around every task */
  struct coh_scope *around;         /* around the body too, and what a failure cancels: 'scope'
                                       itself or, when the body is a block, a scope of its own,
                                       so that cancelling the tasks does not cancel the body */
  struct coh_task *host;            /* whose block this is */
  struct coh_link failed;           /* head: coh_task.wait.link, and 'body_failed', in order of failing */
  struct coh_link body_failed;      /* alone unless the body failed */
  struct coh_link backlog;          /* head: coh_wait.link of new tasks and spawners waiting for a place */
  size_t ordinary;                  /* live tasks that are no daemons, queued ones included */
  size_t daemons;
  size_t pending;                   /* starts under way, and spawners in the backlog */
  size_t places;                    /* taken: granted, and not yet given back */
  size_t limit;                     /* most places at a time; 0 means no limit */
  bool collect;                     /* a failure of a task does not cancel the others */
  bool spawned_any;
  bool body_ended;
  bool shut;                        /* its tasks were cancelled but not its scope, see coh_group_shut */
  bool interrupted;                 /* the body or a task was ended by Cancelled */
  bool joining;                     /* the host is parked in coh_group_join */
};

/* Open a group in its host. 'block' is the scope of a body that is a block, else NULL. */
void coh_group_open(struct coh_group *group, struct coh_task *host, struct coh_scope *block, size_t limit,
                    bool collect);

/*
** Spawn 'task' (zeroed memory) into an open group. It begins in a later pass,
** or, when the group has no free place, once there is one.
*/
void coh_group_spawn(struct coh_group *group, struct coh_task *task, bool daemon);

/* Must 'spawner' wait for a place? Only from outside the group: inside, tasks are queued. */
bool coh_group_must_wait(const struct coh_group *group, const struct coh_task *spawner);
bool coh_group_owns(const struct coh_group *group, const struct coh_task *task);

/*
** Park 'spawner' until it is granted a place. Afterwards it calls place_waited,
** which frees a granted place again for the spawn that must follow at once.
*/
void coh_group_wait_place(struct coh_group *group, struct coh_task *spawner);
void coh_group_place_waited(struct coh_task *spawner, bool granted);

/* That spawn. It begins the task even if others took places meanwhile, as a start from inside does. */
void coh_group_spawn_granted(struct coh_group *group, struct coh_task *task);

/* Called instead when the spawner cannot use the place it was granted: the next in the backlog gets it. */
void coh_group_place_given_up(struct coh_task *spawner);

/*
** Begin 'task' in 'starter's scopes and park 'starter' until the task has called
** started or ended. The starter's cancellation reaches the task, not this wait. A
** pending start keeps the group open.
*/
void coh_group_start(struct coh_group *group, struct coh_task *task, struct coh_task *starter);

/* A starting task called started: it and all below it move into the group, and its starter wakes. */
void coh_group_adopt(struct coh_task *task);

/*
** A task ended. A failed one stays in 'failed' and keeps its memory until the
** group is closed; one that was still starting is left to its starter.
*/
void coh_group_task_ended(struct coh_task *task, enum coh_result result);

/* The body ended. A failure or an interruption of it counts like a task's. */
void coh_group_body_ended(struct coh_group *group, bool failed, bool interrupted);

/*
** Cancel every task, those yet to be spawned too, but not the scope: for a group that
** ends late, while its host goes on inside it. Failures no longer cancel anything.
*/
void coh_group_shut(struct coh_group *group);

/* Has every task ended? */
bool coh_group_is_empty(const struct coh_group *group);

/* Park the host until the group is empty. No cancellation ends this wait. */
void coh_group_join(struct coh_group *group);

/* Close an empty group: its scopes are left. The caller then owns what is in 'failed'. */
void coh_group_close(struct coh_group *group);

COH_SEEN

#endif
