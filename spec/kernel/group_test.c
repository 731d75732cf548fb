/*
** A group ends when all in it has ended: how it ends, what a failure, an
** interruption and a cancellation do to body and tasks, and how long daemons live.
*/
#include "group_support.h"

static struct fake a, b, c, d;


/* Unwinding from a cancellation, the task meets an error of its own. */
static bool fails_at_the_end(struct fake *f) {
  while (f->script[f->next] != NULL) f->next++;
  return fails(f);
}

static bool cancels_group(struct fake *f) {
  (void)f;
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  return false;
}

static bool spawns_other(struct fake *f) {
  coh_group_spawn(group, &f->other->task, false);
  return false;
}

static bool spawns_other_as_daemon(struct fake *f) {
  coh_group_spawn(group, &f->other->task, true);
  return false;
}


/* The end. */

static void an_empty_group_ends_after_one_yield(void) {
  begin();
  join();
  CHECK(host.task.wait.place == COH_READY);
  CHECK_SAID("");
  end();
  CHECK_SAID("end ");
  CHECK(!group->spawned_any);
}


static void the_end_waits_for_every_task(void) {
  begin();
  SPAWN(&a, "a", speaks, sleeps, speaks);
  SPAWN(&b, "b", speaks, sleeps, speaks);
  a.ns = 2 * S_NS;
  b.ns = S_NS;
  CHECK_SAID("");
  join_and_end();
  CHECK_SAID("a b b a end ");
}


static void a_group_whose_tasks_ended_before_its_body_yields_once(void) {
  begin();
  SPAWN(&a, "a", speaks);
  pump(0);
  join();
  CHECK(host.task.wait.place == COH_READY);
  end();
  CHECK_SAID("a end ");
}


static void a_task_may_spawn_after_the_body_has_ended(void) {
  begin();
  SPAWN(&a, "a", sleeps, spawns_other, speaks);
  FAKE(&b, "b", speaks, sleeps, spawns_other, speaks);
  FAKE(&c, "c", sleeps, speaks);
  a.ns = b.ns = c.ns = S_NS;
  a.other = &b;
  b.other = &c;
  join_and_end();
  CHECK_SAID("a b b c end ");
}


static void no_cancellation_ends_the_join(void) {
  begin();
  SPAWN(&a, "a", sleeps, tells, sleeps, speaks);  /* swallows it and takes its time */
  a.ns = S_NS;
  join();
  pump(2);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  CHECK(host.task.wait.place == COH_PARKED);
  CHECK(host.task.wait.abort_refused);
  end();
  CHECK_SAID("a! a end ");
}


static void the_groups_cancel_reaches_host_and_tasks_and_nobody_outside(void) {
  begin();
  BEGIN(&d, "d", yields, speaks);
  SPAWN(&a, "a", parks, tells, tests, speaks);
  pump(0);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  CHECK(coh_task_cancelled(&host.task));
  CHECK(coh_scope_catches(&group->scope));
  join_and_end();
  CHECK_SAID("d a! end ");
  CHECK(a.task.result == COH_WAS_INTERRUPTED && group->interrupted);
  CHECK(coh_link_alone(&group->failed));
}


/* Failures. */

static void the_first_failure_cancels_body_and_siblings(void) {
  begin();
  SPAWN(&a, "a", parks, tells, tests, speaks);
  SPAWN(&b, "b", fails);
  pump(0);
  CHECK(group->scope.reason == COH_REASON_FAILURE);
  CHECK(coh_task_cancelled(&host.task));
  join_and_end();
  CHECK_SAID("a! end ");
  failed_says(group);
  CHECK_SAID("b");
}


static void failures_are_kept_in_the_order_they_happened(void) {
  begin();
  SPAWN(&a, "a", parks, yields, fails_at_the_end);
  SPAWN(&b, "b", yields, fails);
  SPAWN(&c, "c", parks, fails_at_the_end);
  SPAWN(&d, "d", parks, tests);
  join_and_end();
  failed_says(group);
  CHECK_SAID("end bca");
}


static void the_body_stands_where_it_failed(void) {
  begin();
  SPAWN(&b, "b", parks, sleeps, fails);
  SPAWN(&a, "a", fails);
  b.ns = S_NS;
  pump(3);
  coh_group_body_ended(group, true, false);
  coh_group_join(group);
  end();
  failed_says(group);
  CHECK_SAID("end aBb");
}


static void a_failure_of_the_body_cancels_the_tasks(void) {
  begin();
  SPAWN(&a, "a", parks, tells, tests);
  pump(0);
  coh_group_body_ended(group, true, false);
  CHECK(group->scope.reason == COH_REASON_FAILURE);
  coh_group_join(group);
  end();
  CHECK_SAID("a! end ");
}


