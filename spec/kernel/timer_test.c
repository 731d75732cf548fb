/* Two heaps come out as one line, in the order of time, then of starting. */
#include "support.h"

static struct coh_runtime rt;
static struct coh_heap_node n[6];

static void begin(void) {
  int i;
  coh_core_init(&rt, NULL, NULL, &test_clock);
  for (i = 0; i < 6; i++) coh_heap_node_init(&n[i]);
}


/* Take out all that is due: 'd' from the deadlines, 's' from the sleeps. */
static void pop_says(int64_t now_ns) {
  struct coh_heap *from;
  struct coh_heap_node *node;
  while ((node = coh_timer_pop(&rt, now_ns, &from)) != NULL) {
    CHECK(!coh_heap_has(node));
    say("%c%d ", from == &rt.deadlines ? 'd' : 's', (int)(node - n));
  }
}


static void nothing_started_is_never_due(void) {
  begin();
  CHECK(coh_timer_next(&rt) == COH_NEVER);
  pop_says(INT64_MAX);
  CHECK_SAID("");
}


static void the_earliest_of_both_heaps_is_next(void) {
  begin();
  coh_timer_start(&rt, &rt.deadlines, &n[0], 20);
  CHECK(coh_timer_next(&rt) == 20);
  coh_timer_start(&rt, &rt.sleeps, &n[1], 10);
  CHECK(coh_timer_next(&rt) == 10);
  coh_timer_stop(&rt.deadlines, &n[0]);
  CHECK(coh_timer_next(&rt) == 10);
  coh_timer_stop(&rt.sleeps, &n[1]);
  CHECK(coh_timer_next(&rt) == COH_NEVER);
}


static void times_come_out_in_order_over_both_heaps(void) {
  begin();
  coh_timer_start(&rt, &rt.sleeps, &n[0], 30);
  coh_timer_start(&rt, &rt.deadlines, &n[1], 20);
  coh_timer_start(&rt, &rt.sleeps, &n[2], 10);
  coh_timer_start(&rt, &rt.deadlines, &n[3], 40);
  pop_says(100);
  CHECK_SAID("s2 d1 s0 d3 ");
}


static void equal_times_come_out_as_they_were_started_over_both_heaps(void) {
  begin();
  coh_timer_start(&rt, &rt.deadlines, &n[0], 5);
  coh_timer_start(&rt, &rt.sleeps, &n[1], 5);
  coh_timer_start(&rt, &rt.deadlines, &n[2], 5);
  coh_timer_start(&rt, &rt.sleeps, &n[3], 5);
  pop_says(5);
  CHECK_SAID("d0 s1 d2 s3 ");
}


static void a_time_is_due_at_its_nanosecond_and_not_before(void) {
  begin();
  coh_timer_start(&rt, &rt.sleeps, &n[0], 10);
  coh_timer_start(&rt, &rt.deadlines, &n[1], 11);
  pop_says(9);
  CHECK_SAID("");
  pop_says(10);
  CHECK_SAID("s0 ");
  pop_says(11);
  CHECK_SAID("d1 ");
}


static void never_is_remembered_and_not_inserted(void) {
  begin();
  n[0].at_ns = 3;
  coh_timer_start(&rt, &rt.deadlines, &n[0], COH_NEVER);
  CHECK(n[0].at_ns == COH_NEVER);
  CHECK(!coh_heap_has(&n[0]) && rt.deadlines.root == NULL);
}


static void stopping_twice_is_stopping_once(void) {
  begin();
  coh_timer_start(&rt, &rt.sleeps, &n[0], 1);
  coh_timer_stop(&rt.sleeps, &n[0]);
  coh_timer_stop(&rt.sleeps, &n[0]);
  CHECK(rt.sleeps.root == NULL);
}


int main(void) {
  RUN(nothing_started_is_never_due);
  RUN(the_earliest_of_both_heaps_is_next);
  RUN(times_come_out_in_order_over_both_heaps);
  RUN(equal_times_come_out_as_they_were_started_over_both_heaps);
  RUN(a_time_is_due_at_its_nanosecond_and_not_before);
  RUN(never_is_remembered_and_not_inserted);
  RUN(stopping_twice_is_stopping_once);
  return passed("timer");
}
