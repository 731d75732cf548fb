/* Who watches is told each event with its subject, in order. */
#include "support.h"

static struct fake a, b;

static void on_event(void *ud, enum coh_event event, const void *subject) {
  static const char *const names[] = {"spawn", "ready", "step", "park", "finish", "cancel", "poll"};
  const char *whose = "?";
  CHECK(ud == said);
  if (subject == &a.task || subject == &a.task.wait || subject == &a.task.scope) whose = "a";
  if (subject == &b.task || subject == &b.task.wait || subject == &b.task.scope) whose = "b";
  if (subject == &loop.rt) whose = "rt";
  say("%s-%s ", names[event], whose);
}

static const struct coh_trace trace = {.event = on_event, .ud = said};


static bool cancels_other(struct fake *f) {
  coh_scope_cancel(&f->other->task.scope, COH_REASON_CANCEL);
  return false;
}


static void with_no_table_an_event_is_nothing(void) {
  coh_trace_emit(NULL, COH_EVENT_SPAWN, NULL);
}


static void the_life_of_a_task_is_told_in_order(void) {
  open_loop(true);
  loop.rt.trace = &trace;
  BEGIN(&a, "a", sleeps);
  a.ns = S_NS;
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("spawn-a step-a park-a poll-rt ready-a step-a finish-a ");
  close_loop();
}


static void a_cancel_is_told_before_the_wakes_it_causes(void) {
  open_loop(true);
  loop.rt.trace = &trace;
  BEGIN(&a, "a", parks);
  BEGIN(&b, "b", cancels_other);
  b.other = &a;
  CHECK(pump_all() == COH_IDLE);
  CHECK_SAID("spawn-a spawn-b step-a park-a step-b cancel-a ready-a finish-b step-a finish-a ");
  close_loop();
}


int main(void) {
  RUN(with_no_table_an_event_is_nothing);
  RUN(the_life_of_a_task_is_told_in_order);
  RUN(a_cancel_is_told_before_the_wakes_it_causes);
  return passed("trace");
}
