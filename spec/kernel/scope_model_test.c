/*
** A random tree of scopes against a naive model. The model knows parent, shield
** and cancelled, and recomputes.
*/
#include "scope_support.h"

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
  if (!coh_scope_is_cut(&n->scope)) coh_wait_park(&n->wait, &n->scope.slot, &counting_kind, NULL);
}


static void check_tree(void) {
  int i;
  for (i = 0; i < TREE_MAX; i++) {
    struct node *n = &tree[i];
    bool effective = n->in && model_effective(i);
    if (!n->in) continue;
    CHECK(coh_scope_is_cut(&n->scope) == effective);
    CHECK(coh_scope_catches(&n->scope) == (n->cancelled && model_canceller(i) == i));
    CHECK(n->scope.canceller == (effective ? &tree[model_canceller(i)].scope : NULL));
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
  if (i == 0 || !n->in || n->scope.youngest != NULL) return;
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
  RUN(a_random_tree_agrees_with_its_naive_model);
  return passed("scope_model");
}
