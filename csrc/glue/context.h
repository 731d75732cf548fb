/*
** Task-locals: values that follow a task and are inherited by those it spawns.
** A task has a chain of nodes, one for each 'with' that is open, and shares it with
** the tasks that inherited it; a task without any pays for one bit.
*/
#ifndef COH_GLUE_CONTEXT_H
#define COH_GLUE_CONTEXT_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Keep the present task-locals for the function at 'arg', which 'caller' will call later with the arguments
** above it: insert before it a function that restores them, and the node to restore; nothing when neither
** side has any. [-0, +0 or +2, m]
*/
void coh_context_keep(lua_State *L, int arg, const struct coh_fiber *caller);

/* Is a 'with' open in the coroutine 'L'? Linear in its depth. [-0, +0, -] */
bool coh_context_is_open_in(lua_State *L);

/* Add the function 'context' to the table on top. [-0, +0, m] */
void coh_context_open(lua_State *L);

COH_SEEN

#endif
