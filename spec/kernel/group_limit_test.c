/*
** A group with a limit: who must wait for a place, who takes one, in which order
** places are given, and what a cancellation does to those that wait.
*/
#include "group_support.h"

static struct fake a, b, c, d;


static bool gets_place(struct fake *f) {
  bool granted = f->task.wait.outcome == COH_WOKEN;
  say("%s%s ", f->name, granted ? "" : "!");
  coh_group_place_waited(&f->task, granted);
  if (granted) coh_group_spawn_granted(group, &f->other->task);
  return false;
}

static bool waits_for_place(struct fake *f) {
  CHECK(coh_group_must_wait(group, &f->task));
  coh_group_wait_place(group, &f->task);
  return true;
}


static bool gives_place_up(struct fake *f) {
  say("up ");
  coh_group_place_given_up(&f->task);
  return false;
}


static void a_place_that_its_spawner_gives_up_goes_to_the_next(void) {
  begin_with(1, false);
  SPAWN(&a, "a", sleeps);
  a.ns = S_NS;
  pump(0);
  BEGIN(&c, "c", waits_for_place, gives_place_up);
  pump(0);
  SPAWN(&b, "b", speaks);
  join();
  end();
  CHECK_SAID("up b end ");
  CHECK(group->places == 0 && group->pending == 0);
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


int main(void) {
  RUN(who_must_wait_is_outside_a_full_group_that_is_not_cancelled);
  RUN(queued_tasks_start_as_places_become_free_first_in_first_out);
  RUN(queued_tasks_and_waiting_spawners_stand_in_one_queue);
  RUN(a_waiting_spawner_keeps_the_group_open);
  RUN(a_waiting_spawner_keeps_the_daemons_alive);
  RUN(a_spawner_cancelled_while_waiting_has_spawned_nothing);
  RUN(the_last_waiting_spawner_to_be_cancelled_lets_the_group_end);
  RUN(a_place_granted_before_the_cancel_is_used);
  RUN(a_cancelled_group_starts_all_that_are_queued_at_once);
  RUN(a_place_that_its_spawner_gives_up_goes_to_the_next);
  RUN(a_full_cancelled_group_queues_nobody);
  RUN(a_failure_starts_all_that_are_queued_at_once);
  RUN(a_queued_task_cancelled_alone_starts_without_a_place);
  RUN(daemons_take_no_place);
  RUN(no_more_run_at_once_than_the_limit_says);
  return passed("group_limit");
}
