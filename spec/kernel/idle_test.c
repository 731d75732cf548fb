/* Who waits for quiet goes on when nothing else can, and before virtual time moves by itself. */
#include "loop_support.h"

static struct fake a, b, c, d;
static struct coh_idler none = {0}, little = {2 * MS_NS}, much = {30 * MS_NS};


static bool waits(struct fake *f, struct coh_idler *idler) {
  coh_idle_park(&f->task.wait, &f->task.current->slot, idler);
  return true;
}

static bool waits_none(struct fake *f) {
  return waits(f, &none);
}

static bool waits_little(struct fake *f) {
  return waits(f, &little);
}

static bool waits_much(struct fake *f) {
  return waits(f, &much);
}


static void it_is_quiet_when_all_others_are_blocked(void) {
  begin();
  BEGIN(&a, "a", waits_none, speaks);
  BEGIN(&b, "b", yields, yields, yields, speaks, sleeps, speaks);
  b.ns = 1;
  end();
  CHECK_SAID("b a b ");
}


static void who_waits_for_quiet_is_not_stuck(void) {
  open_loop(false);
  BEGIN(&a, "a", waits_none, speaks);
  BEGIN(&b, "b", parks);
  CHECK(pump_all() == COH_STUCK);
  CHECK_SAID("a ");
  coh_scope_cancel(&loop.root, COH_REASON_CANCEL);
  end();
}


static void the_clock_does_not_jump_before_it_was_quiet_however_long_that_takes(void) {
  begin();
  BEGIN(&a, "a", waits_little, speaks);
  BEGIN(&b, "b", sleeps, speaks);
  b.ns = 1;
  CHECK(pump(0) == COH_WAITING);
  CHECK(pump(0) == COH_WAITING);  /* libuv has seen its handles now */
  CHECK(coh_now(&loop.rt) == 0);
  CHECK(coh_loop_timeout_ns(&loop) > 0 && coh_loop_timeout_ns(&loop) <= 2 * MS_NS);
  end();
  CHECK_SAID("a b ");
}


static void a_shorter_cushion_goes_first_and_equal_ones_together(void) {
  begin();
  BEGIN(&a, "a", waits_much, speaks);
  BEGIN(&b, "b", waits_little, speaks);
  BEGIN(&c, "c", waits_none, speaks);
  BEGIN(&d, "d", waits_little, speaks);
  end();
  CHECK_SAID("c b d a ");
}


static void what_happens_meanwhile_begins_the_count_anew(void) {
  open_real_loop();
  BEGIN(&a, "a", waits_much, speaks);
  BEGIN(&b, "b", sleeps, speaks, sleeps, speaks, sleeps, speaks);
  b.ns = 20 * MS_NS;
  end();
  CHECK_SAID("b b b a ");
}


static void one_that_is_aborted_waits_no_more(void) {
  begin();
  BEGIN(&a, "a", waits_much, tells);
  BEGIN(&b, "b", sleeps, speaks);
  pump(0);
  coh_scope_cancel(&a.task.scope, COH_REASON_CANCEL);
  end();
  CHECK_SAID("a! b ");
  CHECK(coh_idle_least(&loop.rt) == COH_NEVER);
}


static void on_operation(uv_timer_t *operation) {
  struct fake *f = operation->data;
  coh_wait_wake(&f->task.wait, COH_WOKEN);
}


static void it_is_not_quiet_while_an_operation_will_finish(void) {
  static const struct coh_wait_kind finishing = {.what = "a test", .external = true, .finishes = true};
  static uv_timer_t operation;
  begin();
  BEGIN(&a, "a", parks, speaks);
  BEGIN(&b, "b", waits_none, speaks);
  a.kind = &finishing;
  CHECK(uv_timer_init(&loop.uv, &operation) == 0);
  operation.data = &a;
  CHECK(uv_timer_start(&operation, on_operation, 5, 0) == 0);
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("a b ");
  uv_close((uv_handle_t *)&operation, NULL);
  end();
}


static void a_host_that_wakes_the_loop_neither_ends_nor_prolongs_it(void) {
  int64_t before_ns;
  open_real_loop();
  BEGIN(&a, "a", waits_much, speaks);
  CHECK(pump(0) == COH_WAITING);
  before_ns = coh_now(&loop.rt);
  while (loop.rt.tasks_live > 0) {
    coh_loop_wake(&loop);
    pump_for(COH_NEVER - 1);
    if (loop.rt.tasks_live > 0) CHECK(coh_now(&loop.rt) - before_ns < 5 * S_NS);
  }
  CHECK(coh_now(&loop.rt) - before_ns >= 29 * MS_NS);
  end();
  CHECK_SAID("a ");
}


int main(void) {
  RUN(it_is_quiet_when_all_others_are_blocked);
  RUN(who_waits_for_quiet_is_not_stuck);
  RUN(the_clock_does_not_jump_before_it_was_quiet_however_long_that_takes);
  RUN(a_shorter_cushion_goes_first_and_equal_ones_together);
  RUN(what_happens_meanwhile_begins_the_count_anew);
  RUN(one_that_is_aborted_waits_no_more);
  RUN(it_is_not_quiet_while_an_operation_will_finish);
  RUN(a_host_that_wakes_the_loop_neither_ends_nor_prolongs_it);
  return passed("idle");
}
