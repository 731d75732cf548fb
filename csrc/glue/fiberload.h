/*
** Fibers before their first step: a function and its arguments on a coroutine of their own.
*/
#ifndef COH_GLUE_FIBERLOAD_H
#define COH_GLUE_FIBERLOAD_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** A fiber that will call the function with 'arguments' arguments on top of L,
** which are popped; bound to the handle, which is at 1, unless that is NULL.
** Raises before anything changed. [-(arguments + 1), +0, v]
*/
struct coh_fiber *coh_fiber_load(lua_State *L, struct coh_state *S, int arguments,
                                 struct coh_object *handle);

COH_SEEN

#endif
