/*
** Task groups for Lua: group and open_group, the group object, and what happens
** at the end of one: everything in it is waited for, then what was deferred runs,
** then one error has them all.
*/
#ifndef COH_GLUE_GROUPS_H
#define COH_GLUE_GROUPS_H

#include "glue/state.h"

/* Add the functions to the module table on top and make the kind. [-0, +0, m] */
void coh_groups_open(lua_State *L);

/* Close an empty group and give back all it kept. Nothing raises. [-0, +0, -] */
void coh_luagroup_close(struct coh_state *S, struct coh_luagroup *g);

#endif
