/*
** How long the loop blocks, how virtual time moves, what is due first, and that time
** is exact.
*/
#include "loop_support.h"

static struct fake a, b, c;
static struct coh_scope scope;

static const struct coh_wait_kind finishing_kind = {.what = "a test", .external = true, .finishes = true};


static void begin_manual(void) {
  open_loop(false);
}


static bool says_time(struct fake *f) {
  say("%s@%lld ", f->name, (long long)coh_now(&loop.rt));
  return false;
}

static bool jumps_far(struct fake *f) {
  (void)f;
  coh_clock_jump(&test_clock, 100);
  return false;
}


/* Virtual time. */

static void virtual_time_jumps_exactly_to_what_is_due(void) {
  begin();
  BEGIN(&a, "a", sleeps, says_time, sleeps, says_time);
  BEGIN(&b, "b", sleeps, says_time);
  a.ns = 1234567;
  b.ns = 1234568;
  end();
  CHECK_SAID("a@1234567 b@1234568 a@2469134 ");
}


static void virtual_time_stands_still_while_something_is_ready(void) {
  static struct fake all[1];
  begin_busy(all, 1);
  BEGIN(&a, "a", sleeps);
  a.ns = 1;
  pump(10000);
  CHECK(coh_now(&loop.rt) == 0);
  end_busy(all, 1);
}


static void virtual_time_jumps_also_for_a_host_that_never_blocks(void) {
  begin();
  BEGIN(&a, "a", sleeps, says_time);
  a.ns = S_NS;
  CHECK(pump(0) == COH_WAITING);
  CHECK(coh_loop_timeout_ns(&loop) == 0);
  CHECK(pump(0) == COH_IDLE);
  CHECK_SAID("a@1000000000 ");
  end();
}


/* An operation that takes real time: 20 ms of a uv timer. */
static void on_operation(uv_timer_t *operation) {
  struct fake *f = operation->data;
  coh_wait_wake(&f->task.wait, COH_WOKEN);
}

static uv_timer_t operation;

static void begin_operation(struct fake *f) {
  CHECK(uv_timer_init(&loop.uv, &operation) == 0);
  operation.data = f;
  CHECK(uv_timer_start(&operation, on_operation, 20, 0) == 0);
}

static void end_operation(void) {
  uv_close((uv_handle_t *)&operation, NULL);
  end();
}


static void virtual_time_waits_for_an_operation_that_will_finish(void) {
  begin();
  BEGIN(&a, "a", parks, says_time);
  BEGIN(&b, "b", sleeps, says_time);
  a.kind = &finishing_kind;
  b.ns = S_NS;
  begin_operation(&a);
  CHECK(pump(0) == COH_WAITING);
  CHECK(pump(0) == COH_WAITING);
  CHECK(coh_loop_timeout_ns(&loop) > 0);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("a@0 b@1000000000 ");
  end_operation();
}


static void virtual_time_does_not_wait_for_what_may_never_come(void) {
  begin();
  BEGIN(&a, "a", parks, says_time);
  BEGIN(&b, "b", sleeps, says_time);
  a.kind = &external_kind;
  b.ns = S_NS;
  begin_operation(&a);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("b@1000000000 a@1000000000 ");
  end_operation();
}


static void what_is_due_already_does_not_wait_for_an_operation(void) {
  begin();
  BEGIN(&a, "a", parks, speaks);
  BEGIN(&b, "b", sleeps, speaks);
  a.kind = &finishing_kind;
  begin_operation(&a);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("b a ");
  end_operation();
}


static void a_clock_moved_by_hand_is_stuck_until_it_is_moved(void) {
  begin_manual();
  BEGIN(&a, "a", sleeps, says_time);
  a.ns = 10;
  CHECK(pump_all() == COH_STUCK);
  CHECK(pump_all() == COH_STUCK);  /* libuv has seen its handles now */
  CHECK(coh_loop_timeout_ns(&loop) == COH_NEVER);
  coh_clock_jump(&test_clock, 9);
  CHECK(pump_all() == COH_STUCK);
  coh_clock_jump(&test_clock, 11);
  CHECK(coh_loop_state(&loop) == COH_WAITING);
  CHECK(coh_loop_timeout_ns(&loop) == 0);
  end();
  CHECK_SAID("a@11 ");
}


