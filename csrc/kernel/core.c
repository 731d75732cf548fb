/*
** The runtime's struct: see core.h. Its empty state is all zeroes except for the
** list heads, which point to themselves.
*/
#include "kernel/core.h"

#include <string.h>


void coh_core_init(struct coh_runtime *rt, coh_alloc alloc, void *ud, struct coh_clock *clock) {
  memset(rt, 0, sizeof *rt);
  coh_mem_init(&rt->mem, alloc, ud);
  rt->clock = clock;
  coh_link_init(&rt->ready);
  coh_link_init(&rt->pass);
  coh_link_init(&rt->idlers);
}
