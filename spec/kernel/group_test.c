/*
** A group ends when all in it has ended. The test function itself is the body
** of the host's block: the host is taken out of the ready queue and runs "by
** hand" until it waits; then its script goes on.
*/
#include "support.h"

static struct fake host, a, b, c, d;
static struct coh_group *const group = &host.group;

static bool closes(struct fake *f) {
  CHECK(f->task.wait.outcome == COH_WOKEN);
  CHECK(coh_group_is_empty(&f->group));
  say("end ");
  CHECK(f->group.places == 0);
  CHECK(coh_link_alone(&f->group.backlog));
  coh_group_close(&f->group);
  return false;
}


/* Take a task that was begun out of the ready queue: it runs in the test itself. */
static void run_by_hand(struct fake *f) {
  coh_run_begin(&loop.rt);
  CHECK(coh_run_next(&loop.rt) == &f->task.wait.link);
  f->task.wait.place = COH_RUNNING;
}


static void begin_with(size_t limit, bool collect) {
  open_loop(true);
  BEGIN(&host, "h", closes);
  run_by_hand(&host);
  coh_group_open(group, &host.task, NULL, limit, collect);
}

static void begin(void) {
  begin_with(0, false);
}


#define SPAWN(f, name, ...) (FAKE(f, name, __VA_ARGS__), coh_group_spawn(group, &(f)->task, false))
#define DAEMON(f, name, ...) (FAKE(f, name, __VA_ARGS__), coh_group_spawn(group, &(f)->task, true))

/* The body is over: wait for the end. */
static void join(void) {
  coh_group_body_ended(group, false, false);
  coh_group_join(group);
}

static void end(void) {
  CHECK(pump_all() == COH_IDLE);
  close_loop();
}

static void join_and_end(void) {
  join();
  end();
}


static void wake(struct fake *f) {
  coh_wait_wake(&f->task.wait, COH_WOKEN);
}

/* Who failed, in order; 'B' is the body. */
static void failed_says(const struct coh_group *g) {
  const struct coh_link *l;
  for (l = g->failed.next; l != &g->failed; l = l->next) {
    if (l == &g->body_failed) say("B");
    else say("%s", coh_item(coh_item(l, struct coh_task, wait.link), struct fake, task)->name);
  }
}

static bool fails(struct fake *f) {
  f->result = COH_FAILED;
  return false;
}

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

