/*
** When a scope's deadline cancels it, how it moves, and which deadline is the
** effective one.
*/
#include "scope_support.h"


static void a_deadline_that_has_passed_cancels_at_entry(void) {
  begin();
  coh_clock_jump(&test_clock, 10);
  coh_scope_enter(&places[0].scope, &rt, &root, 10, false);
  coh_scope_enter(&places[1].scope, &rt, &root, INT64_MIN, false);
  coh_scope_enter(&places[2].scope, &rt, &root, 11, false);
  effective_says(3);
  CHECK_SAID("xx.");
  CHECK(places[0].scope.reason == COH_REASON_DEADLINE);
  CHECK(coh_timer_next(&rt) == 11);
}


static void a_deadline_moves_both_ways_while_blocked(void) {
  begin();
  enter(0, NULL);
  park(0, &recording_kind);
  coh_scope_set_deadline(&places[0].scope, 20);
  CHECK(coh_timer_next(&rt) == 20);
  coh_scope_set_deadline(&places[0].scope, 30);
  CHECK(coh_timer_next(&rt) == 30);
  coh_scope_set_deadline(&places[0].scope, 10);
  CHECK(coh_timer_next(&rt) == 10);
  coh_scope_set_deadline(&places[0].scope, COH_NEVER);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  CHECK(is_parked(0));
  coh_clock_jump(&test_clock, 5);
  coh_scope_set_deadline(&places[0].scope, 5);
  CHECK(!is_parked(0));
  CHECK(places[0].scope.reason == COH_REASON_DEADLINE);
  CHECK_SAID("0");
}


static void a_cancelled_scope_has_no_timer_and_is_not_revived_by_a_later_deadline(void) {
  begin();
  enter(0, NULL);
  coh_scope_set_deadline(&places[0].scope, 20);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  coh_scope_set_deadline(&places[0].scope, 50);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  CHECK(coh_scope_is_cut(&places[0].scope) && places[0].scope.reason == COH_REASON_CANCEL);
}


static void the_flag_looks_at_the_clock_and_latches(void) {
  begin();
  enter(0, NULL);
  enter(1, &places[0].scope);
  park(1, &recording_kind);
  coh_scope_set_deadline(&places[0].scope, 10);
  CHECK(!coh_scope_cancel_called(&places[0].scope));
  coh_clock_jump(&test_clock, 10);
  CHECK(coh_scope_cancel_called(&places[0].scope));
  CHECK_SAID("1");
  coh_scope_set_deadline(&places[0].scope, 100);
  CHECK(coh_scope_cancel_called(&places[0].scope));
  CHECK(places[0].scope.reason == COH_REASON_DEADLINE);
}


static void the_effective_deadline_is_the_earliest_visible_one(void) {
  begin();
  nest(4);
  CHECK(coh_scope_effective_deadline(&places[3].scope) == COH_NEVER);
  coh_scope_set_deadline(&places[0].scope, 10);
  coh_scope_set_deadline(&places[1].scope, 30);
  coh_scope_set_deadline(&places[2].scope, 20);
  CHECK(coh_scope_effective_deadline(&places[3].scope) == 10);
  coh_scope_set_shield(&places[1].scope, true);
  CHECK(coh_scope_effective_deadline(&places[3].scope) == 20);
  CHECK(coh_scope_effective_deadline(&places[1].scope) == 30);
}


static void the_effective_deadline_of_what_is_cancelled_is_the_beginning_of_time(void) {
  begin();
  nest(3);
  coh_scope_set_deadline(&places[1].scope, 10);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(coh_scope_effective_deadline(&places[2].scope) == INT64_MIN);
  coh_scope_set_shield(&places[2].scope, true);
  CHECK(coh_scope_effective_deadline(&places[2].scope) == COH_NEVER);
}


int main(void) {
  RUN(a_deadline_that_has_passed_cancels_at_entry);
  RUN(a_deadline_moves_both_ways_while_blocked);
  RUN(a_cancelled_scope_has_no_timer_and_is_not_revived_by_a_later_deadline);
  RUN(the_flag_looks_at_the_clock_and_latches);
  RUN(the_effective_deadline_is_the_earliest_visible_one);
  RUN(the_effective_deadline_of_what_is_cancelled_is_the_beginning_of_time);
  return passed("scope_deadline");
}
