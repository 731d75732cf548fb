/*
** Schedules written in Lua: a function that picks, before each step, which of the ready tasks runs next.
*/
#ifndef COH_OPEN_SCHEDULE_H
#define COH_OPEN_SCHEDULE_H

#include <lua.h>

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hidden.h"

COH_HIDDEN

struct coh_schedule {
  lua_State *L;   /* the stack of run's caller, who is still in that call */
  int function;   /* index there of the function; of its error once it has failed */
  bool failed;    /* it raised: everything is cancelled, and the function is not called again */
};

/* cohort_config.choose; 'ud' is the schedule. */
uint64_t coh_schedule_choose(void *ud, uint64_t n);

COH_SEEN

#endif
