/* What is cancelled, what a shield hides, who catches, and when it arrives. */
#include "support.h"

static struct coh_runtime rt;
static struct coh_scope root;

/* A scope, and a wait that can be parked in it. */
struct place { struct coh_scope scope; struct coh_wait wait; };

static struct place places[8];

static void begin(void) {
  int i;
  coh_clock_init_virtual(&test_clock, false);
  coh_core_init(&rt, NULL, NULL, &test_clock);
  coh_scope_enter(&root, &rt, NULL, COH_NEVER, false);
  memset(places, 0, sizeof places);
  for (i = 0; i < 8; i++) coh_wait_init(&places[i].wait);
}


/* Enter scope 'i' below scope 'parent', or below the root. */
static struct coh_scope *enter(int i, struct coh_scope *parent) {
  coh_scope_enter(&places[i].scope, &rt, parent != NULL ? parent : &root, COH_NEVER, false);
  return &places[i].scope;
}


/* Scopes 0 to count - 1, each inside the one before. */
static void nest(int count) {
  int i;
  for (i = 0; i < count; i++) enter(i, i > 0 ? &places[i - 1].scope : NULL);
}


/* Say which of 'count' scopes are effectively cancelled. */
static void effective_says(int count) {
  int i;
  for (i = 0; i < count; i++) say("%c", places[i].scope.effective ? 'x' : '.');
}


/* Say which of 'count' scopes would catch, and check that nobody else does. */
static void catches_says(int count) {
  int i;
  for (i = 0; i < count; i++) say("%c", coh_scope_catches(&places[i].scope) ? 'C' : '.');
}


static struct coh_scope *all_marked[8];  /* must be effective when any abort runs */
static bool records(struct coh_wait *w) {
  struct coh_scope **s;
  for (s = all_marked; *s != NULL; s++) CHECK((*s)->effective);
  say("%d", (int)(coh_item(w, struct place, wait) - places));
  return true;
}

static bool refuses(struct coh_wait *w) {
  say("%d?", (int)(coh_item(w, struct place, wait) - places));
  return false;
}

static const struct coh_wait_kind recording_kind = {.what = "a test", .abort = records};
static const struct coh_wait_kind refusing_kind = {.what = "a test", .abort = refuses};

static void park(int i, const struct coh_wait_kind *kind) {
  coh_wait_park(&places[i].wait, &places[i].scope.slot, kind, NULL);
}

static bool is_parked(int i) {
  return places[i].wait.place == COH_PARKED;
}


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


static void aborted_waits_become_ready_in_tree_order(void) {
  struct coh_link *l;
  begin();
  nest(3);
  park(2, &plain_kind);
  park(0, &plain_kind);
  park(1, &plain_kind);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  for (l = rt.ready.next; l != &rt.ready; l = l->next) {
    struct place *p = coh_item(coh_item(l, struct coh_wait, link), struct place, wait);
    CHECK(p->wait.outcome == COH_WAIT_CANCELLED);
    say("%d", (int)(p - places));
  }
  CHECK_SAID("012");
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
  CHECK(!places[1].scope.effective);
  coh_scope_set_shield(&places[1].scope, false);
  CHECK(places[1].scope.effective);
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
  CHECK(coh_scope_canceller(&places[4].scope) == &places[1].scope);
  CHECK(coh_scope_canceller(&places[0].scope) == NULL);
}


