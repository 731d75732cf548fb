/*
** The ready queue: see run.h.
*/
#include "kernel/run.h"


/* Walking to the chosen link is linear in the pass: only tests set 'choose'. */
struct coh_link *coh_run_choose(struct coh_runtime *rt) {
  struct coh_link *l = rt->pass.next;
  uint64_t n = 0, i;
  for (; l != &rt->pass; l = l->next) n++;
  l = rt->pass.next;
  for (i = rt->choose(rt->choose_ud, n); i > 0 && l->next != &rt->pass; i--) l = l->next;
  return l;
}


uint64_t coh_run_shuffle(void *state, uint64_t n) {
  uint64_t x;
  uint64_t *seed = state;
  x = *seed;
  x ^= x << 13;  /* xorshift64 */
  x ^= x >> 7;
  x ^= x << 17;
  *seed = x;
  return x % n;
}
