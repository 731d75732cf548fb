/*
** The runtime's one struct: everything the kernel shares lives here, and every
** scope points to it. There is no other state: two runtimes in two threads know
** nothing of each other.
*/
#ifndef COH_KERNEL_CORE_H
#define COH_KERNEL_CORE_H

#include "kernel/clock.h"
#include "kernel/heap.h"
#include "kernel/hidden.h"
#include "kernel/list.h"
#include "kernel/mem.h"
#include "kernel/trace.h"

COH_HIDDEN

struct coh_scope;
struct coh_task;

struct coh_runtime {
  struct coh_mem mem;
  struct coh_clock *clock;           /* borrowed */
  const struct coh_trace *trace;     /* borrowed, NULL when nobody watches */
  struct coh_scope *root;            /* the outermost scope, owned by the loop */
  struct coh_task *current;          /* the task that runs now, or NULL */

  struct coh_link ready;             /* coh_wait.link, for the next pass, in order */
  struct coh_link pass;              /* coh_wait.link, still to run in this pass */
  bool goes_on;                      /* the first of the pass runs next, whatever 'choose' says */
  uint64_t (*choose)(void *ud, uint64_t n);  /* which of n to run next; NULL: the first */
  void *choose_ud;                   /* borrowed, handed to 'choose' */
  bool explores;                     /* 'choose' wants to make every choice there is, see run.h */

  struct coh_heap deadlines;         /* coh_scope.deadline */
  struct coh_heap sleeps;            /* coh_wait.sleep */
  uint64_t timers_made;              /* orders equal times over both heaps */
  struct coh_link idlers;            /* coh_wait.link, of the tasks that wait for quiet */

  size_t tasks_live;                 /* spawned and not finished */
  size_t waits_external;             /* parked, and something outside tasks can end it */
  size_t waits_finishing;            /* those of them that will end by themselves */
};

/* An empty runtime. 'clock' is borrowed. */
void coh_core_init(struct coh_runtime *rt, coh_alloc alloc, void *ud, struct coh_clock *clock);

static inline int64_t coh_now(struct coh_runtime *rt) {
  return coh_clock_now(rt->clock);
}

COH_SEEN

#endif
