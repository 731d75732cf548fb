/*
** A schedule written in Lua: a function that picks, before each step, which of the
** tasks that are ready runs next.
*/
#ifndef COH_OPEN_SCHEDULE_H
#define COH_OPEN_SCHEDULE_H

#include <lua.h>

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hidden.h"

COH_HIDDEN

struct coh_schedule {
  lua_State *L;   /* of whoever called run, which is in that call */
  int function;   /* index of the function there; of its error once it has failed */
  bool failed;    /* it raised: everything is cancelled, and it is not asked again */
};

/* cohort_config.choose; 'ud' is the schedule. */
uint64_t coh_schedule_choose(void *ud, uint64_t n);

COH_SEEN

#endif
