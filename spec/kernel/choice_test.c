/* Of several things that a wait stands in line for one ends it; for the others it never had. */
#include "support.h"

static struct coh_runtime rt;
static struct coh_scope scopes[3];    /* one for each wait */
static struct coh_wait waits[3];
static struct coh_choice choices[3];
static struct coh_standin standins[3][4];
static struct coh_link queues[4];

static const struct coh_wait_kind choice_kind = {.what = "a choice", .abort = coh_choice_abort};

static void begin(void) {
  int i;
  coh_clock_init_virtual(&test_clock, false);
  coh_core_init(&rt, NULL, NULL, &test_clock);
  for (i = 0; i < 4; i++) coh_link_init(&queues[i]);
  for (i = 0; i < 3; i++) {
    coh_scope_enter(&scopes[i], &rt, NULL, COH_NEVER, false);
    coh_wait_init(&waits[i]);
  }
}


static void park(int i, struct coh_link *in) {
  coh_wait_park(&waits[i], &scopes[i].slot, &plain_kind, in);
}


/* Choice 'i' stands in the first 'count' queues. */
static void choose_of(int i, int count) {
  int n;
  coh_choice_park(&choices[i], &waits[i], &scopes[i].slot, &choice_kind);
  for (n = 0; n < count; n++) coh_choice_stand(&choices[i], &standins[i][n], &queues[n]);
}


/* Take what is ready, in order; they run again. */
static void ready_says(void) {
  struct coh_link *l;
  coh_run_begin(&rt);
  while ((l = coh_run_next(&rt)) != NULL) {
    struct coh_wait *w = coh_item(l, struct coh_wait, link);
    CHECK(w->place == COH_READY);
    CHECK(w->slot == NULL);
    w->place = COH_RUNNING;
    say("%d%s", (int)(w - waits), w->outcome == COH_WAIT_CANCELLED ? "!" : "");
  }
}


/* Is every queue empty, and nothing of choice 'i' anywhere? */
static void check_gone(int i, int count) {
  int n;
  for (n = 0; n < count; n++) {
    CHECK(coh_link_alone(&queues[n]));
    CHECK(standins[i][n].wait.place == COH_DONE);
    CHECK(!standins[i][n].wait.sleeping);
  }
}


static void waking_one_wakes_the_task_and_takes_all_out(void) {
  begin();
  choose_of(0, 4);
  CHECK(coh_wait_wake_one(&queues[2]));
  CHECK(choices[0].chosen == &standins[0][2]);
  check_gone(0, 4);
  CHECK(!coh_wait_wake_one(&queues[0]));
  ready_says();
  CHECK_SAID("0");
}


static void a_choice_has_its_place_in_every_queue(void) {
  begin();
  park(1, &queues[0]);
  choose_of(0, 2);
  park(2, &queues[0]);
  CHECK(coh_wait_wake_all(&queues[0]) == 3);
  CHECK(coh_link_alone(&queues[1]));
  ready_says();
  CHECK_SAID("102");
}


static void others_keep_their_order_when_a_choice_leaves(void) {
  begin();
  park(1, &queues[1]);
  choose_of(0, 2);
  park(2, &queues[1]);
  CHECK(coh_wait_wake_one(&queues[0]));
  CHECK(coh_wait_wake_all(&queues[1]) == 2);
  ready_says();
  CHECK_SAID("012");
}


static void an_aborted_choice_leaves_all_queues_and_nothing_is_chosen(void) {
  begin();
  choose_of(0, 3);
  coh_choice_stand_until(&choices[0], &standins[0][3], 9);
  CHECK(coh_wait_abort(&waits[0]));
  check_gone(0, 4);
  CHECK(choices[0].chosen == NULL);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  ready_says();
  CHECK_SAID("0!");
}


static void a_cancelled_scope_aborts_its_choice(void) {
  begin();
  choose_of(0, 2);
  coh_scope_cancel(&scopes[0], COH_REASON_CANCEL);
  check_gone(0, 2);
  ready_says();
  CHECK_SAID("0!");
}