static bool adopts(struct fake *f) {
  coh_group_adopt(&f->task);
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


/* Starting. The starter is 'd', outside the group, behind a shield of its own. */

static struct coh_scope starters;

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


static bool opens_own(struct fake *f) {
  coh_group_open(&f->group, &f->task, NULL, 0, false);
  coh_group_spawn(&f->group, &f->other->task, false);
  return false;
}

static bool joins_own(struct fake *f) {
  coh_group_body_ended(&f->group, false, false);
  coh_group_join(&f->group);
  return true;
}

static bool closes_own(struct fake *f) {
  coh_group_close(&f->group);
  return false;
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


/* Limits. */

static bool gets_place(struct fake *f) {
  bool granted = f->task.wait.outcome == COH_WOKEN;
  say("%s%s ", f->name, granted ? "" : "!");
  coh_group_place_waited(group, granted);
  if (granted) coh_group_spawn(group, &f->other->task, false);
  return false;
}

static bool waits_for_place(struct fake *f) {
  CHECK(coh_group_must_wait(group, &f->task));
  coh_group_wait_place(group, &f->task);
  return true;
}


static void who_must_wait_is_outside_a_full_group_that_is_not_cancelled(void) {
  static struct coh_group below;
  begin_with(1, false);
  CHECK(!coh_group_must_wait(group, &host.task));
  SPAWN(&a, "a", parks);
  pump(0);
  BEGIN(&d, "d", parks);
  run_by_hand(&d);
  CHECK(coh_group_must_wait(group, &host.task));
  CHECK(coh_group_must_wait(group, &d.task));
  CHECK(!coh_group_must_wait(group, &a.task));
  wake(&a);
  run_by_hand(&a);
  coh_group_open(&below, &a.task, NULL, 0, false);
  FAKE(&b, "b", speaks);
  coh_group_spawn(&below, &b.task, false);
  CHECK(coh_group_owns(group, &b.task) && !coh_group_owns(&below, &a.task));
  CHECK(!coh_group_must_wait(group, &b.task));
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  CHECK(!coh_group_must_wait(group, &host.task));
  pump(0);
  coh_group_close(&below);
  coh_group_task_ended(&a.task, COH_SUCCEEDED);
  coh_task_end(&d.task, COH_SUCCEEDED);
  join_and_end();
  CHECK_SAID("b end ");
}


static void queued_tasks_start_as_places_become_free_first_in_first_out(void) {
  begin_with(2, false);
  SPAWN(&a, "a", speaks, sleeps);
  SPAWN(&b, "b", speaks, sleeps);
  SPAWN(&c, "c", speaks, sleeps);
  SPAWN(&d, "d", speaks, sleeps);
  a.ns = 3 * S_NS;
  b.ns = c.ns = d.ns = S_NS;
  join();
  pump(3);
  CHECK_SAID("a b ");
  CHECK(group->places == 2 && group->ordinary == 4);
  end();
  CHECK_SAID("c d end ");
  CHECK(coh_clock_now(&test_clock) == 3 * S_NS);
}


static void queued_tasks_and_waiting_spawners_stand_in_one_queue(void) {
  static struct fake e, f;
  begin_with(1, false);
  SPAWN(&a, "a", parks);
  SPAWN(&b, "b", speaks, yields, yields);
  BEGIN(&c, "c", waits_for_place, gets_place);
  FAKE(&d, "d", speaks);
  c.other = &d;
  pump(0);
  SPAWN(&e, "e", speaks);
  BEGIN(&f, "f", parks);
  pump(0);
  CHECK_SAID("");
  wake(&a);
  wake(&f);
  join_and_end();
  CHECK_SAID("b c d e end ");
}


static void a_waiting_spawner_keeps_the_group_open(void) {
  begin_with(1, false);
  SPAWN(&a, "a", yields, speaks);
  BEGIN(&c, "c", waits_for_place, gets_place);
  FAKE(&d, "d", sleeps, speaks);
  d.ns = S_NS;
  c.other = &d;
  join_and_end();
  CHECK_SAID("a c d end ");
}


static void a_waiting_spawner_keeps_the_daemons_alive(void) {
  begin_with(1, false);
  DAEMON(&b, "b", parks, tells, tests);
  SPAWN(&a, "a", yields, speaks);
  BEGIN(&c, "c", waits_for_place, gets_place);
  FAKE(&d, "d", sleeps, speaks);
  d.ns = S_NS;
  c.other = &d;
  join_and_end();
  CHECK_SAID("a c d b! end ");
}


static void a_spawner_cancelled_while_waiting_has_spawned_nothing(void) {
  begin_with(1, false);
  SPAWN(&a, "a", parks);
  BEGIN(&c, "c", waits_for_place, gets_place);
  FAKE(&d, "d", speaks);
  c.other = &d;
  pump(0);
  SPAWN(&b, "b", speaks);
  CHECK(group->pending == 1);
  coh_scope_cancel(&c.task.scope, COH_REASON_CANCEL);
  pump(0);
  CHECK_SAID("c! ");
  CHECK(group->pending == 0 && group->places == 1);
  wake(&a);
  join_and_end();
  CHECK_SAID("b end ");
}


static void the_last_waiting_spawner_to_be_cancelled_lets_the_group_end(void) {
  begin_with(1, false);
  SPAWN(&a, "a", parks);
  BEGIN(&c, "c", waits_for_place, gets_place);
  pump(0);
  wake(&a);
  coh_scope_cancel(&c.task.scope, COH_REASON_CANCEL);
  join_and_end();
  CHECK_SAID("c! end ");
}


static void a_place_granted_before_the_cancel_is_used(void) {
  begin_with(1, false);
  SPAWN(&a, "a", parks);
  BEGIN(&c, "c", waits_for_place, gets_place);
  FAKE(&d, "d", speaks, tests, speaks);
  c.other = &d;
  pump(0);
  wake(&a);
  pump(1);
  coh_scope_cancel(&c.task.scope, COH_REASON_CANCEL);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  join_and_end();
  CHECK_SAID("c d end ");
}


static void a_cancelled_group_starts_all_that_are_queued_at_once(void) {
  begin_with(1, false);
  SPAWN(&a, "a", parks, tells);
  SPAWN(&b, "b", speaks, tests, speaks);
  SPAWN(&c, "c", speaks, tests, speaks);
  pump(0);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  CHECK(coh_link_alone(&group->backlog));
  SPAWN(&d, "d", speaks, tests, speaks);
  join_and_end();
  CHECK_SAID("a! b c d end ");
}


static void a_full_cancelled_group_queues_nobody(void) {
  begin_with(1, false);
  SPAWN(&a, "a", parks, tells, sleeps, speaks);  /* takes its time, and its place */
  a.ns = S_NS;
  pump(0);
  coh_scope_cancel(&group->scope, COH_REASON_CANCEL);
  SPAWN(&b, "b", speaks, tests, speaks);
  join_and_end();
  CHECK_SAID("a! b a end ");
}


static void a_failure_starts_all_that_are_queued_at_once(void) {
  begin_with(1, false);
  SPAWN(&a, "a", fails);
  SPAWN(&b, "b", speaks, tests, speaks);
  SPAWN(&c, "c", speaks, tests, speaks);
  join_and_end();
  failed_says(group);
  CHECK_SAID("b c end a");
}


static void a_queued_task_cancelled_alone_starts_without_a_place(void) {
  begin_with(1, false);
  SPAWN(&a, "a", parks);
  SPAWN(&b, "b", speaks, tests, speaks);
  SPAWN(&c, "c", speaks);
  pump(0);
  coh_scope_cancel(&b.task.scope, COH_REASON_CANCEL);
  pump(0);
  CHECK_SAID("b ");
  CHECK(group->places == 1 && b.task.result == COH_WAS_ABORTED);
  wake(&a);
  join_and_end();
  CHECK_SAID("c end ");
}


static void daemons_take_no_place(void) {
  begin_with(1, false);
  DAEMON(&a, "a", speaks, parks);
  SPAWN(&b, "b", speaks);
  DAEMON(&c, "c", speaks);
  pump(0);
  CHECK_SAID("a b c ");
  CHECK(group->places == 0);
  join_and_end();
  CHECK_SAID("end ");
}


static int running, running_max;

static bool comes(struct fake *f) {
  (void)f;
  if (++running > running_max) running_max = running;
  return false;
}

static bool goes(struct fake *f) {
  (void)f;
  running--;
  return false;
}

static void no_more_run_at_once_than_the_limit_says(void) {
  enum { count = 500, limit = 7 };
  struct fake *all = calloc(count, sizeof *all);
  uint64_t seed = 5;
  int i;
  running = running_max = 0;
  begin_with(limit, false);
  for (i = 0; i < count; i++) {
    SPAWN(&all[i], "", comes, sleeps, goes);
    all[i].ns = (int64_t)random_below(&seed, 20);
    if (i % 3 == 0) pump(random_below(&seed, 5) + 1);
    if (i % 11 == 0) coh_scope_cancel(&all[i].task.scope, COH_REASON_CANCEL);  /* runs beside the others */
  }
  join_and_end();
  CHECK(running == 0 && running_max >= limit);
  CHECK_SAID("end ");
  free(all);
}


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
  RUN(in_a_block_the_groups_cancel_reaches_the_tasks_and_not_the_body);
  RUN(in_a_block_a_failure_cuts_tasks_and_body);
  RUN(in_a_block_what_comes_from_outside_reaches_all);
  RUN(who_must_wait_is_outside_a_full_group_that_is_not_cancelled);
  RUN(queued_tasks_start_as_places_become_free_first_in_first_out);
  RUN(queued_tasks_and_waiting_spawners_stand_in_one_queue);
  RUN(a_waiting_spawner_keeps_the_group_open);
  RUN(a_waiting_spawner_keeps_the_daemons_alive);
  RUN(a_spawner_cancelled_while_waiting_has_spawned_nothing);
  RUN(the_last_waiting_spawner_to_be_cancelled_lets_the_group_end);
  RUN(a_place_granted_before_the_cancel_is_used);
  RUN(a_cancelled_group_starts_all_that_are_queued_at_once);
  RUN(a_full_cancelled_group_queues_nobody);
  RUN(a_failure_starts_all_that_are_queued_at_once);
  RUN(a_queued_task_cancelled_alone_starts_without_a_place);
  RUN(daemons_take_no_place);
  RUN(no_more_run_at_once_than_the_limit_says);
  RUN(nested_groups_end_from_the_inside);
  RUN(an_inner_failure_stays_in_the_inner_group);
  RUN(a_task_may_cancel_its_own_group);
  return passed("group");
}