static void a_clock_moved_by_hand_wakes_what_is_due_though_a_token_is_held(void) {
  begin_manual();
  loop.wake_tokens++;
  BEGIN(&a, "a", sleeps, speaks);
  a.ns = 10;
  CHECK(pump(0) == COH_WAITING);
  coh_clock_jump(&test_clock, 10);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("a ");
  loop.wake_tokens--;
  end();
}


static void a_clock_with_a_rate_wakes_what_is_due_by_itself(void) {
  begin_manual();
  coh_clock_set_rate(&test_clock, 1000);
  BEGIN(&a, "a", sleeps, speaks);
  BEGIN(&b, "b", sleeps, speaks);
  a.ns = 2 * S_NS;
  b.ns = S_NS;
  CHECK(pump(0) == COH_WAITING);
  CHECK(coh_loop_timeout_ns(&loop) <= MS_NS + 1);
  end();
  CHECK_SAID("b a ");
  CHECK(coh_clock_now(&test_clock) >= 2 * S_NS);
}


static void a_rate_set_between_pumps_holds(void) {
  begin_manual();
  BEGIN(&a, "a", sleeps, speaks);
  a.ns = 3600 * S_NS;
  CHECK(pump_all() == COH_STUCK);
  coh_clock_set_rate(&test_clock, 1e7);
  end();
  CHECK_SAID("a ");
}


static void a_sleep_that_is_over_when_it_begins_is_not_stuck(void) {
  begin_manual();
  BEGIN(&a, "a", sleeps, speaks);
  end();
  CHECK_SAID("a ");
}


/* What is due. */

static void equal_sleeps_end_in_the_order_they_began(void) {
  begin();
  BEGIN(&c, "c", sleeps, speaks);
  BEGIN(&a, "a", sleeps, speaks);
  BEGIN(&b, "b", sleeps, speaks);
  a.ns = b.ns = c.ns = 7;
  end();
  CHECK_SAID("c a b ");
}


static void what_a_long_step_made_overdue_comes_in_the_order_of_its_times(void) {
  begin();
  BEGIN(&a, "a", sleeps, speaks);
  BEGIN(&b, "b", sleeps, speaks);
  BEGIN(&c, "c", jumps_far, sleeps, speaks);
  a.ns = 9;
  b.ns = 3;
  end();
  CHECK_SAID("b a c ");
}


static bool enters_7(struct fake *f) {
  coh_task_enter(&f->task, &scope, 7, false);
  return false;
}

static bool leaves(struct fake *f) {
  coh_task_leave(&f->task, &scope);
  return false;
}

static void a_sleep_as_long_as_its_timeout_never_wins(void) {
  begin();
  BEGIN(&a, "a", enters_7, sleeps, tells, leaves);
  a.ns = 7;
  end();
  CHECK_SAID("a! ");
}


static void a_sleep_longer_than_its_timeout_never_wins_though_both_are_overdue(void) {
  begin();
  BEGIN(&a, "a", enters_7, sleeps, tells, leaves);
  BEGIN(&b, "b", jumps_far);
  a.ns = 8;
  end();
  CHECK_SAID("a! ");
}


static void a_sleep_shorter_than_its_timeout_wins_though_both_are_overdue(void) {
  begin();
  BEGIN(&a, "a", enters_7, sleeps, tells, leaves);
  BEGIN(&b, "b", jumps_far);
  a.ns = 6;
  end();
  CHECK_SAID("a ");
  CHECK(scope.reason == COH_REASON_DEADLINE);
}


static void a_deadline_moved_while_blocked_holds(void) {
  begin();
  BEGIN(&a, "a", enters_7, parks, says_time, leaves);
  CHECK(pump(1) == COH_WAITING);
  coh_scope_set_deadline(&scope, 50);
  BEGIN(&b, "b", sleeps, says_time);
  b.ns = 20;
  BEGIN(&c, "c", sleeps, says_time);
  c.ns = 60;
  end();
  CHECK_SAID("b@20 a@50 c@60 ");
}


static void an_outer_and_an_inner_deadline_at_one_time_both_pass_and_the_outer_catches(void) {
  begin();
  BEGIN(&a, "a", enters_7, parks, tells, leaves);
  pump(1);
  coh_scope_set_deadline(&a.task.scope, 7);
  while (a.task.wait.place == COH_PARKED) pump_for(COH_NEVER);
  CHECK(scope.reason == COH_REASON_DEADLINE && a.task.scope.reason == COH_REASON_DEADLINE);
  CHECK_SAID("a! ");
  end();
}


/* Real time. */

static int64_t due_ns;

