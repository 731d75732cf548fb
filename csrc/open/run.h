/*
** cohort.run, and the options it shares with runners.
*/
#ifndef COH_OPEN_RUN_H
#define COH_OPEN_RUN_H

#include <stdbool.h>

#include "cohort.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** The configuration that the options at 1, whose names are checked, ask for. Inserts their clock, or nil, at
** 1. [-0, +1, v]
*/
cohort_config coh_run_check_config(lua_State *L, bool has_options);

/* Raise why nothing was opened or begun. Never returns. [-0, +0, v] */
int coh_run_refuse(lua_State *L, int status);

/* Add 'run' to the module table on top. [-0, +0, m] */
void coh_run_open(lua_State *L);

COH_SEEN

#endif