static void what_was_chosen_first_stays_when_the_cancel_comes_later(void) {
  begin();
  choose_of(0, 2);
  CHECK(coh_wait_wake_one(&queues[1]));
  coh_scope_cancel(&scopes[0], COH_REASON_CANCEL);
  CHECK(choices[0].chosen == &standins[0][1]);
  ready_says();
  CHECK_SAID("0");
}


static void a_choice_may_stand_twice_in_one_queue(void) {
  begin();
  choose_of(0, 1);
  coh_choice_stand(&choices[0], &standins[0][1], &queues[0]);
  park(1, &queues[0]);
  CHECK(coh_wait_wake_all(&queues[0]) == 2);
  CHECK(choices[0].chosen == &standins[0][0]);
  ready_says();
  CHECK_SAID("01");
}


static void a_choice_may_wait_for_a_time(void) {
  begin();
  choose_of(0, 1);
  coh_choice_stand_until(&choices[0], &standins[0][1], 5);
  CHECK(coh_timer_next(&rt) == 5);
  coh_wait_wake(&standins[0][1].wait, COH_WOKEN);
  CHECK(choices[0].chosen == &standins[0][1]);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  check_gone(0, 2);
  ready_says();
  CHECK_SAID("0");
}


static void a_time_that_is_not_needed_leaves_the_heap(void) {
  begin();
  choose_of(0, 1);
  coh_choice_stand_until(&choices[0], &standins[0][1], 5);
  CHECK(coh_wait_wake_one(&queues[0]));
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  ready_says();
  CHECK_SAID("0");
}


static void a_time_that_never_comes_is_in_no_heap(void) {
  begin();
  choose_of(0, 1);
  coh_choice_stand_until(&choices[0], &standins[0][1], COH_NEVER);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  CHECK(coh_wait_wake_one(&queues[0]));
  check_gone(0, 2);
  ready_says();
  CHECK_SAID("0");
}


static void a_choice_of_nothing_waits_for_its_cancellation(void) {
  begin();
  choose_of(0, 0);
  CHECK(waits[0].place == COH_PARKED);
  CHECK(coh_wait_abort(&waits[0]));
  ready_says();
  CHECK_SAID("0!");
}


static void the_same_structs_serve_the_next_choice(void) {
  begin();
  choose_of(0, 2);
  CHECK(coh_wait_wake_one(&queues[0]));
  ready_says();
  choose_of(0, 3);
  CHECK(choices[0].chosen == NULL);
  CHECK(coh_wait_wake_one(&queues[2]));
  CHECK(choices[0].chosen == &standins[0][2]);
  ready_says();
  CHECK_SAID("00");
}


static void two_choices_in_the_same_queues_are_served_in_order(void) {
  begin();
  choose_of(1, 2);
  choose_of(0, 2);
  CHECK(coh_wait_wake_one(&queues[0]));
  CHECK(coh_wait_wake_one(&queues[1]));
  CHECK(!coh_wait_wake_one(&queues[0]));
  check_gone(0, 2);
  check_gone(1, 2);
  ready_says();
  CHECK_SAID("10");
}


int main(void) {
  RUN(waking_one_wakes_the_task_and_takes_all_out);
  RUN(a_choice_has_its_place_in_every_queue);
  RUN(others_keep_their_order_when_a_choice_leaves);
  RUN(an_aborted_choice_leaves_all_queues_and_nothing_is_chosen);
  RUN(a_cancelled_scope_aborts_its_choice);
  RUN(what_was_chosen_first_stays_when_the_cancel_comes_later);
  RUN(a_choice_may_stand_twice_in_one_queue);
  RUN(a_choice_may_wait_for_a_time);
  RUN(a_time_that_is_not_needed_leaves_the_heap);
  RUN(a_time_that_never_comes_is_in_no_heap);
  RUN(a_choice_of_nothing_waits_for_its_cancellation);
  RUN(the_same_structs_serve_the_next_choice);
  RUN(two_choices_in_the_same_queues_are_served_in_order);
  return passed("choice");
}
