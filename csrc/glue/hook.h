/*
** The hook. A coroutine has only one, and several parts want it: to raise in a task that
** yielded to nobody, to unwind a stubborn task or a coroutine that is being closed, to
** watch the time. So there is one function, which asks each of them, and it is called as
** often as the one that needs it most often. A hook of the program's gives way to the
** parts that raise at each instruction, but not to the watchdog.
*/
#ifndef COH_GLUE_HOOK_H
#define COH_GLUE_HOOK_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* What is wanted in 'co' has changed: set the hook, or remove whichever is there. [-0, +0, -] */
void coh_hook_set(struct coh_state *S, lua_State *co);

/* The same in each coroutine of the running task. [-0, +0, -] */
void coh_hook_set_all(struct coh_state *S);

/* The same in 'co', unless the program has a hook there. [-0, +0, -] */
void coh_hook_cover(struct coh_state *S, lua_State *co);

/* The hook itself, for coh_known. */
void coh_hook(lua_State *L, lua_Debug *ar);

COH_SEEN

#endif
