/*
** The methods that put tasks into a group: spawn, spawn_daemon and start.
*/
#ifndef COH_GLUE_SPAWN_H
#define COH_GLUE_SPAWN_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* group:spawn(f, ...) -> task */
int coh_group_l_spawn(lua_State *L);

/* group:spawn_daemon(f, ...) -> task */
int coh_group_l_spawn_daemon(lua_State *L);

/* group:start(f, ...) -> task, what started was given... */
int coh_group_l_start(lua_State *L);

COH_SEEN

#endif
