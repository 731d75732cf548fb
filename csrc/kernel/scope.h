/*
** The tree of cancel scopes. A scope is *effectively* cancelled when it was
** cancelled itself, or when its parent effectively is and it is no shield. Its
** *canceller* is the outermost scope that is to be seen from it and was cancelled;
** it is kept in every scope by whoever changes the tree, so the test at a checkpoint
** is one load, and a task is cut at the same cost at any depth.
**
** Cancelling aborts the waits in the subtree, in the order of the tree. One that
** has a say in that is asked when the whole subtree is marked. It never allocates
** and never recurses.
** A scope is the innermost one of at most one task, so it holds at most one
** parked wait.
*/
#ifndef COH_KERNEL_SCOPE_H
#define COH_KERNEL_SCOPE_H

#include "kernel/hidden.h"
#include "kernel/timer.h"
#include "kernel/wait.h"

COH_HIDDEN

enum coh_reason {
  COH_REASON_NONE,
  COH_REASON_CANCEL,      /* somebody called cancel */
  COH_REASON_DEADLINE,
  COH_REASON_FAILURE,     /* of the body or of a sibling */
  COH_REASON_INTERRUPT,   /* Ctrl-C */
  COH_REASON_SHUTDOWN,    /* the runtime closes, or only daemons are left */
  COH_REASON_DEADLOCK,
  COH_REASON_MISNESTING   /* left open inside a scope that ended */
};

enum coh_scope_role { COH_SCOPE_PLAIN, COH_SCOPE_GROUP, COH_SCOPE_BLOCK, COH_SCOPE_TASK };

struct coh_scope {
  struct coh_scope *parent;        /* NULL for the root */
  struct coh_scope *youngest;      /* of its children, NULL when there are none */
  struct coh_link sibling;         /* ring of the parent's children, oldest first; alone when not open */
  struct coh_scope *canceller;     /* see above; NULL when it is not effectively cancelled */
  struct coh_heap_node deadline;   /* in rt->deadlines while it can still come */
  struct coh_slot slot;            /* the runtime, and the wait parked directly in this scope */
  uint8_t reason;                  /* enum coh_reason of its own cancellation */
  uint8_t role;                    /* enum coh_scope_role: what it is embedded in */
  uint16_t delivered;              /* times it cut the task that has it open; whoever raises counts */
  bool shield;                     /* hides what comes from outside */
  bool caught;                     /* a cancellation ended here */
  bool open;                       /* between enter and leave */
};

/*
** Enter 'scope' below 'parent' (NULL for the root). Its deadline is absolute;
** one that has passed cancels at once. Below COH_NEVER it reads the clock.
*/
void coh_scope_enter(struct coh_scope *scope, struct coh_runtime *rt, struct coh_scope *parent,
                     int64_t deadline_ns, bool shield);

/* Leave a scope that has no children left. Its flags and deadline stay readable. */
void coh_scope_leave(struct coh_scope *scope);

/* The first reason stays. On a scope that is not open only the flag is set. */
void coh_scope_cancel(struct coh_scope *scope, enum coh_reason reason);

/* Move the deadline of an open scope; one that has passed cancels at once. */
void coh_scope_set_deadline(struct coh_scope *scope, int64_t at_ns);

/* Switch the shield of an open scope; a pending cancellation arrives at once. */
void coh_scope_set_shield(struct coh_scope *scope, bool shield);

/* Put an open scope and all below it under another parent, and see what that changes. */
void coh_scope_move(struct coh_scope *scope, struct coh_scope *parent);

/*
** Abort every wait parked in an open scope and below, whatever shields it. A kind
** may still refuse; if it lets go it is not asked.
*/
void coh_scope_abort_all(struct coh_scope *scope);

/* Cancel if the deadline has passed, though no pass noticed yet; then: was it cancelled itself? */
bool coh_scope_cancel_called(struct coh_scope *scope);

/* Is it effectively cancelled? */
static inline bool coh_scope_is_cut(const struct coh_scope *scope) {
  return scope->canceller != NULL;
}

/* Does a cancellation that arrives here end here? That of its own canceller does. */
bool coh_scope_catches(const struct coh_scope *scope);

/*
** What a Cancelled that is on its way out from here comes from: the canceller or,
** when a shield has gone up meanwhile, the innermost cancelled scope behind it.
*/
struct coh_scope *coh_scope_source(struct coh_scope *scope);

/* The earliest deadline that applies here; INT64_MIN when already cancelled. */
int64_t coh_scope_effective_deadline(const struct coh_scope *scope);

/* The oldest of its children, and the next after one of them. NULL: there is none. */
struct coh_scope *coh_scope_oldest(const struct coh_scope *scope);
struct coh_scope *coh_scope_next(const struct coh_scope *scope);

/* A walk of 'top' and all below it, children behind their parent: what comes after 's', or NULL. */
struct coh_scope *coh_scope_walk(const struct coh_scope *top, const struct coh_scope *s);

/* Take an open scope out of the tree, and nothing else: for who tears all of it down. */
void coh_scope_detach(struct coh_scope *scope);

COH_SEEN

#endif
