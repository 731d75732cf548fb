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

/* Spawn the latest deferred function as a shielded task: the group cannot end by itself. [-0, +0, m] */
void coh_luagroup_spawn_deferred(lua_State *L, struct coh_state *S, struct coh_luagroup *g);

/* Put the failures of a group, if any, and the error or nil on top into one error. [-1, +1, m] */
void coh_luagroup_add_failures(lua_State *L, struct coh_state *S, struct coh_luagroup *g);

/* Close an empty group and give back all it kept. Nothing raises. [-0, +0, -] */
void coh_luagroup_close(struct coh_state *S, struct coh_luagroup *g);

#endif
