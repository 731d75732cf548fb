/*
** What the tests of groups share. The test function itself is the body of the
** host's block: the host is taken out of the ready queue and runs "by hand" until
** it waits; then its script goes on.
*/
#ifndef SPEC_KERNEL_GROUP_SUPPORT_H
#define SPEC_KERNEL_GROUP_SUPPORT_H

#include "support.h"

static struct fake host;
static struct coh_group *const group = &host.group;

static inline bool closes(struct fake *f) {
  CHECK(f->task.wait.outcome == COH_WOKEN);
  CHECK(coh_group_is_empty(&f->group));
  say("end ");
  CHECK(f->group.places == 0);
  CHECK(coh_link_alone(&f->group.backlog));
  coh_group_close(&f->group);
  return false;
}


/* Take a task that was begun out of the ready queue: it runs in the test itself. */
static inline void run_by_hand(struct fake *f) {
  coh_run_begin(&loop.rt);
  CHECK(coh_run_next(&loop.rt) == &f->task.wait.link);
  f->task.wait.place = COH_RUNNING;
}


static inline void begin_with(size_t limit, bool collect) {
  open_loop(true);
  BEGIN(&host, "h", closes);
  run_by_hand(&host);
  coh_group_open(group, &host.task, NULL, limit, collect);
}

static inline void begin(void) {
  begin_with(0, false);
}


#define SPAWN(f, name, ...) (FAKE(f, name, __VA_ARGS__), coh_group_spawn(group, &(f)->task, false))
#define DAEMON(f, name, ...) (FAKE(f, name, __VA_ARGS__), coh_group_spawn(group, &(f)->task, true))

/* The body is over: wait for the end. */
static inline void join(void) {
  coh_group_body_ended(group, false, false);
  coh_group_join(group);
}

static inline void end(void) {
  CHECK(pump_all() == COH_IDLE);
  close_loop();
}

static inline void join_and_end(void) {
  join();
  end();
}


static inline void wake(struct fake *f) {
  coh_wait_wake(&f->task.wait, COH_WOKEN);
}

/* Who failed, in order; 'B' is the body. */
static inline void failed_says(const struct coh_group *g) {
  const struct coh_link *l;
  for (l = g->failed.next; l != &g->failed; l = l->next) {
    if (l == &g->body_failed) say("B");
    else say("%s", coh_item(coh_item(l, struct coh_task, wait.link), struct fake, task)->name);
  }
}

static inline bool fails(struct fake *f) {
  f->result = COH_FAILED;
  return false;
}


/* A group inside the group: the fake is the host of its own, with one task, 'other'. */

static inline bool opens_own(struct fake *f) {
  coh_group_open(&f->group, &f->task, NULL, 0, false);
  coh_group_spawn(&f->group, &f->other->task, false);
  return false;
}

static inline bool joins_own(struct fake *f) {
  coh_group_body_ended(&f->group, false, false);
  coh_group_join(&f->group);
  return true;
}

static inline bool closes_own(struct fake *f) {
  coh_group_close(&f->group);
  return false;
}

#endif
