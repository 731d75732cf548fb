/* A task runs when it is told, is interrupted at its wait, and ends in one of four ways. */
#include "support.h"

#define MANY 100000

static struct fake a, b, c;
static struct coh_scope outer, inner;
static struct coh_link queue;

static void begin(void) {
  open_loop(true);
  coh_link_init(&queue);
}


static void end(void) {
  CHECK(pump_all() == COH_IDLE);
  close_loop();
}


static bool enters_two(struct fake *f) {
  coh_task_enter(&f->task, &outer, COH_NEVER, false);
  coh_task_enter(&f->task, &inner, COH_NEVER, false);
  return false;
}

static bool enters_shield(struct fake *f) {
  coh_task_enter(&f->task, &inner, COH_NEVER, true);
  return false;
}

static bool leaves_inner(struct fake *f) {
  coh_task_leave(&f->task, &inner);
  return false;
}

static bool leaves_outer(struct fake *f) {
  coh_task_leave(&f->task, &outer);
  return false;
}

static bool wakes_one(struct fake *f) {
  (void)f;
  CHECK(coh_wait_wake_one(&queue));
  return false;
}

static bool wakes_nobody(struct fake *f) {
  (void)f;
  CHECK(!coh_wait_wake_one(&queue));
  return false;
}

static bool cancels_other(struct fake *f) {
  coh_scope_cancel(&f->other->task.scope, COH_REASON_CANCEL);
  return false;
}


static void beginning_does_not_run_the_task(void) {
  begin();
  BEGIN(&a, "a", speaks);
  CHECK_SAID("");
  CHECK(a.task.wait.place == COH_READY && a.task.result == COH_UNFINISHED);
  CHECK(loop.rt.tasks_live == 1);
  end();
  CHECK_SAID("a ");
  CHECK(a.task.wait.place == COH_DONE && a.task.result == COH_SUCCEEDED);
}


static void tasks_begin_first_in_first_out(void) {
  begin();
  BEGIN(&b, "b", speaks);
  BEGIN(&a, "a", speaks);
  BEGIN(&c, "c", speaks);
  end();
  CHECK_SAID("b a c ");
}


static void yielding_tasks_take_turns(void) {
  begin();
  BEGIN(&a, "a", speaks, yields, speaks, yields, speaks);
  BEGIN(&b, "b", speaks, yields, speaks);
  end();
  CHECK_SAID("a b a b a ");
}


static bool begins_b(struct fake *f) {
  (void)f;
  BEGIN(&b, "b", speaks);
  return false;
}

static void a_new_task_waits_for_the_next_pass(void) {
  begin();
  BEGIN(&a, "a", begins_b, yields, speaks);
  BEGIN(&c, "c", speaks);
  end();
  CHECK_SAID("c b a ");
}


static bool is_current(struct fake *f) {
  CHECK(loop.rt.current == &f->task);
  CHECK(f->task.wait.place == COH_RUNNING);
  return false;
}

static void the_current_task_is_the_one_that_runs(void) {
  begin();
  BEGIN(&a, "a", is_current, yields, is_current);
  BEGIN(&b, "b", is_current);
  end();
  CHECK(loop.rt.current == NULL);
}


static void a_task_may_be_begun_parked(void) {
  begin();
  FAKE(&a, "a", tells);
  coh_task_begin_parked(&a.task, &loop.rt, &loop.root, &plain_kind, &queue);
  CHECK(loop.rt.tasks_live == 1);
  CHECK(pump(0) == COH_STUCK);
  CHECK_SAID("");
  CHECK(coh_wait_wake_one(&queue));
  end();
  CHECK_SAID("a ");
}


static void scopes_nest_inside_the_innermost(void) {
  begin();
  BEGIN(&a, "a", enters_two, parks, leaves_inner, leaves_outer);
  CHECK(pump(0) == COH_STUCK);
  CHECK(a.task.current == &inner && inner.parent == &outer && outer.parent == &a.task.scope);
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  end();
  CHECK(a.task.current == &a.task.scope);
}


static void what_a_task_has_open_can_be_asked(void) {
  begin();
  BEGIN(&a, "a", enters_two, parks, leaves_inner, parks, leaves_outer);
  BEGIN(&b, "b", parks);
  pump(0);
  CHECK(coh_task_has_open(&a.task, &inner));
  CHECK(coh_task_has_open(&a.task, &outer));
  CHECK(coh_task_has_open(&a.task, &a.task.scope));
  CHECK(!coh_task_has_open(&a.task, &loop.root));
  CHECK(!coh_task_has_open(&b.task, &inner));
  CHECK(!coh_task_has_open(&a.task, &b.task.scope));
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  pump(0);
  CHECK(!coh_task_has_open(&a.task, &inner));
  CHECK(coh_task_has_open(&a.task, &outer));
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  coh_wait_wake(&b.task.wait, COH_WOKEN);
  end();
}


