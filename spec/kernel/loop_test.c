/*
** When the loop looks, what it finds, what a budget allows, who may wake it, and in
** which order tests may have it run.
*/
#include "loop_support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static struct fake a, b;


/* Say each look. */
static void on_event(void *ud, enum coh_event event, const void *subject) {
  (void)ud;
  (void)subject;
  if (event == COH_EVENT_POLL) say("look ");
}

static const struct coh_trace say_looks = {.event = on_event};


/* States. */

static void the_state_says_what_a_pump_would_find(void) {
  begin();
  CHECK(coh_loop_state(&loop) == COH_IDLE);
  BEGIN(&a, "a", sleeps, parks);
  a.ns = S_NS;
  CHECK(coh_loop_state(&loop) == COH_MORE);
  CHECK(pump(1) == COH_WAITING);
  CHECK(pump_all() == COH_STUCK);
  CHECK(coh_loop_state(&loop) == COH_STUCK);
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  CHECK(coh_loop_state(&loop) == COH_MORE);
  CHECK(pump_all() == COH_IDLE);
  end();
}


static void an_endless_sleep_alone_is_stuck_and_can_be_cancelled(void) {
  begin();
  BEGIN(&a, "a", sleeps, tells);
  a.ns = COH_NEVER;
  CHECK(pump_all() == COH_STUCK);
  coh_scope_cancel(&loop.root, COH_REASON_DEADLOCK);
  end();
  CHECK_SAID("a! ");
}


static void a_wait_on_the_outside_is_not_stuck(void) {
  begin();
  BEGIN(&a, "a", parks);
  a.kind = &external_kind;
  CHECK(pump(0) == COH_WAITING);
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  end();
}


static void wake_a(uv_timer_t *timer) {
  (void)timer;
  coh_wait_wake(&a.task.wait, COH_WOKEN);
}


/* libuv runs a timer that is due before it blocks: for good, when nobody told it. */
static void who_is_woken_by_a_timer_of_libuv_goes_on_at_once(void) {
  uv_timer_t timer;
  begin();
  BEGIN(&a, "a", parks);
  a.kind = &external_kind;
  CHECK(pump(0) == COH_WAITING);
  uv_timer_init(&loop.uv, &timer);
  uv_timer_start(&timer, wake_a, 0, 0);
  alarm(20);
  CHECK(pump_for(COH_NEVER) == COH_IDLE);
  alarm(0);
  uv_close((uv_handle_t *)&timer, NULL);
  end();
}


static void who_holds_a_wake_token_keeps_the_loop_from_being_stuck(void) {
  begin();
  BEGIN(&a, "a", parks);
  CHECK(pump(0) == COH_STUCK);
  loop.wake_tokens++;
  CHECK(coh_loop_state(&loop) == COH_WAITING);
  CHECK(pump_for(MS_NS) == COH_WAITING);
  loop.wake_tokens--;
  CHECK(pump_all() == COH_STUCK);
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  end();
}


static void a_deadline_keeps_the_loop_from_being_stuck(void) {
  begin();
  BEGIN(&a, "a", parks, tells);
  CHECK(pump(0) == COH_STUCK);
  coh_scope_set_deadline(&a.task.scope, 5);
  CHECK(coh_loop_state(&loop) == COH_WAITING);
  end();
  CHECK_SAID("a! ");
}


static void an_idle_loop_does_not_block_and_leaves_virtual_time_alone(void) {
  begin();
  coh_scope_set_deadline(&loop.root, S_NS);
  CHECK(pump_all() == COH_IDLE);
  CHECK(coh_now(&loop.rt) == 0);
  coh_scope_set_deadline(&loop.root, COH_NEVER);
  end();
}


/* When it looks. */

static void it_looks_at_the_first_border_after_61_resumes(void) {
  static struct fake all[1];
  begin_busy(all, 1);
  pump(200);
  CHECK(looks == 3);
  CHECK(steps_at_look[0] == 61 && steps_at_look[1] == 122 && steps_at_look[2] == 183);
  end_busy(all, 1);
}


static bool is_slow_for_ever(struct fake *f) {
  int64_t end_ns = (int64_t)uv_hrtime() + COH_LOOK_NS;
  while ((int64_t)uv_hrtime() < end_ns) {}
  return counts_for_ever(f);
}


