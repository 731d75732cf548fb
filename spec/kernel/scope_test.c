/*
** What is cancelled, what a shield hides, who catches, and what leaving and moving a
** scope do.
*/
#include "scope_support.h"


/* Say which of 'count' scopes would catch, and check that nobody else does. */
static void catches_says(int count) {
  int i;
  for (i = 0; i < count; i++) say("%c", coh_scope_catches(&places[i].scope) ? 'C' : '.');
}


static bool refuses(struct coh_wait *w) {
  say("%d?", (int)(coh_item(w, struct place, wait) - places));
  return false;
}

static const struct coh_wait_kind refusing_kind = {.what = "a test", .abort = refuses};


static void cancelling_reaches_all_below_and_nothing_else(void) {
  begin();
  enter(0, NULL);
  enter(1, &places[0].scope);
  enter(2, &places[1].scope);
  enter(3, &places[0].scope);
  enter(4, NULL);
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  effective_says(5);
  CHECK_SAID(".xx..");
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  effective_says(5);
  CHECK_SAID("xxxx.");
}


static void a_scope_entered_under_a_cancelled_one_is_cancelled_at_once(void) {
  begin();
  enter(0, NULL);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  enter(1, &places[0].scope);
  coh_scope_enter(&places[2].scope, &rt, &places[0].scope, COH_NEVER, true);
  effective_says(3);
  CHECK_SAID("xx.");
}


static void the_first_reason_stays(void) {
  begin();
  enter(0, NULL);
  coh_scope_cancel(&places[0].scope, COH_REASON_FAILURE);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(places[0].scope.reason == COH_REASON_FAILURE);
}


