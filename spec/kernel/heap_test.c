/* The heap gives times back in order, whatever was removed in between. */
#include "support.h"

#define NODES 300
#define OPERATIONS 10000

static void drain_says(struct coh_heap *h, struct coh_heap_node *nodes) {
  while (h->root != NULL) {
    struct coh_heap_node *n = h->root;
    coh_heap_remove(h, n);
    say("%d", (int)(n - nodes));
  }
}


static void fill(struct coh_heap *h, struct coh_heap_node *nodes, const int *times, int count) {
  int i;
  h->root = NULL;
  for (i = 0; i < count; i++) {
    coh_heap_node_init(&nodes[i]);
    coh_heap_insert(h, &nodes[i], times[i], (uint64_t)i + 1);
  }
}


static void the_earliest_is_on_top(void) {
  struct coh_heap h; struct coh_heap_node n[5];
  fill(&h, n, (const int[]){30, 10, 50, 20, 40}, 5);
  drain_says(&h, n);
  CHECK_SAID("13042");
}


static void equal_times_come_out_as_they_went_in(void) {
  struct coh_heap h; struct coh_heap_node n[6];
  fill(&h, n, (const int[]){7, 7, 3, 7, 3, 7}, 6);
  drain_says(&h, n);
  CHECK_SAID("240135");
}


static void a_time_moved_to_an_equal_one_goes_behind_it(void) {
  struct coh_heap h; struct coh_heap_node n[3];
  fill(&h, n, (const int[]){7, 7, 9}, 3);
  coh_heap_remove(&h, &n[0]);
  coh_heap_insert(&h, &n[0], 7, 4);
  drain_says(&h, n);
  CHECK_SAID("102");
}


static void a_removed_node_is_in_no_heap_and_remembers_its_time(void) {
  struct coh_heap h; struct coh_heap_node n[3];
  fill(&h, n, (const int[]){1, 2, 3}, 3);
  CHECK(coh_heap_has(&n[1]));
  coh_heap_remove(&h, &n[1]);
  CHECK(!coh_heap_has(&n[1]));
  CHECK(n[1].at_ns == 2);
  drain_says(&h, n);
  CHECK_SAID("02");
}


static void a_fresh_node_is_in_no_heap_and_never_due(void) {
  struct coh_heap_node n;
  coh_heap_node_init(&n);
  CHECK(!coh_heap_has(&n));
  CHECK(n.at_ns == COH_NEVER);
}


static void negative_and_extreme_times_are_ordered(void) {
  struct coh_heap h = {NULL}; struct coh_heap_node n[4];
  const int64_t times[] = {INT64_MAX - 1, 0, INT64_MIN, -1};
  int i;
  for (i = 0; i < 4; i++) {
    coh_heap_node_init(&n[i]);
    coh_heap_insert(&h, &n[i], times[i], (uint64_t)i + 1);
  }
  drain_says(&h, n);
  CHECK_SAID("2310");
}


/* The model: the nodes that are in, sorted by time and age. */
struct model { struct coh_heap_node *sorted[NODES]; int count; };

static void model_insert(struct model *m, struct coh_heap_node *n) {
  int i = m->count++;
  for (; i > 0 && coh_heap_before(n, m->sorted[i - 1]); i--) m->sorted[i] = m->sorted[i - 1];
  m->sorted[i] = n;
}

static void model_remove(struct model *m, const struct coh_heap_node *n) {
  int i = 0;
  while (m->sorted[i] != n) i++;
  for (m->count--; i < m->count; i++) m->sorted[i] = m->sorted[i + 1];
}


/* Parents come before children, and every link has its way back. */
static void check_shape(const struct coh_heap *h, const struct coh_heap_node *n, int *count) {
  const struct coh_heap_node *child;
  ++*count;
  CHECK(coh_heap_has(n));
  for (child = n->child; child != NULL; child = child->next) {
    CHECK(coh_heap_before(n, child));
    CHECK(child == n->child ? child->prev == n : child->prev->next == child);
    check_shape(h, child, count);
  }
}


static void random_operations_agree_with_a_sorted_array(void) {
  static struct coh_heap_node nodes[NODES];
  struct model m = {.count = 0};
  struct coh_heap h = {NULL};
  uint64_t seed = 1, order = 0;
  int i;
  for (i = 0; i < NODES; i++) coh_heap_node_init(&nodes[i]);
  for (i = 0; i < OPERATIONS; i++) {
    struct coh_heap_node *n = &nodes[random_below(&seed, NODES)];
    int count = 0;
    if (random_below(&seed, 4) == 0 && h.root != NULL) n = h.root;
    if (coh_heap_has(n)) {
      model_remove(&m, n);
      coh_heap_remove(&h, n);
    } else {
      coh_heap_insert(&h, n, (int64_t)random_below(&seed, 50), ++order);
      model_insert(&m, n);
    }
    CHECK(h.root == (m.count > 0 ? m.sorted[0] : NULL));
    if (h.root == NULL) continue;
    CHECK(h.root->prev == NULL && h.root->next == NULL);
    check_shape(&h, h.root, &count);
    CHECK(count == m.count);
  }
  for (i = 0; i < m.count; i++) {
    CHECK(h.root == m.sorted[i]);
    coh_heap_remove(&h, h.root);
  }
  CHECK(h.root == NULL);
}


static void a_hundred_thousand_children_are_combined_without_recursion(void) {
  enum { count = 100000 };
  struct coh_heap_node *n = calloc(count, sizeof *n);
  struct coh_heap h = {NULL};
  int i;
  for (i = 0; i < count; i++) coh_heap_insert(&h, &n[i], i, (uint64_t)i + 1);
  for (i = 0; i < count; i++) {
    CHECK(h.root == &n[i]);
    coh_heap_remove(&h, h.root);
  }
  for (i = 0; i < count; i++) coh_heap_insert(&h, &n[i], -i, (uint64_t)i + 1);  /* one long chain */
  for (i = count - 1; i >= 0; i--) {
    CHECK(h.root == &n[i]);
    coh_heap_remove(&h, h.root);
  }
  free(n);
}


int main(void) {
  RUN(the_earliest_is_on_top);
  RUN(equal_times_come_out_as_they_went_in);
  RUN(a_time_moved_to_an_equal_one_goes_behind_it);
  RUN(a_removed_node_is_in_no_heap_and_remembers_its_time);
  RUN(a_fresh_node_is_in_no_heap_and_never_due);
  RUN(negative_and_extreme_times_are_ordered);
  RUN(random_operations_agree_with_a_sorted_array);
  RUN(a_hundred_thousand_children_are_combined_without_recursion);
  return passed("heap");
}
