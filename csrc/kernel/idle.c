/*
** Waiting for quiet: see idle.h. Only tests do it, a few tasks at a time: a list is enough.
*/
#include "kernel/idle.h"

static const struct coh_wait_kind kind = {.what = "all others to be blocked"};


void coh_idle_park(struct coh_wait *w, struct coh_slot *slot, struct coh_idler *idler) {
  coh_wait_park(w, slot, &kind, &slot->rt->idlers);
  w->of = idler;
}


static int64_t cushion_of(const struct coh_link *l) {
  const struct coh_idler *idler = coh_item(l, struct coh_wait, link)->of;
  return idler->cushion_ns;
}


int64_t coh_idle_least(const struct coh_runtime *rt) {
  int64_t least_ns = COH_NEVER;
  const struct coh_link *l;
  for (l = rt->idlers.next; l != &rt->idlers; l = l->next)
    if (cushion_of(l) < least_ns) least_ns = cushion_of(l);
  return least_ns;
}


void coh_idle_wake(struct coh_runtime *rt, int64_t cushion_ns) {
  struct coh_link *l = rt->idlers.next, *next;
  for (; l != &rt->idlers; l = next) {
    next = l->next;
    if (cushion_of(l) == cushion_ns) coh_wait_wake(coh_item(l, struct coh_wait, link), COH_WOKEN);
  }
}
