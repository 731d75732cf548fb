/*
** The loop: see loop.h.
*/
#include "kernel/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MS_NS 1000000
#define POLL_MAX_MS (24 * 60 * 60 * 1000)


/*
** The timer is there to end the poll. If it is due before the poll has begun (the
** process was held up in between), nothing is left to bound that: so it stops the loop.
*/
static void on_timer(uv_timer_t *timer) {
  uv_stop(timer->loop);
}


/* libuv runs its timers and then blocks, though one of them may have woken a task: do not let it. */
static void on_before_poll(uv_prepare_t *before_poll) {
  struct coh_loop *loop = coh_item(before_poll, struct coh_loop, before_poll);
  if (coh_run_any(&loop->rt)) uv_stop(&loop->uv);
}


static void on_waker(uv_async_t *waker) {
  (void)waker;
}


/*
** With the first loop of a process libuv opens a pipe that all loops share, and aborts if it cannot. So try
** first whether there are descriptors for that pipe and for the loop itself. 0 or a negative status.
*/
static int try_descriptors(void) {
  int ends[2], third;
  if (pipe2(ends, O_CLOEXEC) < 0) return uv_translate_sys_error(errno);
  third = eventfd(0, EFD_CLOEXEC);
  if (third < 0) third = uv_translate_sys_error(errno);
  else close(third);
  close(ends[0]);
  close(ends[1]);
  return third < 0 ? third : 0;
}


int coh_loop_open(struct coh_loop *loop, coh_alloc alloc, void *ud, struct coh_clock *clock,
                  void (*step)(struct coh_task *task)) {
  int status = try_descriptors();
  if (status == 0) status = uv_loop_init(&loop->uv);
  if (status < 0) return status;
  status = uv_async_init(&loop->uv, &loop->waker, on_waker);
  if (status < 0) {
    uv_loop_close(&loop->uv);
    return status;
  }
  uv_timer_init(&loop->uv, &loop->timer);
  uv_prepare_init(&loop->uv, &loop->before_poll);
  uv_prepare_start(&loop->before_poll, on_before_poll);
  coh_core_init(&loop->rt, alloc, ud, clock);
  coh_scope_enter(&loop->root, &loop->rt, NULL, COH_NEVER, false);
  loop->rt.root = &loop->root;
  loop->step = step;
  loop->resumes_since_look = 0;
  loop->resumes_per_look = 1;
  loop->looked_ns = 0;
  loop->polled_ns = 0;
  loop->quiet_ns = COH_NEVER;
  loop->wake_tokens = 0;
  loop->opened = true;
  return 0;
}


