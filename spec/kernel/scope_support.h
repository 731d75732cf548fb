/*
** What the tests of scopes share: a runtime without a loop, and eight scopes with
** a wait each. An abort says the number of its scope.
*/
#ifndef SPEC_KERNEL_SCOPE_SUPPORT_H
#define SPEC_KERNEL_SCOPE_SUPPORT_H

#include "support.h"

static struct coh_runtime rt;
static struct coh_scope root;

/* A scope, and a wait that can be parked in it. */
struct place { struct coh_scope scope; struct coh_wait wait; };

static struct place places[8];

static inline void begin(void) {
  int i;
  coh_clock_init_virtual(&test_clock, false);
  coh_core_init(&rt, NULL, NULL, &test_clock);
  coh_scope_enter(&root, &rt, NULL, COH_NEVER, false);
  memset(places, 0, sizeof places);
  for (i = 0; i < 8; i++) coh_wait_init(&places[i].wait);
}


/* Enter scope 'i' below scope 'parent', or below the root. */
static inline struct coh_scope *enter(int i, struct coh_scope *parent) {
  coh_scope_enter(&places[i].scope, &rt, parent != NULL ? parent : &root, COH_NEVER, false);
  return &places[i].scope;
}


/* Scopes 0 to count - 1, each inside the one before. */
static inline void nest(int count) {
  int i;
  for (i = 0; i < count; i++) enter(i, i > 0 ? &places[i - 1].scope : NULL);
}


/* Say which of 'count' scopes are effectively cancelled. */
static inline void effective_says(int count) {
  int i;
  for (i = 0; i < count; i++) say("%c", coh_scope_is_cut(&places[i].scope) ? 'x' : '.');
}


static struct coh_scope *all_marked[8];  /* must be effective when any abort runs */
static inline bool records(struct coh_wait *w) {
  struct coh_scope **s;
  for (s = all_marked; *s != NULL; s++) CHECK(coh_scope_is_cut(*s));
  say("%d", (int)(coh_item(w, struct place, wait) - places));
  return true;
}

static const struct coh_wait_kind recording_kind = {.what = "a test", .abort = records};

static inline void park(int i, const struct coh_wait_kind *kind) {
  coh_wait_park(&places[i].wait, &places[i].scope.slot, kind, NULL);
}

static inline bool is_parked(int i) {
  return places[i].wait.place == COH_PARKED;
}

#endif