/* The thousand before take no time: one look is late. */
static void it_looks_at_each_border_when_resumes_are_slow(void) {
  static struct coh_clock real;
  static struct fake all[1];
  begin_busy(all, 1);
  coh_clock_init_real(&real);
  loop.rt.clock = &real;
  pump(1000);
  all[0].script[0] = is_slow_for_ever;
  pump(COH_RESUMES_PER_LOOK);
  looks = 0;
  pump(6);
  CHECK(looks == 6);
  end_busy(all, 1);
}


static void count_poll(uv_check_t *check) {
  ++*(int *)check->data;
}

/* Pump over ten looks, after the system was asked so long ago; how often was it asked? */
static int polls_after(int64_t ago_ns, int *polls) {
  loop.polled_ns = (int64_t)uv_hrtime() - ago_ns;
  *polls = 0;
  pump(61 * 10 + 1);
  return *polls;
}

static void a_look_of_a_busy_loop_asks_the_system_when_it_did_not_just_do_so(void) {
  static struct fake all[1], waiter;
  uv_check_t check;
  int polls = 0;
  begin_busy(all, 1);
  uv_check_init(&loop.uv, &check);
  check.data = &polls;
  uv_check_start(&check, count_poll);
  CHECK(polls_after(COH_POLL_IDLE_NS, &polls) >= 1);
  CHECK(polls_after(-60 * S_NS, &polls) == 0);
  BEGIN(&waiter, "w", parks);
  waiter.kind = &external_kind;
  CHECK(polls_after(-60 * S_NS, &polls) == 0);
  CHECK(polls_after(COH_POLL_WAITED_NS, &polls) >= 1);
  coh_wait_wake(&waiter.task.wait, COH_WOKEN);
  uv_close((uv_handle_t *)&check, NULL);
  end_busy(all, 1);
}


static void it_never_looks_in_the_middle_of_a_pass(void) {
  static struct fake all[100];
  begin_busy(all, 100);
  pump(350);
  CHECK(looks == 3);
  CHECK(steps_at_look[0] == 100 && steps_at_look[1] == 200 && steps_at_look[2] == 300);
  end_busy(all, 100);
}


static void small_passes_add_up_to_a_look(void) {
  static struct fake all[10];
  begin_busy(all, 10);
  pump(150);
  CHECK(looks == 2 && steps_at_look[0] == 70 && steps_at_look[1] == 140);
  end_busy(all, 10);
}


static void a_pass_a_budget_cut_is_finished_before_the_next_look(void) {
  static struct fake all[100];
  int i;
  begin_busy(all, 100);
  for (i = 1; i <= 25; i++) CHECK(pump(8) == COH_MORE && steps == 8 * i);
  CHECK(looks == 1 && steps_at_look[0] == 100);
  end_busy(all, 100);
}


static void it_looks_whenever_nothing_is_ready(void) {
  begin();
  loop.rt.trace = &say_looks;
  BEGIN(&a, "a", speaks, sleeps, speaks, sleeps, speaks);
  a.ns = S_NS;
  end();
  CHECK_SAID("a look a look a ");
}


static void a_busy_loop_still_sees_time_pass(void) {
  static struct fake all[1];
  open_real_loop();
  steps = 0;
  BEGIN(&all[0], "", counts_for_ever);
  BEGIN(&a, "a", sleeps, speaks);
  a.ns = MS_NS;
  while (said[0] == '\0') CHECK(pump(1000) == COH_MORE);
  end_busy(all, 1);
  CHECK_SAID("a ");
}


/* Budgets. */

static void a_pump_makes_no_more_steps_than_it_was_given(void) {
  begin();
  BEGIN(&a, "a", speaks, yields, speaks, yields, speaks);
  BEGIN(&b, "b", speaks);
  CHECK(pump(1) == COH_MORE);
  CHECK_SAID("a ");
  CHECK(pump(2) == COH_MORE);
  CHECK_SAID("b a ");
  CHECK(pump(7) == COH_IDLE);
  CHECK_SAID("a ");
  end();
}


static void a_spent_budget_returns_and_does_not_block(void) {
  struct coh_budget budget = {.resumes = 1, .block_ns = COH_NEVER};
  open_real_loop();
  BEGIN(&a, "a", sleeps);
  a.ns = 3600 * S_NS;
  CHECK(coh_loop_pump(&loop, &budget) == COH_WAITING);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  end();
}