static void all_are_marked_before_the_first_abort_runs_in_tree_order(void) {
  begin();
  enter(0, NULL);
  enter(1, &places[0].scope);
  enter(2, &places[1].scope);
  enter(3, &places[0].scope);
  enter(4, &places[3].scope);
  enter(5, &places[1].scope);
  all_marked[0] = &places[4].scope;
  all_marked[1] = &places[5].scope;
  all_marked[2] = NULL;
  park(5, &recording_kind);
  park(4, &recording_kind);
  park(3, &recording_kind);
  park(2, &recording_kind);
  park(0, &recording_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK_SAID("02534");
  all_marked[0] = NULL;
}


static void check_ready(int count) {
  struct coh_link *l;
  for (l = rt.ready.next; l != &rt.ready; l = l->next) {
    struct place *p = coh_item(coh_item(l, struct coh_wait, link), struct place, wait);
    CHECK(p->wait.outcome == COH_WAIT_CANCELLED);
    say("%d", (int)(p - places));
    count--;
  }
  CHECK(count == 0);
}


static void aborted_waits_become_ready_in_tree_order(void) {
  begin();
  nest(3);
  park(2, &plain_kind);
  park(0, &plain_kind);
  park(1, &plain_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  check_ready(3);
  CHECK_SAID("012");
}


static void a_wait_with_a_say_is_asked_when_all_is_marked_and_keeps_its_place_in_that_order(void) {
  begin();
  nest(5);
  all_marked[0] = &places[4].scope;
  all_marked[1] = NULL;
  park(0, &plain_kind);
  park(1, &recording_kind);
  park(2, &plain_kind);
  park(3, &refusing_kind);
  park(4, &plain_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  check_ready(4);
  CHECK_SAID("13?0124");
  all_marked[0] = NULL;
}


static const struct coh_wait_kind letting_go = {.what = "a test", .abort = refuses, .lets_go = true};

static void what_refuses_and_lets_go_is_ended_by_aborting_all_and_not_by_a_cancel(void) {
  begin();
  nest(2);
  park(0, &letting_go);
  park(1, &refusing_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(places[0].wait.place == COH_PARKED);
  coh_scope_abort_all(&places[0].scope);
  CHECK(places[0].wait.place == COH_READY);
  CHECK(places[0].wait.outcome == COH_WAIT_CANCELLED);
  CHECK(places[1].wait.place == COH_PARKED);
  coh_wait_wake(&places[1].wait, COH_WOKEN);
  CHECK_SAID("0?1?");
}


static void a_wait_that_has_its_result_is_not_cancelled(void) {
  begin();
  enter(0, NULL);
  park(0, &recording_kind);
  coh_wait_wake(&places[0].wait, COH_WOKEN);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(places[0].wait.outcome == COH_WOKEN);
  CHECK_SAID("");
}


static void a_refused_abort_is_not_repeated_by_any_later_cancel(void) {
  begin();
  nest(3);
  park(2, &refusing_kind);
  coh_scope_cancel(&places[2].scope, COH_REASON_CANCEL);
  CHECK_SAID("2?");
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_set_shield(&places[1].scope, true);
  coh_scope_set_shield(&places[1].scope, false);
  coh_scope_cancel(&root, COH_REASON_SHUTDOWN);
  CHECK_SAID("");
  CHECK(is_parked(2));
}


static void a_refused_abort_is_not_repeated_when_a_shield_goes_up_and_down(void) {
  begin();
  nest(2);
  park(1, &refusing_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_set_shield(&places[1].scope, true);
  CHECK(!coh_scope_is_cut(&places[1].scope));
  coh_scope_set_shield(&places[1].scope, false);
  CHECK(coh_scope_is_cut(&places[1].scope));
  CHECK_SAID("1?");
}


static void a_shield_hides_what_comes_from_outside(void) {
  begin();
  nest(4);
  coh_scope_set_shield(&places[1].scope, true);
  park(3, &recording_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  effective_says(4);
  CHECK_SAID("x...");
  CHECK(is_parked(3));
}


static void a_shield_does_not_hide_its_own_cancellation(void) {
  begin();
  nest(3);
  coh_scope_set_shield(&places[1].scope, true);
  park(2, &recording_kind);
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  effective_says(3);
  CHECK_SAID("2.xx");
}


static void a_shield_protects_nobody_beside_it(void) {
  begin();
  enter(0, NULL);
  coh_scope_set_shield(enter(1, &places[0].scope), true);
  enter(2, &places[0].scope);
  park(1, &recording_kind);
  park(2, &recording_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK_SAID("2");
}


static void a_shield_switched_off_lets_the_pending_cancellation_in_at_once(void) {
  begin();
  nest(3);
  coh_scope_set_shield(&places[1].scope, true);
  park(2, &recording_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK_SAID("");
  coh_scope_set_shield(&places[1].scope, false);
  effective_says(3);
  CHECK_SAID("2xxx");
}


static void a_shield_switched_on_while_blocked_holds_off_later_cancellation(void) {
  begin();
  nest(2);
  park(1, &recording_kind);
  coh_scope_set_shield(&places[1].scope, true);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(is_parked(1));
  CHECK_SAID("");
}


static void three_shields_are_taken_down_one_by_one(void) {
  begin();
  nest(4);
  coh_scope_set_shield(&places[1].scope, true);
  coh_scope_set_shield(&places[2].scope, true);
  coh_scope_set_shield(&places[3].scope, true);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_set_shield(&places[3].scope, false);
  effective_says(4);
  CHECK_SAID("x...");
  coh_scope_set_shield(&places[1].scope, false);
  effective_says(4);
  CHECK_SAID("xx..");
  coh_scope_set_shield(&places[2].scope, false);
  effective_says(4);
  CHECK_SAID("xxxx");
}


static void the_outermost_visible_cancelled_scope_catches(void) {
  begin();
  nest(5);
  coh_scope_cancel(&places[3].scope, COH_REASON_CANCEL);
  catches_says(5);
  CHECK_SAID("...C.");
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  catches_says(5);
  CHECK_SAID(".C...");
  CHECK(places[4].scope.canceller == &places[1].scope);
  CHECK(places[0].scope.canceller == NULL);
}


static void behind_a_shield_the_inner_one_catches(void) {
  begin();
  nest(4);
  coh_scope_set_shield(&places[2].scope, true);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_cancel(&places[3].scope, COH_REASON_CANCEL);
  catches_says(4);
  CHECK_SAID("C..C");
  CHECK(places[3].scope.canceller == &places[3].scope);
  CHECK(places[1].scope.canceller == &places[0].scope);
}


static void a_cancelled_shield_catches_its_own_though_more_is_cancelled_outside(void) {
  begin();
  nest(2);
  coh_scope_set_shield(&places[1].scope, true);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  catches_says(2);
  CHECK_SAID("CC");
}


static void a_shield_switched_on_under_way_does_not_make_it_catch(void) {
  begin();
  nest(2);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_set_shield(&places[1].scope, true);
  catches_says(2);
  CHECK_SAID("C.");
}


static void an_outer_cancel_under_way_takes_the_catch_from_the_inner(void) {
  begin();
  nest(3);
  coh_scope_cancel(&places[2].scope, COH_REASON_CANCEL);
  catches_says(3);
  CHECK_SAID("..C");
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  catches_says(3);
  CHECK_SAID("C..");
}


static void the_source_is_the_canceller_or_the_first_cancelled_scope_behind_a_shield(void) {
  begin();
  nest(3);
  CHECK(coh_scope_source(&places[2].scope) == NULL);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  CHECK(coh_scope_source(&places[2].scope) == &places[0].scope);
  coh_scope_set_shield(&places[2].scope, true);
  CHECK(coh_scope_source(&places[2].scope) == &places[1].scope);
  CHECK(places[2].scope.canceller == NULL);
}


static void leaving_stops_the_timer_and_keeps_flags_and_deadline(void) {
  begin();
  enter(0, NULL);
  coh_scope_set_deadline(&places[0].scope, 10);
  coh_scope_leave(&places[0].scope);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  CHECK(!places[0].scope.open);
  CHECK(places[0].scope.deadline.at_ns == 10);
  CHECK(root.youngest == NULL);
}


static void on_a_scope_that_was_left_cancel_sets_only_the_flag(void) {
  begin();
  enter(0, NULL);
  coh_scope_leave(&places[0].scope);
  coh_clock_jump(&test_clock, 5);
  coh_scope_set_deadline(&places[0].scope, 3);
  coh_scope_set_shield(&places[0].scope, true);
  CHECK(!coh_scope_cancel_called(&places[0].scope));
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(coh_scope_cancel_called(&places[0].scope));
  CHECK(!coh_scope_is_cut(&root));
}


static void a_subtree_moved_under_a_cancelled_parent_is_aborted_at_once(void) {
  begin();
  enter(0, NULL);
  enter(1, NULL);
  enter(2, &places[0].scope);
  enter(3, &places[2].scope);
  enter(4, &places[2].scope);
  coh_scope_set_shield(&places[4].scope, true);
  park(3, &recording_kind);
  park(4, &recording_kind);
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  coh_scope_move(&places[2].scope, &places[1].scope);
  effective_says(5);
  CHECK_SAID("3.xxx.");
  CHECK(places[0].scope.youngest == NULL);
}


static void a_subtree_moved_away_from_a_cancelled_parent_is_free_again(void) {
  begin();
  enter(0, NULL);
  enter(1, NULL);
  enter(2, &places[0].scope);
  enter(3, &places[2].scope);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_move(&places[2].scope, &places[1].scope);
  effective_says(4);
  CHECK_SAID("x...");
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  effective_says(4);
  CHECK_SAID("xxxx");
}


static void a_moved_scope_is_the_youngest_child_of_its_new_parent(void) {
  begin();
  enter(0, NULL);
  enter(1, NULL);
  enter(2, &places[0].scope);
  enter(3, &places[1].scope);
  park(2, &recording_kind);
  park(3, &recording_kind);
  coh_scope_move(&places[2].scope, &places[1].scope);
  coh_scope_cancel(&places[1].scope, COH_REASON_CANCEL);
  CHECK_SAID("32");
}


/* Nest 'count' scopes, cancel the outermost, and leave them all again. */
static void cancel_nested(size_t count) {
  struct coh_scope *s;
  struct coh_wait w;
  size_t i;
  begin();
  s = calloc(count, sizeof *s);
  for (i = 0; i < count; i++)
    coh_scope_enter(&s[i], &rt, i > 0 ? &s[i - 1] : &root, (int64_t)(i + 1), false);
  coh_wait_init(&w);
  coh_wait_park(&w, &s[count - 1].slot, &plain_kind, NULL);
  coh_scope_move(&s[0], &root);
  coh_scope_cancel(&s[0], COH_REASON_CANCEL);
  CHECK(w.outcome == COH_WAIT_CANCELLED);
  CHECK(coh_scope_is_cut(&s[count - 1]));
  CHECK(s[count - 1].canceller == &s[0]);
  for (i = count; i > 0; i--) coh_scope_leave(&s[i - 1]);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  free(s);
}


static void five_thousand_nested_scopes_are_cancelled_without_recursion(void) {
  cancel_nested(5000);
}


static void a_hundred_thousand_nested_scopes_are_cancelled_without_recursion(void) {
  cancel_nested(100000);
}


int main(void) {
  RUN(cancelling_reaches_all_below_and_nothing_else);
  RUN(a_scope_entered_under_a_cancelled_one_is_cancelled_at_once);
  RUN(the_first_reason_stays);
  RUN(all_are_marked_before_the_first_abort_runs_in_tree_order);
  RUN(aborted_waits_become_ready_in_tree_order);
  RUN(a_wait_with_a_say_is_asked_when_all_is_marked_and_keeps_its_place_in_that_order);
  RUN(what_refuses_and_lets_go_is_ended_by_aborting_all_and_not_by_a_cancel);
  RUN(a_wait_that_has_its_result_is_not_cancelled);
  RUN(a_refused_abort_is_not_repeated_by_any_later_cancel);
  RUN(a_refused_abort_is_not_repeated_when_a_shield_goes_up_and_down);
  RUN(a_shield_hides_what_comes_from_outside);
  RUN(a_shield_does_not_hide_its_own_cancellation);
  RUN(a_shield_protects_nobody_beside_it);
  RUN(a_shield_switched_off_lets_the_pending_cancellation_in_at_once);
  RUN(a_shield_switched_on_while_blocked_holds_off_later_cancellation);
  RUN(three_shields_are_taken_down_one_by_one);
  RUN(the_outermost_visible_cancelled_scope_catches);
  RUN(behind_a_shield_the_inner_one_catches);
  RUN(a_cancelled_shield_catches_its_own_though_more_is_cancelled_outside);
  RUN(a_shield_switched_on_under_way_does_not_make_it_catch);
  RUN(an_outer_cancel_under_way_takes_the_catch_from_the_inner);
  RUN(the_source_is_the_canceller_or_the_first_cancelled_scope_behind_a_shield);
  RUN(leaving_stops_the_timer_and_keeps_flags_and_deadline);
  RUN(on_a_scope_that_was_left_cancel_sets_only_the_flag);
  RUN(a_subtree_moved_under_a_cancelled_parent_is_aborted_at_once);
  RUN(a_subtree_moved_away_from_a_cancelled_parent_is_free_again);
  RUN(a_moved_scope_is_the_youngest_child_of_its_new_parent);
  RUN(five_thousand_nested_scopes_are_cancelled_without_recursion);
  RUN(a_hundred_thousand_nested_scopes_are_cancelled_without_recursion);
  return passed("scope");
}
