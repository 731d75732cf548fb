/*
** The hook: a coroutine has one, and several of us want it: to raise in a task that
** yielded to nobody, to unwind a stubborn one or a coroutine that is being closed, to
** watch the time. So there is one function, which asks each of them, and it is set
** to be called as often as the one who wants that most. A hook that the program set gives
** way to who raises at each instruction, and not to who watches.
*/
#ifndef COH_GLUE_HOOK_H
#define COH_GLUE_HOOK_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* What is wanted in 'co' has changed: set the hook, or take away whichever is there. [-0, +0, -] */
void coh_hook_set(struct coh_state *S, lua_State *co);

/* The same in each coroutine of the running task. [-0, +0, -] */
void coh_hook_set_all(struct coh_state *S);

/* The same in 'co', unless there is a hook of the program's. [-0, +0, -] */
void coh_hook_cover(struct coh_state *S, lua_State *co);

/* It, for coh_known. */
void coh_hook(lua_State *L, lua_Debug *ar);

COH_SEEN

#endif
