/*
** Depths of stacks, for the hooks that make a coroutine or a task unwind itself.
** The depth of a task is that of all its running coroutines together.
*/
#ifndef COH_GLUE_UNWIND_H
#define COH_GLUE_UNWIND_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Are there more than 'depth' frames? Linear in 'depth', so a hook stays cheap on deep stacks. [-0, +0, -] */
bool coh_unwind_is_deeper(lua_State *L, int depth);

/* The depth below the nearest C function, which is going to catch what is raised here; or -1. [-0, +0, -] */
int coh_unwind_below_catcher(lua_State *L);

/*
** In a call hook: does a C function call the one that begins? While an error unwinds that is a '<close>'
** variable's, which must not be unwound itself: it is called above the function that catches, in the place of
** frames that are gone. [-0, +0, -]
*/
bool coh_unwind_is_called_from_c(lua_State *L);

/* The same of the running task, and its depth. */
bool coh_unwind_is_task_deeper(const struct coh_state *S, int depth);
int coh_unwind_below_task_catcher(const struct coh_state *S);
int coh_unwind_task_depth(const struct coh_state *S);

COH_SEEN

#endif
