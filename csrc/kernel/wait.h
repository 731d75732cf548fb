/*
** The one way to block. A task that must wait parks its one wait, in a queue,
** in the heap of sleeps, or nowhere; whoever has what it waits for wakes it.
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
  COH_DONE,            /* over: in the list of failures, or in none */
  COH_STANDING         /* a stand-in's: in its queue or in the heap, for a task that is parked */
};

enum coh_outcome {
  COH_WOKEN,           /* what the wait was for has happened */
  COH_WAIT_CANCELLED   /* a scope around the wait was cancelled; nothing happened */
};

/* What one sort of wait is. Each is a constant. */
struct coh_wait_kind {
  const char *what;                  /* for people: "sleep", "accept" */
  bool (*abort)(struct coh_wait *w); /* take back what the wait began. False: it cannot be,
                                        and will end by itself. NULL: nothing to take back.
                                        Called once at most; must not wake anything. */
  void (*forfeit)(struct coh_wait *w); /* whoever waited will not go on: pass on what it was woken with,
                                          if it was. NULL: it was woken with nothing */
  bool refuses;                      /* to be aborted, whatever there is: it will end by itself */
  bool external;                     /* something outside tasks can end it */
  bool finishes;                     /* and surely will: an operation in flight */
  bool lets_go;                      /* though it refuses, it can be ended when all is stuck, or over */
  bool stays;                        /* may begin in a cancelled scope, which does not end it */
};

/* Where a scope keeps the wait that it may abort. */
struct coh_slot {
  struct coh_runtime *rt;
  struct coh_wait *wait;             /* parked here, or NULL */
};

struct coh_wait {
  union {
    struct {
      struct coh_link link;          /* in the queue, the ready list, or the list of failures */
      void *of;                      /* from parking in a queue until it goes on: for whoever parked it */
    };
    struct coh_heap_node sleep;      /* while parked by coh_wait_sleep */
  };
  struct coh_slot *slot;             /* of the scope it is parked in; NULL unless parked */
  const struct coh_wait_kind *kind;  /* of the last wait; NULL before the first, and once what came of it
                                        was seen, when the kind has a 'forfeit' */
  uint8_t place;                     /* enum coh_place */
  uint8_t outcome;                   /* enum coh_outcome of the last wait */
  bool sleeping;                     /* in the heap, not in a list */
  bool abort_refused;                /* aborted, and it said no; so until it parks again */
};

/*
** A task that waits for several things at once parks its one wait in no queue, and
** has a stand-in in the queue of each. What ends the wait takes all of them out,
** and waking a stand-in wakes the task: whoever wakes need not know the difference.
*/
struct coh_standin {
  struct coh_wait wait;              /* COH_STANDING in its queue, or in the heap; else COH_DONE */
  struct coh_choice *choice;         /* that it is one of */
  struct coh_standin *next;          /* of its choice, NULL for the last */
};

struct coh_choice {
  struct coh_wait *wait;             /* that it stands for, parked */
  struct coh_standin *first;         /* the latest to stand, or NULL */
  struct coh_standin *chosen;        /* that was woken; NULL before, and when the wait was aborted */
};

void coh_wait_init(struct coh_wait *w);

/* Make a running wait ready again without parking it: all who are ready have their turn first. */
static inline void coh_wait_yield(struct coh_runtime *rt, struct coh_wait *w) {
  coh_assert(w->place == COH_RUNNING);
  w->place = COH_READY;
  w->outcome = COH_WOKEN;
  coh_link_append(&rt->ready, &w->link);
}

/* The same, but it stays at the front, where it goes on unless 'choose' picks another. */
void coh_wait_stay(struct coh_runtime *rt, struct coh_wait *w);

/* The same, and it goes on in any case. */
void coh_wait_yield_front(struct coh_runtime *rt, struct coh_wait *w);

/*
** Park at the end of 'queue', which may be NULL: then only a wake or an abort ends it. In a scope that is
** cancelled already nothing would abort it: whoever may have been cancelled since it tested tests again, or
** its kind stays.
*/
void coh_wait_park(struct coh_wait *w, struct coh_slot *slot, const struct coh_wait_kind *kind,
                   struct coh_link *queue);

/* Park until 'at_ns'. COH_NEVER means that only cancellation ends it. */
void coh_wait_sleep(struct coh_wait *w, struct coh_slot *slot, int64_t at_ns);

/*
** Park 'w' in no queue, with nothing standing for it yet. The kind's abort is coh_choice_abort, or
** ends with it; all structs are the caller's and stay where they are until the wait ended.
*/
bool coh_choice_abort(struct coh_wait *w);
void coh_choice_park(struct coh_choice *c, struct coh_wait *w, struct coh_slot *slot,
                     const struct coh_wait_kind *kind);

/* Let 's' stand for a parked choice at the end of 'queue', or in the heap until 'at_ns'. */
void coh_choice_stand(struct coh_choice *c, struct coh_standin *s, struct coh_link *queue);
void coh_choice_stand_until(struct coh_choice *c, struct coh_standin *s, int64_t at_ns);

static inline struct coh_standin *coh_standin_of(struct coh_wait *w) {
  return coh_item(w, struct coh_standin, wait);
}

/* End a parked wait: out of its queue, behind all that are ready. */
void coh_wait_wake(struct coh_wait *w, enum coh_outcome outcome);

/* Put a parked wait at the end of another queue, to wait there for something else that comes from inside. */
void coh_wait_move(struct coh_wait *w, const struct coh_wait_kind *kind, struct coh_link *queue);

/* Wake the oldest or all of a queue of waits; how many were woken. */
bool coh_wait_wake_one(struct coh_link *queue);
size_t coh_wait_wake_all(struct coh_link *queue);

/* Abort a parked wait for its scope's sake. False if it refused, now or before. */
bool coh_wait_abort(struct coh_wait *w);

/* The task of a running wait is ended by force, perhaps before it saw what came of the wait. */
void coh_wait_forfeit(struct coh_wait *w);

/*
** 'of' is going: what 'w', or all who are ready, were woken with from a wait of 'kind' for it
** can be forfeited no more. The second is linear in what is ready.
*/
void coh_wait_disown(struct coh_wait *w, const struct coh_wait_kind *kind, const void *of);
void coh_wait_disown_ready(struct coh_runtime *rt, const struct coh_wait_kind *kind, const void *of);

COH_SEEN

#endif
