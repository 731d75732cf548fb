/*
** A task that is started belongs to its starter until it calls started, and to
** the group from there on. The starter is 'd', outside the group, behind a shield of
** its own.
*/
#include "group_support.h"

static struct fake a, b, c, d;
static struct coh_scope starters;

static bool adopts(struct fake *f) {
  coh_group_adopt(&f->task);
  return false;
}

static bool enters_starters(struct fake *f) {
  coh_task_enter(&f->task, &starters, COH_NEVER, true);
  return false;
}

static bool leaves_starters(struct fake *f) {
  coh_task_leave(&f->task, &starters);
  return false;
}

static bool starts_other(struct fake *f) {
  coh_group_start(group, &f->other->task, &f->task);
  return true;
}

/* 'd' begins to start 'other'; the pass ends with both waiting. */
static void begin_start(struct fake *other) {
  BEGIN(&d, "d", enters_starters, starts_other, tells, leaves_starters);
  d.other = other;
  pump(0);
  CHECK(d.task.wait.place == COH_PARKED);
}


static void a_starter_waits_until_started_is_called(void) {
  begin();
  BEGIN(&d, "d", speaks, starts_other, tells);
  FAKE(&a, "a", speaks, yields, adopts, speaks, yields, speaks);
  d.other = &a;
  pump(1);
  join_and_end();
  CHECK_SAID("d a a d a end ");
}


static void a_pending_start_keeps_the_group_open_and_its_daemons_alive(void) {
  begin();
  DAEMON(&a, "a", parks, tells, tests);
  FAKE(&b, "b", sleeps, speaks);
  b.ns = S_NS;
  begin_start(&b);
  CHECK(!coh_group_is_empty(group) && group->spawned_any);
  join_and_end();
  CHECK_SAID("b d a! end ");
}


static void before_started_the_starters_scopes_rule_and_afterwards_the_groups(void) {
  begin();
  FAKE(&a, "a", parks, tells, adopts, parks, tells);
  begin_start(&a);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);  /* the starter's shield covers it */
  CHECK(a.task.wait.place == COH_PARKED);
  coh_scope_cancel(&starters, COH_REASON_CANCEL);
  CHECK(a.task.wait.place == COH_READY);
  pump(0);
  CHECK_SAID("a! d ");
  CHECK(a.task.scope.parent == &group->scope);
  wake(&a);
  join_and_end();
  CHECK_SAID("a end ");
}


static void the_starters_cancellation_reaches_the_task_and_not_the_wait_for_it(void) {
  begin();
  FAKE(&a, "a", parks, tells, sleeps, tests, speaks);
  a.ns = S_NS;
  begin_start(&a);
  coh_scope_cancel(&starters, COH_REASON_CANCEL);
  pump(0);
  CHECK_SAID("a! ");
  CHECK(d.task.wait.place == COH_PARKED);
  join_and_end();
  CHECK_SAID("d end ");
  CHECK(a.task.result == COH_WAS_INTERRUPTED && !group->interrupted);
}


static void the_groups_cancel_does_not_reach_what_is_still_starting(void) {
  begin();
  FAKE(&a, "a", parks, tells, adopts, tests, speaks);
  begin_start(&a);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  CHECK(a.task.wait.place == COH_PARKED);
  wake(&a);
  join_and_end();
  CHECK_SAID("a d end ");  /* started, and cancelled from there on */
  CHECK(a.task.result == COH_WAS_INTERRUPTED && group->interrupted);
}


static void the_starters_cancel_does_not_reach_what_has_started(void) {
  begin();
  BEGIN(&d, "d", starts_other, tells, parks, tells);
  FAKE(&a, "a", adopts, parks, tells);
  d.other = &a;
  pump(0);
  coh_scope_cancel(&d.task.scope, COH_REASON_CANCEL);
  CHECK(a.task.wait.place == COH_PARKED);
  pump(0);
  wake(&a);
  join_and_end();
  CHECK_SAID("d d! a end ");
}


static void sleeping_grandchildren_that_move_into_a_cancelled_group_are_aborted_at_once(void) {
  begin();
  FAKE(&b, "b", sleeps, tells);
  b.ns = COH_NEVER;
  FAKE(&a, "a", opens_own, parks, adopts, joins_own, closes_own, speaks);
  a.other = &b;
  begin_start(&a);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  CHECK(b.task.wait.place == COH_PARKED);
  wake(&a);
  pump(1);  /* calls started */
  CHECK(b.task.wait.place == COH_READY);
  join_and_end();
  CHECK_SAID("d b! a end ");
}


static void a_start_that_fails_is_the_starters_and_does_not_fail_the_group(void) {
  begin();
  FAKE(&a, "a", parks, fails);
  begin_start(&a);
  wake(&a);
  pump(0);
  CHECK_SAID("d ");
  CHECK(a.task.result == COH_FAILED && coh_link_alone(&group->failed));
  CHECK(group->scope.reason == COH_REASON_NONE && group->pending == 0);
  join_and_end();
  CHECK_SAID("end ");
}


static void a_failure_after_started_is_the_groups(void) {
  begin();
  FAKE(&a, "a", parks, adopts, fails);
  begin_start(&a);
  wake(&a);
  join_and_end();
  failed_says(group);
  CHECK_SAID("d end a");
}


static void the_last_start_to_fail_lets_the_group_end(void) {
  begin();
  FAKE(&a, "a", sleeps, fails);
  FAKE(&b, "b", sleeps, fails);
  a.ns = S_NS;
  b.ns = 2 * S_NS;
  BEGIN(&c, "c", starts_other, tells);
  c.other = &a;
  begin_start(&b);
  join_and_end();
  CHECK_SAID("c d end ");
  CHECK(coh_clock_now(&test_clock) == 2 * S_NS);
}


static void a_start_takes_a_place_and_gives_it_back(void) {
  begin_with(1, false);
  FAKE(&a, "a", parks, adopts, parks);
  begin_start(&a);
  SPAWN(&b, "b", speaks);
  pump(0);
  CHECK(group->places == 1);
  wake(&a);
  pump(0);
  CHECK_SAID("d ");
  wake(&a);
  join_and_end();
  CHECK_SAID("b end ");
}


int main(void) {
  RUN(a_starter_waits_until_started_is_called);
  RUN(a_pending_start_keeps_the_group_open_and_its_daemons_alive);
  RUN(before_started_the_starters_scopes_rule_and_afterwards_the_groups);
  RUN(the_starters_cancellation_reaches_the_task_and_not_the_wait_for_it);
  RUN(the_groups_cancel_does_not_reach_what_is_still_starting);
  RUN(the_starters_cancel_does_not_reach_what_has_started);
  RUN(sleeping_grandchildren_that_move_into_a_cancelled_group_are_aborted_at_once);
  RUN(a_start_that_fails_is_the_starters_and_does_not_fail_the_group);
  RUN(a_failure_after_started_is_the_groups);
  RUN(the_last_start_to_fail_lets_the_group_end);
  RUN(a_start_takes_a_place_and_gives_it_back);
  return passed("group_start");
}
