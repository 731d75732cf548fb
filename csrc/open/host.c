/*
** The smallest host: see host.h.
*/
#include "open/host.h"

#include "open/embed.h"


static void pump(cohort_runtime *rt) {
  static const cohort_budget forever = {.block_ns = COHORT_FOREVER};
  while (coh_embed_pump(rt, &forever) != COHORT_IDLE) coh_embed_break(rt);
  coh_embed_pump(rt, NULL);  /* one more look, so that a last-moment interrupt is noticed too */
}


int coh_host_run(lua_State *L, const cohort_config *config, int arguments, int *count) {
  cohort_runtime *rt;
  cohort_task task;
  int status = coh_embed_open(L, config, &rt);
  if (status != 0) return status;
  status = coh_embed_spawn(rt, L, arguments, &task);
  if (status == 0) {
    pump(rt);
    status = coh_embed_take(rt, task, L, count);
  }
  coh_embed_close(rt);
  return status;
}