void coh_loop_close(struct coh_loop *loop) {
  coh_assert(loop->rt.tasks_live == 0);
  if (!loop->opened) return;
  loop->opened = false;
  loop->wake_tokens = 0;
  coh_scope_leave(&loop->root);
  uv_close((uv_handle_t *)&loop->timer, NULL);
  uv_close((uv_handle_t *)&loop->before_poll, NULL);
  uv_close((uv_handle_t *)&loop->waker, NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  coh_assert(uv_loop_close(&loop->uv) == 0);
}


void coh_loop_renew(struct coh_loop *loop) {
  coh_assert(loop->rt.tasks_live == 0);
  coh_scope_leave(&loop->root);
  coh_scope_enter(&loop->root, &loop->rt, NULL, COH_NEVER, false);
}


/* End the sleeps and cancel for the deadlines that are due, in the order of their times. */
static void expire(struct coh_runtime *rt) {
  struct coh_heap *from;
  struct coh_heap_node *n;
  int64_t now_ns;
  if (coh_timer_next(rt) == COH_NEVER) return;
  now_ns = coh_now(rt);
  while ((n = coh_timer_pop(rt, now_ns, &from)) != NULL) {
    if (from == &rt->sleeps) coh_wait_wake(coh_item(n, struct coh_wait, sleep), COH_WOKEN);
    else coh_scope_cancel(coh_item(n, struct coh_scope, deadline), COH_REASON_DEADLINE);
  }
}


/* Nanoseconds in whole milliseconds, rounded up so that no poll ends early. */
static uint64_t poll_ms(int64_t ns) {
  if (ns >= (int64_t)POLL_MAX_MS * MS_NS) return POLL_MAX_MS;
  return (uint64_t)((ns + MS_NS - 1) / MS_NS);
}


/* Is it time to ask the system though tasks are ready? */
static bool is_poll_due(const struct coh_loop *loop, int64_t now_ns) {
  bool waited = loop->rt.waits_external > 0 || loop->wake_tokens > 0;
  return now_ns - loop->polled_ns >= (waited ? COH_POLL_WAITED_NS : COH_POLL_IDLE_NS);
}


/* Look at I/O, blocking for 'block_ns' at most. */
static void poll(struct coh_loop *loop, int64_t now_ns, int64_t block_ns) {
  coh_trace_emit(loop->rt.trace, COH_EVENT_POLL, &loop->rt);
  if (coh_run_any(&loop->rt) && !is_poll_due(loop, now_ns)) return;
  loop->polled_ns = now_ns;
  if (block_ns <= 0) {
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    return;
  }
  loop->resumes_per_look = 1;  /* what runs next may have another pace */
  uv_update_time(&loop->uv);
  uv_timer_start(&loop->timer, on_timer, poll_ms(block_ns), 0);
  uv_run(&loop->uv, UV_RUN_ONCE);
  uv_timer_stop(&loop->timer);
}


static bool is_virtual(const struct coh_loop *loop) {
  return loop->rt.clock->kind == COH_CLOCK_VIRTUAL;
}


/* Will time passing wake something? A virtual clock may stand still. */
static bool time_can_wake(const struct coh_loop *loop) {
  const struct coh_clock *clock = loop->rt.clock;
  int64_t next_ns = coh_timer_next(&loop->rt);
  if (coh_clock_stands(clock) && !clock->autojump) return next_ns <= clock->now_ns;
  return next_ns != COH_NEVER;
}


/* How long a poll may block before the next deadline or sleep is due, in the machine's time. */
static int64_t until_next(struct coh_loop *loop) {
  int64_t next_ns = coh_timer_next(&loop->rt), now_ns;
  if (next_ns == COH_NEVER) return COH_NEVER;
  now_ns = coh_now(&loop->rt);
  if (next_ns <= now_ns) return 0;
  return coh_clock_stands(loop->rt.clock) ? COH_NEVER : coh_clock_real_ns(loop->rt.clock, next_ns - now_ns);
}


static bool is_awaited_quiet(const struct coh_loop *loop) {
  return !coh_link_alone(&loop->rt.idlers);
}


/*
** How much longer nothing must happen before a task that waits for quiet goes on; COH_NEVER
** when none does. It is not quiet while an operation is in flight that will end by itself.
*/
static int64_t until_quiet(struct coh_loop *loop) {
  int64_t now_ns, end_ns;
  if (!is_awaited_quiet(loop) || coh_run_any(&loop->rt) || loop->rt.waits_finishing > 0) {
    loop->quiet_ns = COH_NEVER;
    return COH_NEVER;
  }
  now_ns = (int64_t)uv_hrtime();
  if (loop->quiet_ns == COH_NEVER) loop->quiet_ns = now_ns;
  end_ns = coh_time_add(loop->quiet_ns, coh_idle_least(&loop->rt));
  return end_ns <= now_ns ? 0 : end_ns - now_ns;
}


/* A virtual clock jumps when nothing is ready, no operation will end by itself, and no task awaits quiet. */
static bool can_jump(const struct coh_loop *loop) {
  if (!is_virtual(loop) || !loop->rt.clock->autojump || loop->rt.waits_finishing > 0) return false;
  if (is_awaited_quiet(loop)) return false;
  return coh_loop_state(loop) == COH_WAITING && coh_timer_next(&loop->rt) != COH_NEVER;
}


static bool jump(struct coh_loop *loop) {
  if (!can_jump(loop)) return false;
  coh_clock_jump(loop->rt.clock, coh_timer_next(&loop->rt));
  return true;
}


static int64_t earlier(int64_t a_ns, int64_t b_ns) {
  return a_ns < b_ns ? a_ns : b_ns;
}


/* A look begins: from the pace of the resumes since the last one, set how many to run until the next. */
static void set_pace(struct coh_loop *loop, int64_t now_ns) {
  int64_t lasted_ns = now_ns - loop->looked_ns, fit = COH_RESUMES_PER_LOOK;
  if (lasted_ns > 0) fit = earlier(fit, loop->resumes_since_look * (int64_t)COH_LOOK_NS / lasted_ns);
  loop->resumes_per_look = fit > 0 ? (unsigned)fit : 1;
  loop->looked_ns = now_ns;
}


/* With a virtual clock, or explored, a run is not paced: at any speed it must repeat in the same order. */
static bool is_look_due(const struct coh_loop *loop) {
  bool paced = !is_virtual(loop) && !loop->rt.explores;
  return loop->resumes_since_look >= (paced ? loop->resumes_per_look : COH_RESUMES_PER_LOOK);
}


/* The look between passes. It does not block when something is due already. */
static void look(struct coh_loop *loop, int64_t block_ns) {
  struct coh_runtime *rt = &loop->rt;
  int64_t until_ns = until_next(loop), now_ns = (int64_t)uv_hrtime();
  set_pace(loop, now_ns);
  if (loop->resumes_since_look > 0) loop->quiet_ns = COH_NEVER;
  loop->resumes_since_look = 0;
  if (coh_loop_state(loop) != COH_WAITING) block_ns = 0;
  if (can_jump(loop)) {
    poll(loop, now_ns, 0);
    if (jump(loop) || coh_run_any(rt)) block_ns = -1;
  }
  until_ns = earlier(until_ns, until_quiet(loop));
  if (block_ns >= 0) poll(loop, now_ns, earlier(block_ns, until_ns));
  expire(rt);
  if (until_quiet(loop) == 0) coh_idle_wake(rt, coh_idle_least(rt));
}


enum coh_loop_now coh_loop_state(const struct coh_loop *loop) {
  const struct coh_runtime *rt = &loop->rt;
  if (coh_run_any(rt)) return COH_MORE;
  if (rt->tasks_live == 0) return COH_IDLE;
  if (rt->waits_external > 0 || loop->wake_tokens > 0 || time_can_wake(loop) || is_awaited_quiet(loop))
    return COH_WAITING;
  return COH_STUCK;
}


/*
** Writing to a socket whose peer is gone raises SIGPIPE, which libuv does not
** prevent: block it while the loop runs, and take back one that came meanwhile.
*/
static void pipe_block(sigset_t *pipe, sigset_t *before) {
  sigemptyset(pipe);
  sigaddset(pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, pipe, before);
}


static void pipe_restore(const sigset_t *pipe, const sigset_t *before) {
  static const struct timespec at_once = {0, 0};
  if (sigismember(before, SIGPIPE)) return;
  while (sigtimedwait(pipe, NULL, &at_once) == SIGPIPE) {}
  pthread_sigmask(SIG_SETMASK, before, NULL);
}


/* What is left of a pump's budget. */
struct meter {
  uint64_t resumes;  /* UINT64_MAX: no limit */
  int64_t end_ns;    /* of uv_hrtime; COH_NEVER: no limit */
};

static bool is_spent(const struct meter *m) {
  if (m->resumes == 0) return true;
  return m->end_ns != COH_NEVER && (int64_t)uv_hrtime() >= m->end_ns;
}


static void run_pass(struct coh_loop *loop, struct meter *left) {
  struct coh_runtime *rt = &loop->rt;
  struct coh_link *link;
  while (!is_spent(left) && (link = coh_run_next(rt)) != NULL) {
    coh_task_step(link, loop->step);
    loop->resumes_since_look++;
    if (rt->explores && loop->resumes_since_look < COH_RESUMES_PER_LOOK) coh_run_widen(rt);
    if (left->resumes != UINT64_MAX) left->resumes--;
  }
}


/* One pass, or the rest of one that a budget cut, with the look before it when one is due. */
static void tick(struct coh_loop *loop, struct meter *left, int64_t block_ns) {
  struct coh_runtime *rt = &loop->rt;
  if (coh_link_alone(&rt->pass)) {
    if (coh_link_alone(&rt->ready) || is_look_due(loop)) look(loop, block_ns);
    coh_run_begin(rt);
  }
  run_pass(loop, left);
  if (rt->explores && rt->tasks_live > 0 && !coh_run_any(rt)) rt->choose(rt->choose_ud, 0);  /* may cancel */
}


enum coh_loop_now coh_loop_pump(struct coh_loop *loop, const struct coh_budget *budget) {
  struct meter left = {UINT64_MAX, COH_NEVER};
  int64_t block_ns = budget->block_ns > 0 ? budget->block_ns : 0;
  enum coh_loop_now state;
  sigset_t pipe, before;
  if (budget->resumes != 0) left.resumes = budget->resumes;
  if (budget->run_ns > 0) left.end_ns = coh_time_add((int64_t)uv_hrtime(), budget->run_ns);
  else if (budget->run_ns < 0) left.resumes = 0;  /* what a host has left of its frame, which is late */
  pipe_block(&pipe, &before);
  do {
    tick(loop, &left, block_ns);
    state = coh_loop_state(loop);
  } while (!is_spent(&left) &&
           (state == COH_MORE || (state == COH_WAITING && block_ns == COH_NEVER)));
  pipe_restore(&pipe, &before);
  return state;
}


int64_t coh_loop_timeout_ns(struct coh_loop *loop) {
  int64_t until_ns = earlier(until_next(loop), until_quiet(loop));
  int uv_ms;
  if (coh_run_any(&loop->rt) || can_jump(loop)) return 0;
  uv_ms = uv_backend_timeout(&loop->uv);
  return uv_ms < 0 ? until_ns : earlier((int64_t)uv_ms * MS_NS, until_ns);
}


void coh_loop_wake(struct coh_loop *loop) {
  uv_async_send(&loop->waker);
}
