/* Whoever explores chooses among all that is ready, and is told when all wait. */
#include "loop_support.h"

static struct fake all[4];

/* Picks the last, and notes how many there were. */
static uint64_t last(void *ud, uint64_t n) {
  CHECK(ud == &loop);
  say("%d", (int)n);
  return n - 1;
}


static uint64_t first(void *ud, uint64_t n) {
  (void)ud;
  (void)n;
  return 0;
}


static void explore(uint64_t (*choose)(void *ud, uint64_t n)) {
  begin();
  loop.rt.choose = choose;
  loop.rt.choose_ud = &loop;
  loop.rt.explores = choose != NULL;
}


static void run_three(uint64_t (*choose)(void *ud, uint64_t n)) {
  explore(choose);
  BEGIN(&all[0], "a", speaks, yields, speaks);
  BEGIN(&all[1], "b", speaks, yields, speaks, yields, speaks);
  BEGIN(&all[2], "c", speaks, yields, speaks);
  end();
}


static void the_choice_is_among_what_the_next_pass_would_run_too(void) {
  run_three(last);
  CHECK_SAID("3c 3c 2b 2b 2b 1a 1a ");
}


static void picking_the_first_gives_the_plain_order(void) {
  run_three(NULL);
  CHECK_SAID("a b c a b c b ");
  run_three(first);
  CHECK_SAID("a b c a b c b ");
}


static bool stays(struct fake *f) {
  coh_wait_stay(&loop.rt, &f->task.wait);
  return true;
}


static void a_task_that_stays_is_the_first_and_may_be_passed_over(void) {
  explore(first);
  BEGIN(&all[0], "a", speaks, stays, speaks);
  BEGIN(&all[1], "b", speaks, stays, speaks);
  end();
  CHECK_SAID("a a b b ");
  explore(last);
  BEGIN(&all[0], "a", speaks, stays, speaks);
  BEGIN(&all[1], "b", speaks, stays, speaks);
  end();
  CHECK_SAID("2b 2a 2b 1a ");
}


/* The second time that all wait it cancels all. */
static uint64_t cancels(void *ud, uint64_t n) {
  (void)ud;
  if (n > 0) return 0;
  say("?");
  if (looks++ == 1) coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  return 7;  /* ignored */
}


static void it_is_told_when_all_wait_and_may_cancel_then(void) {
  looks = 0;
  explore(cancels);
  BEGIN(&all[0], "a", sleeps, tells, sleeps, tells);
  all[0].ns = S_NS;
  BEGIN(&all[1], "b", sleeps, tells);
  all[1].ns = COH_NEVER;
  end();
  CHECK_SAID("?a ?a! b! ");
  CHECK(coh_clock_now(&test_clock) == S_NS);
}


static void it_is_told_that_all_are_stuck_and_not_when_there_are_none(void) {
  looks = 0;
  explore(cancels);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("");
  BEGIN(&all[0], "a", parks, tells);
  CHECK(pump_all() == COH_STUCK);
  CHECK_SAID("?");
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("?a! ");
  end();
}


static void a_busy_loop_still_looks(void) {
  struct coh_budget budget = {.resumes = 200};
  begin_busy(all, 2);
  loop.rt.choose = first;
  loop.rt.explores = true;
  CHECK(coh_loop_pump(&loop, &budget) == COH_MORE);
  CHECK(looks >= 3 && steps_at_look[1] - steps_at_look[0] <= COH_RESUMES_PER_LOOK + 2);
  end_busy(all, 2);
}


int main(void) {
  RUN(the_choice_is_among_what_the_next_pass_would_run_too);
  RUN(picking_the_first_gives_the_plain_order);
  RUN(a_task_that_stays_is_the_first_and_may_be_passed_over);
  RUN(it_is_told_when_all_wait_and_may_cancel_then);
  RUN(it_is_told_that_all_are_stuck_and_not_when_there_are_none);
  RUN(a_busy_loop_still_looks);
  return passed("explore");
}