static void leave_outer_first(void) {
  begin();
  BEGIN(&a, "a", enters_two, leaves_outer);
  pump(0);
}

static void end_with_open_scope(void) {
  begin();
  BEGIN(&a, "a", enters_two, leaves_inner);
  pump(0);
}

static void wake_twice(void) {
  begin();
  BEGIN(&a, "a", parks);
  pump(0);
  coh_wait_wake(&a.task.wait, COH_WOKEN);
  coh_wait_wake(&a.task.wait, COH_WOKEN);
}

static void park_twice(void) {
  begin();
  BEGIN(&a, "a", parks);
  pump(0);
  coh_wait_park(&a.task.wait, &a.task.scope.slot, &plain_kind, NULL);
}

static void close_with_live_task(void) {
  begin();
  BEGIN(&a, "a", parks);
  coh_loop_close(&loop);
}

static void what_would_corrupt_stops_at_an_assertion(void) {
  CHECK(asserts(leave_outer_first));
  CHECK(asserts(end_with_open_scope));
  CHECK(asserts(wake_twice));
  CHECK(asserts(park_twice));
  CHECK(asserts(close_with_live_task));
}


static void a_task_cancelled_before_its_first_step_runs_to_its_first_checkpoint(void) {
  begin();
  BEGIN(&a, "a", speaks, tests, speaks);
  coh_scope_cancel(&a.task.scope, COH_REASON_CANCEL);
  end();
  CHECK_SAID("a ");
  CHECK(a.task.result == COH_WAS_ABORTED);
}


static void a_blocked_task_is_woken_by_its_cancellation_in_the_next_pass(void) {
  begin();
  BEGIN(&a, "a", parks, tells);
  a.queue = &queue;
  BEGIN(&b, "b", yields, cancels_other, speaks);
  b.other = &a;
  BEGIN(&c, "c", yields, speaks);
  end();
  CHECK_SAID("b c a! ");
  CHECK(coh_link_alone(&queue));
}


static void cancellation_stays_until_its_scope_is_left(void) {
  begin();
  BEGIN(&a, "a", enters_two, parks, tells, yields, leaves_inner, tests, speaks, leaves_outer);
  pump(0);
  coh_scope_cancel(&inner, COH_REASON_CANCEL);
  pump(1);
  CHECK_SAID("a! ");
  CHECK(coh_task_cancelled(&a.task));  /* swallowed, and still there */
  end();
  CHECK_SAID("a ");
}


static void a_completed_wait_is_not_cancelled_in_the_same_pass(void) {
  begin();
  BEGIN(&a, "a", parks, tells, tests, speaks);
  a.queue = &queue;
  BEGIN(&b, "b", wakes_one, cancels_other);
  b.other = &a;
  end();
  CHECK_SAID("a ");  /* the result first, Cancelled at the next checkpoint */
  CHECK(a.task.result == COH_WAS_ABORTED);
}


static void a_cancelled_wait_is_not_completed_in_the_same_pass(void) {
  begin();
  BEGIN(&a, "a", parks, tells);
  a.queue = &queue;
  BEGIN(&b, "b", cancels_other, wakes_nobody);
  b.other = &a;
  end();
  CHECK_SAID("a! ");
}


static void a_wake_meant_for_a_cancelled_waiter_reaches_the_next(void) {
  begin();
  BEGIN(&a, "a", parks, tells);
  BEGIN(&c, "c", parks, tells);
  a.queue = c.queue = &queue;
  BEGIN(&b, "b", cancels_other, wakes_one);
  b.other = &a;
  end();
  CHECK_SAID("a! c ");
}


static bool refuses(struct coh_wait *w) {
  (void)w;
  say("asked ");
  return false;
}

static const struct coh_wait_kind refusing_kind = {.what = "a test", .abort = refuses};

static void a_wait_that_refuses_ends_by_itself_and_the_cancellation_arrives_later(void) {
  begin();
  BEGIN(&a, "a", parks, tells, tests, speaks);
  a.queue = &queue;
  a.kind = &refusing_kind;
  pump(0);
  coh_scope_cancel(&a.task.scope, COH_REASON_CANCEL);
  coh_scope_cancel(&loop.root, COH_REASON_SHUTDOWN);
  CHECK(pump(0) == COH_STUCK);
  CHECK_SAID("asked ");
  CHECK(coh_wait_wake_one(&queue));
  end();
  CHECK_SAID("a ");
  CHECK(a.task.result == COH_WAS_INTERRUPTED);
}


