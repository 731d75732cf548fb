/*
** The smallest host: see host.h.
*/
#include "open/host.h"


static void pump(cohort_runtime *rt) {
  static const cohort_budget forever = {.block_ns = COHORT_FOREVER};
  while (cohort_pump(rt, &forever) != COHORT_IDLE) cohort_break(rt);
  cohort_pump(rt, NULL);  /* one more look: an interrupt that came last is seen too */
}


int coh_host_run(lua_State *L, const cohort_config *config, int arguments, int *count) {
  cohort_runtime *rt;
  cohort_task task;
  int status = cohort_open(L, config, &rt);
  if (status != 0) return status;
  status = cohort_spawn(rt, L, arguments, &task);
  if (status == 0) {
    pump(rt);
    status = cohort_take(rt, task, L, count);
  }
  cohort_close(rt);
  return status;
}