static void behind_a_shield_the_inner_one_catches(void) {
  begin();
  nest(4);
  coh_scope_set_shield(&places[2].scope, true);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  coh_scope_cancel(&places[3].scope, COH_REASON_CANCEL);
  catches_says(4);
  CHECK_SAID("C..C");
  CHECK(coh_scope_canceller(&places[3].scope) == &places[3].scope);
  CHECK(coh_scope_canceller(&places[1].scope) == &places[0].scope);
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


static void any_cancelled_looks_through_shields(void) {
  begin();
  nest(3);
  CHECK(!coh_scope_any_cancelled(&places[2].scope));
  coh_scope_set_shield(&places[2].scope, true);
  coh_scope_cancel(&places[0].scope, COH_REASON_CANCEL);
  CHECK(coh_scope_any_cancelled(&places[2].scope));
  CHECK(coh_scope_canceller(&places[2].scope) == NULL);
}


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
  CHECK(places[0].scope.effective && places[0].scope.reason == COH_REASON_CANCEL);
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


static void leaving_stops_the_timer_and_keeps_flags_and_deadline(void) {
  begin();
  enter(0, NULL);
  coh_scope_set_deadline(&places[0].scope, 10);
  coh_scope_leave(&places[0].scope);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  CHECK(!places[0].scope.open);
  CHECK(places[0].scope.deadline.at_ns == 10);
  CHECK(coh_link_alone(&root.children));
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
  CHECK(!root.effective);
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
  CHECK(coh_link_alone(&places[0].scope.children));
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
  CHECK(s[count - 1].effective);
  CHECK(coh_scope_canceller(&s[count - 1]) == &s[0]);
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


/* The random tree. Its model knows parent, shield and cancelled, and recomputes. */

#define TREE_MAX 200
#define TREE_OPERATIONS 20000

static struct node {
  struct coh_scope scope;
  struct coh_wait wait;
  int parent;      /* index; node 0 is the root */
  int aborts;      /* times its wait's abort was called */
  bool in, shield, cancelled, refusing;
  bool ended;      /* its wait was seen to have ended */
} tree[TREE_MAX];

static bool counts(struct coh_wait *w) {
  struct node *n = coh_item(w, struct node, wait);
  n->aborts++;
  return !n->refusing;
}

static const struct coh_wait_kind counting_kind = {.what = "a test", .abort = counts};


static bool model_effective(int i) {
  if (tree[i].cancelled) return true;
  return i != 0 && !tree[i].shield && model_effective(tree[i].parent);
}


static bool model_is_below(int i, int top) {
  for (; i != 0; i = tree[i].parent)
    if (i == top) return true;
  return top == 0;
}


/* The canceller by the book: the last one cancelled on the way out to a shield. */
static int model_canceller(int i) {
  int found = -1;
  for (;; i = tree[i].parent) {
    if (tree[i].cancelled) found = i;
    if (tree[i].shield || i == 0) return found;
  }
}


/* Park the node's wait where it may be parked: a task tests before it waits. */
static void tree_park(struct node *n, bool refusing) {
  if (n->wait.place == COH_READY) coh_link_remove(&n->wait.link);
  coh_wait_init(&n->wait);
  n->refusing = refusing;
  n->aborts = 0;
  n->ended = false;
  if (!n->scope.effective) coh_wait_park(&n->wait, &n->scope.slot, &counting_kind, NULL);
}


static void check_tree(void) {
  int i;
  for (i = 0; i < TREE_MAX; i++) {
    struct node *n = &tree[i];
    bool effective = n->in && model_effective(i);
    if (!n->in) continue;
    CHECK(n->scope.effective == effective);
    CHECK(coh_scope_catches(&n->scope) == (n->cancelled && model_canceller(i) == i));
    CHECK(coh_scope_canceller(&n->scope) == (effective ? &tree[model_canceller(i)].scope : NULL));
    CHECK(n->aborts <= 1);
    if (n->wait.place == COH_PARKED) CHECK(n->refusing ? (n->aborts == 1) >= effective : !effective);
    else CHECK(n->wait.place == COH_RUNNING || n->aborts == 1);
    if (n->wait.place == COH_READY && !n->ended) CHECK(effective);  /* else it was aborted for nothing */
    n->ended = n->wait.place == COH_READY;
  }
}


static void tree_enter(int i, int parent, bool shield) {
  struct node *n = &tree[i];
  if (n->in || !tree[parent].in) return;
  *n = (struct node){.in = true, .parent = parent, .shield = shield};
  coh_scope_enter(&n->scope, &rt, &tree[parent].scope, COH_NEVER, shield);
  coh_wait_init(&n->wait);
  tree_park(n, i % 5 == 0);
}


static void tree_leave(int i) {
  struct node *n = &tree[i];
  if (i == 0 || !n->in || !coh_link_alone(&n->scope.children)) return;
  if (n->wait.place == COH_PARKED) coh_wait_wake(&n->wait, COH_WOKEN);
  if (n->wait.place == COH_READY) coh_link_remove(&n->wait.link);
  coh_scope_leave(&n->scope);
  n->in = false;
}


static void tree_operation(uint64_t *seed) {
  int i = (int)random_below(seed, TREE_MAX), j = (int)random_below(seed, TREE_MAX);
  struct node *n = &tree[i];
  switch (random_below(seed, 8)) {
    case 0: case 1: case 2: tree_enter(i, j, random_below(seed, 6) == 0); break;
    case 3: tree_leave(i); break;
    case 4:
      if (!n->in || random_below(seed, 4) != 0 || i == 0) break;
      n->cancelled = true;
      coh_scope_cancel(&n->scope, COH_REASON_CANCEL);
      break;
    case 5:
      if (!n->in || i == 0) break;
      n->shield = !n->shield;
      coh_scope_set_shield(&n->scope, n->shield);
      break;
    case 6:
      if (i == 0 || !n->in || !tree[j].in || model_is_below(j, i)) break;
      n->parent = j;
      coh_scope_move(&n->scope, &tree[j].scope);
      break;
    default: if (n->in && n->wait.place != COH_PARKED) tree_park(n, random_below(seed, 3) == 0);
  }
}


static void a_random_tree_agrees_with_its_naive_model(void) {
  uint64_t seed;
  int i, size = 0, largest = 0;
  for (seed = 1; seed <= 5; seed++) {
    uint64_t state = seed;
    begin();
    memset(tree, 0, sizeof tree);
    tree[0].in = true;
    coh_scope_enter(&tree[0].scope, &rt, NULL, COH_NEVER, false);
    coh_wait_init(&tree[0].wait);
    for (i = 0; i < TREE_OPERATIONS / 5; i++) {
      tree_operation(&state);
      check_tree();
    }
    for (i = size = 0; i < TREE_MAX; i++) size += tree[i].in;
    if (size > largest) largest = size;
  }
  CHECK(largest > 100);
}


int main(void) {
  RUN(cancelling_reaches_all_below_and_nothing_else);
  RUN(a_scope_entered_under_a_cancelled_one_is_cancelled_at_once);
  RUN(the_first_reason_stays);
  RUN(all_are_marked_before_the_first_abort_runs_in_tree_order);
  RUN(aborted_waits_become_ready_in_tree_order);
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
  RUN(any_cancelled_looks_through_shields);
  RUN(a_deadline_that_has_passed_cancels_at_entry);
  RUN(a_deadline_moves_both_ways_while_blocked);
  RUN(a_cancelled_scope_has_no_timer_and_is_not_revived_by_a_later_deadline);
  RUN(the_flag_looks_at_the_clock_and_latches);
  RUN(the_effective_deadline_is_the_earliest_visible_one);
  RUN(the_effective_deadline_of_what_is_cancelled_is_the_beginning_of_time);
  RUN(leaving_stops_the_timer_and_keeps_flags_and_deadline);
  RUN(on_a_scope_that_was_left_cancel_sets_only_the_flag);
  RUN(a_subtree_moved_under_a_cancelled_parent_is_aborted_at_once);
  RUN(a_subtree_moved_away_from_a_cancelled_parent_is_free_again);
  RUN(a_moved_scope_is_the_youngest_child_of_its_new_parent);
  RUN(five_thousand_nested_scopes_are_cancelled_without_recursion);
  RUN(a_hundred_thousand_nested_scopes_are_cancelled_without_recursion);
  RUN(a_random_tree_agrees_with_its_naive_model);
  return passed("scope");
}