static bool works_2ms(struct fake *f) {
  (void)f;
  uv_sleep(2);
  return false;
}

static void no_step_begins_when_the_time_is_up(void) {
  struct coh_budget budget = {.run_ns = -MS_NS};  /* what a host has left that is late */
  begin();
  BEGIN(&a, "a", works_2ms, speaks, yields, speaks);
  BEGIN(&b, "b", speaks);
  CHECK(coh_loop_pump(&loop, &budget) == COH_MORE);
  budget.run_ns = MS_NS;
  CHECK(coh_loop_pump(&loop, &budget) == COH_MORE);
  CHECK_SAID("a ");
  CHECK(coh_loop_pump(&loop, &budget) == COH_IDLE);
  CHECK_SAID("b a ");
  end();
}


/* Other threads. */

/* 'wakes' belongs to the other thread, but for its value before and after. */
static void *wake_after_20ms(void *wakes) {
  uv_sleep(20);
  ++*(int *)wakes;
  coh_loop_wake(&loop);
  return NULL;
}

static void another_thread_ends_a_pump_that_blocks(void) {
  pthread_t thread; int wakes = 0; int64_t before_ns;
  open_real_loop();
  loop.wake_tokens++;
  BEGIN(&a, "a", parks);
  pump(0);
  before_ns = coh_now(&loop.rt);
  CHECK(pthread_create(&thread, NULL, wake_after_20ms, &wakes) == 0);
  CHECK(pump_for(3600 * S_NS) == COH_WAITING);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(wakes == 1 && coh_now(&loop.rt) - before_ns >= 20 * MS_NS);
  loop.wake_tokens--;
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  end();
}


static void a_wake_before_the_pump_is_not_lost(void) {
  open_real_loop();
  loop.wake_tokens++;
  BEGIN(&a, "a", parks);
  pump(0);
  coh_loop_wake(&loop);
  CHECK(pump_for(3600 * S_NS) == COH_WAITING);
  loop.wake_tokens--;
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  end();
}


/* SIGPIPE. */

static bool writes_to_nobody(struct fake *f) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  close(ends[0]);
  CHECK(write(ends[1], "x", 1) == -1 && errno == EPIPE);
  close(ends[1]);
  return speaks(f);
}

static bool pipe_is_blocked(void) {
  sigset_t now;
  CHECK(pthread_sigmask(SIG_BLOCK, NULL, &now) == 0);
  return sigismember(&now, SIGPIPE) == 1;
}

static bool pipe_is_pending(void) {
  sigset_t pending;
  CHECK(sigpending(&pending) == 0);
  return sigismember(&pending, SIGPIPE) == 1;
}


static void writing_to_nobody_is_an_error_and_no_signal(void) {
  begin();
  BEGIN(&a, "a", writes_to_nobody);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("a ");
  CHECK(!pipe_is_blocked() && !pipe_is_pending());
  end();
}


static void a_host_that_blocks_sigpipe_finds_it_blocked_and_its_own_pending(void) {
  sigset_t pipe, before; int taken = 0;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  begin();
  BEGIN(&a, "a", speaks);
  CHECK(pthread_sigmask(SIG_BLOCK, &pipe, &before) == 0);
  CHECK(raise(SIGPIPE) == 0);
  pump_all();
  CHECK(pipe_is_blocked() && pipe_is_pending());
  CHECK(sigwait(&pipe, &taken) == 0 && taken == SIGPIPE);
  CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
  end();
  CHECK_SAID("a ");
}


/* Orders for tests, opening and closing. */

static void shuffled(uint64_t seed) {
  static struct fake all[12];
  static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "x", "y"};
  int i;
  begin();
  loop.rt.choose = coh_run_shuffle;
  loop.rt.choose_ud = &seed;
  for (i = 0; i < 12; i++) BEGIN(&all[i], names[i], speaks, yields, speaks);
  end();
}

