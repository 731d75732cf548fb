/*
** Task groups for Lua: group and open_group, and the group object.
*/
#ifndef COH_GLUE_GROUPS_H
#define COH_GLUE_GROUPS_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top and make the kind. [-0, +0, m] */
void coh_groups_open(lua_State *L);

COH_SEEN

#endif
