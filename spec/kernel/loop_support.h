/*
** What the tests of the loop share: a loop in virtual time, a pump that blocks for a
** given time at most, and busy tasks with a record of when the loop looked.
*/
#ifndef SPEC_KERNEL_LOOP_SUPPORT_H
#define SPEC_KERNEL_LOOP_SUPPORT_H

#include "support.h"

#define MS_NS 1000000

static inline void begin(void) {
  open_loop(true);
}

static inline void end(void) {
  CHECK(pump_all() == COH_IDLE);
  close_loop();
}


static inline enum coh_loop_now pump_for(int64_t block_ns) {
  struct coh_budget budget = {.block_ns = block_ns};
  return coh_loop_pump(&loop, &budget);
}

static const struct coh_wait_kind external_kind = {.what = "a test", .external = true};


static int steps, steps_at_look[8], looks;

static inline bool counts_for_ever(struct fake *f) {
  steps++;
  f->next = 0;
  coh_wait_yield(&loop.rt, &f->task.wait);
  return true;
}

static inline void on_look(void *ud, enum coh_event event, const void *subject) {
  (void)ud;
  (void)subject;
  if (event == COH_EVENT_POLL && looks < 8) steps_at_look[looks++] = steps;
}

static const struct coh_trace count_looks = {.event = on_look};

/* 'count' tasks that are always ready. */
static inline void begin_busy(struct fake *all, int count) {
  int i;
  begin();
  loop.rt.trace = &count_looks;
  steps = looks = 0;
  for (i = 0; i < count; i++) BEGIN(&all[i], "", counts_for_ever);
}

static inline void end_busy(struct fake *all, int count) {
  int i;
  for (i = 0; i < count; i++) all[i].script[0] = NULL;
  end();
}

#endif
