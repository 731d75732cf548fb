/*
** Timers: see timer.h.
*/
#include "kernel/timer.h"


void coh_timer_start(struct coh_runtime *rt, struct coh_heap *heap, struct coh_heap_node *n, int64_t at_ns) {
  if (at_ns == COH_NEVER) n->at_ns = COH_NEVER;
  else coh_heap_insert(heap, n, at_ns, ++rt->timers_made);
}


void coh_timer_stop(struct coh_heap *heap, struct coh_heap_node *n) {
  if (coh_heap_has(n)) coh_heap_remove(heap, n);
}


/* The heap whose top comes first, or NULL when both are empty. */
static struct coh_heap *earlier(struct coh_runtime *rt) {
  struct coh_heap_node *deadline = rt->deadlines.root, *sleep = rt->sleeps.root;
  if (deadline == NULL) return sleep == NULL ? NULL : &rt->sleeps;
  if (sleep == NULL) return &rt->deadlines;
  return coh_heap_before(sleep, deadline) ? &rt->sleeps : &rt->deadlines;
}


int64_t coh_timer_next(const struct coh_runtime *rt) {
  const struct coh_heap_node *deadline = rt->deadlines.root, *sleep = rt->sleeps.root;
  int64_t at_ns = deadline == NULL ? COH_NEVER : deadline->at_ns;
  return sleep != NULL && sleep->at_ns < at_ns ? sleep->at_ns : at_ns;
}


struct coh_heap_node *coh_timer_pop(struct coh_runtime *rt, int64_t now_ns, struct coh_heap **from) {
  struct coh_heap_node *n;
  *from = earlier(rt);
  if (*from == NULL || (*from)->root->at_ns > now_ns) return NULL;
  n = (*from)->root;
  coh_heap_remove(*from, n);
  return n;
}
