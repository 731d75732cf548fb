/* A wait is in one place, ends once, and a wait that is aborted leaves no trace. */
#include "support.h"

static struct coh_runtime rt;
static struct coh_scope scopes[4];  /* one for each wait */
static struct coh_wait waits[4];
static struct coh_link queue;

static void begin(void) {
  int i;
  coh_clock_init_virtual(&test_clock, false);
  coh_core_init(&rt, NULL, NULL, &test_clock);
  coh_link_init(&queue);
  for (i = 0; i < 4; i++) {
    coh_scope_enter(&scopes[i], &rt, NULL, COH_NEVER, false);
    coh_wait_init(&waits[i]);
  }
}


static void park(int i, const struct coh_wait_kind *kind, struct coh_link *in) {
  coh_wait_park(&waits[i], &scopes[i].slot, kind, in);
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


static int aborts;

static bool accepts(struct coh_wait *w) {
  CHECK(w->place == COH_PARKED);
  aborts++;
  return true;
}

static bool refuses(struct coh_wait *w) {
  CHECK(w->place == COH_PARKED);
  aborts++;
  return false;
}

static const struct coh_wait_kind accepting_kind = {.what = "a test", .abort = accepts};
static const struct coh_wait_kind refusing_kind = {.what = "a test", .abort = refuses};
static const struct coh_wait_kind external_kind = {.what = "a test", .external = true};
static const struct coh_wait_kind finishing_kind = {.what = "a test", .external = true, .finishes = true};


static void waits_are_woken_first_in_first_out(void) {
  begin();
  park(2, &plain_kind, &queue);
  park(0, &plain_kind, &queue);
  park(1, &plain_kind, &queue);
  CHECK(coh_wait_wake_one(&queue));
  CHECK(coh_wait_wake_one(&queue));
  ready_says();
  CHECK_SAID("20");
  CHECK(waits[1].place == COH_PARKED);
}


static void a_wait_that_is_moved_goes_to_the_end_of_the_other_queue_and_ends_there(void) {
  struct coh_link other;
  begin();
  coh_link_init(&other);
  park(0, &plain_kind, &queue);
  park(1, &plain_kind, &queue);
  park(2, &plain_kind, &other);
  coh_wait_move(&waits[0], &refusing_kind, &other);
  CHECK(waits[0].kind == &refusing_kind);
  CHECK(scopes[0].slot.wait == &waits[0]);
  CHECK(!coh_wait_abort(&waits[0]));
  CHECK(coh_wait_wake_all(&other) == 2);
  CHECK(coh_wait_wake_all(&queue) == 1);
  ready_says();
  CHECK_SAID("201");
}


static void waking_all_keeps_the_order_and_counts(void) {
  begin();
  park(3, &plain_kind, &queue);
  park(1, &plain_kind, &queue);
  park(2, &plain_kind, &queue);
  CHECK(coh_wait_wake_all(&queue) == 3);
  CHECK(coh_link_alone(&queue));
  ready_says();
  CHECK_SAID("312");
}


static void waking_an_empty_queue_is_no_error(void) {
  begin();
  CHECK(!coh_wait_wake_one(&queue));
  CHECK(coh_wait_wake_all(&queue) == 0);
}


static void a_wait_needs_no_queue(void) {
  begin();
  park(0, &plain_kind, NULL);
  CHECK(scopes[0].slot.wait == &waits[0]);
  coh_wait_wake(&waits[0], COH_WOKEN);
  CHECK(scopes[0].slot.wait == NULL);
  ready_says();
  CHECK_SAID("0");
}


static void an_aborted_wait_leaves_its_queue_and_the_rest_keeps_its_order(void) {
  begin();
  park(0, &plain_kind, &queue);
  park(1, &plain_kind, &queue);
  park(2, &plain_kind, &queue);
  CHECK(coh_wait_abort(&waits[1]));
  CHECK(coh_wait_wake_all(&queue) == 2);
  ready_says();
  CHECK_SAID("1!02");
}


static void the_abort_is_called_before_the_wait_ends(void) {
  begin();
  aborts = 0;
  park(0, &accepting_kind, &queue);
  CHECK(coh_wait_abort(&waits[0]));
  CHECK(aborts == 1);
  CHECK(coh_link_alone(&queue));
  ready_says();
  CHECK_SAID("0!");
}


static void an_abort_that_refuses_is_called_once_and_the_wait_goes_on(void) {
  begin();
  aborts = 0;
  park(0, &refusing_kind, &queue);
  CHECK(!coh_wait_abort(&waits[0]));
  CHECK(!coh_wait_abort(&waits[0]));
  CHECK(aborts == 1);
  CHECK(waits[0].place == COH_PARKED && !coh_link_alone(&queue));
  CHECK(coh_wait_wake_one(&queue));
  ready_says();
  CHECK_SAID("0");
}


static void the_next_wait_may_be_asked_again(void) {
  begin();
  aborts = 0;
  park(0, &refusing_kind, NULL);
  CHECK(!coh_wait_abort(&waits[0]));
  coh_wait_wake(&waits[0], COH_WOKEN);
  ready_says();
  park(0, &refusing_kind, NULL);
  CHECK(!coh_wait_abort(&waits[0]));
  CHECK(aborts == 2);
  CHECK_SAID("0");
}


static void the_outcome_is_that_of_the_last_wait(void) {
  begin();
  park(0, &plain_kind, NULL);
  CHECK(coh_wait_abort(&waits[0]));
  ready_says();
  coh_wait_yield(&rt, &waits[0]);
  ready_says();
  park(0, &plain_kind, NULL);
  coh_wait_wake(&waits[0], COH_WOKEN);
  ready_says();
  CHECK_SAID("0!00");
}


static void yielding_goes_behind_all_that_are_ready(void) {
  begin();
  park(0, &plain_kind, NULL);
  coh_wait_wake(&waits[0], COH_WOKEN);
  coh_wait_yield(&rt, &waits[1]);
  ready_says();
  CHECK_SAID("01");
}


static void yielding_to_the_front_runs_next_in_the_same_pass(void) {
  begin();
  coh_wait_yield(&rt, &waits[0]);
  coh_wait_yield(&rt, &waits[1]);
  coh_run_begin(&rt);
  coh_wait_yield_front(&rt, &waits[2]);
  CHECK(coh_run_next(&rt) == &waits[2].link);
  CHECK(coh_run_next(&rt) == &waits[0].link);
  CHECK(coh_run_next(&rt) == &waits[1].link);
}


static void a_sleep_is_in_the_heap_until_it_ends(void) {
  begin();
  coh_wait_sleep(&waits[0], &scopes[0].slot, 5);
  CHECK(coh_timer_next(&rt) == 5);
  CHECK(coh_wait_abort(&waits[0]));
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  ready_says();
  CHECK_SAID("0!");
}


static void an_endless_sleep_is_in_no_heap_and_can_be_aborted(void) {
  begin();
  coh_wait_sleep(&waits[0], &scopes[0].slot, COH_NEVER);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  CHECK(coh_wait_abort(&waits[0]));
  ready_says();
  CHECK_SAID("0!");
}


static void a_wait_may_sleep_then_queue_then_sleep(void) {
  begin();
  coh_wait_sleep(&waits[0], &scopes[0].slot, 5);
  coh_wait_wake(&waits[0], COH_WOKEN);
  ready_says();
  park(0, &plain_kind, &queue);
  CHECK(coh_wait_wake_one(&queue));
  ready_says();
  coh_wait_sleep(&waits[0], &scopes[0].slot, 9);
  CHECK(coh_timer_next(&rt) == 9);
  coh_wait_wake(&waits[0], COH_WOKEN);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  ready_says();
  CHECK_SAID("000");
}


static void waits_on_the_outside_are_counted_while_they_last(void) {
  begin();
  park(0, &external_kind, NULL);
  park(1, &finishing_kind, NULL);
  park(2, &plain_kind, NULL);
  CHECK(rt.waits_external == 2 && rt.waits_finishing == 1);
  coh_wait_wake(&waits[1], COH_WOKEN);
  CHECK(rt.waits_external == 1 && rt.waits_finishing == 0);
  CHECK(coh_wait_abort(&waits[0]));
  CHECK(rt.waits_external == 0);
}


static int forfeits;

static void passes_on(struct coh_wait *w) {
  CHECK(w->place == COH_RUNNING);
  if (w->outcome == COH_WOKEN) forfeits++;
}

static const struct coh_wait_kind forfeiting_kind = {.what = "a test", .forfeit = passes_on};


static void what_a_wait_was_woken_with_is_forfeited_once(void) {
  begin();
  forfeits = 0;
  coh_wait_forfeit(&waits[0]);  /* has never waited */
  park(1, &forfeiting_kind, &queue);
  park(2, &forfeiting_kind, &queue);
  park(3, &plain_kind, &queue);
  coh_wait_wake_one(&queue);
  coh_wait_abort(&waits[2]);
  coh_wait_wake_one(&queue);
  ready_says();
  CHECK_SAID("12!3");
  coh_wait_forfeit(&waits[1]);
  coh_wait_forfeit(&waits[1]);
  CHECK(forfeits == 1);
  coh_wait_forfeit(&waits[2]);
  coh_wait_forfeit(&waits[3]);
  CHECK(forfeits == 1);
}


int main(void) {
  RUN(waits_are_woken_first_in_first_out);
  RUN(a_wait_that_is_moved_goes_to_the_end_of_the_other_queue_and_ends_there);
  RUN(waking_all_keeps_the_order_and_counts);
  RUN(waking_an_empty_queue_is_no_error);
  RUN(a_wait_needs_no_queue);
  RUN(an_aborted_wait_leaves_its_queue_and_the_rest_keeps_its_order);
  RUN(the_abort_is_called_before_the_wait_ends);
  RUN(an_abort_that_refuses_is_called_once_and_the_wait_goes_on);
  RUN(the_next_wait_may_be_asked_again);
  RUN(the_outcome_is_that_of_the_last_wait);
  RUN(yielding_goes_behind_all_that_are_ready);
  RUN(yielding_to_the_front_runs_next_in_the_same_pass);
  RUN(a_sleep_is_in_the_heap_until_it_ends);
  RUN(an_endless_sleep_is_in_no_heap_and_can_be_aborted);
  RUN(a_wait_may_sleep_then_queue_then_sleep);
  RUN(waits_on_the_outside_are_counted_while_they_last);
  RUN(what_a_wait_was_woken_with_is_forfeited_once);
  return passed("wait");
}