static void collecting_a_failed_task_leaves_the_others_alone(void) {
  begin_with(0, true);
  SPAWN(&a, "a", fails);
  SPAWN(&b, "b", sleeps, tells);
  SPAWN(&c, "c", fails);
  join_and_end();
  CHECK(group->scope.reason == COH_REASON_NONE);
  failed_says(group);
  CHECK_SAID("b end ac");
}


static void collecting_a_failed_body_still_cancels_all(void) {
  begin_with(0, true);
  SPAWN(&a, "a", parks, tells, tests);
  pump(0);
  coh_group_body_ended(group, true, false);
  coh_group_join(group);
  end();
  CHECK_SAID("a! end ");
}


static void a_task_cancelled_alone_is_no_failure_and_no_interruption(void) {
  begin();
  SPAWN(&a, "a", parks, tests);
  SPAWN(&b, "b", sleeps, tells);
  b.ns = S_NS;
  pump(0);
  coh_scope_cancel(&a.task.scope, COH_REASON_CANCEL);
  join_and_end();
  CHECK(a.task.result == COH_WAS_ABORTED);
  CHECK(!group->interrupted && coh_link_alone(&group->failed));
  CHECK_SAID("b end ");
}


static void an_interruption_from_outside_is_remembered(void) {
  begin();
  SPAWN(&a, "a", parks, tests);
  pump(0);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  join_and_end();
  CHECK(group->interrupted && !coh_scope_catches(&group->scope));
  CHECK_SAID("end ");
}


static void an_interrupted_body_is_remembered(void) {
  begin();
  coh_group_body_ended(group, false, true);
  CHECK(group->interrupted && group->scope.reason == COH_REASON_NONE);
  coh_group_join(group);
  end();
  CHECK_SAID("end ");
}


/* Whose cancellation a task gets. */

static void a_task_is_cancelled_by_its_group_not_by_its_spawner(void) {
  static struct coh_scope spawners;
  begin();
  coh_task_enter(&host.task, &spawners, COH_NEVER, true);
  SPAWN(&a, "a", parks, tells);
  pump(0);
  coh_scope_cancel(&spawners, COH_REASON_CANCEL);
  CHECK(a.task.wait.place == COH_PARKED);
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);  /* the shield is the host's alone */
  CHECK(a.task.wait.place == COH_READY);
  coh_task_leave(&host.task, &spawners);
  join_and_end();
  CHECK_SAID("a! end ");
}


static void a_task_spawned_into_a_cancelled_group_runs_to_its_first_checkpoint(void) {
  begin();
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  SPAWN(&a, "a", speaks, tests, speaks);
  join_and_end();
  CHECK_SAID("a end ");
}


/* Daemons. */

static void daemons_are_cancelled_when_only_they_are_left(void) {
  begin();
  DAEMON(&a, "a", parks, tells, tests);
  SPAWN(&b, "b", sleeps, speaks);
  b.ns = S_NS;
  pump(0);
  CHECK(a.task.wait.place == COH_PARKED);
  join_and_end();
  CHECK_SAID("b a! end ");
  CHECK(a.task.result == COH_WAS_ABORTED && a.task.scope.reason == COH_REASON_SHUTDOWN);
  CHECK(!group->interrupted);
}


static void daemons_live_as_long_as_the_body(void) {
  begin();
  DAEMON(&a, "a", parks, tells, tests);
  SPAWN(&b, "b", speaks);
  pump(0);
  CHECK(a.task.wait.place == COH_PARKED);
  join_and_end();
  CHECK_SAID("b a! end ");
}


static void a_daemon_may_spawn_an_ordinary_task_that_keeps_all_daemons_alive(void) {
  begin();
  DAEMON(&a, "a", parks, tells, tests);
  DAEMON(&b, "b", sleeps, spawns_other, parks, tells, tests);
  SPAWN(&c, "c", sleeps, speaks);
  FAKE(&d, "d", sleeps, speaks);
  b.other = &d;
  b.ns = S_NS;
  c.ns = 2 * S_NS;
  d.ns = 5 * S_NS;
  pump(0);
  join_and_end();
  CHECK_SAID("c d a! b! end ");
}


static void a_cancelled_daemon_may_still_spawn_and_is_waited_for(void) {
  begin();
  DAEMON(&a, "a", parks, spawns_other, speaks);
  FAKE(&b, "b", sleeps, tells);
  a.other = &b;
  b.ns = S_NS;
  pump(0);
  join_and_end();
  CHECK_SAID("a b end ");
}


static void a_daemon_spawned_when_daemons_are_done_is_cancelled_at_once(void) {
  begin();
  DAEMON(&a, "a", parks, spawns_other_as_daemon, speaks);
  FAKE(&b, "b", speaks, tests, speaks);
  a.other = &b;
  pump(0);
  join_and_end();
  CHECK_SAID("a b end ");
  CHECK(b.task.result == COH_WAS_ABORTED);
}