static bool was_not_early(struct fake *f) {
  CHECK(coh_now(&loop.rt) >= due_ns);
  if (f->ns > 3 * MS_NS) return false;
  f->ns += 130001;
  f->next = 0;
  return false;
}

static bool notes_due(struct fake *f) {
  due_ns = coh_now(&loop.rt) + f->ns;
  return false;
}

static bool sleeps_until_due(struct fake *f) {
  coh_wait_sleep(&f->task.wait, &f->task.current->slot, due_ns);
  return true;
}

static void a_real_sleep_never_ends_early(void) {
  open_real_loop();
  BEGIN(&a, "a", notes_due, sleeps_until_due, was_not_early);
  a.ns = 1;
  end();
}


static void a_look_blocks_no_longer_than_it_may(void) {
  int64_t before_ns, took_ns;
  open_real_loop();
  BEGIN(&a, "a", sleeps);
  a.ns = 3600 * S_NS;
  pump(0);
  before_ns = coh_now(&loop.rt);
  CHECK(pump_for(10 * MS_NS) == COH_WAITING);
  took_ns = coh_now(&loop.rt) - before_ns;
  CHECK(took_ns > 8 * MS_NS && took_ns < 10 * S_NS);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  end();
}


/* Hold the process up just before it blocks, until what bounds the block is over. */
static void be_late(void *ud, enum coh_event event, const void *subject) {
  int64_t until_ns = coh_now(&loop.rt) + 5 * MS_NS;
  (void)ud;
  (void)subject;
  while (event == COH_EVENT_POLL && coh_now(&loop.rt) < until_ns) {}
}

static const struct coh_trace late_looks = {.event = be_late};

static void a_look_that_begins_late_still_ends(void) {
  open_real_loop();
  loop.rt.trace = &late_looks;
  BEGIN(&a, "a", sleeps);
  a.ns = MS_NS;
  alarm(20);  /* it would block for good */
  end();
  alarm(0);
}


static void a_host_is_told_how_long_it_may_sleep(void) {
  open_real_loop();
  CHECK(pump(0) == COH_IDLE);  /* libuv has seen its handles now */
  CHECK(coh_loop_timeout_ns(&loop) == COH_NEVER);
  BEGIN(&a, "a", sleeps);
  CHECK(coh_loop_timeout_ns(&loop) == 0);
  a.ns = 3600 * S_NS;
  pump(0);
  CHECK(coh_loop_timeout_ns(&loop) > 3500 * S_NS);
  CHECK(coh_loop_timeout_ns(&loop) <= 3600 * S_NS);
  coh_scope_set_deadline(&a.task.scope, coh_now(&loop.rt) + S_NS);
  CHECK(coh_loop_timeout_ns(&loop) <= S_NS);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  end();
}


int main(void) {
  RUN(virtual_time_jumps_exactly_to_what_is_due);
  RUN(virtual_time_stands_still_while_something_is_ready);
  RUN(virtual_time_jumps_also_for_a_host_that_never_blocks);
  RUN(virtual_time_waits_for_an_operation_that_will_finish);
  RUN(virtual_time_does_not_wait_for_what_may_never_come);
  RUN(what_is_due_already_does_not_wait_for_an_operation);
  RUN(a_clock_moved_by_hand_is_stuck_until_it_is_moved);
  RUN(a_clock_moved_by_hand_wakes_what_is_due_though_a_token_is_held);
  RUN(a_clock_with_a_rate_wakes_what_is_due_by_itself);
  RUN(a_rate_set_between_pumps_holds);
  RUN(a_sleep_that_is_over_when_it_begins_is_not_stuck);
  RUN(equal_sleeps_end_in_the_order_they_began);
  RUN(what_a_long_step_made_overdue_comes_in_the_order_of_its_times);
  RUN(a_sleep_as_long_as_its_timeout_never_wins);
  RUN(a_sleep_longer_than_its_timeout_never_wins_though_both_are_overdue);
  RUN(a_sleep_shorter_than_its_timeout_wins_though_both_are_overdue);
  RUN(a_deadline_moved_while_blocked_holds);
  RUN(an_outer_and_an_inner_deadline_at_one_time_both_pass_and_the_outer_catches);
  RUN(a_real_sleep_never_ends_early);
  RUN(a_look_blocks_no_longer_than_it_may);
  RUN(a_look_that_begins_late_still_ends);
  RUN(a_host_is_told_how_long_it_may_sleep);
  return passed("loop_clock");
}
