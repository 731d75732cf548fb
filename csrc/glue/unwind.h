/*
** Who catches what is raised here, for the hooks that make a coroutine or a task unwind itself: by depth, see
** lua/depth.h. The depth of a task is that of all its running coroutines together.
*/
#ifndef COH_GLUE_UNWIND_H
#define COH_GLUE_UNWIND_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* The depth below the nearest C function, which is going to catch what is raised here; or -1. [-0, +0, -] */
int coh_unwind_below_catcher(const struct coh_state *S, lua_State *L);

/*
** In a call hook: does a C function call the one that begins? While an error unwinds that is a '<close>'
** variable's, which must not be unwound itself: it is called above the function that catches, in the place of
** frames that are gone. [-0, +0, -]
*/
bool coh_unwind_is_called_from_c(lua_State *L);

/* The depth of the running task; whether that is more than 'depth'; and the one below its nearest catcher. */
int coh_unwind_task_depth(const struct coh_state *S);
bool coh_unwind_is_task_deeper(const struct coh_state *S, int depth);
int coh_unwind_below_task_catcher(const struct coh_state *S);

COH_SEEN

#endif