static void a_seeded_shuffle_is_the_same_every_time_and_keeps_passes_apart(void) {
  char first[sizeof said];
  shuffled(99);
  memcpy(first, said, sizeof said);
  shuffled(99);
  CHECK(strcmp(first, said) == 0);
  CHECK(strncmp(said, "0 1 2 3 4 5 6 7 8 9 x y ", 24) != 0);
  CHECK(strspn(said + 24, "0123456789xy ") == 24);
  shuffled(100);
  CHECK(strcmp(first, said) != 0);
  said[0] = '\0';
}


static void a_pass_is_a_permutation_under_any_seed(void) {
  uint64_t seed;
  for (seed = 1; seed < 50; seed++) {
    int i;
    shuffled(seed);
    for (i = 0; i < 12; i++) {
      const char *first = strchr(said, "0123456789xy"[i]);
      CHECK(first != NULL && first < said + 24);
      CHECK(strchr(first + 1, *first) >= said + 24);
    }
  }
  said[0] = '\0';
}


static void closing_twice_is_closing_once(void) {
  begin();
  coh_loop_close(&loop);
  coh_loop_close(&loop);
}


static void two_loops_know_nothing_of_each_other(void) {
  static struct coh_loop other;
  struct coh_clock other_clock;
  struct coh_budget budget = {.block_ns = COH_NEVER};
  coh_clock_init_virtual(&other_clock, true);
  CHECK(coh_loop_open(&other, NULL, NULL, &other_clock, fake_step) == 0);
  begin();
  BEGIN(&a, "a", sleeps);
  a.ns = S_NS;
  FAKE(&b, "b", speaks);
  coh_task_begin(&b.task, &other.rt, &other.root);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  CHECK(!coh_scope_is_cut(&other.root));
  CHECK(coh_loop_pump(&other, &budget) == COH_IDLE);
  CHECK_SAID("b ");
  CHECK(coh_clock_now(&other_clock) == 0);
  coh_loop_close(&other);
  end();
}


static bool cancels_all(struct fake *f) {
  (void)f;
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  return false;
}

static void a_loop_that_was_cancelled_and_renewed_runs_tasks_as_if_it_was_not(void) {
  static struct fake f;
  begin();
  BEGIN(&f, "f", cancels_all, tests, speaks);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("");
  coh_loop_renew(&loop);
  CHECK(loop.root.reason == COH_REASON_NONE);
  BEGIN(&f, "f", tests, speaks);
  end();
  CHECK_SAID("f ");
}


int main(void) {
  RUN(the_state_says_what_a_pump_would_find);
  RUN(an_endless_sleep_alone_is_stuck_and_can_be_cancelled);
  RUN(a_wait_on_the_outside_is_not_stuck);
  RUN(who_is_woken_by_a_timer_of_libuv_goes_on_at_once);
  RUN(who_holds_a_wake_token_keeps_the_loop_from_being_stuck);
  RUN(a_deadline_keeps_the_loop_from_being_stuck);
  RUN(an_idle_loop_does_not_block_and_leaves_virtual_time_alone);
  RUN(it_looks_at_the_first_border_after_61_resumes);
  RUN(it_looks_at_each_border_when_resumes_are_slow);
  RUN(a_look_of_a_busy_loop_asks_the_system_when_it_did_not_just_do_so);
  RUN(it_never_looks_in_the_middle_of_a_pass);
  RUN(small_passes_add_up_to_a_look);
  RUN(a_pass_a_budget_cut_is_finished_before_the_next_look);
  RUN(it_looks_whenever_nothing_is_ready);
  RUN(a_busy_loop_still_sees_time_pass);
  RUN(a_pump_makes_no_more_steps_than_it_was_given);
  RUN(a_spent_budget_returns_and_does_not_block);
  RUN(no_step_begins_when_the_time_is_up);
  RUN(another_thread_ends_a_pump_that_blocks);
  RUN(a_wake_before_the_pump_is_not_lost);
  RUN(writing_to_nobody_is_an_error_and_no_signal);
  RUN(a_host_that_blocks_sigpipe_finds_it_blocked_and_its_own_pending);
  RUN(a_seeded_shuffle_is_the_same_every_time_and_keeps_passes_apart);
  RUN(a_pass_is_a_permutation_under_any_seed);
  RUN(closing_twice_is_closing_once);
  RUN(two_loops_know_nothing_of_each_other);
  RUN(a_loop_that_was_cancelled_and_renewed_runs_tasks_as_if_it_was_not);
  return passed("loop");
}
