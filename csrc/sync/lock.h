/*
** Locks for Lua: one task at a time. A lock knows its owner; one whose owner ends
** without releasing it is broken for good, and says who that was.
*/
#ifndef COH_SYNC_LOCK_H
#define COH_SYNC_LOCK_H

#include "kernel/hidden.h"
#include "sync/hold.h"

COH_HIDDEN

struct coh_lock {
  struct coh_sync sync;         /* tasks' own waits; 'wait.of' is the lock, but see coh_relock_kind */
  struct coh_held held;         /* in the owner's list */
  struct coh_fiber *owner;      /* NULL when nobody has it */
  struct coh_link conditions;   /* coh_condition.link, of its conditions that have waiters */
  char *dead;                   /* name of the owner that ended, owned; NULL without memory for it */
  bool broken;                  /* for good */
};

/* A condition; here because a lock that breaks wakes the waiters of its conditions. */
struct coh_condition {
  struct coh_sync sync;         /* waiters: tasks' own waits only; 'wait.of' is the condition */
  struct coh_lock *lock;        /* its userdata is the user value COH_UV_LOCK */
  struct coh_link link;         /* in lock->conditions while it has waiters, else alone */
};

#define COH_UV_LOCK 1

extern const struct coh_sync_class coh_lock_class;
extern const struct coh_holding coh_lock_holding;

/* A task's own wait that was for a condition and is now for its lock; 'wait.of' is still the condition. */
extern const struct coh_wait_kind coh_relock_kind;

/* Check that the running task is the owner; else misuse of 'what'. 'mend' ends the message. [-0, +0, v] */
void coh_lock_check_owner(lua_State *L, const struct coh_lock *k, const char *what, const char *mend);

/* Make 'f', which must have its extra part, the owner of a lock that nobody has. */
void coh_lock_own(struct coh_lock *k, struct coh_fiber *f);

/* The owner gives it back: make the first waiter the owner, or nobody. */
void coh_lock_hand_over(struct coh_lock *k);

/* Raise Broken when the lock is broken. [-0, +0, v] */
void coh_lock_check_whole(lua_State *L, const struct coh_lock *k);

/* Push "free", "held by task 'a'" or "broken". [-0, +1, m] */
void coh_lock_describe(lua_State *L, const struct coh_lock *k);

/* Push a new lock. [-0, +1, m] */
struct coh_lock *coh_lock_new(lua_State *L);

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_lock_open(lua_State *L);

COH_SEEN

#endif
