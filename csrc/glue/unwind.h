/*
** Depths of a stack, for the hooks that make a coroutine unwind itself.
*/
#ifndef COH_GLUE_UNWIND_H
#define COH_GLUE_UNWIND_H

#include <lua.h>

#include "kernel/hidden.h"

#include <stdbool.h>

COH_HIDDEN

/* Are there more than 'depth' frames? Linear in 'depth', so a hook stays cheap on deep stacks. [-0, +0, -] */
bool coh_unwind_is_deeper(lua_State *L, int depth);

/*
** The depth just below the nearest C function, of a stack of 'depth' frames: that one is going to catch
** what is raised here. [-0, +0, -]
*/
int coh_unwind_below_catcher(lua_State *L, int depth);

COH_SEEN

#endif
