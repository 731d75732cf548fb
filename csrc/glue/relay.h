/*
** A relay takes values from tasks that emit them to tasks that ask for them, one at a
** time and on demand: an emitter goes on when the next value is asked for.
** It is what cohort.stream is made of.
*/
#ifndef COH_GLUE_RELAY_H
#define COH_GLUE_RELAY_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the function 'relay', and what else streams need, to the table on top. [-0, +0, m] */
void coh_relay_open(lua_State *L);

COH_SEEN

#endif
