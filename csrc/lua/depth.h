/*
** How deep a stack is, in frames. Depth is counted from the bottom, and Lua numbers its levels from the top.
*/
#ifndef COH_LUA_DEPTH_H
#define COH_LUA_DEPTH_H

#include <lua.h>

#include <stdbool.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* How many frames are on the stack of 'L'. [-0, +0, -] */
int coh_depth_of(lua_State *L);

/* Are there more than 'depth' frames? Linear in 'depth', so a hook stays cheap on deep stacks. [-0, +0, -] */
bool coh_depth_exceeds(lua_State *L, int depth);

COH_SEEN

#endif