static void a_daemons_failure_counts(void) {
  begin();
  DAEMON(&a, "a", parks, fails);
  SPAWN(&b, "b", speaks);
  pump(0);
  join_and_end();
  failed_says(group);
  CHECK_SAID("b end a");
}


/* A body that is a block: cancelling the tasks must not cut it, a failure must. */

static struct coh_scope block;

static void begin_block(void) {
  open_loop(true);
  BEGIN(&host, "h", closes);
  run_by_hand(&host);
  coh_group_open(group, &host.task, &block, 0, false);
}


static void in_a_block_the_groups_cancel_reaches_the_tasks_and_not_the_body(void) {
  begin_block();
  SPAWN(&a, "a", parks, tells, tests);
  pump(0);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  CHECK(!coh_task_cancelled(&host.task));
  join_and_end();
  CHECK_SAID("a! end ");
}


static void in_a_block_a_failure_cuts_tasks_and_body(void) {
  begin_block();
  SPAWN(&a, "a", parks, tells, tests);
  SPAWN(&b, "b", fails);
  pump(0);
  CHECK(coh_task_cancelled(&host.task));
  CHECK(block.reason == COH_REASON_FAILURE && coh_scope_catches(&block));
  join_and_end();
  CHECK_SAID("a! end ");
  CHECK(!block.open && !group->scope.open);
}


static void in_a_block_what_comes_from_outside_reaches_all(void) {
  begin_block();
  SPAWN(&a, "a", parks, tells, tests);
  pump(0);
  coh_scope_cancel(&loop.root, COH_REASON_INTERRUPT);
  CHECK(coh_task_cancelled(&host.task));
  join_and_end();
  CHECK_SAID("a! end ");
  CHECK(group->interrupted);
}


/* A group inside the group. */

static void nested_groups_end_from_the_inside(void) {
  begin();
  SPAWN(&a, "a", opens_own, joins_own, closes_own, speaks);
  FAKE(&b, "b", sleeps, speaks);
  a.other = &b;
  b.ns = S_NS;
  join_and_end();
  CHECK_SAID("b a end ");
}


static void an_inner_failure_stays_in_the_inner_group(void) {
  begin();
  SPAWN(&a, "a", opens_own, joins_own, closes_own, speaks);
  FAKE(&b, "b", fails);
  a.other = &b;
  SPAWN(&c, "c", sleeps, tells);
  c.ns = S_NS;
  join_and_end();
  CHECK_SAID("a c end ");
  CHECK(coh_link_alone(&group->failed));
  failed_says(&a.group);
  CHECK_SAID("b");
}


static void a_task_may_cancel_its_own_group(void) {
  begin();
  SPAWN(&b, "b", parks, tells);
  SPAWN(&a, "a", cancels_group, speaks, tests, speaks);
  SPAWN(&c, "c", speaks, tests, speaks);
  join_and_end();
  CHECK_SAID("a c b! end ");
}


int main(void) {
  RUN(an_empty_group_ends_after_one_yield);
  RUN(the_end_waits_for_every_task);
  RUN(a_group_whose_tasks_ended_before_its_body_yields_once);
  RUN(a_task_may_spawn_after_the_body_has_ended);
  RUN(no_cancellation_ends_the_join);
  RUN(the_groups_cancel_reaches_host_and_tasks_and_nobody_outside);
  RUN(the_first_failure_cancels_body_and_siblings);
  RUN(failures_are_kept_in_the_order_they_happened);
  RUN(the_body_stands_where_it_failed);
  RUN(a_failure_of_the_body_cancels_the_tasks);
  RUN(collecting_a_failed_task_leaves_the_others_alone);
  RUN(collecting_a_failed_body_still_cancels_all);
  RUN(a_task_cancelled_alone_is_no_failure_and_no_interruption);
  RUN(an_interruption_from_outside_is_remembered);
  RUN(an_interrupted_body_is_remembered);
  RUN(a_task_is_cancelled_by_its_group_not_by_its_spawner);
  RUN(a_task_spawned_into_a_cancelled_group_runs_to_its_first_checkpoint);
  RUN(daemons_are_cancelled_when_only_they_are_left);
  RUN(daemons_live_as_long_as_the_body);
  RUN(a_daemon_may_spawn_an_ordinary_task_that_keeps_all_daemons_alive);
  RUN(a_cancelled_daemon_may_still_spawn_and_is_waited_for);
  RUN(a_daemon_spawned_when_daemons_are_done_is_cancelled_at_once);
  RUN(a_daemons_failure_counts);
  RUN(in_a_block_the_groups_cancel_reaches_the_tasks_and_not_the_body);
  RUN(in_a_block_a_failure_cuts_tasks_and_body);
  RUN(in_a_block_what_comes_from_outside_reaches_all);
  RUN(nested_groups_end_from_the_inside);
  RUN(an_inner_failure_stays_in_the_inner_group);
  RUN(a_task_may_cancel_its_own_group);
  return passed("group");
}
