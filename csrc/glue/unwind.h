/*
** Which function will catch an error raised here, for the hooks that make a coroutine or a task unwind
** itself. Functions are given by depth, see lua/depth.h; the depth of a task is that of all its running
** coroutines together.
*/
#ifndef COH_GLUE_UNWIND_H
#define COH_GLUE_UNWIND_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* The depth just below the nearest C function, which will catch an error raised here; or -1. [-0, +0, -] */
int coh_unwind_below_catcher(const struct coh_state *S, lua_State *L);

/*
** In a call hook: is the function that begins called from C? While an error unwinds, such a one belongs to a
** '<close>' variable and must not be unwound itself: it is called above the function that catches, where the
** frames were that are gone. [-0, +0, -]
*/
bool coh_unwind_is_called_from_c(lua_State *L);

/* The depth of the running task; whether that is more than 'depth'; the depth below its nearest catcher. */
int coh_unwind_task_depth(const struct coh_state *S);
bool coh_unwind_is_task_deeper(const struct coh_state *S, int depth);
int coh_unwind_below_task_catcher(const struct coh_state *S);

COH_SEEN

#endif
