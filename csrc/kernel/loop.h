/*
** The loop: passes of ready tasks, and between them a look at I/O and timers.
**
** A pump runs passes within a budget. It looks at I/O and timers only at the
** border between passes, when nothing is ready or 61 resumes have run since the
** last look, or as many as take a millisecond if these are fewer: looking in the
** middle of a pass would make every socket not yet read report again. A pass that a
** budget cut short is finished first. While tasks are ready, a look asks the system
** only if it has not just done so: it asks at each look when steps are long, and short
** steps do not pay for it.
**
** This is the one file of the kernel that sees libuv's loop. Time comes from the
** runtime's clock and its own heaps; one uv timer bounds how long a poll blocks.
*/
#ifndef COH_KERNEL_LOOP_H
#define COH_KERNEL_LOOP_H

#include <uv.h>

#include "kernel/group.h"
#include "kernel/hidden.h"
#include "kernel/idle.h"

COH_HIDDEN

#define COH_RESUMES_PER_LOOK 61
#define COH_LOOK_NS 1000000         /* if fewer resumes than that take this long, a look is due after them */
#define COH_POLL_WAITED_NS 20000    /* how often a busy loop asks the system if a wait is external, */
#define COH_POLL_IDLE_NS 1000000    /* and if none is: there is nothing but signals to miss */

struct coh_loop {
  struct coh_runtime rt;
  struct coh_scope root;          /* outermost scope: shields nothing, ends with the loop */
  uv_loop_t uv;
  uv_timer_t timer;               /* bounds a poll that blocks */
  uv_prepare_t before_poll;       /* sees what libuv's own timers have woken */
  uv_async_t waker;               /* always referenced, so that a poll really polls */
  void (*step)(struct coh_task *task);
  unsigned resumes_since_look;
  unsigned resumes_per_look;      /* from the pace between the last two looks; at most COH_RESUMES_PER_LOOK */
  int64_t looked_ns;              /* of uv_hrtime: when the last look began */
  int64_t polled_ns;              /* of uv_hrtime: when the system was asked last */
  int64_t quiet_ns;               /* of uv_hrtime: since when it is quiet, see idle.h; COH_NEVER: it is not */
  unsigned wake_tokens;           /* held by those who may wake a task from outside */
  bool opened;
};

enum coh_loop_now {
  COH_MORE,     /* something is ready */
  COH_WAITING,  /* everything waits for time or the outside */
  COH_STUCK,    /* everything waits, and nothing can end it */
  COH_IDLE      /* there are no tasks */
};

/* A time below 0 is used up already: no step begins, or nothing blocks. */
struct coh_budget {
  uint64_t resumes;   /* the most steps to run; 0 means no limit */
  int64_t run_ns;     /* begin no step after this much time; 0 means no limit */
  int64_t block_ns;   /* how long a look may block when nothing is ready; COH_NEVER: for good */
};

/* 0, or a negative uv error with nothing left behind. 'clock' is borrowed. */
int coh_loop_open(struct coh_loop *loop, coh_alloc alloc, void *ud, struct coh_clock *clock,
                  void (*step)(struct coh_task *task));

/* Close what the loop itself opened and run until every handle is closed. No task may be live. */
void coh_loop_close(struct coh_loop *loop);

/* Replace the root scope by a fresh one, which is not cancelled. No task may be live. */
void coh_loop_renew(struct coh_loop *loop);

/*
** Run passes until the budget is spent or nothing is ready. With 'block_ns'
** COH_NEVER it goes on until there are no tasks or nothing can wake one.
*/
enum coh_loop_now coh_loop_pump(struct coh_loop *loop, const struct coh_budget *budget);

/* What a pump would find now, without running anything. */
enum coh_loop_now coh_loop_state(const struct coh_loop *loop);

/* How long a host may sleep before the next pump: 0 when it must not, COH_NEVER for "until the fd". */
int64_t coh_loop_timeout_ns(struct coh_loop *loop);

/* Make a blocked or sleeping loop look again. The only call that other threads may make. */
void coh_loop_wake(struct coh_loop *loop);

COH_SEEN

#endif
