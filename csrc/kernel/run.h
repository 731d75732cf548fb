/*
** The ready queue. Tasks that become ready go to the end of 'ready'; a pass
** takes all of them over and runs them one by one, so what becomes ready
** meanwhile waits for the next pass. In order by default; a 'choose' function
** (a seeded shuffle, or a script) may pick another order for tests.
**
** One that explores has more choices. A pass widens: what becomes ready meanwhile
** joins it at its end, so that the choice is among all that is ready, and always
** picking the first gives the plain order. It is asked with 0, and its answer
** ignored, when nothing is ready, and so all wait.
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

/* What became ready joins the pass. */
static inline void coh_run_widen(struct coh_runtime *rt) {
  coh_link_splice(&rt->pass, &rt->ready);
}

/* The one that 'choose' picks of a pass that has any. */
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

/* A shuffle: 'state' is a uint64_t, not 0, that is the seed and changes. */
uint64_t coh_run_shuffle(void *state, uint64_t n);

COH_SEEN

#endif
