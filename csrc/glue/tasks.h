/*
** Tasks for Lua: the task object, and the functions that ask about or suspend
** the running task.
*/
#ifndef COH_GLUE_TASKS_H
#define COH_GLUE_TASKS_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top and make the kind. [-0, +0, m] */
void coh_tasks_open(lua_State *L);

COH_SEEN

#endif
