/*
** The tree of cancel scopes. A scope is *effectively* cancelled when it was
** cancelled itself, or when its parent effectively is and it is no shield. Its
** *canceller* is the outermost cancelled scope that no shield hides from it. Every
** change of the tree updates the cancellers it affects, so the test at a checkpoint
** is one load, and interrupting a task costs the same at any depth.
**
** Cancelling marks the subtree and aborts the waits in it, in the order of the tree.
** A wait whose kind has an 'abort' is asked only when the whole subtree is marked.
** Cancelling never allocates and never recurses.
**
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
  struct coh_scope *canceller;     /* see above; NULL unless effectively cancelled */
  struct coh_heap_node deadline;   /* in rt->deadlines while it can still come */
  struct coh_slot slot;            /* the runtime, and the wait parked directly in this scope */
  uint8_t reason;                  /* enum coh_reason of its own cancellation */
  uint8_t role;                    /* enum coh_scope_role: what it is embedded in */
  uint16_t delivered;              /* how often it raised in the task that has it open; the raiser counts */
  bool shield;                     /* hides cancellations from outside */
  bool caught;                     /* a cancellation ended here */
  bool open;                       /* between enter and leave */
};

/*
** Enter 'scope' below 'parent' (NULL for the root). Its deadline is absolute;
** one that has passed cancels at once. Reads the clock unless it is COH_NEVER.
*/
void coh_scope_enter(struct coh_scope *scope, struct coh_runtime *rt, struct coh_scope *parent,
                     int64_t deadline_ns, bool shield);

/* Leave a scope that has no children left. Its flags and deadline stay readable. */
void coh_scope_leave(struct coh_scope *scope);

/* Cancel 'scope'. The first reason stays. If the scope is not open only the reason is set. */
void coh_scope_cancel(struct coh_scope *scope, enum coh_reason reason);

/* Move the deadline of an open scope; one that has passed cancels at once. */
void coh_scope_set_deadline(struct coh_scope *scope, int64_t at_ns);

/* Switch the shield of an open scope; a pending cancellation arrives at once. */
void coh_scope_set_shield(struct coh_scope *scope, bool shield);

/* Move an open scope with its subtree under another parent; a cancellation there arrives at once. */
void coh_scope_move(struct coh_scope *scope, struct coh_scope *parent);

/*
** Abort every wait parked in an open scope and below, shielded or not. A kind may
** still refuse, unless it 'lets_go'.
*/
void coh_scope_abort_all(struct coh_scope *scope);

/* Was the scope cancelled itself? First cancels it if its deadline has passed unnoticed so far. */
bool coh_scope_cancel_called(struct coh_scope *scope);

/* Is it effectively cancelled? */
static inline bool coh_scope_is_cut(const struct coh_scope *scope) {
  return scope->canceller != NULL;
}

/* Does a Cancelled that reaches this scope end here? It does if the scope is its own canceller. */
bool coh_scope_catches(const struct coh_scope *scope);

/*
** The scope that a Cancelled now unwinding from here comes from: the canceller or,
** when a shield has gone up meanwhile, the innermost cancelled scope outside it.
*/
struct coh_scope *coh_scope_source(struct coh_scope *scope);

/* The earliest deadline that applies here; INT64_MIN when already cancelled. */
int64_t coh_scope_effective_deadline(const struct coh_scope *scope);

/* The oldest of its children, and the next after one of them. NULL: there is none. */
struct coh_scope *coh_scope_oldest(const struct coh_scope *scope);
struct coh_scope *coh_scope_next(const struct coh_scope *scope);

/* Walk 'top' and all below it, parents before children: what comes after 's', or NULL. */
struct coh_scope *coh_scope_walk(const struct coh_scope *top, const struct coh_scope *s);

/* Take an open scope out of the tree, and do nothing else: for tearing the whole tree down. */
void coh_scope_detach(struct coh_scope *scope);

COH_SEEN

#endif
