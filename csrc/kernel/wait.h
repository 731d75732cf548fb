/*
** The one way to block. A task that must wait parks its one wait, in a queue,
** in the heap of sleeps, or nowhere; whoever can provide what it waits for wakes it.
** A wait is in exactly one place: running, ready, parked or done, and its link
** is in the one list that place means. A scope that is cancelled aborts the wait
** parked in it; the wait's kind says how, and may refuse.
*/
#ifndef COH_KERNEL_WAIT_H
#define COH_KERNEL_WAIT_H

#include "kernel/core.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_wait;

enum coh_place {
  COH_RUNNING,         /* in no list */
  COH_READY,           /* in the ready list */
  COH_PARKED,          /* in its queue, in the heap, or nowhere */
  COH_DONE,            /* over: in its group's list of failures, or in none */
  COH_STANDING         /* stand-ins only: in a queue or in the heap, for a task that is parked */
};

enum coh_outcome {
  COH_WOKEN,           /* what the wait was for has happened */
  COH_WAIT_CANCELLED   /* a scope around the wait was cancelled; nothing happened */
};

/* A sort of wait: what it is for and how it may end. Each kind is a constant. */
struct coh_wait_kind {
  const char *what;                  /* for people: "sleep", "accept" */
  bool (*abort)(struct coh_wait *w); /* take back what the wait began. False: that is impossible,
                                        it will end by itself. NULL: nothing to take back.
                                        Called at most once per wait; must not wake anything. */
  void (*forfeit)(struct coh_wait *w); /* the code that waited will not go on: pass on what it was woken
                                          with, if it was woken. NULL: there is nothing to pass on */
  bool refuses;                      /* is never aborted: it will end by itself */
  bool external;                     /* something outside tasks can end it */
  bool finishes;                     /* is external, and sure to end: an operation in flight */
  bool lets_go;                      /* though it refused, may be ended when all is stuck, or at the close */
  bool stays;                        /* may begin in a cancelled scope, which does not end it */
};

/* Where a scope keeps the wait parked in it, for aborting. */
struct coh_slot {
  struct coh_runtime *rt;
  struct coh_wait *wait;             /* parked here, or NULL */
};

struct coh_wait {
  union {
    struct {
      struct coh_link link;          /* in the queue, the ready list, or the list of failures */
      void *of;                      /* for the code that parked it in a queue, until the task goes on */
    };
    struct coh_heap_node sleep;      /* while parked by coh_wait_sleep */
  };
  struct coh_slot *slot;             /* of the scope it is parked in; NULL unless parked */
  const struct coh_wait_kind *kind;  /* of the last wait; NULL before the first. A kind with a 'forfeit' is
                                        reset to NULL once the task has seen the outcome */
  uint8_t place;                     /* enum coh_place */
  uint8_t outcome;                   /* enum coh_outcome of the last wait */
  bool sleeping;                     /* in the heap, not in a list */
  bool abort_refused;                /* this wait was asked to abort, and refused */
};

/*
** A task that waits for several things at once parks its one wait in no queue, and
** has a stand-in in the queue of each. Whatever ends the wait takes all of them out,
** and waking a stand-in wakes the task: the waker need not know the difference.
*/
struct coh_standin {
  struct coh_wait wait;              /* COH_STANDING in its queue, or in the heap; else COH_DONE */
  struct coh_choice *choice;         /* the one it belongs to */
  struct coh_standin *next;          /* in its choice's list, NULL for the last */
};

struct coh_choice {
  struct coh_wait *wait;             /* the parked wait that all stand for */
  struct coh_standin *first;         /* list of stand-ins, the latest first, or NULL */
  struct coh_standin *chosen;        /* the one that was woken; NULL before, and if the wait was aborted */
};

void coh_wait_init(struct coh_wait *w);

/* Make a running wait ready again without parking it: all that are ready have their turn first. */
static inline void coh_wait_yield(struct coh_runtime *rt, struct coh_wait *w) {
  coh_assert(w->place == COH_RUNNING);
  w->place = COH_READY;
  w->outcome = COH_WOKEN;
  coh_link_append(&rt->ready, &w->link);
}

/* The same, but at the front of the pass: it runs next unless 'choose' picks another. */
void coh_wait_stay(struct coh_runtime *rt, struct coh_wait *w);

/* The same, and it runs next in any case. */
void coh_wait_yield_front(struct coh_runtime *rt, struct coh_wait *w);

/*
** Park at the end of 'queue', or in none if it is NULL. If the scope is cancelled already, nothing will
** abort the wait: so a task that may have been cancelled since it last tested must test again first, unless
** the kind 'stays'.
*/
void coh_wait_park(struct coh_wait *w, struct coh_slot *slot, const struct coh_wait_kind *kind,
                   struct coh_link *queue);

/* Park until 'at_ns'. COH_NEVER means that only cancellation ends it. */
void coh_wait_sleep(struct coh_wait *w, struct coh_slot *slot, int64_t at_ns);

/*
** Park 'w' in no queue, with nothing standing for it yet. The kind's abort must be coh_choice_abort, or
** end by calling it. All structs are borrowed until the wait has ended.
*/
bool coh_choice_abort(struct coh_wait *w);
void coh_choice_park(struct coh_choice *c, struct coh_wait *w, struct coh_slot *slot,
                     const struct coh_wait_kind *kind);

/* Let 's' stand in for a parked choice, at the end of 'queue' or in the heap until 'at_ns'. */
void coh_choice_stand(struct coh_choice *c, struct coh_standin *s, struct coh_link *queue);
void coh_choice_stand_until(struct coh_choice *c, struct coh_standin *s, int64_t at_ns);

static inline struct coh_standin *coh_standin_of(struct coh_wait *w) {
  return coh_item(w, struct coh_standin, wait);
}

/* End a parked wait: it leaves its queue and becomes ready, behind all that are. */
void coh_wait_wake(struct coh_wait *w, enum coh_outcome outcome);

/* Move a parked wait to the end of another queue. Neither kind may be external. */
void coh_wait_move(struct coh_wait *w, const struct coh_wait_kind *kind, struct coh_link *queue);

/* Wake the oldest wait of a queue, or all of them; how many were woken. */
bool coh_wait_wake_one(struct coh_link *queue);
size_t coh_wait_wake_all(struct coh_link *queue);

/* Abort a parked wait because its scope was cancelled. False if it refuses, or refused before. */
bool coh_wait_abort(struct coh_wait *w);

/* The code that waited will not go on, as when its task is ended by force: call the kind's 'forfeit'. */
void coh_wait_forfeit(struct coh_wait *w);

/*
** 'of' is going away: what 'w' was woken with, if that was a wait of 'kind' for 'of', can no longer be
** passed on. The second does this for all that are ready, and is linear in them.
*/
void coh_wait_disown(struct coh_wait *w, const struct coh_wait_kind *kind, const void *of);
void coh_wait_disown_ready(struct coh_runtime *rt, const struct coh_wait_kind *kind, const void *of);

COH_SEEN

#endif