static void a_task_cancelled_alone_is_aborted_and_catches(void) {
  begin();
  BEGIN(&a, "a", parks, tests);
  pump(0);
  coh_scope_cancel(&a.task.scope, COH_REASON_CANCEL);
  end();
  CHECK(a.task.result == COH_WAS_ABORTED && a.task.scope.caught);
}


static void a_task_cancelled_from_outside_is_interrupted(void) {
  begin();
  BEGIN(&a, "a", parks, tests);
  pump(0);
  coh_scope_cancel(&loop.root, COH_REASON_INTERRUPT);
  end();
  CHECK(a.task.result == COH_WAS_INTERRUPTED && !a.task.scope.caught);
}


static void cancelled_alone_and_from_outside_the_outside_catches(void) {
  begin();
  BEGIN(&a, "a", parks, tests);
  pump(0);
  coh_scope_cancel(&a.task.scope, COH_REASON_CANCEL);
  coh_scope_cancel(&loop.root, COH_REASON_INTERRUPT);
  end();
  CHECK(a.task.result == COH_WAS_INTERRUPTED && !a.task.scope.caught);
}


static void a_shield_switched_on_and_off_holds_a_blocked_task_and_lets_it_go(void) {
  begin();
  BEGIN(&a, "a", enters_shield, parks, tells, leaves_inner);
  pump(0);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  CHECK(pump(0) == COH_STUCK);
  coh_scope_set_shield(&inner, false);
  end();
  CHECK_SAID("a! ");
}


static bool enters_overdue(struct fake *f) {
  coh_task_enter(&f->task, &inner, 0, false);
  return false;
}

static void a_task_runs_on_past_an_overdue_entry_to_its_checkpoint(void) {
  begin();
  BEGIN(&a, "a", enters_overdue, speaks, leaves_inner, tests, speaks);
  end();
  CHECK_SAID("a a ");
  CHECK(inner.reason == COH_REASON_DEADLINE);
}


static void free_in_step(struct coh_task *task) {
  coh_task_end(task, COH_SUCCEEDED);
  free(task);
}

static void a_task_may_be_freed_in_its_last_step(void) {
  struct coh_task *task = calloc(1, sizeof *task);
  begin();
  loop.step = free_in_step;
  coh_task_begin(task, &loop.rt, &loop.root);
  end();
}


static void a_hundred_thousand_parked_tasks_are_cancelled_without_an_allocation(void) {
  struct fake *all = calloc(MANY, sizeof *all);
  int i;
  begin();
  for (i = 0; i < MANY; i++) {
    BEGIN(&all[i], "", sleeps, tests, speaks);
    all[i].ns = i % 2 == 0 ? S_NS + i % 1000 : COH_NEVER;
  }
  CHECK(pump(MANY) == COH_WAITING);
  loop.rt.mem.faults.fail_at = loop.rt.mem.faults.calls + 1;
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  CHECK(coh_timer_next(&loop.rt) == COH_NEVER && loop.rt.mem.faults.failed == NULL);
  end();
  for (i = 0; i < MANY; i++) CHECK(all[i].task.result == COH_WAS_INTERRUPTED);
  free(all);
}


int main(void) {
  RUN(beginning_does_not_run_the_task);
  RUN(tasks_begin_first_in_first_out);
  RUN(yielding_tasks_take_turns);
  RUN(a_new_task_waits_for_the_next_pass);
  RUN(the_current_task_is_the_one_that_runs);
  RUN(a_task_may_be_begun_parked);
  RUN(scopes_nest_inside_the_innermost);
  RUN(what_a_task_has_open_can_be_asked);
  RUN(what_would_corrupt_stops_at_an_assertion);
  RUN(a_task_cancelled_before_its_first_step_runs_to_its_first_checkpoint);
  RUN(a_blocked_task_is_woken_by_its_cancellation_in_the_next_pass);
  RUN(cancellation_stays_until_its_scope_is_left);
  RUN(a_completed_wait_is_not_cancelled_in_the_same_pass);
  RUN(a_cancelled_wait_is_not_completed_in_the_same_pass);
  RUN(a_wake_meant_for_a_cancelled_waiter_reaches_the_next);
  RUN(a_wait_that_refuses_ends_by_itself_and_the_cancellation_arrives_later);
  RUN(a_task_cancelled_alone_is_aborted_and_catches);
  RUN(a_task_cancelled_from_outside_is_interrupted);
  RUN(cancelled_alone_and_from_outside_the_outside_catches);
  RUN(a_shield_switched_on_and_off_holds_a_blocked_task_and_lets_it_go);
  RUN(a_task_runs_on_past_an_overdue_entry_to_its_checkpoint);
  RUN(a_task_may_be_freed_in_its_last_step);
  RUN(a_hundred_thousand_parked_tasks_are_cancelled_without_an_allocation);
  return passed("task");
}
