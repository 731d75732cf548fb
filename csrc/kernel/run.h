/*
** The ready queue. Tasks that become ready go to the end of 'ready'; a pass
** takes all of them over and runs them one by one, so what becomes ready
** meanwhile waits for the next pass. They run in order by default; for tests a
** 'choose' function (a seeded shuffle, or a script) may pick another order.
**
** A 'choose' that explores is given more choices. The pass widens: what becomes ready
** meanwhile joins it at its end, so that the choice is among all that is ready, and
** always picking the first gives the plain order. When nothing is ready, because all
** tasks wait, it is called with 0 and its answer ignored.
*/
#ifndef COH_KERNEL_RUN_H
#define COH_KERNEL_RUN_H

#include "kernel/core.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Is anything ready, in this pass or for the next? */
static inline bool coh_run_any(const struct coh_runtime *rt) {
  return !coh_link_alone(&rt->pass) || !coh_link_alone(&rt->ready);
}

/* Begin a pass with all that is ready. The pass before must have ended. */
static inline void coh_run_begin(struct coh_runtime *rt) {
  coh_assert(coh_link_alone(&rt->pass));
  coh_link_splice(&rt->pass, &rt->ready);
}

/* Let what has become ready join the pass, at its end. */
static inline void coh_run_widen(struct coh_runtime *rt) {
  coh_link_splice(&rt->pass, &rt->ready);
}

/* The link that 'choose' picks from the pass, which must not be empty. */
struct coh_link *coh_run_choose(struct coh_runtime *rt);

/* Take the next link of the pass, or NULL at its end. */
static inline struct coh_link *coh_run_next(struct coh_runtime *rt) {
  struct coh_link *l = rt->pass.next;
  if (l == &rt->pass) return NULL;
  if (rt->choose != NULL && !rt->goes_on) l = coh_run_choose(rt);
  rt->goes_on = false;
  coh_link_remove(l);
  return l;
}

/* A 'choose' that shuffles. 'state' points to a uint64_t, initially the seed, which is not 0. */
uint64_t coh_run_shuffle(void *state, uint64_t n);

COH_SEEN

#endif
